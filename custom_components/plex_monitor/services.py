"""The actions of Plex Monitor."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr, service
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .actions.errors import invalid_request, translated_errors
from .actions.replace_token import async_replace_token
from .actions.responses import history_response, item_response, stream_response
from .actions.stop_streams import async_stop_streams
from .actions.tasks import activity_response, plex_name, task_response
from .automation.filters import NAME, normalize_name
from .automation.targets import async_get_library_device_id
from .const import DOMAIN
from .events.data import STOPPED
from .plex.errors import PlexForbiddenError, PlexUnauthorizedError
from .plex.models import Section, Session
from .plex.server import PlexServer
from .runtime import PlexMonitorConfigEntry

ATTR_ACTIVITY: Final = "activity"
ATTR_LIBRARY: Final = "library"
ATTR_LIMIT: Final = "limit"
ATTR_MESSAGE: Final = "message"
ATTR_PATH: Final = "path"
ATTR_PLAYER: Final = "player"
ATTR_QUERY: Final = "query"
ATTR_RATING: Final = "rating"
ATTR_RATING_KEY: Final = "rating_key"
ATTR_SESSION_KEY: Final = "session_key"
ATTR_SINCE: Final = "since"
ATTR_TASK: Final = "task"
ATTR_USER: Final = "user"

LIMIT_DEFAULT: Final = 20
LIMIT_MOST: Final = 500

type Handler = Callable[[PlexMonitorConfigEntry, ServiceCall], Awaitable[ServiceResponse]]
type Fields = dict[vol.Marker, Any]

_LIMIT: Final[Fields] = {
    vol.Optional(ATTR_LIMIT, default=LIMIT_DEFAULT): vol.All(
        vol.Coerce(int), vol.Range(min=1, max=LIMIT_MOST)
    )
}
_LIBRARY: Final[Fields] = {vol.Optional(ATTR_LIBRARY): cv.string}
_RATING_KEY: Final[Fields] = {
    vol.Required(ATTR_RATING_KEY): vol.All(cv.string, cv.matches_regex(r"^\d+$"))
}
_TASK: Final[Fields] = {vol.Required(ATTR_TASK): cv.string}


@dataclass(frozen=True, kw_only=True)
class Action:
    """An action, and the key of the text for what the server does not find."""

    handler: Handler
    fields: Fields = field(default_factory=dict)
    response: SupportsResponse = SupportsResponse.NONE
    not_found: str | None = None
    forbidden: str = "not_allowed"


def _telling(tell: Callable[[PlexServer, ServiceCall], Awaitable[None]]) -> Handler:
    """Return the handler of an action that tells a server one thing and answers nothing."""

    async def _async_tell(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
        await tell(entry.runtime_data.server.server, call)
        return None

    return _async_tell


def _of_item(tell: Callable[[PlexServer, str], Awaitable[None]]) -> Action:
    """Return the action that does one thing with an item."""
    return Action(
        handler=_telling(lambda server, call: tell(server, call.data[ATTR_RATING_KEY])),
        fields=_RATING_KEY,
        not_found="item_not_found",
    )


async def _async_scan_library(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Look for new files in one library, in a folder of it, or in all libraries."""
    path = call.data.get(ATTR_PATH)
    if path is not None and ATTR_LIBRARY not in call.data:
        raise invalid_request(entry.runtime_data.server, "path_needs_library")
    section = await _async_section(entry, call)
    await entry.runtime_data.server.server.library.scan(
        None if section is None else section.key, path=path
    )
    return None


