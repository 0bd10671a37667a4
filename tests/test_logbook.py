"""What has happened on a server reads as sentences under Activity."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN
from custom_components.plex_monitor.events.diary import EVENT_DIARY
from custom_components.plex_monitor.logbook import ICONS, async_describe_events

from .simulator import Account, Kind, PlexServer, Stream, World
from .support.entries import UNREADABLE, set_up
from .support.helpers import advance, settle
from .support.translation_check import english, flatten

MINUTE = 60


class Activity:
    """What Home Assistant shows under Activity of the events on its bus."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start to record the events."""
        self._events = async_capture_events(hass, EVENT_DIARY)
        self._describe: Callable[[Event], dict[str, Any]]

        def register(
            domain: str, event_type: str, describe: Callable[[Event], dict[str, Any]]
        ) -> None:
            assert (domain, event_type) == (DOMAIN, EVENT_DIARY)
            self._describe = describe

        async_describe_events(hass, register)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the rows."""
        return [self.describe(event.data) for event in self._events]

    @property
    def sentences(self) -> list[str]:
        """Return the rows as they read."""
        return [f"{row[LOGBOOK_ENTRY_NAME]} {row[LOGBOOK_ENTRY_MESSAGE]}" for row in self.rows]

    @property
    def devices(self) -> set[str]:
        """Return the devices on whose pages the rows are shown."""
        return {event.data[ATTR_DEVICE_ID] for event in self._events}

    def describe(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the row of an event with these data."""
        return self._describe(Event(EVENT_DIARY, data))


@pytest.fixture
def activity(hass: HomeAssistant) -> Activity:
    """Record what is shown under Activity."""
    return Activity(hass)


async def test_playback(
    hass: HomeAssistant, activity: Activity, stream: Stream, device_registry: dr.DeviceRegistry
) -> None:
    """Who, what and where; a stream that has finished is not said to have stopped as well."""
    await stream.pause()
    await stream.resume()
    await stream.stop()
    await settle(hass)
    assert activity.sentences == [
        "owner started Film on Living room TV",
        "owner paused Film on Living room TV",
        "owner resumed Film on Living room TV",
        "owner stopped Film on Living room TV",
    ]
    (device_id,) = activity.devices
    device = device_registry.async_get(device_id)
    assert device is not None
    assert device.name == "Home"


async def test_end_of_a_film(hass: HomeAssistant, activity: Activity, stream: Stream) -> None:
    """It is one row."""
    await stream.seek(stream.item.duration * 95 // 100)
    await stream.stop()
    await settle(hass)
    assert activity.sentences == [
        "owner started Film on Living room TV",
        "owner finished Film on Living room TV",
    ]


async def test_episodes_and_tracks(
    hass: HomeAssistant,
    activity: Activity,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They are named with their show or artist."""
    await home.add_media("Pilot", kind=Kind.EPISODE, show="Harbour Street", season=2)
    await home.add_album("The Quiet Ones", "Outside", tracks=1)
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Pilot", player="TV", kind=Kind.EPISODE)
    await home.start_stream(user=owner, title="Track 1", player="Phone", kind=Kind.TRACK)
    await settle(hass)
    assert activity.sentences == [
        "owner started Harbour Street S2E1 on TV",
        "owner started The Quiet Ones: Track 1 on Phone",
    ]


async def test_media(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    activity: Activity,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """What was added and removed, and where; scans are no entry."""
    film = await home.add_media("Night Ferry")
    await home.add_season("Harbour Street", 1, episodes=3)
    await advance(hass, freezer, 2 * MINUTE, step=10)
    await home.remove_media(film)
    await advance(hass, freezer, 2 * MINUTE, step=10)
    assert sorted(activity.sentences) == [
        "Harbour Street was added to TV Shows",
        "Night Ferry was added to Movies",
        "Night Ferry was removed from Movies",
    ]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    activity: Activity,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """That it went down, came back, and was updated."""
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE, step=15)
    home.version = "1.99.0.1-abc"
    await home.start()
    await advance(hass, freezer, 2 * MINUTE, step=15)
    assert activity.sentences == [
        "Home went down",
        "Home came back",
        "Home was updated to 1.99.0.1-abc",
    ]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    activity: Activity,
    init_integration: MockConfigEntry,
) -> None:
    """That it is no longer valid."""
    world.plex_tv.revoke(init_integration.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=15)
    assert activity.sentences == ["Home needs a new sign-in: its token is no longer valid"]


def test_every_kind_of_entry_has_a_sentence_and_an_icon() -> None:
    """No row is empty."""
    prefix = "common.diary_"
    kinds = {key.removeprefix(prefix) for key in flatten(english()) if key.startswith(prefix)}
    assert kinds == ICONS.keys()


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    "data", [{}, {"kind": "of_tomorrow", "name": "owner"}, {"kind": "playback_started"}]
)
async def test_entry_of_another_version(activity: Activity, data: dict[str, Any]) -> None:
    """What is not known is left out, so that Home Assistant goes on with the other rows."""
    row = activity.describe(data)
    assert row[LOGBOOK_ENTRY_NAME] == data.get("name")
    assert "{" not in row[LOGBOOK_ENTRY_MESSAGE]
    assert row[LOGBOOK_ENTRY_ICON] == ICONS.get(data.get("kind", ""))


@pytest.mark.usefixtures("init_integration")
async def test_title_is_not_read_as_a_text(activity: Activity) -> None:
    """Braces in a title are no placeholders."""
    data = {"kind": "playback_started", "name": "owner", "title": "{player}", "player": "TV"}
    assert activity.describe(data)[LOGBOOK_ENTRY_MESSAGE] == "started {player} on TV"


async def test_language_that_is_not_loaded(
    hass: HomeAssistant, activity: Activity, stream: Stream
) -> None:
    """It is English, as right after the language was changed."""
    hass.config.language = "xx"
    assert activity.sentences == ["owner started Film on Living room TV"]
