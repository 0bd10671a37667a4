"""How Plex answers: counts of requests and notifications, and names of fields, but no values.

An answer is parsed right after it was read, in the same task. That is why a context variable knows
what the parsers are reading.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import islice
import re
from typing import Any

from .endpoints import NOTIFICATIONS, PLEX_TV, endpoint_of
from .errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from .fields import FIELDS, OTHER, json_type, misunderstood, shown_name

MAX_COUNTS = 30
"""How many different errors or fields of one endpoint are counted; the rest counts as `OTHER`."""
MAX_EXAMPLES = 20
"""For how many of what lacks the same field the fields beside are counted."""

# The ends of messages that the client itself wrote: a status, or what was wrong with the answer.
_REASON = re.compile(
    r"\d{3}(?:, but not from Plex)?|not JSON|not a websocket|longer than \d{1,12} bytes"
    r"|timed out|closed|[A-Z][A-Za-z]{3,40}"
)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one endpoint, or of one kind of notification, for which only some apply.

    `left_out` has the fields without which something could not be parsed, `not_understood` those of
    an unexpected type, and `unknown` those that were beside the former; all with their types.
    """

    of_server: bool = True
    asked: int = 0
    answered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    not_understood: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts that are not zero."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        return {name: dict(c) if isinstance(c, dict) else c for name, c in counts.items() if c}

    def count_failure(self, error: PlexError) -> None:
        """Count a request that was refused or that failed."""
        kind = _kind_of(error)
        refused = isinstance(error, PlexUnauthorizedError | PlexForbiddenError)
        _count(self.refused if refused else self.failed, kind)

    def check_types(self, document: Any) -> None:
        """Count the fields of another type than the parsers understand."""
        for name, kind in misunderstood(document) if self.of_server else ():
            _count(self.not_understood, f"{name}: {kind}")

    def count_left_out(self, name: str, kind: str, beside: Mapping[str, Any]) -> None:
        """Count a field without which an object could not be parsed, and unknown ones beside."""
        if _count(self.left_out, f"{name}: {kind}") > MAX_EXAMPLES:
            return
        for other in islice((each for each in beside if each not in FIELDS), MAX_COUNTS):
            other_kind = json_type(beside[other])
            _count(self.unknown, f"{shown_name(other, other_kind)}: {other_kind}")


_COUNTS = tuple(each.name for each in fields(Tally) if each.name != "of_server")


@dataclass(frozen=True, kw_only=True)
class _Place:
    """What the parsers are reading: an answer or a notification of a server."""

    observations: Observations
    tally: Tally


_PLACE: ContextVar[_Place | None] = ContextVar("plex_place", default=None)


class Observations:
    """What was asked of one server and of plex.tv for it, and how they answered."""

    def __init__(self) -> None:
        """Initialize without any counts."""
        self.since = datetime.now(UTC)
        self.endpoints: dict[str, Tally] = {}
        self.notifications: dict[str, Tally] = {}

    def ask(self, method: str, path: str, *, with_token: bool) -> Tally:
        """Count a request, and return the counts of its endpoint."""
        name = endpoint_of(method, path, with_token=with_token)
        tally = self.endpoints.setdefault(name, Tally(of_server=PLEX_TV not in name))
        tally.asked += 1
        return tally

    def read(self, tally: Tally, document: Any) -> Any:
        """Count an answer, which is parsed next, and return it."""
        tally.answered += 1
        tally.check_types(document)
        self.expect(tally)
        return document

    def expect(self, tally: Tally) -> None:
        """Count what is parsed next for an endpoint or a kind of notification."""
        _PLACE.set(_Place(observations=self, tally=tally))

    def notify(self, kind: str | None, content: Any) -> Any:
        """Count a frame, which is parsed next, and return its content."""
        name = kind if kind in NOTIFICATIONS else OTHER
        return self.read(self.notifications.setdefault(name, Tally()), content)

    def as_dict(self) -> dict[str, Any]:
        """Return all counts, by endpoint and by kind of notification."""
        return {
            "since": self.since.isoformat(),
            "endpoints": {name: tally.as_dict() for name, tally in self.endpoints.items()},
            "notifications": {
                name: {"received": tally.answered, **_without_answered(tally)}
                for name, tally in self.notifications.items()
            },
        }


def misread(what: str, value: Any) -> None:
    """Count something in what is being read that had to be an object."""
    if (place := _PLACE.get()) is not None:
        place.tally.count_left_out(what, json_type(value), {})


def left_out(name: str, data: Mapping[str, Any]) -> None:
    """Count an object in what is being read that lacks a field."""
    if (place := _PLACE.get()) is not None:
        kind = json_type(data[name]) if name in data else "missing"
        place.tally.count_left_out(name, kind, data)


def notified(kind: str | None, content: Any = None) -> Any:
    """Count a frame of the websocket that is being read, and return its content."""
    place = _PLACE.get()
    return content if place is None else place.observations.notify(kind, content)


def _without_answered(tally: Tally) -> dict[str, Any]:
    return {name: value for name, value in tally.as_dict().items() if name != "answered"}


def _count(counts: dict[str, int], name: str) -> int:
    """Count a name, as `OTHER` if there are many others, and return how often it was counted."""
    if name not in counts and len(counts) >= MAX_COUNTS:
        name = OTHER
    counts[name] = counts.get(name, 0) + 1
    return counts[name]


def _kind_of(error: PlexError) -> str:
    """Return the kind of an error, without the rest of its message."""
    match error:
        case PlexUnauthorizedError():
            return "401"
        case PlexForbiddenError():
            return "403"
        case PlexNotFoundError():
            return "404"
        case PlexUnavailableError():
            return str(error.status)
        case PlexCertificateError():
            return "certificate"
        case _:
            reason = str(error).rpartition(": ")[2]
            if _REASON.fullmatch(reason):
                return reason
            return "no connection" if isinstance(error, PlexConnectionError) else "no Plex answer"
