"""Filters of triggers and conditions: which streams and which media they match."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..events.models import LibraryEvent
from ..plex.models import Section, Session, StreamDecision

CONF_LIBRARY: Final = "library"
CONF_MEDIA_TYPE: Final = "media_type"
CONF_PLAYER: Final = "player"
CONF_TRANSCODING: Final = "transcoding"
CONF_USER: Final = "user"

# Returns the ids of the devices by which a target can name a library: its own and the server's.
type GetDeviceIds = Callable[[str], Collection[str]]

MEDIA_TYPES: Final = ("movie", "episode", "track", "photo", "clip")


def _not_empty(value: str) -> str:
    """Reject an empty name, which would match nothing."""
    if not value.strip():
        raise vol.Invalid("a name is empty")
    return value


NAME: Final = vol.All(cv.string, _not_empty)
_NAMES = vol.All(cv.ensure_list, [NAME])
_MEDIA_TYPES = vol.All(cv.ensure_list, [vol.In(MEDIA_TYPES)])

LIBRARY_OPTIONS: Final[dict[Any, Any]] = {vol.Optional(CONF_LIBRARY): _NAMES}
MEDIA_OPTIONS: Final[dict[Any, Any]] = {
    **LIBRARY_OPTIONS,
    vol.Optional(CONF_MEDIA_TYPE): _MEDIA_TYPES,
}
STREAM_OPTIONS: Final[dict[Any, Any]] = {
    **MEDIA_OPTIONS,
    vol.Optional(CONF_PLAYER): _NAMES,
    vol.Optional(CONF_TRANSCODING): cv.boolean,
    vol.Optional(CONF_USER): _NAMES,
}


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The filter options of a trigger or a condition; an empty set matches everything.

    Names are compared without regard to case. A library also matches by its device id, which is
    what the automation editor stores, and all libraries of a server by that of the server.
    """

    users: frozenset[str]
    players: frozenset[str]
    libraries: frozenset[str]
    media_types: frozenset[str]
    transcoding: bool | None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Create a filter from the options of a trigger or a condition."""
        return cls(
            users=_names(options, CONF_USER),
            players=_names(options, CONF_PLAYER),
            libraries=_names(options, CONF_LIBRARY),
            media_types=_names(options, CONF_MEDIA_TYPE),
            transcoding=options.get(CONF_TRANSCODING),
        )

    def matches_session(self, session: Session, get_device_ids: GetDeviceIds) -> bool:
        """Return whether a stream matches."""
        transcoding = session.decision is StreamDecision.TRANSCODE
        return (
            self.transcoding in {None, transcoding}
            and _matches(self.users, session.user)
            and _matches(self.players, session.player)
            and self._matches_library(session.section_title, session.section_id, get_device_ids)
            and _matches(self.media_types, session.media_type)
        )

    def matches_section(self, section: Section, get_device_ids: GetDeviceIds) -> bool:
        """Return whether a library matches."""
        return self._matches_library(section.title, section.key, get_device_ids)

    def matches_library_event(self, event: LibraryEvent, get_device_ids: GetDeviceIds) -> bool:
        """Return whether added media match; all items of one event have the same type."""
        return self.matches_section(event.section, get_device_ids) and _matches(
            self.media_types, event.items[0].media_type if event.items else None
        )

    def _matches_library(
        self, title: str | None, key: str | None, get_device_ids: GetDeviceIds
    ) -> bool:
        return _matches(self.libraries, title) or (
            key is not None and not self.libraries.isdisjoint(get_device_ids(key))
        )


def normalize_name(name: str) -> str:
    """Return a name in a form to compare: without its case and the space around it."""
    return name.strip().casefold()


def _names(options: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(normalize_name(name) for name in options.get(key, ()))


def _matches(names: frozenset[str], name: str | None) -> bool:
    return not names or (name is not None and normalize_name(name) in names)
