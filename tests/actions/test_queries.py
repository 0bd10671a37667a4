"""Actions that return items of the libraries, or what was played."""

from datetime import timedelta
from math import inf, nan

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from tests.simulator import Account, PlexServer
from tests.support.actions import perform, rating_key_of
from tests.support.entries import set_up


async def watch_partly(server: PlexServer, user: Account, title: str) -> None:
    """Start to watch, and stop in the middle."""
    stream = await server.start_stream(user=user, title=title, player="TV")
    await stream.seek(1_800_000)
    await stream.stop()


async def test_search(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """Items that match the text are returned."""
    await set_up(hass, entry)
    response = await perform(hass, entry, "search", query="winter")
    (found,) = response["items"]
    assert found["title"] == "Winter Light"
    assert found["rating_key"] == rating_key_of(home, "Winter Light")
    assert found["library"] == "Movies"
    assert await perform(hass, entry, "search", query="nothing like it") == {"items": []}


async def test_recently_added(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The newest items come first, of all libraries or of one."""
    await set_up(hass, entry)
    freezer.tick(60)
    await home.add_media("Newcomer")
    response = await perform(hass, entry, "recently_added", limit=1)
    assert [item["title"] for item in response["items"]] == ["Newcomer"]
    response = await perform(hass, entry, "recently_added", library="TV Shows")
    assert {item["library"] for item in response["items"]} == {"TV Shows"}


@pytest.mark.parametrize("action", ["recently_added", "on_deck", "search", "history"])
async def test_limit(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    action: str,
) -> None:
    """The limit goes from 1 to 500."""
    await set_up(hass, entry)
    for title in ("Winter Light", "The Long Road"):
        await watch_partly(home, owner, title)
    query = {"query": "i"} if action == "search" else {}
    one = await perform(hass, entry, action, limit=1, **query)
    many = await perform(hass, entry, action, limit=500, **query)
    # The limit of a search is per media type.
    assert 1 <= len(one["items"]) < len(many["items"])
    assert action == "search" or len(one["items"]) == 1
    for limit in (0, 501):
        with pytest.raises(vol.Invalid):
            await perform(hass, entry, action, limit=limit, **query)


async def test_on_deck(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """An item that was started and not finished is on deck."""
    await set_up(hass, entry)
    await watch_partly(home, owner, "Winter Light")
    response = await perform(hass, entry, "on_deck")
    assert [item["title"] for item in response["items"]] == ["Winter Light"]


async def test_history(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The latest item comes first, with the user who played it."""
    await set_up(hass, entry)
    for title in ("Winter Light", "The Long Road"):
        stream = await home.start_stream(user=owner, title=title, player="TV")
        freezer.tick(60)
        await stream.stop()
    response = await perform(hass, entry, "history")
    assert [(item["title"], item["user"]) for item in response["items"]] == [
        ("The Long Road", "owner"),
        ("Winter Light", "owner"),
    ]
    since = dt_util.now() - timedelta(seconds=30)
    response = await perform(hass, entry, "history", since=since.replace(tzinfo=None))
    assert [item["title"] for item in response["items"]] == ["The Long Road"]
    assert await perform(hass, entry, "history", library="Music") == {"items": []}


@pytest.mark.parametrize(
    "since",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T00:00:00+00:00",
        "9999-12-31T23:59:59",
        "9999-12-31T23:59:59-12:00",
    ],
)
async def test_history_since_a_time_that_is_out_of_reach(
    hass: HomeAssistant, entry: MockConfigEntry, since: str
) -> None:
    """The error names the time."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match=since[:10]) as raised:
        await perform(hass, entry, "history", since=since)
    assert raised.value.translation_key == "date_out_of_range"


@pytest.mark.parametrize("limit", [inf, nan, 10**400, "1e999", "many", True, 0, 501])
async def test_limit_that_is_out_of_reach(
    hass: HomeAssistant, entry: MockConfigEntry, limit: object
) -> None:
    """It is rejected as any wrong value is."""
    await set_up(hass, entry)
    with pytest.raises(vol.Invalid):
        await perform(hass, entry, "on_deck", limit=limit)


async def test_guest_may_query(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """A guest may query without the rights of an owner."""
    await set_up(hass, guest)
    assert await perform(hass, guest, "history") == {"items": []}
    assert await perform(hass, guest, "on_deck") == {"items": []}
    response = await perform(hass, guest, "search", query="winter")
    assert len(response["items"]) == 1
