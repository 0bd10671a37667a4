"""Actions on one item of a library."""

from math import inf, nan

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from tests.simulator import PlexServer, World
from tests.support.actions import item_of, perform, rating_key_of
from tests.support.entries import set_up


async def test_refresh_metadata(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server is requested to refresh the metadata of one item."""
    await set_up(hass, entry)
    key = rating_key_of(home, "Winter Light")
    await perform(hass, entry, "refresh_metadata", rating_key=int(key))
    assert world.requests.to(host="Home", path=f"/library/metadata/{key}/refresh", method="PUT")


@pytest.mark.parametrize("action", ["refresh_metadata", "mark_watched", "mark_unwatched", "rate"])
async def test_unknown_item_is_rejected(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    """The error says so, and a rating key that is not a number is invalid."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="Home has no item with this rating key"):
        await perform(hass, entry, action, rating_key="99999")
    for wrong in ("../identity", "1/../../identity", "1a"):
        with pytest.raises(vol.Invalid):
            await perform(hass, entry, action, rating_key=wrong)


async def test_mark_watched_and_unwatched(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """An item is marked for the account in use."""
    await set_up(hass, entry)
    item = item_of(home, "Winter Light")
    await perform(hass, entry, "mark_watched", rating_key=str(item.rating_key))
    assert item.viewing().count == 1
    await perform(hass, entry, "mark_unwatched", rating_key=str(item.rating_key))
    assert item.viewing().count == 0


async def test_guest_marks_items_for_themselves(
    hass: HomeAssistant, home: PlexServer, guest: MockConfigEntry
) -> None:
    """The owner's marks stay as they are."""
    await set_up(hass, guest)
    item = item_of(home, "Winter Light")
    await perform(hass, guest, "mark_watched", rating_key=str(item.rating_key))
    assert item.viewing().count == 0
    assert [viewing.count for viewing in item.viewings.values() if viewing.count] == [1]


async def test_rate(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """A rating goes from 0 to 10, and without one the rating is removed."""
    await set_up(hass, entry)
    item = item_of(home, "Winter Light")
    key = str(item.rating_key)
    await perform(hass, entry, "rate", rating_key=key, rating=7.5)
    assert item.viewing().rating == 7.5
    await perform(hass, entry, "rate", rating_key=key)
    assert item.viewing().rating is None


@pytest.mark.parametrize("rating", [11, -1, inf, nan, 10**400, "1e400", "good", True])
async def test_rating_that_is_out_of_reach(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, rating: object
) -> None:
    """It is an error of the action, and changes nothing."""
    await set_up(hass, entry)
    item = item_of(home, "Winter Light")
    with pytest.raises(vol.Invalid):
        await perform(hass, entry, "rate", rating_key=str(item.rating_key), rating=rating)
    assert item.viewing().rating is None
