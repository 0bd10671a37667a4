"""Each item comes with the address of its picture and with links, wherever it is described."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.events.models import (
    LibraryEvent,
    LibraryEventType,
    ServerEvent,
    ServerEventType,
)
from custom_components.plex_monitor.media.links import LINKS, MediaLinks
from custom_components.plex_monitor.media.signing import Signer
from custom_components.plex_monitor.plex.models import MediaItem, Section
from tests.simulator import Account, Delivery, Find, Kind, PlexServer
from tests.support.actions import item_of, perform
from tests.support.automations import automate, on, trigger_of
from tests.support.entities import attributes_of, unrecorded_attributes
from tests.support.entries import set_up
from tests.support.helpers import advance, settle
from tests.support.sessions import a_session

PLEX_URL = "https://app.plex.tv/desktop/#!/server/{}/details?key=%2Flibrary%2Fmetadata%2F{}"
PLAY = "plex://play/?metadataKey=%2Flibrary%2Fmetadata%2F{1}&server={0}"
SHOW_PAGE = "plex://preplay/?metadataKey=%2Flibrary%2Fmetadata%2F{1}&server={0}"
ENTRY_ID = "01JG00V55WEVTJ0CJHM0GAD7PC"
NOTHING = dict.fromkeys(LINKS)


@pytest.fixture
def links() -> MediaLinks:
    """Return the links of a server."""
    return MediaLinks(Signer(b"key"), entry_id=ENTRY_ID, machine_identifier="a machine/?&#")


def an_item(**data: Any) -> MediaItem:
    """Return an item of a library."""
    return MediaItem.from_json({"ratingKey": "5", "title": "Item", **data})


def is_picture_of(address: str | None, rating_key: int | None) -> bool:
    """Return whether an address is that of the picture of an item."""
    return (address or "").startswith(f"/api/plex_monitor/picture/{ENTRY_ID}/{rating_key}/")


@pytest.mark.parametrize(
    ("media_type", "app_url"),
    [
        ("movie", PLAY),
        ("episode", PLAY),
        ("track", PLAY),
        ("clip", PLAY),
        ("show", SHOW_PAGE),
        ("season", SHOW_PAGE),
        ("album", SHOW_PAGE),
        ("photo", SHOW_PAGE),
        (None, SHOW_PAGE),
    ],
)
def test_links_of_an_item(links: MediaLinks, media_type: str | None, app_url: str) -> None:
    """They open its page, and play it where it can be played."""
    machine = "a%20machine%2F%3F%26%23"
    assert links.of(an_item(type=media_type)) == {
        "picture": None,
        "plex_url": PLEX_URL.format(machine, 5),
        "app_url": app_url.format(machine, 5),
    }


@pytest.mark.parametrize(
    "rating_key", [None, "-5", "\u0665", "5/children", "tv.plex.provider", "5?x=1"]
)
def test_what_is_in_no_library(links: MediaLinks, rating_key: str | None) -> None:
    """It has no links: its key is that of something else, or there is none."""
    assert links.of(a_session(rating_key=rating_key)) == NOTHING


def test_live_television(links: MediaLinks) -> None:
    """Its key, if it has one, is that of a program."""
    assert links.of(a_session(live=True)) == NOTHING


@pytest.mark.parametrize("stamp", ["1", "1700000000", "-1"])
def test_picture_of_an_item(links: MediaLinks, stamp: str) -> None:
    """Its address has the time stamp, so that a picture that changed has another one."""
    address = links.picture(f"/library/metadata/33/thumb/{stamp}")
    assert is_picture_of(address, 33)
    assert f"/33/{stamp}/600x900/" in (address or "")


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "/:/resources/movie.png",
        "/library/metadata/33/thumb/",
        "/library/metadata/33/thumb/1?width=9",
        "/library/metadata/33/thumb/1/../../../../identity",
        "/library/metadata/../thumb/1",
        "/library/metadata/33/file/1",
        "/library/metadata/\u0663/thumb/1",
        "/library/metadata/33/thumb/1\n",
        f"/library/metadata/{'3' * 19}/thumb/1",
        "//elsewhere/library/metadata/33/thumb/1",
        "https://elsewhere/library/metadata/33/thumb/1",
    ],
)
def test_path_that_is_not_a_picture_of_an_item(links: MediaLinks, path: str | None) -> None:
    """A server can write anything, and gets it back from nobody."""
    assert links.picture(path) is None


def test_items_that_were_added_together(links: MediaLinks) -> None:
    """They have the links of what they are in, as far as it is known."""
    section = Section.from_json({"key": "1", "type": "show", "title": "Shows"})

    def of(**data: Any) -> dict[str, str | None]:
        items = tuple(
            an_item(type="episode", thumb="/library/metadata/5/thumb/1", **data) for _ in range(2)
        )
        return links.of_event(
            LibraryEvent(event_type=LibraryEventType.ADDED, section=section, items=items)
        )

    of_season = of(parentRatingKey="4", parentThumb="/library/metadata/4/thumb/1")
    assert is_picture_of(of_season["picture"], 4)
    assert (of_season["plex_url"] or "").endswith("%2F4")
    of_show = of(parentRatingKey="4", grandparentThumb="/library/metadata/3/thumb/1")
    assert is_picture_of(of_show["picture"], 3)
    unknown = of()
    assert is_picture_of(unknown["picture"], 5)
    assert unknown["plex_url"] is None


@pytest.mark.parametrize(
    "event",
    [
        ServerEvent(event_type=ServerEventType.CAME_BACK, version=None),
        LibraryEvent(
            event_type=LibraryEventType.SCAN_STARTED,
            section=Section.from_json({"key": "1", "type": "show", "title": "Shows"}),
        ),
    ],
)
def test_event_without_an_item(links: MediaLinks, event: ServerEvent | LibraryEvent) -> None:
    """It has no keys for links either."""
    assert links.of_event(event) == {}


async def test_links_of_a_stream(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """They are the same in the trigger, the event, the list of streams, and the responses."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started"), on("streams_above", above=0))
    stream = await home.start_stream(
        user=owner, title="Winter Light", player="TV", delivery=Delivery.DIRECT_PLAY
    )
    await settle(hass)
    key = item_of(home, "Winter Light").rating_key
    [listed] = attributes_of(hass, "sensor.home_streams")["streams"]
    links = {name: listed[name] for name in LINKS}
    assert is_picture_of(links["picture"], key)
    assert links["plex_url"] == PLEX_URL.format(home.machine_identifier, key)
    assert links["app_url"] == PLAY.format(home.machine_identifier, key)
    event = attributes_of(hass, "event.home_playback")
    started, above = sorted(map(trigger_of, runs), key=lambda each: "streams" in each)
    [row] = (await perform(hass, entry, "list_streams"))["streams"]
    image = attributes_of(hass, "image.home_now_playing")
    for described in (event, started, *above["streams"], row, image):
        assert links.items() <= described.items()
    for entity_id in ("event.home_playback", "image.home_now_playing"):
        assert unrecorded_attributes(hass, entity_id) >= LINKS

    await stream.stop()
    await settle(hass)
    assert links.items() <= attributes_of(hass, "event.home_playback").items()
    [row] = (await perform(hass, entry, "history", limit=1))["items"]
    assert links.items() <= row.items()


