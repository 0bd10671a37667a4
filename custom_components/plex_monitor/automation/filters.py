"""Which streams and which media an automation is about."""

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

# The ids of the devices that the library with a key belongs to: its own and the server's.
type DevicesOf = Callable[[str], Collection[str]]

MEDIA_TYPES: Final = ("movie", "episode", "track", "photo", "clip")


def _not_empty(value: str) -> str:
    """Refuse a name of nothing, which would match nothing."""
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
    """What somebody wants to know of; an empty set wants all.

    Names are as people write them: upper and lower case are the same. A library is also known by
    its device, as the editors give it, and all of a server by the server's.
    """

    users: frozenset[str]
    players: frozenset[str]
    libraries: frozenset[str]
    media_types: frozenset[str]
    transcoding: bool | None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of a trigger or a condition."""
        return cls(
            users=_names(options, CONF_USER),
            players=_names(options, CONF_PLAYER),
            libraries=_names(options, CONF_LIBRARY),
            media_types=_names(options, CONF_MEDIA_TYPE),
            transcoding=options.get(CONF_TRANSCODING),
        )

    def wants_stream(self, session: Session, devices_of: DevicesOf) -> bool:
        """Say whether a stream is wanted."""
        transcoding = session.decision is StreamDecision.TRANSCODE
        return (
            self.transcoding in {None, transcoding}
            and _is_one_of(self.users, session.user)
            and _is_one_of(self.players, session.player)
            and self._wants_library(session.section_title, session.section_id, devices_of)
            and _is_one_of(self.media_types, session.media_type)
        )

    def wants_section(self, section: Section, devices_of: DevicesOf) -> bool:
        """Say whether a library is wanted."""
        return self._wants_library(section.title, section.key, devices_of)

    def wants_added(self, event: LibraryEvent, devices_of: DevicesOf) -> bool:
        """Say whether what was added is wanted; what is told together is of one type."""
        return self.wants_section(event.section, devices_of) and _is_one_of(
            self.media_types, event.items[0].media_type if event.items else None
        )

    def _wants_library(self, title: str | None, key: str | None, devices_of: DevicesOf) -> bool:
        return _is_one_of(self.libraries, title) or (
            key is not None and not self.libraries.isdisjoint(devices_of(key))
        )


def normalize_name(name: str) -> str:
    """Return a name so that it can be compared: its case does not matter, nor space around it."""
    return name.strip().casefold()


def _names(options: Mapping[str, Any], key: str) -> frozenset[str]:
    return frozenset(normalize_name(name) for name in options.get(key, ()))


def _is_one_of(names: frozenset[str], name: str | None) -> bool:
    return not names or (name is not None and normalize_name(name) in names)
