"""Steps in which the user acts on an entry or on Home Assistant."""

from contextlib import suppress
from dataclasses import dataclass
from typing import override

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.auth.issues import issue_id
from custom_components.plex_monitor.const import DOMAIN
from tests.chaos.alarms import shown
from tests.chaos.environment import Environment
from tests.chaos.sites import Site
from tests.chaos.user import close_prompt, follow_repair
from tests.simulator import Fault, PlexServer, PlexTv

from .base import SiteStep, Step

OFTEN = 5


@dataclass(frozen=True, kw_only=True)
class User(SiteStep):
    """The user acts on an entry."""

    what: str

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        hass, entries = env.hass, env.hass.config_entries
        entry = env.entry(site)
        env.report_activity(site.role, 2)
        match self.what:
            case "reload" if entry.disabled_by is None:
                env.report_setup(site.role)
                await env.perform(entries.async_reload(entry.entry_id))
            case "reload often" if entry.disabled_by is None:
                env.report_setup(site.role, OFTEN)
                for _ in range(OFTEN):
                    await env.perform(entries.async_reload(entry.entry_id))
            case "disable" if entry.disabled_by is None:
                disable = entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
                await env.perform(disable)
            case "enable" if entry.disabled_by is not None:
                await env.perform(entries.async_set_disabled_by(entry.entry_id, None))
            case "sign in" if entry.disabled_by is None:
                env.report_sign_in(site.role)
                await follow_repair(env, site)
            case "close prompt":
                close_prompt(env, site)
            case "ignore repair":
                for issue in shown(env, site):
                    name = issue_id(issue, site.entry_id)
                    ir.async_ignore_issue(hass, DOMAIN, name, ignore=True)
            case "replace token":
                env.report_sign_in(site.role)
                await self._press(env, site, "replace_token")
            case "scan":
                await self._press(env, site, "scan_all")
            case "request data":
                await self._call(env, site, "list_streams")
                await self._call(env, site, "recently_added")

    async def _press(self, env: Environment, site: Site, key: str) -> None:
        registry = er.async_get(env.hass)
        unique_id = f"{site.server.machine_identifier}_{key}"
        entity_id = registry.async_get_entity_id("button", DOMAIN, unique_id)
        state = env.hass.states.get(entity_id) if entity_id else None
        if state is not None and state.state != STATE_UNAVAILABLE:
            with suppress(HomeAssistantError):
                await env.perform(
                    env.hass.services.async_call(
                        "button", "press", {"entity_id": entity_id}, blocking=True
                    )
                )

    async def _call(self, env: Environment, site: Site, action: str) -> None:
        with suppress(HomeAssistantError):
            await env.perform(
                env.hass.services.async_call(
                    DOMAIN,
                    action,
                    {"config_entry_id": site.entry_id},
                    blocking=True,
                    return_response=True,
                )
            )


@dataclass(frozen=True, kw_only=True)
class SetUpWithout(SiteStep):
    """Home Assistant is restarted, or the entry is reloaded, while its server is away.

    The server is stopped, or accepts connections and never answers; plex.tv perhaps too.
    """

    reload: bool
    silent: bool = False
    plex_tv_too: bool = False

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        hosts: list[PlexServer | PlexTv] = [site.server]
        if self.plex_tv_too:
            hosts.append(env.world.plex_tv)
        for host in hosts:
            if self.silent:
                host.faults.set(Fault.HANG)
            else:
                await host.stop()
        if not self.reload:
            await env.stop_home_assistant()
            await env.start_home_assistant()
        elif env.entry(site).disabled_by is None:
            env.report_activity(site.role, 2)
            env.report_setup(site.role)
            await env.perform(env.hass.config_entries.async_reload(site.entry_id))


@dataclass(frozen=True, kw_only=True)
class RestartHomeAssistant(Step):
    """Home Assistant is stopped for a while and started again."""

    seconds_off: float = 0.0

    @override
    async def execute(self, env: Environment) -> None:
        await env.stop_home_assistant()
        env.freezer.tick(self.seconds_off)
        await env.start_home_assistant()
