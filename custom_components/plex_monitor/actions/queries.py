"""Actions that return items of the libraries, or what was played."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..plex.errors import PlexForbiddenError, PlexUnauthorizedError
from ..plex.models import MediaItem
from ..plex.parsing import LATEST
from ..runtime import PlexMonitorConfigEntry
from .errors import invalid_request
from .library import LIBRARY_FIELD, async_get_section_key
from .models import ATTR_LIMIT, LIMIT_FIELD, Action
from .responses import history_response, item_response

ATTR_QUERY: Final = "query"
ATTR_SINCE: Final = "since"

EARLIEST = datetime.fromtimestamp(0, UTC)


async def _async_history(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return what was played, the latest first."""
    server = entry.runtime_data.server.server
    section_key = await async_get_section_key(entry, call)
    since = call.data.get(ATTR_SINCE)
    items = await server.history(
        limit=call.data[ATTR_LIMIT],
        since=None if since is None else _as_utc(entry, since),
        section_key=section_key,
    )
    users: dict[str, str] = {}
    # Only the owner may read the accounts; everybody else sees their own history alone.
    with suppress(PlexForbiddenError, PlexUnauthorizedError):
        users = {account.account_id: account.name for account in await server.accounts()}
    links = entry.runtime_data.links
    return {
        "items": [history_response(item, users.get(item.account_id or ""), links) for item in items]
    }


def _as_utc(entry: PlexMonitorConfigEntry, moment: datetime) -> datetime:
    """Return a time in UTC, which can be out of reach; Plex counts seconds since 1970."""
    with suppress(OverflowError):
        if EARLIEST <= (utc := dt_util.as_utc(moment)) < LATEST:
            return utc
    raise invalid_request(entry.runtime_data.server, "date_out_of_range", date=moment.isoformat())


def _items_response(entry: PlexMonitorConfigEntry, items: Iterable[MediaItem]) -> ServiceResponse:
    links = entry.runtime_data.links
    return {"items": [item_response(item, links) for item in items]}


async def _async_on_deck(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return what is On Deck: what was started, or comes next."""
    items = await entry.runtime_data.server.server.library.on_deck(limit=call.data[ATTR_LIMIT])
    return _items_response(entry, items)


async def _async_recently_added(
    entry: PlexMonitorConfigEntry, call: ServiceCall
) -> ServiceResponse:
    """Return what was added last."""
    section_key = await async_get_section_key(entry, call)
    items = await entry.runtime_data.server.server.library.recently_added(
        section_key, limit=call.data[ATTR_LIMIT]
    )
    return _items_response(entry, items)


async def _async_search(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return the items that match a text."""
    items = await entry.runtime_data.server.server.library.search(
        call.data[ATTR_QUERY], limit=call.data[ATTR_LIMIT]
    )
    return _items_response(entry, items)


ACTIONS: Final = {
    "history": Action(
        handler=_async_history,
        fields={**LIBRARY_FIELD, vol.Optional(ATTR_SINCE): cv.datetime, **LIMIT_FIELD},
        response=SupportsResponse.ONLY,
    ),
    "on_deck": Action(handler=_async_on_deck, fields=LIMIT_FIELD, response=SupportsResponse.ONLY),
    "recently_added": Action(
        handler=_async_recently_added,
        fields={**LIBRARY_FIELD, **LIMIT_FIELD},
        response=SupportsResponse.ONLY,
        not_found="library_gone",
    ),
    "search": Action(
        handler=_async_search,
        fields={vol.Required(ATTR_QUERY): cv.string, **LIMIT_FIELD},
        response=SupportsResponse.ONLY,
    ),
}
