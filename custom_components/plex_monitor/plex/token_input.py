"""Parser for pasted text: a URL that contains a token, or a token.

The pasted text never appears in an error or a `repr`, because it may hold a secret.
"""

from dataclasses import dataclass, field
from enum import StrEnum
import ipaddress
from itertools import product
import re
import unicodedata
from urllib.parse import unquote, urlsplit

MAX_INPUT = 16 * 1024

# Tokens are 20 characters long (captured); whether another length is valid is left to Plex.
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
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# The end of a text, from the last address in it: nothing in between ends that or starts another.
# A line break before a parameter is one that copying added.
_LAST_URL = re.compile(
    r"https?://(?:(?!://)[^\s\"'<>,]| ?[\r\n]\s*(?=[a-z][\w-]*=))+\Z", re.IGNORECASE
)
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
    """Reason why a text contains no permanent token."""

    EMPTY = "empty"
    CLAIM = "claim"
    """A claim token of plex.tv/claim, which claims a server within minutes (official)."""
    TRANSIENT = "transient"
    """A transient token of a server, valid for 48 h at most (official API 1.2.2)."""
    JWT = "jwt"
    """A JSON web token, valid for 7 days (official) and rejected by servers (reported)."""
    NO_TOKEN = "no_token"  # noqa: S105 - the name of a problem.
    """A URL without a token."""
    MALFORMED = "malformed"


class TokenInputError(Exception):
    """The text contains no permanent token."""

    def __init__(self, problem: TokenInputProblem) -> None:
        """Initialize with the problem; nothing of the text is kept."""
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, kw_only=True)
class TokenInput:
    """A token, and the URL of its server if the text has one: `scheme://host[:port]`."""

    token: str = field(repr=False)
    server_url: str | None


def parse_token_input(text: str) -> TokenInput:
    """Return the token and the server URL in a pasted text.

    Accepts "View XML" URLs, lines of headers or parameters, and bare tokens, each with quotes,
    spaces, line breaks, invisible characters and percent-encoding added by copying. Raises
    `TokenInputError`.
    """
    if len(text) > MAX_INPUT:
        raise TokenInputError(TokenInputProblem.MALFORMED)
    text = _plain(text)
    if not text.strip(_DECORATION):
        raise TokenInputError(TokenInputProblem.EMPTY)
    readings = _readings(text)
    if (labelled := _labelled_token(readings)) is not None:
        token, before = labelled
        return TokenInput(token=_validated(token), server_url=_server_url(before))
    bare = readings[-1].strip(_DECORATION)
    _reject_temporary(bare)
    if not _TOKEN.fullmatch(bare):
        raise TokenInputError(
            TokenInputProblem.NO_TOKEN if _ADDRESS.fullmatch(bare) else TokenInputProblem.MALFORMED
        )
    return TokenInput(token=bare, server_url=None)


def _plain(text: str) -> str:
    """Return the text without invisible characters, with ASCII hyphens, quotes and spaces."""
    return re.sub(
        r"[ \t]+", " ", "".join(map(_plain_character, unicodedata.normalize("NFKC", text)))
    )


def _plain_character(character: str) -> str:
    """Return the ASCII character, or nothing, that a character stands for in a URL or token."""
    if character in "\t\r\n":
        return character
    category = unicodedata.category(character)
    if category.startswith("C"):
        return ""
    if category == "Pd":
        return "-"
    return '"' if category in {"Pi", "Pf"} or character in _LOW_QUOTES else character


def _readings(text: str) -> list[str]:
    """Return the possible originals of a text that was wrapped and percent-encoded.

    A line break counts as wrapping, unless the next line starts with a name and "=" or ":".
    """
    readings: list[str] = []
    for joined in (_WRAP.sub("", text), text, _LINE_BREAK.sub("", text)):
        reading = joined
        for _ in range(3):
            readings.append(reading)
            reading = _plain(unquote(reading))
    return readings


def _labelled_token(readings: list[str]) -> tuple[str, str] | None:
    """Return the first token that follows a label, and the text before the label.

    X-Plex-Token takes precedence.
    """
    for label, reading in product(_LABELLED, readings):
        for match in label.finditer(reading):
            if token := _plain(unquote(match["value"])).strip(_DECORATION):
                return token, reading[: match.start()]
    return None


def _validated(token: str) -> str:
    """Return the token; `TokenInputError` if it is not a permanent token."""
    _reject_temporary(token)
    if not _TOKEN.fullmatch(token):
        raise TokenInputError(TokenInputProblem.MALFORMED)
    return token


def _reject_temporary(token: str) -> None:
    """Raise `TokenInputError` for a temporary token."""
    lowered = token.lower()
    if lowered.startswith("claim-"):
        raise TokenInputError(TokenInputProblem.CLAIM)
    if lowered.startswith("transient-"):
        raise TokenInputError(TokenInputProblem.TRANSIENT)
    if _JWT.fullmatch(token):
        raise TokenInputError(TokenInputProblem.JWT)


def _server_url(before: str) -> str | None:
    """Return the origin of the URL that holds the token, which the text before it ends with.

    Another URL in the text is not where the token belongs. `None` for plex.tv.
    """
    start = max((match.start() for match in _SCHEME.finditer(before)), default=0)
    match = _LAST_URL.match(before, start)
    return _origin(match[0]) if match else None


def _origin(url: str) -> str | None:
    """Return scheme, host and port of a URL, without user name, path and query."""
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
