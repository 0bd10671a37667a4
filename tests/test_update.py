"""The update of the server."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.update import (
    ATTR_IN_PROGRESS,
    ATTR_INSTALLED_VERSION,
    ATTR_LATEST_VERSION,
    DOMAIN as UPDATE,
    SERVICE_INSTALL,
    UpdateEntityFeature,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
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


async def test_nothing_to_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The version that runs is the latest."""
    await set_up(hass, entry)
    state = hass.states.get(ENTITY_ID)
    assert state is not None
    assert state.state == STATE_OFF
    assert state.attributes[ATTR_INSTALLED_VERSION] == home.version
    assert state.attributes[ATTR_LATEST_VERSION] == home.version


async def test_release_that_the_server_found_is_told_within_the_hour(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server looks for it by itself now and then; it is not made to."""
    await set_up(hass, entry)
    home.updater.offer(NEW, checked=True)
    await advance(hass, freezer, HOUR + 60, step=60)
    state = hass.states.get(ENTITY_ID)
    assert state is not None
    assert state.state == STATE_ON
    assert state.attributes[ATTR_INSTALLED_VERSION] == home.version
    assert state.attributes[ATTR_LATEST_VERSION] == NEW


async def test_release_notes(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was added and what was fixed, as the server tells it."""
    home.updater.offer(NEW, checked=True, added="A thing", fixed="A bug")
    await set_up(hass, entry)
    client = await hass_ws_client()
    await client.send_json_auto_id({"type": "update/release_notes", "entity_id": ENTITY_ID})
    answer = await client.receive_json()
    assert answer["result"] == "A thing\n\nA bug"


async def test_update_told_by_push_needs_no_hour(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server says that its updater changed state."""
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


async def test_update_is_installed_where_the_server_can(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server is told to."""
    home.updater.can_install = True
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    await hass.services.async_call(
        UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: ENTITY_ID}, blocking=True
    )
    assert home.updater.installs == [NEW]


@pytest.mark.parametrize("older", ["1.10.0.1-abc", "1.9.0.1-abc"])
async def test_older_release_is_no_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, older: str
) -> None:
    """Versions are numbers, and not text."""
    home.updater.offer(older, checked=True)
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_OFF


async def test_another_build_of_the_version_that_runs_is_no_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Only its numbers put a version before another."""
    home.updater.offer(f"{home.version.partition('-')[0]}-other", checked=True)
    await set_up(hass, entry)
    assert state_of(hass, ENTITY_ID) == STATE_OFF


@pytest.mark.parametrize("state", ["downloading", "installing"])
async def test_installation_that_is_under_way_is_shown(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, state: str
) -> None:
    """For as long as the server says so."""
    home.updater.can_install = True
    home.updater.offer(NEW, checked=True)
    assert home.updater.release is not None
    home.updater.release.state = state
    await set_up(hass, entry)
    assert attributes_of(hass, ENTITY_ID)[ATTR_IN_PROGRESS] is True


async def test_update_is_only_told_where_the_server_cannot(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A container is updated by whoever runs it."""
    home.updater.can_install = False
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    state = hass.states.get(ENTITY_ID)
    assert state is not None
    assert state.state == STATE_ON
    assert not state.attributes[ATTR_SUPPORTED_FEATURES] & UpdateEntityFeature.INSTALL


async def test_failed_installation_says_why(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server answers that it cannot."""
    home.updater.can_install = True
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    home.faults.set(Fault.status(500), paths="^/updater/apply")
    with pytest.raises(HomeAssistantError, match="Home could not install its update"):
        await hass.services.async_call(
            UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: ENTITY_ID}, blocking=True
        )


async def test_refused_installation_has_the_token_looked_at(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Without waiting for the next poll."""
    home.updater.can_install = True
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    await advance(hass, freezer, 90)
    home.faults.set(Fault.UNAUTHORIZED, paths="^/updater/apply")
    world.requests.clear()
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            UPDATE, SERVICE_INSTALL, {ATTR_ENTITY_ID: ENTITY_ID}, blocking=True
        )
    await advance(hass, freezer, 11, step=11)
    assert len(world.requests.to(host="Home", path="/status/sessions")) == 1


async def test_update_that_may_be_seen_later_appears(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Without a reload."""
    rule = home.faults.set(Fault.status(403), paths="^/updater")
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    assert hass.states.get(ENTITY_ID) is None
    home.faults.clear(rule)
    await advance(hass, freezer, HOUR + 5 * 60)
    assert state_of(hass, ENTITY_ID) == STATE_ON


@pytest.mark.parametrize("status", [403, 404])
async def test_update_that_may_not_be_seen_any_more(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    status: int,
) -> None:
    """It is not said that there is none."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    home.faults.set(Fault.status(status), paths="^/updater")
    await advance(hass, freezer, HOUR + 5 * 60)
    assert state_of(hass, ENTITY_ID) == STATE_UNAVAILABLE


@pytest.mark.parametrize("status", [403, 404])
async def test_no_update_where_the_server_tells_none(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, status: int
) -> None:
    """And nothing else is missing."""
    home.faults.set(Fault.status(status), paths="^/updater")
    await set_up(hass, entry)
    assert hass.states.get(ENTITY_ID) is None
    assert state_of(hass, "sensor.home_streams") == "0"


async def test_update_stays_known_while_the_updater_does_not_answer(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A moment's trouble of one question is not the entity's."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    home.faults.set(Fault.status(500), paths="^/updater")
    await advance(hass, freezer, 2 * HOUR, step=60)
    assert state_of(hass, ENTITY_ID) == STATE_ON


async def test_server_that_cannot_install_any_more_is_not_asked_to(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It moved into a container; nothing else has changed."""
    home.updater.can_install = True
    await set_up(hass, entry)
    before = attributes_of(hass, ENTITY_ID)[ATTR_SUPPORTED_FEATURES]
    assert before & UpdateEntityFeature.INSTALL
    home.updater.can_install = False
    await advance(hass, freezer, HOUR + 5 * 60)
    assert not attributes_of(hass, ENTITY_ID)[ATTR_SUPPORTED_FEATURES] & UpdateEntityFeature.INSTALL