async def test_links_do_not_change_with_the_progress(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A browser that shows the streams gets each picture once."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    [before] = attributes_of(hass, "sensor.home_streams")["streams"]
    await advance(hass, freezer, 10 * 60)
    await stream.pause()
    await settle(hass)
    [after] = attributes_of(hass, "sensor.home_streams")["streams"]
    assert before["state"] != after["state"]
    assert before["picture"] == after["picture"]


async def test_links_of_added_items(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A trigger, an event and the responses of actions have them."""
    await set_up(hass, entry)
    runs = await automate(hass, on("media_added"))
    freezer.tick(60)
    await home.discover(
        *(
            Find(title=f"Part {number}", kind=Kind.EPISODE, show="Harbour Street", season=2)
            for number in range(2)
        )
    )
    await advance(hass, freezer, 60)
    season = item_of(home, "Part 0").parent
    assert season is not None
    machine = home.machine_identifier
    [run] = runs
    for described in (trigger_of(run), attributes_of(hass, "event.home_library")):
        assert is_picture_of(described["picture"], season.rating_key)
        assert described["plex_url"] == PLEX_URL.format(machine, season.rating_key)
        assert described["app_url"] == SHOW_PAGE.format(machine, season.rating_key)
    episode = item_of(home, "Part 1")
    last_added = attributes_of(hass, "sensor.home_tv_shows_last_added")
    shown = item_of(home, last_added["title"])
    for described in (last_added, attributes_of(hass, "image.home_latest_added")):
        assert described["plex_url"] == PLEX_URL.format(machine, shown.rating_key)
        assert is_picture_of(described["picture"], shown.rating_key)
    assert unrecorded_attributes(hass, "sensor.home_tv_shows_last_added") >= LINKS
    response = await perform(hass, entry, "search", query="Part 1")
    [row] = response["items"]
    assert is_picture_of(row["picture"], episode.rating_key)
    assert row["plex_url"] == PLEX_URL.format(machine, episode.rating_key)
    assert row["app_url"] == PLAY.format(machine, episode.rating_key)
