"""The environment of one run: a Plex world, a Home Assistant, and their common clock."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import _lru_cache_wrapper
from itertools import chain
import logging
import random
import ssl
import sys
import time
from typing import Any, cast, override
from unittest.mock import Mock, patch

from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
from homeassistant.bootstrap import DATA_REGISTRIES_LOADED
from homeassistant.components.repairs import DOMAIN as REPAIRS, issue_handler
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    frame,
    issue_registry as ir,
    label_registry as lr,
    restore_state as rs,
)
from homeassistant.helpers.storage import Store
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
    mock_storage,
)

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
)
from tests.simulator import PlexServer, PlexTv, World
from tests.support.helpers import advance, frozen_clocks, settle, settling_with

from .invariant import RECOVERY, Invariant, Violation
from .sites import OWNED, SOURCES, Role, Site

# The clock advances in steps of this many seconds, which the invariants tolerate in addition.
STEP = 5.0
# No action of the user takes longer, whatever is wrong with Plex.
PATIENCE = 300.0
# What is done within this many real seconds does not wait for the clock.
AT_ONCE = 0.3
# Servers that are no entry's: one that redirects and addresses lead to, and one that claims to be
# the server of an entry. No token may reach them.
DECOY, IMPOSTOR = "Decoy", "Impostor"
STRANGERS = (DECOY, IMPOSTOR)
# A server of the account that is not set up, so that a sign-in can lead to a new entry.
ANNEX = "Annex"


class Loopback(AbstractResolver):
    """Resolves names of plex.direct to loopback, and no others."""

    @override
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        if not host.endswith(".plex.direct"):
            raise OSError(f"{host} cannot be resolved")
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)
        ]

    @override
    async def close(self) -> None:
        """Do nothing, as nothing is open."""

    async def real_close(self) -> None:
        """Do nothing: this is the name that Home Assistant calls."""


class Environment:
    """Everything that a step can act on."""

    def __init__(
        self, world: World, freezer: FrozenDateTimeFactory, storage: dict[str, Any]
    ) -> None:
        """Initialize with an empty world and without Home Assistant."""
        self.world = world
        self.freezer = freezer
        self.storage = storage
        self.hass: HomeAssistant
        self.sites: dict[Role, Site] = {}
        self.invariants: list[Invariant] = []
        self.owner = world.plex_tv.add_account("owner", plex_pass=True)
        self.friend = world.plex_tv.add_account("friend", plex_pass=True)
        # Somebody without any server.
        self.visitor = world.plex_tv.add_account("visitor")
        self.decoy: PlexServer
        self.impostor: PlexServer
        self.annex: PlexServer
        self.began = self.now
        self.recover: Callable[[], Awaitable[None]]
        self._running = AsyncExitStack()

    @property
    def now(self) -> float:
        """Return the time of day, in seconds."""
        return time.time()

    @property
    def passed(self) -> float:
        """Return how many seconds have passed since the run began."""
        return self.now - self.began

    async def enter(self, roles: Iterable[Role]) -> None:
        """Start the servers, and Home Assistant with an entry for each."""
        self.decoy = await self.world.add_server(DECOY, owner=self.friend)
        self.impostor = await self.world.add_server(IMPOSTOR, owner=self.friend)
        self.impostor.allowed_without_auth = True
        self.annex = await self.world.add_server(ANNEX, owner=self.owner)
        for role in roles:
            self.sites[role] = await self._add_site(role)
        await self.start_home_assistant(first=True)

    async def _add_site(self, role: Role) -> Site:
        owner = self.owner if role in OWNED else self.friend
        server = await self.world.add_server(role, owner=owner, tls=role is Role.VAULT)
        server.playing_interval = None
        # Scans and tasks go on until a step ends them.
        server.job_seconds = None
        server.claimed = role is not Role.ATTIC
        if owner is not self.owner:
            server.share_with(self.owner)
        return Site(role=role, server=server, account=self.owner)

    def _first_entry(self, site: Site) -> MockConfigEntry:
        """Return the entry as the config flow would have created it."""
        role, server = site.role, site.server
        data = {
            CONF_URL: server.url,
            CONF_VERIFY_SSL: True,
            CONF_CLIENT_IDENTIFIER: site.client_identifier,
            CONF_TOKEN_SOURCE: SOURCES[role],
        }
        if role is Role.CABIN:
            data[CONF_SERVER_TOKEN] = server.access_token_for(site.account) or ""
        elif role is not Role.ATTIC:
            token = self.world.plex_tv.sign_in(
                site.account,
                client_identifier=site.client_identifier,
                product="Home Assistant",
            )
            data[CONF_ACCOUNT_TOKEN] = token
            data[CONF_SERVER_TOKEN] = server.access_token_for(site.account) or token
        return MockConfigEntry(
            domain=DOMAIN,
            title=server.name,
            unique_id=server.machine_identifier,
            entry_id=site.entry_id,
            data=data,
        )

    # Home Assistant

    async def start_home_assistant(self, *, first: bool = False) -> None:
        """Start Home Assistant with what is stored."""
        self.hass = await self._running.enter_async_context(_home_assistant())
        if first:
            for site in self.sites.values():
                self._first_entry(site).add_to_hass(self.hass)
            self.hass.config_entries._async_schedule_save()  # noqa: SLF001 - As adding one does.
        for invariant in self.invariants:
            invariant.home_assistant_started()
        await self.perform(async_setup_component(self.hass, DOMAIN, {}))

    async def stop_home_assistant(self) -> None:
        """Stop Home Assistant as a restart does, with everything persistent stored."""
        for invariant in self.invariants:
            invariant.home_assistant_stops()
        await self.perform(self.hass.async_stop(force=True))
        await self._running.aclose()
        self._running = AsyncExitStack()
        _end_process(self.hass)

    def host(self, name: str) -> PlexServer | PlexTv | None:
        """Return plex.tv or a server by its name, or None if this run does not have it."""
        if name == self.world.plex_tv.name:
            return self.world.plex_tv
        site = next((r for role, r in self.sites.items() if role == name), None)
        return site.server if site else None

    def report_activity(self, role: Role, times: int = 1) -> None:
        """Report notifications of a server, or actions of the user, to the invariants."""
        for invariant in self.invariants:
            invariant.on_activity(role, times)

    def report_setup(self, role: Role, times: int = 1) -> None:
        """Report to the invariants that the user sets an entry up again."""
        for invariant in self.invariants:
            invariant.on_setup(role, times)

    def report_sign_in(self, role: Role) -> None:
        """Report to the invariants that the user signs in, or replaces a token."""
        for invariant in self.invariants:
            invariant.on_sign_in(role)

    def entry(self, site: Site) -> ConfigEntry[Any]:
        """Return the entry of a site."""
        return self.hass.config_entries.async_get_known_entry(site.entry_id)

    def is_loaded(self, site: Site) -> bool:
        """Return whether the entry is loaded."""
        return self.entry(site).state is ConfigEntryState.LOADED

    # Time

    async def perform[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of Home Assistant, and advance the clock until it is done."""
        task = asyncio.ensure_future(work)
        deadline = self.now + PATIENCE
        while True:
            await asyncio.wait([task], timeout=AT_ONCE)
            if task.done():
                break
            if self.now > deadline:
                task.cancel()
                raise Violation(RECOVERY, f"{work!r} takes more than {PATIENCE:g} s")
            self.freezer.tick(STEP)
            async_fire_time_changed(self.hass)
        await settle(self.hass)
        return await task

    async def wait(self, seconds: float) -> None:
        """Advance the clock."""
        await advance(self.hass, self.freezer, seconds, STEP, after_step=self.check)

    def check(self) -> None:
        """Check every invariant."""
        for invariant in self.invariants:
            invariant.check()


