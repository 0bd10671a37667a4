"""What a person pasted, taken apart: an address with a token in it, or a token.

Nothing here lets the pasted text out again, neither in an error nor in a `repr`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
import ipaddress
from itertools import product
import re
import unicodedata
from urllib.parse import unquote, urlsplit

MAX_INPUT = 16 * 1024

# A token is 20 characters long (captured); another length is Plex's to refuse.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,128}")
_JWT = re.compile(r"eyJ[\w-]*\.[\w.-]*|(?:[\w-]{16,}\.){2}[\w-]{16,}")
_LABELLED = tuple(
    re.compile(
        rf"(?<![\w-])(?:{label})[\"'\s]{{0,4}}[=:\s][\"'\s]{{0,4}}"
        r"(?P<value>[^\s\"'&;,#?/|()\[\]{}<>\\]+)",
        re.IGNORECASE,
    )
    for label in ("x[-_ ]?plex[-_ ]?token", "plexonlinetoken|authtoken|token")
)
_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://.*|[0-9a-f]*:[0-9a-f:.]+\]?(?:[:/].*)?"
    r"|(?:[\w-]+\.)+[\w-]+(?:[:/?#].*)?|[\w-]+:[0-9]+(?:/.*)?|[^\s/]*/.*|.*[?&][\w-]+=.*",
    re.IGNORECASE,
)
_HOST = re.compile(r"[\w.-]+")
_LINE_BREAK = re.compile(r" ?[\r\n]\s*")
_WRAP = re.compile(_LINE_BREAK.pattern + r"(?![a-z][\w-]*[\"']?\s*[=:])", re.IGNORECASE)
_DECORATION = " \t\r\n\"'`.,;:!?<>()[]{}|\\*=&#"
_LOW_QUOTES = "\u201a\u201e"


class TokenInputProblem(StrEnum):
    """Why a text is no lasting token."""

    EMPTY = "empty"
    CLAIM = "claim"
    """A claim code of plex.tv/claim, good for claiming a server within minutes (official)."""
    TRANSIENT = "transient"
    """A token that a server gives for at most 48 h (official API 1.2.2)."""
    JWT = "jwt"
    """A JSON web token, which lives 7 days (official) and which servers refuse (reported)."""
    NO_TOKEN = "no_token"  # noqa: S105 - the name of a problem.
    """An address without a token in it."""
    MALFORMED = "malformed"


class TokenInputError(Exception):
    """The text holds no token that lasts."""

    def __init__(self, problem: TokenInputProblem) -> None:
        """Keep the problem, and nothing of the text."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class TokenInput:
    """A token, and where the server is if the text said so: `scheme://host[:port]`."""

    token: str = field(repr=False)
    server_url: str | None


def parse_token_input(text: str) -> TokenInput:
    """Find the token, and the server's address, in a pasted text.

    Takes whole "View XML" addresses, header and parameter lines, and bare tokens, each with what
    copying adds to them. Raises `TokenInputError`.
    """
    if len(text) > MAX_INPUT:
        raise TokenInputError(TokenInputProblem.MALFORMED)
    text = _plain(text)
    if not text.strip(_DECORATION):
        raise TokenInputError(TokenInputProblem.EMPTY)
    readings = _readings(text)
    if (labelled := _labelled_token(readings)) is not None:
        return TokenInput(token=_checked(labelled), server_url=_server_url(readings))
    bare = readings[-1].strip(_DECORATION)
    _refuse_kinds(bare)
    if not _TOKEN.fullmatch(bare):
        raise TokenInputError(
            TokenInputProblem.NO_TOKEN if _ADDRESS.fullmatch(bare) else TokenInputProblem.MALFORMED
        )
    return TokenInput(token=bare, server_url=None)


def _plain(text: str) -> str:
    """Return the text without invisible characters, with plain hyphens, quotes and spaces."""
    return re.sub(
        r"[ \t]+", " ", "".join(map(_plain_character, unicodedata.normalize("NFKC", text)))
    )


def _plain_character(character: str) -> str:
    """Return what a character stands for in an address or a token."""
    if character in "\t\r\n":
        return character
    category = unicodedata.category(character)
    if category.startswith("C"):
        return ""
    if category == "Pd":
        return "-"
    return '"' if category in {"Pi", "Pf"} or character in _LOW_QUOTES else character


def _readings(text: str) -> list[str]:
    """Return the text as it may have been before it was wrapped and percent-encoded.

    A line break is part of a wrapped line, unless the next line starts with a name of its own.
    """
    readings: list[str] = []
    for joined in (_WRAP.sub("", text), text, _LINE_BREAK.sub("", text)):
        reading = joined
        for _ in range(3):
            readings.append(reading)
            reading = _plain(unquote(reading))
    return readings


def _labelled_token(readings: list[str]) -> str | None:
    """Return the first token that the text gives a name to, Plex's own name before others."""
    for label, reading in product(_LABELLED, readings):
        for match in label.finditer(reading):
            if token := _plain(unquote(match["value"])).strip(_DECORATION):
                return token
    return None


def _checked(token: str) -> str:
    """Return the token, if it can be one that lasts."""
    _refuse_kinds(token)
    if not _TOKEN.fullmatch(token):
        raise TokenInputError(TokenInputProblem.MALFORMED)
    return token


def _refuse_kinds(token: str) -> None:
    """Raise for the kinds of token that do not last."""
    lowered = token.lower()
    if lowered.startswith("claim-"):
        raise TokenInputError(TokenInputProblem.CLAIM)
    if lowered.startswith("transient-"):
        raise TokenInputError(TokenInputProblem.TRANSIENT)
    if _JWT.fullmatch(token):
        raise TokenInputError(TokenInputProblem.JWT)


def _server_url(readings: list[str]) -> str | None:
    """Return the server behind the first address in the text; plex.tv is none."""
    match = next(filter(None, map(_URL.search, readings)), None)
    return _origin(match[0]) if match else None


def _origin(url: str) -> str | None:
    """Return scheme, host and port of an address, without user name, path and query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            host = f"[{ipaddress.IPv6Address(host)}]"
        elif not _HOST.fullmatch(host):
            return None
    except ValueError:
        return None
    if host == "plex.tv" or host.endswith(".plex.tv"):
        return None
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
