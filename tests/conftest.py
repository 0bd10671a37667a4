"""Fixtures and rules for all tests."""

from collections.abc import AsyncGenerator, Generator
import logging
from pathlib import Path
import re
from typing import override
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# The test plugin brings a `custom_components` package of its own. Home Assistant takes the one that
# was imported first, so that this import is what makes the integration known to it.
from custom_components.plex_monitor.const import DOMAIN

from .simulator import Account, PlexServer, Stream, World
from .support import helpers
from .support.entries import set_up, signed_in_entry
from .support.players import TV
from .support.translation_check import checked_translations, english

# What Home Assistant and asyncio log in tests regardless of the integration.
ALWAYS_ALLOWED_LOGS = (
    rf"^homeassistant\.loader: We found a custom integration {DOMAIN} which has not been tested",
    r"^aiohttp_fast_zlib: zlib_ng and isal are not available",
    # Home Assistant's own web server cannot write the frozen time into its access log.
    r"^aiohttp\.access: Error in logging",
    # On a slow machine the loop, which is in debug mode, logs slow callbacks, and Home Assistant
    # slow updates of states.
    r"^asyncio: Executing .* took \d+\.\d+ seconds",
    r"^homeassistant\.helpers\.entity: Updating state for .* took \d+\.\d+ seconds",
    # A short test does not wait until Home Assistant has imported its own integrations.
    r"^homeassistant\.core: Task .*_async_process_integration_platforms.* was still running",
)

# Set up first in this order and torn down last, regardless of the order of a test's arguments.
OUTER_FIXTURES = ("freezer", "world")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the fixtures of each test.

    Time is frozen and the simulator runs before Home Assistant starts and until it has stopped.
    Custom integrations are enabled in every test with a Home Assistant.
    """
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        names = item.fixturenames
        for name in reversed(OUTER_FIXTURES):
            if name in names:
                names.remove(name)
                names.insert(0, name)
        if "hass" in names and "enable_custom_integrations" not in names:
            after = "recorder_mock" if "recorder_mock" in names else "hass"
            names.insert(names.index(after) + 1, "enable_custom_integrations")


class LogGuard(logging.Handler):
    """Keeps the warnings and errors that are not expected."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Initialize with regular expressions of expected lines."""
        super().__init__(logging.WARNING)
        self._allowed = [re.compile(pattern) for pattern in allowed]
        self.unexpected: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record unless it is expected."""
        line = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            line += f"\n{logging.Formatter().formatException(record.exc_info)}"
        if not any(pattern.search(line) for pattern in self._allowed):
            self.unexpected.append(f"{record.levelname} {line}")


@pytest.fixture(autouse=True)
def log_guard(request: pytest.FixtureRequest) -> Generator[None]:
    """Fail a test that logs an unexpected warning or error.

    `@pytest.mark.allowed_logs("regex", ...)` allows lines of the form `<logger>: <message>`.
    """
    allowed = [
        pattern for marker in request.node.iter_markers("allowed_logs") for pattern in marker.args
    ]
    guard = LogGuard((*ALWAYS_ALLOWED_LOGS, *allowed))
    logging.getLogger().addHandler(guard)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(guard)
    if guard.unexpected:
        pytest.fail("Unexpected in the log:\n" + "\n".join(guard.unexpected), pytrace=False)


@pytest.fixture(autouse=True)
def check_translations(request: pytest.FixtureRequest) -> Generator[None]:
    """Fail a test that shows a text of the integration which has no English translation."""
    if "hass" not in request.fixturenames:
        yield
        return
    with checked_translations(english()) as check:
        yield
    if check.problems:
        pytest.fail("translations/en.json:\n" + "\n".join(check.problems), pytrace=False)


@pytest.fixture
async def freezer(
    request: pytest.FixtureRequest, configure_event_loop: None, enable_event_loop_debug: None
) -> AsyncGenerator[FrozenDateTimeFactory]:
    """Freeze the clocks; a test advances them."""
    marker = request.node.get_closest_marker("freeze_time")
    args, kwargs = (marker.args, marker.kwargs) if marker else ((), {})
    with helpers.frozen_clocks(*args, **kwargs) as factory:
        yield factory


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Return an empty configuration directory, where the key that signs addresses is stored."""
    return str(tmp_path)


@pytest.fixture
async def world(
    verify_cleanup: None, configure_event_loop: None, log_guard: None, socket_enabled: None
) -> AsyncGenerator[World]:
    """Run a simulated plex.tv for the integration, and the Plex servers that a test adds."""
    async with World() as world:
        with (
            patch("custom_components.plex_monitor.clients.PLEX_TV_URL", world.plex_tv.url),
            helpers.settling_with(world),
        ):
            yield world


@pytest.fixture
def owner(world: World) -> Account:
    """Return the account that owns the server."""
    return world.plex_tv.add_account("owner", plex_pass=True)


@pytest.fixture
def friend(world: World) -> Account:
    """Return another account."""
    return world.plex_tv.add_account("friend")


@pytest.fixture
async def home(world: World, owner: Account) -> PlexServer:
    """Return the owner's server."""
    return await world.add_server("Home", owner=owner)


@pytest.fixture
def entry(world: World, owner: Account, home: PlexServer) -> MockConfigEntry:
    """Return the entry of an owner who signed in with Plex."""
    return signed_in_entry(world, home, owner)


@pytest.fixture
async def init_integration(
    hass: HomeAssistant, enable_custom_integrations: None, entry: MockConfigEntry
) -> MockConfigEntry:
    """Set up the entry of the owner, and return it."""
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def stream(
    hass: HomeAssistant, init_integration: MockConfigEntry, home: PlexServer, owner: Account
) -> Stream:
    """Start a stream of a film once the entry is set up, and return it."""
    stream = await home.start_stream(user=owner, title="Film")
    await helpers.settle(hass)
    return stream


@pytest.fixture
def bedroom_entry(world: World, owner: Account, home: PlexServer) -> MockConfigEntry:
    """Return the entry of an owner who selected the player in the bedroom."""
    return signed_in_entry(world, home, owner, players=[TV])


@pytest.fixture
async def cabin(world: World, owner: Account) -> PlexServer:
    """Return another server of the same owner."""
    return await world.add_server("Cabin", owner=owner)


@pytest.fixture
def cabin_entry(world: World, owner: Account, cabin: PlexServer) -> MockConfigEntry:
    """Return the entry of the server Cabin, with its own sign-in."""
    return signed_in_entry(
        world, cabin, owner, client_identifier="home-assistant-2", entry_id="cabin"
    )


@pytest.fixture
def guest(world: World, home: PlexServer, friend: Account) -> MockConfigEntry:
    """Return the entry of an account that the server is shared with."""
    home.share_with(friend)
    return signed_in_entry(world, home, friend)


@pytest.fixture
def mock_setup_entry() -> Generator[AsyncMock]:
    """Replace the setup of entries, for tests of the config flow alone."""
    with patch(
        "custom_components.plex_monitor.async_setup_entry", return_value=True
    ) as mock_setup_entry:
        yield mock_setup_entry


@pytest.fixture
def quick_polling() -> Generator[None]:
    """Poll the approval of a sign-in at a short interval."""
    with patch("custom_components.plex_monitor.flow.approval.POLL_INTERVAL", 0.01):
        yield