@asynccontextmanager
async def _home_assistant() -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant with what is stored."""
    async with async_test_home_assistant(load_registries=False) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        frame.async_setup(hass)
        dr.async_setup(hass)
        for registry in (ar, cr, dr, er, fr, ir, lr, rs):
            await registry.async_load(hass)
        hass.data[DATA_REGISTRIES_LOADED] = None
        await hass.config_entries.async_initialize()
        hass.data[REPAIRS] = {}
        issue_handler.async_setup(hass)
        yield hass


def _end_process(hass: HomeAssistant) -> None:
    """End what would end with the process of a stopped Home Assistant."""
    # A stop does not cancel what async_call_later has scheduled.
    for handle in get_scheduled_timer_handles(asyncio.get_running_loop()):
        owner = getattr(getattr(handle, "_callback", None), "__self__", None)
        if hass in (getattr(owner, "hass", None), *(handle._args or ())):  # noqa: SLF001 - No public API.
            handle.cancel()
    # The mocked storage records every call, and with it the store's Home Assistant.
    for method in (Store._async_load, Store._async_write_data, Store.async_remove):  # noqa: SLF001 - Their calls are recorded.
        cast(Mock, method).reset_mock()
    # Helpers of Home Assistant cache the instance that they were called with last.
    helpers = [module for name, module in sys.modules.items() if name.startswith("homeassistant.")]
    for each in chain.from_iterable(vars(module).values() for module in helpers):
        if isinstance(each, _lru_cache_wrapper):
            each.cache_clear()


@asynccontextmanager
async def open_environment(seed: int) -> AsyncGenerator[Environment]:
    """Open the environment of one run. Home Assistant's own random numbers follow the seed."""
    random.seed(seed)
    logging.getLogger("aiohttp_fast_zlib").setLevel(logging.ERROR)
    with ExitStack() as patches:
        freezer = patches.enter_context(frozen_clocks("2026-01-05 10:00:00"))
        storage = patches.enter_context(mock_storage())
        async with World() as world:
            trusting = ssl.create_default_context(cafile=world.ca_file)
            for target, value in (
                ("homeassistant.util.ssl.client_context", lambda *_: trusting),
                ("homeassistant.helpers.aiohttp_client._async_make_resolver", lambda _: Loopback()),
            ):
                patches.enter_context(patch(target, value))
            patches.enter_context(
                patch("custom_components.plex_monitor.clients.PLEX_TV_URL", world.plex_tv.url)
            )
            patches.enter_context(settling_with(world))
            env = Environment(world, freezer, storage)
            try:
                yield env
            finally:
                if env.hass.is_running:
                    await env.stop_home_assistant()