async def _async_stop_scan(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Stop looking for new files, in one library or in all."""
    section = await _async_section(entry, call)
    await entry.runtime_data.server.server.library.cancel_scan(
        None if section is None else section.key
    )
    return None


async def _async_empty_trash(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Forget what has no file any more."""
    if (section := await _async_section(entry, call)) is not None:
        await entry.runtime_data.server.server.library.empty_trash(section.key)
    return None


async def _async_run_task(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Start a background task, and say whether it did not run already."""
    maintenance = entry.runtime_data.server.server.maintenance
    return {"started": await maintenance.run_butler_task(plex_name(call.data[ATTR_TASK]))}


async def _async_list_tasks(entry: PlexMonitorConfigEntry, _call: ServiceCall) -> ServiceResponse:
    """Return the background tasks, and all that the server is busy with.

    Which of the tasks run Plex does not tell; what they do shows among the activities.
    """
    maintenance = entry.runtime_data.server.server.maintenance
    tasks = await maintenance.butler_tasks()
    activities = await maintenance.activities()
    return {
        "tasks": [task_response(task) for task in tasks],
        "activities": [activity_response(activity) for activity in activities],
    }


async def _async_cancel_activity(
    entry: PlexMonitorConfigEntry, call: ServiceCall
) -> ServiceResponse:
    """Stop what the server is busy with."""
    wanted = call.data[ATTR_ACTIVITY]
    coordinator = entry.runtime_data.server
    maintenance = coordinator.server.maintenance
    found = [
        activity
        for activity in await maintenance.activities()
        if activity.uuid == wanted or activity.title.casefold() == wanted.casefold()
    ]
    if not found:
        raise invalid_request(coordinator, "activity_not_found", activity=wanted)
    stoppable = [activity for activity in found if activity.cancellable]
    if not stoppable:
        raise invalid_request(coordinator, "activity_not_cancellable", activity=found[0].title)
    for activity in stoppable:
        await maintenance.cancel_activity(activity.uuid)
    return None


async def _async_list_streams(entry: PlexMonitorConfigEntry, _call: ServiceCall) -> ServiceResponse:
    """Return the streams."""
    sessions = await entry.runtime_data.server.server.sessions()
    return {"streams": [stream_response(session) for session in sessions]}


async def _async_stop_stream(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Stop the streams that fit all that is said of them, and return them."""
    coordinator = entry.runtime_data.server
    if not {ATTR_SESSION_KEY, ATTR_USER, ATTR_PLAYER} & call.data.keys():
        raise invalid_request(coordinator, "no_stream_named")
    found = [session for session in await coordinator.server.sessions() if _fits(session, call)]
    if not found:
        raise invalid_request(coordinator, "stream_not_found")
    stopped = await async_stop_streams(coordinator, found, message=call.data.get(ATTR_MESSAGE))
    return {"stopped": [stream_response(session) | {"state": STOPPED} for session in stopped]}


async def _async_search(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return what fits a text."""
    items = await entry.runtime_data.server.server.library.search(
        call.data[ATTR_QUERY], limit=call.data[ATTR_LIMIT]
    )
    return {"items": [item_response(item) for item in items]}


async def _async_recently_added(
    entry: PlexMonitorConfigEntry, call: ServiceCall
) -> ServiceResponse:
    """Return what came last."""
    section = await _async_section(entry, call)
    items = await entry.runtime_data.server.server.library.recently_added(
        None if section is None else section.key, limit=call.data[ATTR_LIMIT]
    )
    return {"items": [item_response(item) for item in items]}


async def _async_on_deck(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return what would be watched next."""
    items = await entry.runtime_data.server.server.library.on_deck(limit=call.data[ATTR_LIMIT])
    return {"items": [item_response(item) for item in items]}


async def _async_history(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Return what was played, the latest first."""
    server = entry.runtime_data.server.server
    section = await _async_section(entry, call)
    since = call.data.get(ATTR_SINCE)
    items = await server.history(
        limit=call.data[ATTR_LIMIT],
        since=None if since is None else dt_util.as_utc(since),
        section_key=None if section is None else section.key,
    )
    users: dict[str, str] = {}
    # Whoever is not the owner sees nothing but what they have played themselves.
    with suppress(PlexForbiddenError, PlexUnauthorizedError):
        users = {account.account_id: account.name for account in await server.accounts()}
    return {"items": [history_response(item, users.get(item.account_id or "")) for item in items]}


async def _async_replace_token(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Replace the token by a new one."""
    await async_replace_token(call.hass, entry, entry.runtime_data.server)
    return None


def _fits(session: Session, call: ServiceCall) -> bool:
    """Say whether a stream is one of those that are meant."""
    is_like = {
        ATTR_SESSION_KEY: session.session_key,
        ATTR_USER: session.user,
        ATTR_PLAYER: session.player,
    }
    return all(
        normalize_name(value or "") == normalize_name(call.data[key])
        for key, value in is_like.items()
        if key in call.data
    )


async def _async_section(entry: PlexMonitorConfigEntry, call: ServiceCall) -> Section | None:
    """Return the library that is meant by its device, name or key, `None` where none is."""
    wanted = call.data.get(ATTR_LIBRARY)
    if wanted is None:
        return None
    device_of = partial(async_get_library_device_id, call.hass, entry)
    libraries = entry.runtime_data.libraries.data
    known = [library.section for library in libraries.values()]
    found = _sections_called(wanted, known, device_of)
    if not found and (device := dr.async_get(call.hass).async_get(wanted)) is not None:
        name = device.name_by_user or device.name or wanted
        raise invalid_request(entry.runtime_data.server, "library_elsewhere", library=name)
    if not found:
        # It may be one that has just been made.
        fresh = await entry.runtime_data.server.server.library.sections()
        found = _sections_called(wanted, fresh, device_of)
    if not found:
        raise invalid_request(entry.runtime_data.server, "library_not_found", library=wanted)
    if len(found) > 1:
        raise invalid_request(entry.runtime_data.server, "library_ambiguous", library=wanted)
    return found[0]


def _sections_called(
    wanted: str, sections: Iterable[Section], device_of: Callable[[str], str | None]
) -> list[Section]:
    """Return the library with a key or a device, or else those with a name."""
    return [section for section in sections if wanted in {section.key, device_of(section.key)}] or [
        section for section in sections if section.title.casefold() == wanted.casefold()
    ]


ACTIONS: Final = {
    "cancel_activity": Action(
        handler=_async_cancel_activity,
        fields={vol.Required(ATTR_ACTIVITY): cv.string},
        not_found="activity_ended",
    ),
    "clean_bundles": Action(
        handler=_telling(lambda server, _call: server.maintenance.clean_bundles())
    ),
    "empty_trash": Action(
        handler=_async_empty_trash,
        fields={vol.Required(ATTR_LIBRARY): cv.string},
        not_found="library_gone",
    ),
    "history": Action(
        handler=_async_history,
        fields={**_LIBRARY, vol.Optional(ATTR_SINCE): cv.datetime, **_LIMIT},
        response=SupportsResponse.ONLY,
    ),
    "list_streams": Action(handler=_async_list_streams, response=SupportsResponse.ONLY),
    "list_tasks": Action(handler=_async_list_tasks, response=SupportsResponse.ONLY),
    "mark_unwatched": _of_item(lambda server, key: server.library.mark_unwatched(key)),
    "mark_watched": _of_item(lambda server, key: server.library.mark_watched(key)),
    "on_deck": Action(handler=_async_on_deck, fields=_LIMIT, response=SupportsResponse.ONLY),
    "optimize_database": Action(
        handler=_telling(lambda server, _call: server.maintenance.optimize_database())
    ),
    "rate": Action(
        handler=_telling(
            lambda server, call: server.library.rate(
                call.data[ATTR_RATING_KEY], call.data.get(ATTR_RATING)
            )
        ),
        fields={
            **_RATING_KEY,
            vol.Optional(ATTR_RATING): vol.All(vol.Coerce(float), vol.Range(min=0, max=10)),
        },
        not_found="item_not_found",
    ),
    "recently_added": Action(
        handler=_async_recently_added,
        fields={**_LIBRARY, **_LIMIT},
        response=SupportsResponse.ONLY,
        not_found="library_gone",
    ),
    "refresh_metadata": _of_item(lambda server, key: server.library.refresh_metadata(key)),
    "run_task": Action(
        handler=_async_run_task,
        fields=_TASK,
        response=SupportsResponse.OPTIONAL,
        not_found="task_not_found",
    ),
    "scan_library": Action(
        handler=_async_scan_library,
        fields={**_LIBRARY, vol.Optional(ATTR_PATH): cv.string},
        not_found="library_gone",
    ),
    "search": Action(
        handler=_async_search,
        fields={vol.Required(ATTR_QUERY): cv.string, **_LIMIT},
        response=SupportsResponse.ONLY,
    ),
    "stop_scan": Action(handler=_async_stop_scan, fields=_LIBRARY, not_found="library_gone"),
    "stop_stream": Action(
        handler=_async_stop_stream,
        fields={
            vol.Optional(ATTR_SESSION_KEY): NAME,
            vol.Optional(ATTR_USER): NAME,
            vol.Optional(ATTR_PLAYER): NAME,
            vol.Optional(ATTR_MESSAGE): cv.string,
        },
        response=SupportsResponse.OPTIONAL,
        forbidden="needs_plex_pass",
    ),
    "stop_task": Action(
        handler=_telling(
            lambda server, call: server.maintenance.stop_butler_task(
                plex_name(call.data[ATTR_TASK])
            )
        ),
        fields=_TASK,
        not_found="task_not_running",
    ),
}

# It changes what Home Assistant itself has stored.
REPLACE_TOKEN: Final = Action(handler=_async_replace_token)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, which are there whether or not a server is."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            partial(_async_handle, action),
            schema=_schema(action),
            supports_response=action.response,
        )
    service.async_register_admin_service(
        hass,
        DOMAIN,
        "replace_token",
        partial(_async_handle, REPLACE_TOKEN),
        schema=_schema(REPLACE_TOKEN),
    )


def _schema(action: Action) -> vol.Schema:
    return vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, **action.fields})


async def _async_handle(action: Action, call: ServiceCall) -> ServiceResponse:
    """Do what an action does at the server that it names."""
    entry: PlexMonitorConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    with translated_errors(
        entry.runtime_data.server, not_found=action.not_found, forbidden=action.forbidden
    ):
        return await action.handler(entry, call)
