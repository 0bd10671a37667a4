"""Actions on background tasks and activities of a server."""

from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..runtime import PlexMonitorConfigEntry
from .errors import invalid_request
from .models import Action, Fields, request_handler
from .tasks import activity_response, plex_name, task_response

ATTR_ACTIVITY: Final = "activity"
ATTR_TASK: Final = "task"

_TASK_FIELD: Final[Fields] = {vol.Required(ATTR_TASK): cv.string}


async def _async_cancel_activity(
    entry: PlexMonitorConfigEntry, call: ServiceCall
) -> ServiceResponse:
    """Cancel the activities with a title, or the one with a UUID."""
    name = call.data[ATTR_ACTIVITY]
    coordinator = entry.runtime_data.server
    maintenance = coordinator.server.maintenance
    found = [
        activity
        for activity in await maintenance.activities()
        if activity.uuid == name or activity.title.casefold() == name.casefold()
    ]
    if not found:
        raise invalid_request(coordinator, "activity_not_found", activity=name)
    cancellable = [activity for activity in found if activity.cancellable]
    if not cancellable:
        raise invalid_request(coordinator, "activity_not_cancellable", activity=found[0].title)
    for activity in cancellable:
        await maintenance.cancel_activity(activity.uuid)
    return None


async def _async_list_tasks(entry: PlexMonitorConfigEntry, _call: ServiceCall) -> ServiceResponse:
    """Return the background tasks, and all activities of the server.

    Plex does not report which tasks are running; what they do shows among the activities.
    """
    maintenance = entry.runtime_data.server.server.maintenance
    tasks = await maintenance.butler_tasks()
    activities = await maintenance.activities()
    return {
        "tasks": [task_response(task) for task in tasks],
        "activities": [activity_response(activity) for activity in activities],
    }


async def _async_run_task(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Start a background task, and return whether it was not running already."""
    maintenance = entry.runtime_data.server.server.maintenance
    return {"started": await maintenance.run_butler_task(plex_name(call.data[ATTR_TASK]))}


ACTIONS: Final = {
    "cancel_activity": Action(
        handler=_async_cancel_activity,
        fields={vol.Required(ATTR_ACTIVITY): cv.string},
        not_found="activity_ended",
    ),
    "clean_bundles": Action(
        handler=request_handler(lambda server, _call: server.maintenance.clean_bundles())
    ),
    "list_tasks": Action(handler=_async_list_tasks, response=SupportsResponse.ONLY),
    "optimize_database": Action(
        handler=request_handler(lambda server, _call: server.maintenance.optimize_database())
    ),
    "run_task": Action(
        handler=_async_run_task,
        fields=_TASK_FIELD,
        response=SupportsResponse.OPTIONAL,
        not_found="task_not_found",
    ),
    "stop_task": Action(
        handler=request_handler(
            lambda server, call: server.maintenance.stop_butler_task(
                plex_name(call.data[ATTR_TASK])
            )
        ),
        fields=_TASK_FIELD,
        not_found="task_not_running",
    ),
}
