"""Fixtures and rules for all tests."""

from collections.abc import AsyncGenerator, Generator
import logging
import re
from typing import override
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

# The test plugin brings a `custom_components` package of its own. Home Assistant takes the one that
# was imported first, so that this import is what makes the integration known to it.
from custom_components.plex_monitor.const import DOMAIN

from .simulator import Account, PlexServer, World
from .support import helpers
from .support.entries import signed_in_entry
from .support.players import TV
from .support.translation_check import checked_translations, english

# What Home Assistant and asyncio log in a test, whatever the integration does.
ALWAYS_ALLOWED_LOGS = (
    rf"^homeassistant\.loader: We found a custom integration {DOMAIN} which has not been tested",
    r"^aiohttp_fast_zlib: zlib_ng and isal are not available",
    # Home Assistant's own web server cannot write the frozen time into its access log.
    r"^aiohttp\.access: Error in logging",
    # The loop is in debug mode and says so when a slow machine takes long over a step, and so does
    # Home Assistant over a state. How fast it is, a test cannot tell.
    r"^asyncio: Executing .* took \d+\.\d+ seconds",
    r"^homeassistant\.helpers\.entity: Updating state for .* took \d+\.\d+ seconds",
    # Nor how long Home Assistant takes to import its own integrations, which a test that is over
    # sooner does not wait for.
    r"^homeassistant\.core: Task .*_async_process_integration_platforms.* was still running",
)

# Set up first and torn down last, in this order, whatever the order of a test's arguments.
OUTER_FIXTURES = ("freezer", "world")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the fixtures of each test into an order that works.

    Time is frozen and the simulator runs before Home Assistant starts and until it has stopped, and
    custom integrations are enabled wherever there is a Home Assistant.
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
    """Keeps the warnings that nobody expected."""

    def __init__(self, allowed: tuple[str, ...]) -> None:
        """Take the regular expressions of what is expected."""
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
    """Fail a test that logs a warning or worse which it does not permit.

    `@pytest.mark.allowed_logs("regex", ...)` permits; searched is the line `<logger>: <message>`.
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
    """Fail a test that shows something of the integration which has no English text."""
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
    """Freeze the clocks; a test moves them on."""
    marker = request.node.get_closest_marker("freeze_time")
    args, kwargs = (marker.args, marker.kwargs) if marker else ((), {})
    with helpers.frozen_clocks(*args, **kwargs) as factory:
        yield factory


@pytest.fixture
async def world(
    verify_cleanup: None, configure_event_loop: None, log_guard: None, socket_enabled: None
) -> AsyncGenerator[World]:
    """Run a plex.tv that the integration takes for the real one, and Plex servers as wanted."""
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
    """Return somebody else."""
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
def bedroom_entry(world: World, owner: Account, home: PlexServer) -> MockConfigEntry:
    """Return the entry of an owner who chose the player in the bedroom."""
    return signed_in_entry(world, home, owner, players=[TV])


@pytest.fixture
async def cabin(world: World, owner: Account) -> PlexServer:
    """Return another server of the same owner."""
    return await world.add_server("Cabin", owner=owner)


@pytest.fixture
def cabin_entry(world: World, owner: Account, cabin: PlexServer) -> MockConfigEntry:
    """Return the entry of that server, which has a sign-in of its own."""
    return signed_in_entry(
        world, cabin, owner, client_identifier="home-assistant-2", entry_id="cabin"
    )


@pytest.fixture
def guest(world: World, home: PlexServer, friend: Account) -> MockConfigEntry:
    """Return the entry of somebody with whom the server is shared."""
    home.share_with(friend)
    return signed_in_entry(world, home, friend)


@pytest.fixture
def mock_setup_entry() -> Generator[AsyncMock]:
    """Let the config flow run alone."""
    with patch(
        "custom_components.plex_monitor.async_setup_entry", return_value=True
    ) as mock_setup_entry:
        yield mock_setup_entry


@pytest.fixture
def quick_polling() -> Generator[None]:
    """Let a sign-in not wait long for its approval."""
    with patch("custom_components.plex_monitor.flow.approval.POLL_INTERVAL", 0.01):
        yield
