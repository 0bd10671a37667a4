"""What the media player of a player tells."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_ENTITY_PICTURE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Account, Kind, Player, PlexServer, World
from .support.entities import attributes_of
from .support.entries import set_up, signed_in_entry, state_of
from .support.helpers import settle
from .support.players import BEDROOM, DELIVERY, PHONE, PICTURE, TV


def told(hass: HomeAssistant, entity_id: str = BEDROOM) -> Mapping[str, Any]:
    """Return what a media player tells of what is played."""
    names = (
        "media_title",
        "media_series_title",
        "media_season",
        "media_episode",
        "media_artist",
        "media_album_name",
        "media_content_type",
        "media_duration",
        "app_name",
        "user",
        "library",
    )
    attributes = attributes_of(hass, entity_id)
    return {name: attributes[name] for name in names if name in attributes}


async def test_player_that_plays_nothing_is_idle(
    hass: HomeAssistant, bedroom_entry: MockConfigEntry
) -> None:
    """It may be off: the server does not know."""
    await set_up(hass, bedroom_entry)
    assert state_of(hass, BEDROOM) == "idle"
    assert told(hass) == {}
    assert ATTR_ENTITY_PICTURE not in attributes_of(hass, BEDROOM)
    assert state_of(hass, DELIVERY) == "unknown"
    assert state_of(hass, PICTURE) == "unknown"


async def test_player_follows_its_stream(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """By push, and without an eye on what others play."""
    await set_up(hass, bedroom_entry)
    await home.start_stream(user=owner, title="Elsewhere", player=PHONE)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    await stream.pause()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "paused"
    await stream.buffer()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "buffering"
    await stream.resume()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert told(hass) == {}


@pytest.mark.parametrize(
    ("title", "kind", "expected"),
    [
        (
            "Winter Light",
            Kind.MOVIE,
            {"media_content_type": "movie", "media_duration": 5400, "library": "Movies"},
        ),
        (
            "First Steps",
            Kind.EPISODE,
            {
                "media_content_type": "tvshow",
                "media_duration": 5400,
                "media_series_title": "Harbour Street",
                "media_season": "1",
                "media_episode": "1",
                "library": "TV Shows",
            },
        ),
        (
            "Opening",
            Kind.TRACK,
            {
                "media_content_type": "music",
                "media_duration": 5400,
                "media_artist": "The Quiet Band",
                "media_album_name": "Evening",
                "library": "Music",
            },
        ),
    ],
)
async def test_what_plays(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
    title: str,
    kind: Kind,
    expected: dict[str, Any],
) -> None:
    """Each kind of media with what belongs to it."""
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=owner, title=title, kind=kind, player=TV)
    await settle(hass)
    assert told(hass) == {
        "media_title": title,
        "app_name": "Plex for Apple TV",
        "user": owner.title,
        **expected,
        "media_duration": stream.item.duration // 1000,
    }
    assert attributes_of(hass, BEDROOM)["media_content_id"] == str(stream.item.rating_key)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("tvOS", "tv"), ("Roku", "tv"), ("webOS", "tv"), ("Sonos", "speaker"), ("Android", None)],
)
async def test_device_class(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    platform: str,
    expected: str | None,
) -> None:
    """Where the platform is only to be found in one kind of device."""
    player = Player(title="Bedroom TV", platform=platform)
    await set_up(hass, signed_in_entry(world, home, owner, players=[player]))
    assert attributes_of(hass, BEDROOM).get("device_class") == expected


@pytest.mark.parametrize(
    ("product", "expected"), [("Plex for Android (TV)", "tv"), ("Plex for Android (Mobile)", None)]
)
async def test_device_class_of_a_platform_that_runs_on_anything(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    product: str,
    expected: str | None,
) -> None:
    """What it plays with tells, and is remembered."""
    player = Player(title="Bedroom TV", platform="Android", product=product)
    entry = signed_in_entry(world, home, owner, players=[player])
    await set_up(hass, entry)
    assert "device_class" not in attributes_of(hass, BEDROOM)
    stream = await home.start_stream(user=owner, title="Winter Light", player=player)
    await settle(hass)
    assert attributes_of(hass, BEDROOM).get("device_class") == expected
    await stream.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert attributes_of(hass, BEDROOM).get("device_class") == expected
