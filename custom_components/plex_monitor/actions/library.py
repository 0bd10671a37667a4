"""Actions on libraries, and the library that an action names."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv, device_registry as dr
import voluptuous as vol

from ..automation.targets import async_get_library_device_id
from ..plex.models import Section
from ..runtime import PlexMonitorConfigEntry
from .errors import invalid_request
from .models import Action, Fields

ATTR_LIBRARY: Final = "library"
ATTR_PATH: Final = "path"

LIBRARY_FIELD: Final[Fields] = {vol.Optional(ATTR_LIBRARY): cv.string}


async def async_get_section_key(entry: PlexMonitorConfigEntry, call: ServiceCall) -> str | None:
    """Return the key of the library that a call names by device, name or key; `None` if none."""
    name = call.data.get(ATTR_LIBRARY)
    if name is None:
        return None
    get_device_id = partial(async_get_library_device_id, call.hass, entry)
    libraries = entry.runtime_data.libraries.data
    found = _sections_named(
        name, [library.section for library in libraries.values()], get_device_id
    )
    if not found and (device := dr.async_get(call.hass).async_get(name)) is not None:
        device_name = device.name_by_user or device.name or name
        raise invalid_request(entry.runtime_data.server, "library_elsewhere", library=device_name)
    if not found:
        # A library that was created a moment ago has not been read yet.
        sections = await entry.runtime_data.server.server.library.sections()
        found = _sections_named(name, sections, get_device_id)
    if not found:
        raise invalid_request(entry.runtime_data.server, "library_not_found", library=name)
    if len(found) > 1:
        raise invalid_request(entry.runtime_data.server, "library_ambiguous", library=name)
    return found[0].key


def _sections_named(
    name: str, sections: Collection[Section], get_device_id: Callable[[str], str | None]
) -> list[Section]:
    """Return the library with that key or device id, or else those with that name."""
    return [
        section for section in sections if name in {section.key, get_device_id(section.key)}
    ] or [section for section in sections if section.title.casefold() == name.casefold()]


async def _async_scan_library(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Scan one library, a folder of it, or all libraries for new files."""
    path = call.data.get(ATTR_PATH)
    if path is not None and ATTR_LIBRARY not in call.data:
        raise invalid_request(entry.runtime_data.server, "path_needs_library")
    key = await async_get_section_key(entry, call)
    await entry.runtime_data.server.server.library.scan(key, path=path)
    return None


async def _async_stop_scan(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Stop the scan of one library, or of all."""
    key = await async_get_section_key(entry, call)
    await entry.runtime_data.server.server.library.cancel_scan(key)
    return None


async def _async_empty_trash(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Remove the items of a library whose files are gone."""
    if (key := await async_get_section_key(entry, call)) is not None:
        await entry.runtime_data.server.server.library.empty_trash(key)
    return None


ACTIONS: Final = {
    "empty_trash": Action(
        handler=_async_empty_trash,
        fields={vol.Required(ATTR_LIBRARY): cv.string},
        not_found="library_gone",
    ),
    "scan_library": Action(
        handler=_async_scan_library,
        fields={**LIBRARY_FIELD, vol.Optional(ATTR_PATH): cv.string},
        not_found="library_gone",
    ),
    "stop_scan": Action(handler=_async_stop_scan, fields=LIBRARY_FIELD, not_found="library_gone"),
}
