"""Reads are limited for libraries that keep changing, and for those that fail."""

from homeassistant.core import HomeAssistant
import pytest

from tests.simulator import Fault, PlexServer
from tests.support.helpers import settle
from tests.support.libraries import SettledHome

MINUTE = 60
HOUR = 60 * MINUTE


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error requesting Home libraries data")
@pytest.mark.parametrize("failing", ["^/library/sections/1/all$", "^/library/sections$"])
async def test_failing_request_is_not_repeated_with_each_change(
    home: PlexServer, settled: SettledHome, failing: str
) -> None:
    """Be it for a library or for the list of them; changes meanwhile are not lost."""
    home.faults.set(Fault.status(500), paths=failing)
    await home.add_media("New Film")
    await settled.advance(6 * MINUTE, step=30)
    settled.world.requests.clear()
    for number in range(20):
        await home.add_media(f"Film {number}")
        await settled.advance(1, step=1)
    assert settled.requests()["/library/sections"] <= 1
    home.faults.clear()
    await settled.advance(3 * MINUTE)
    assert settled.values("movies_items") == ["24"]


async def test_library_that_cannot_be_read_is_read_within_a_minute_once_it_can(
    home: PlexServer, settled: SettledHome
) -> None:
    """However long it could not; the others are not read meanwhile."""
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$")
    await home.add_media("New Film")
    await settled.advance(2 * HOUR, step=30)
    settled.world.requests.clear()
    await settled.advance(HOUR, step=30)
    requests = settled.requests()
    assert requests["/library/sections/1/all"] <= 60
    assert requests["/library/sections/2/all"] == 0
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.values("movies_items") == ["4"]


async def test_change_is_not_delayed_by_a_scheduled_retry(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Push is lost during a scan, so that a retry is scheduled, just after a film was added."""
    await home.add_media("New Film")
    movies = home.library.sections[0]
    movies.refreshing = True
    await home.activities.start("library.update.section", "", section_id=movies.id)
    await settle(hass)
    home.refuses_websockets = 404
    await home.notifier.drop()
    await settled.advance(30, step=5)
    assert settled.values("movies_items") == ["4"]
