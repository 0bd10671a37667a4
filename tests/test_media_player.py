"""The media player of a player: its state, its attributes, and how it is stopped."""

from collections.abc import Mapping
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID, ATTR_ENTITY_PICTURE, ATTR_SUPPORTED_FEATURES
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Account, Fault, Kind, Player, PlexServer, World
from .support.entities import attributes_of
from .support.entries import set_up, signed_in_entry, state_of
from .support.helpers import advance, settle
from .support.players import BEDROOM, DELIVERY, PHONE, PICTURE, TV, playing_in_the_bedroom


def media_attributes(hass: HomeAssistant) -> Mapping[str, Any]:
    """Return the attributes of the media player that are about the media."""
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
    attributes = attributes_of(hass, BEDROOM)
    return {name: attributes[name] for name in names if name in attributes}


async def test_player_that_plays_nothing_is_idle(
    hass: HomeAssistant, bedroom_entry: MockConfigEntry
) -> None:
    """It may as well be off: the server does not know."""
    await set_up(hass, bedroom_entry)
    assert state_of(hass, BEDROOM) == "idle"
    assert media_attributes(hass) == {}
    assert ATTR_ENTITY_PICTURE not in attributes_of(hass, BEDROOM)
    assert state_of(hass, DELIVERY) == "not_playing"
    assert state_of(hass, PICTURE) == "unknown"


async def test_state_follows_the_stream_of_the_player(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """Push notifications update it, and streams of other players do not."""
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
    assert media_attributes(hass) == {}


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
async def test_media_attributes(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
    title: str,
    kind: Kind,
    expected: dict[str, Any],
) -> None:
    """Each type of media has its own attributes."""
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=owner, title=title, kind=kind, player=TV)
    await settle(hass)
    assert media_attributes(hass) == {
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
    """The platform decides where it runs on one kind of device only."""
    player = Player(title="Bedroom TV", platform=platform)
    await set_up(hass, signed_in_entry(world, home, owner, players=[player]))
    assert attributes_of(hass, BEDROOM).get("device_class") == expected


@pytest.mark.parametrize(
    ("product", "expected"), [("Plex for Android (TV)", "tv"), ("Plex for Android (Mobile)", None)]
)
async def test_device_class_of_a_platform_that_runs_on_any_device(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    product: str,
    expected: str | None,
) -> None:
    """The product of the last stream decides, also after a reload."""
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


# Stop


async def stop(hass: HomeAssistant) -> None:
    """Stop the player in the bedroom."""
    await hass.services.async_call(
        "media_player", "media_stop", {ATTR_ENTITY_ID: BEDROOM}, blocking=True
    )
    await settle(hass)


async def test_stop(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """Streams of other players go on, and an idle player may be stopped again."""
    await set_up(hass, bedroom_entry)
    other = await home.start_stream(user=owner, title="Elsewhere", player=PHONE)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    await stop(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert home.streams == [other]
    await stop(hass)
    assert home.streams == [other]


async def test_stop_of_a_stream_that_has_just_ended(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """That is no error."""
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    home.faults.set(Fault.status(404), paths="terminate")
    await stop(hass)


async def test_photo_cannot_be_stopped(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """A photo has no duration, and no session that could be terminated."""
    home.library.add_section("Pictures", Kind.PHOTO)
    home.library.add("The boat", kind=Kind.PHOTO, album="Summer")
    await set_up(hass, bedroom_entry)
    await home.start_stream(user=owner, title="The boat", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    assert attributes_of(hass, BEDROOM)["media_content_type"] == "image"
    with pytest.raises(ServiceValidationError, match="cannot stop The boat"):
        await stop(hass)


@pytest.mark.parametrize(
    ("fault", "why"),
    [(Fault.status(503), "busy"), (Fault.RESET, "does not respond"), (Fault.status(403), "Pass")],
)
async def test_stop_that_fails(
    hass: HomeAssistant,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
    fault: Fault,
    why: str,
) -> None:
    """The error says why, and the player keeps playing."""
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    home.faults.set(fault, paths="terminate")
    with pytest.raises(HomeAssistantError, match=f"Home.*{why}|{why}.*Home"):
        await stop(hass)
    assert state_of(hass, BEDROOM) == "playing"


@pytest.mark.parametrize("plex_pass", [True, False])
async def test_information_that_cannot_be_read_does_not_change_what_is_supported(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
    *,
    plex_pass: bool,
) -> None:
    """It is not known then whether the owner still has Plex Pass."""
    owner.plex_pass = plex_pass
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    before = attributes_of(hass, BEDROOM)[ATTR_SUPPORTED_FEATURES]
    assert bool(before) is plex_pass
    home.faults.set(Fault.status(502), paths="^/$")
    await advance(hass, freezer, 15 * 60)
    assert state_of(hass, "binary_sensor.home_plex_pass") == "unavailable"
    assert attributes_of(hass, BEDROOM)[ATTR_SUPPORTED_FEATURES] == before


async def test_stop_is_not_supported_without_plex_pass(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """The server cannot terminate streams."""
    owner.plex_pass = False
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    assert attributes_of(hass, BEDROOM)[ATTR_SUPPORTED_FEATURES] == 0
    with pytest.raises(ServiceNotSupported):
        await stop(hass)
