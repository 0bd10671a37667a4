"""The faults of requests and responses between a client and a host."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
import json
import re
from typing import Any, ClassVar, Self

from aiohttp import web

from .error_pages import error_page


class Kind(StrEnum):
    """The kinds of faults."""

    HANG = "hang"
    RESET = "reset"
    SLOW = "slow"
    ANSWER = "answer"
    MAINTENANCE = "maintenance"
    TRUNCATED = "truncated"
    GARBLED = "garbled"
    MISTYPED = "mistyped"
    MISENCODED = "misencoded"
    OVERSIZED = "oversized"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    The constants need no arguments; the class methods create the others.
    """

    HANG: ClassVar[Fault]
    """The host accepts the request and never responds."""
    RESET: ClassVar[Fault]
    """The connection is cut before a response."""
    MAINTENANCE: ClassVar[Fault]
    """503 with the body of a server that migrates its database at its start."""
    TRUNCATED: ClassVar[Fault]
    """The right response, cut in the middle of its body."""
    GARBLED: ClassVar[Fault]
    """200 with a body that is neither JSON nor XML."""
    MISENCODED: ClassVar[Fault]
    """The right response with a byte that is not UTF-8 at the start of each name and title."""
    MISTYPED: ClassVar[Fault]
    """Valid JSON with the right names in which every value is of another type."""
    OVERSIZED: ClassVar[Fault]
    """200 with a body of type JSON that never ends; see also `endless`."""
    UNAUTHORIZED: ClassVar[Fault]
    """401 in the host's own form although the token is valid."""

    kind: Kind
    code: int = 200
    text: str | None = None
    content_type: str = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0

    @classmethod
    def status(cls, code: int, *, retry_after: int | None = None, text: str | None = None) -> Self:
        """Respond with this status, and with an HTML page unless a text is given."""
        headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
        return cls(
            kind=Kind.ANSWER,
            code=code,
            text=error_page(code) if text is None else text,
            headers=headers,
        )

    @classmethod
    def redirect(cls, location: str, *, code: int = 302) -> Self:
        """Redirect the client."""
        return cls(kind=Kind.ANSWER, code=code, text="", headers=(("Location", location),))

    @classmethod
    def body(cls, text: str, *, code: int = 200, content_type: str = "application/json") -> Self:
        """Respond with exactly this body."""
        return cls(kind=Kind.ANSWER, code=code, text=text, content_type=content_type)

    @classmethod
    def json(cls, value: Any, *, code: int = 200) -> Self:
        """Respond with exactly this JSON."""
        return cls.body(json.dumps(value), code=code)

    @classmethod
    def slow(cls, seconds: float) -> Self:
        """Delay the response by this many seconds."""
        return cls(kind=Kind.SLOW, seconds=seconds)

    @classmethod
    def endless(cls, content_type: str) -> Self:
        """Respond with a body of this type that never ends, such as image/jpeg."""
        return cls(kind=Kind.OVERSIZED, content_type=content_type)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Create a fault from the body of a request to the control panel."""
        kind = Kind(data.get("kind", Kind.ANSWER))
        if kind is not Kind.ANSWER:
            return cls(
                kind=kind,
                seconds=float(data.get("seconds", 0)),
                content_type=data.get("content_type", "application/json"),
            )
        if location := data.get("location"):
            return cls.redirect(location, code=int(data.get("status", 302)))
        fault = cls.status(
            int(data.get("status", 200)),
            retry_after=data.get("retry_after"),
            text=data.get("text"),
        )
        return replace(fault, content_type=data.get("content_type", fault.content_type))


Fault.HANG = Fault(kind=Kind.HANG)
Fault.RESET = Fault(kind=Kind.RESET)
Fault.MAINTENANCE = Fault(kind=Kind.MAINTENANCE)
Fault.TRUNCATED = Fault(kind=Kind.TRUNCATED)
Fault.GARBLED = Fault(kind=Kind.GARBLED)
Fault.MISENCODED = Fault(kind=Kind.MISENCODED)
Fault.MISTYPED = Fault(kind=Kind.MISTYPED)
Fault.OVERSIZED = Fault.endless("application/json")
Fault.UNAUTHORIZED = Fault(kind=Kind.UNAUTHORIZED)


@dataclass(eq=False, kw_only=True)
class Rule:
    """A fault and the requests that it applies to; `hits` counts them."""

    fault: Fault
    paths: re.Pattern[str]
    methods: frozenset[str] | None
    with_token: bool | None
    times: int | None
    hits: int = 0
    lifted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def spent(self) -> bool:
        """Return whether the fault has hit as often as it should."""
        return self.times is not None and self.hits >= self.times


class Faults:
    """The faults of one host. Of several that match a request, the newest one applies."""

    def __init__(self) -> None:
        """Initialize without any fault."""
        self._rules: list[Rule] = []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the faults, the newest last."""
        return tuple(self._rules)

    def set(
        self,
        fault: Fault,
        *,
        paths: str = "",
        methods: Iterable[str] | None = None,
        with_token: bool | None = None,
        times: int | None = None,
    ) -> Rule:
        """Make requests whose path matches the pattern fail, once, several times or always.

        `with_token` limits it to requests that carry a token, or to those that carry none.
        """
        rule = Rule(
            fault=fault,
            paths=re.compile(paths),
            methods=None if methods is None else frozenset(methods),
            with_token=with_token,
            times=times,
        )
        self._rules.append(rule)
        return rule

    def clear(self, rule: Rule | None = None) -> None:
        """Clear one fault, or all, and release the requests that hang."""
        for gone in [rule] if rule else list(self._rules):
            gone.lifted.set()
            if gone in self._rules:
                self._rules.remove(gone)

    def take(self, request: web.Request) -> Rule | None:
        """Return the fault that applies to a request, and count the hit."""
        for rule in reversed(self._rules):
            if (
                not rule.spent
                and rule.paths.search(request.path)
                and (rule.methods is None or request.method in rule.methods)
                and rule.with_token in {None, "X-Plex-Token" in request.headers}
            ):
                rule.hits += 1
                return rule
        return None


def misencoded(body: bytes) -> bytes:
    """Return a JSON body with a byte that is not UTF-8 at the start of each name and title."""
    return re.sub(rb'("(?:friendlyName|title)": ?")', b"\\1\xe9", body)


def mistyped(value: Any) -> Any:
    """Return the JSON value with every name kept and every type changed."""
    if isinstance(value, dict):
        return {key: mistyped(item) for key, item in value.items()}
    if isinstance(value, list):
        return {"unexpected": len(value)}
    if isinstance(value, str):
        return len(value)
    return [str(value)]
