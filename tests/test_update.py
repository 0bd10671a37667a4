"""The update entity of a server."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.update import (
    ATTR_IN_PROGRESS,
    ATTR_INSTALLED_VERSION,
    ATTR_LATEST_VERSION,
    ATTR_TITLE,
    DOMAIN as UPDATE,
    SERVICE_INSTALL,
    UpdateEntityFeature,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_ENTITY_PICTURE,
    ATTR_SUPPORTED_FEATURES,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from .simulator import Fault, PlexServer, World
from .support.entities import attributes_of
from .support.entries import set_up, state_of
from .support.helpers import advance, settle

ENTITY_ID = "update.home_server_update"
NEW = "1.99.0.1-abc"
HOUR = 3600


async def install(hass: HomeAssistant) -> None:
    """Install the update."""
    await hass.services.async_call(
        UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: ENTITY_ID}, blocking=True
    )


def versions(hass: HomeAssistant) -> tuple[str, str]:
    """Return the installed and the latest version."""
    attributes = attributes_of(hass, ENTITY_ID)
    return attributes[ATTR_INSTALLED_VERSION], attributes[ATTR_LATEST_VERSION]


def can_install(hass: HomeAssistant) -> bool:
    """Return whether the entity supports the installation."""
    return bool(
        attributes_of(hass, ENTITY_ID)[ATTR_SUPPORTED_FEATURES] & UpdateEntityFeature.INSTALL
    )


@pytest.fixture
def installable(home: PlexServer) -> PlexServer:
    """Return the server with a release that it can install itself."""
    home.updater.can_install = True
    home.updater.offer(NEW, checked=True)
    return home


async def test_no_update(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """The installed version is the latest."""
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_OFF
    assert versions(hass) == (home.version, home.version)


async def test_release_that_the_server_found_is_reported_within_the_hour(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server checks for releases by itself, and is not requested to."""
    await set_up(hass, entry)
    home.updater.offer(NEW, checked=True)
    await advance(hass, freezer, HOUR + 60, step=60)
    assert state_of(hass, ENTITY_ID) == STATE_ON
    assert versions(hass) == (home.version, NEW)


async def test_release_notes(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """They list what was added and what was fixed."""
    home.updater.offer(NEW, checked=True, added="A thing\nMore", fixed="A bug")
    await set_up(hass, entry)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": ENTITY_ID})
    answer = await client.receive_json()
    assert answer["result"] == "## New\n- A thing\n- More\n\n## Fixed\n- A bug"


async def test_update_is_that_of_plex(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is not called an update of this integration, and does not have its logo."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    attributes = attributes_of(hass, ENTITY_ID)
    assert attributes[ATTR_TITLE] == "Plex Media Server"
    assert attributes.get(ATTR_ENTITY_PICTURE) is None


async def test_release_is_reported_by_push(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server notifies of the new state of its updater."""
    await set_up(hass, entry)
    await advance(hass, freezer, 60)
    home.updater.offer(NEW, checked=True)
    await home.notifier.notify(
        "update.statechange",
        "AutoUpdateNotification",
        {"key": "/updater/1", "version": NEW, "state": "available"},
    )
    await settle(hass)
    await advance(hass, freezer, 15)
    assert state_of(hass, ENTITY_ID) == STATE_ON


async def test_install(
    hass: HomeAssistant, installable: PlexServer, entry: MockConfigEntry
) -> None:
    """The server is requested to install the release."""
    await set_up(hass, entry)
    await install(hass)
    assert installable.updater.installs == [NEW]


@pytest.mark.parametrize("older", ["1.10.0.1-abc", "1.9.0.1-abc"])
async def test_older_release_is_no_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, older: str
) -> None:
    """Versions are compared as numbers, not as text."""
    home.updater.offer(older, checked=True)
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_OFF


async def test_another_build_of_the_installed_version_is_no_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Only the numbers of a version are compared."""
    home.updater.offer(f"{home.version.partition('-')[0]}-other", checked=True)
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_OFF


@pytest.mark.parametrize("state", ["downloading", "installing"])
async def test_installation_in_progress(
    hass: HomeAssistant, installable: PlexServer, entry: MockConfigEntry, state: str
) -> None:
    """It lasts as long as the server reports it."""
    assert installable.updater.release is not None
    installable.updater.release.state = state
    await set_up(hass, entry)
    assert attributes_of(hass, ENTITY_ID)[ATTR_IN_PROGRESS] is True


async def test_update_of_a_server_that_cannot_install_it(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A container has to be updated by its owner."""
    home.updater.can_install = False
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_ON
    assert not can_install(hass)


async def test_failed_installation(
    hass: HomeAssistant, installable: PlexServer, entry: MockConfigEntry
) -> None:
    """The error names the server and the update."""
    await set_up(hass, entry)
    installable.faults.set(Fault.status(500), paths="^/updater/apply")
    with pytest.raises(HomeAssistantError, match="Home could not install the update"):
        await install(hass)


async def test_refused_installation_polls_the_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    installable: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The token is checked before the next poll is due."""
    await set_up(hass, entry)
    await advance(hass, freezer, 90)
    installable.faults.set(Fault.UNAUTHORIZED, paths="^/updater/apply")
    world.requests.clear()
    with pytest.raises(HomeAssistantError):
        await install(hass)
    await advance(hass, freezer, 11, step=11)
    assert len(world.requests.to(host="Home", path="/status/sessions")) == 1


async def test_entity_is_added_once_the_account_may_see_the_updater(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """No reload is needed."""
    rule = home.faults.set(Fault.status(403), paths="^/updater")
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    assert hass.states.get(ENTITY_ID) is None
    home.faults.clear(rule)
    await advance(hass, freezer, HOUR + 5 * 60)
    assert state_of(hass, ENTITY_ID) == STATE_ON


@pytest.mark.parametrize("status", [403, 404])
async def test_unavailable_once_the_account_may_not_see_the_updater(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    status: int,
) -> None:
    """The entity does not claim that there is no update."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    home.faults.set(Fault.status(status), paths="^/updater")
    await advance(hass, freezer, HOUR + 5 * 60)
    assert state_of(hass, ENTITY_ID) == STATE_UNAVAILABLE


@pytest.mark.parametrize("status", [403, 404])
async def test_no_entity_where_the_account_may_not_see_the_updater(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, status: int
) -> None:
    """All other entities exist."""
    home.faults.set(Fault.status(status), paths="^/updater")
    await set_up(hass, entry)
    assert hass.states.get(ENTITY_ID) is None
    assert state_of(hass, "sensor.home_streams") == "0"


async def test_unavailable_while_the_updater_fails(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The failure of one request does not make the entity unavailable, and that of two does."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    rule = home.faults.set(Fault.status(500), paths="^/updater")
    while not rule.hits:
        await advance(hass, freezer, 60)
    assert state_of(hass, ENTITY_ID) == STATE_ON
    await advance(hass, freezer, 60)
    assert state_of(hass, ENTITY_ID) == STATE_UNAVAILABLE
    home.faults.clear()
    await advance(hass, freezer, 65, step=5)
    assert state_of(hass, ENTITY_ID) == STATE_ON


async def test_server_that_can_no_longer_install(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server moved into a container, and nothing else changed."""
    home.updater.can_install = True
    await set_up(hass, entry)
    assert can_install(hass)
    home.updater.can_install = False
    await advance(hass, freezer, HOUR + 5 * 60)
    assert not can_install(hass)
