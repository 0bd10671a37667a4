"""Handling of HTTP responses: status to error, body to JSON, aiohttp errors to `PlexError`.

Errors of aiohttp hold the headers of the request, and so the token. None of them is passed on, not
even as the cause of another error.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
import ssl
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.http_exceptions import HttpProcessingError

from .errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from .limits import ANSWER, AnswerLimit
from .parsing import number

MAX_ERROR_BODY = 64 * 1024
MAX_RETRY_AFTER = 24 * 60 * 60.0
CHUNK = 64 * 1024
MAX_DIGITS = 20

TRANSPORT_ERRORS = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""Every error that a failed request of aiohttp raises."""

type SenderTest = Callable[[Mapping[str, str], bytes], bool]
"""Returns, from the headers and body of an error, whether Plex sent it."""


async def check_status(
    response: aiohttp.ClientResponse,
    where: str,
    is_refusal: SenderTest,
    is_not_found: SenderTest | None = None,
) -> None:
    """Raise the `PlexError` for a status other than 2xx.

    A 401, and a 404 where there is a test for it, that Plex did not send is a `PlexResponseError`.
    """
    status = response.status
    where = f"{where}: {status}"
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - success.
            return
        # 498 is an expired token (official API 1.2.2).
        case 401 | 498:
            body = await read_body(response, MAX_ERROR_BODY, where)
            if not is_refusal(response.headers, body):
                raise PlexResponseError(f"{where}, but not from Plex")
            raise PlexUnauthorizedError(where)
        case 403:
            raise PlexForbiddenError(where)
        case 404:
            if is_not_found is not None:
                body = await read_body(response, MAX_ERROR_BODY, where)
                if not is_not_found(response.headers, body):
                    raise PlexResponseError(f"{where}, but not from Plex")
            raise PlexNotFoundError(where)
        case _ if status in {408, 429} or 500 <= status < 600:  # noqa: PLR2004 - server errors.
            raise PlexUnavailableError(
                where,
                status=status,
                retry_after=_retry_after(response.headers.get(hdrs.RETRY_AFTER)),
            )
        case _:
            raise PlexResponseError(where)


async def read_body(response: aiohttp.ClientResponse, limit: int, where: str) -> bytes:
    """Return the body; `PlexResponseError` above `limit` bytes, counted after decompression."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > limit:
            raise PlexResponseError(f"{where}: longer than {limit} bytes")
    return bytes(body)


def decode_text(data: bytes) -> str:
    """Return UTF-8 as text; a byte that is none, as in old file names, costs a character only."""
    return data.decode("utf-8-sig", "replace")


def decode_json(body: bytes, where: str, limit: AnswerLimit = ANSWER) -> Any:
    """Return the decoded JSON of a body; `PlexResponseError` if it is not JSON, or too much."""
    document = decode_text(body)
    if not limit.allows(document):
        raise PlexResponseError(f"{where}: more than {limit.values} values")
    try:
        return parse_json(document)
    except ValueError, RecursionError:
        failure = PlexResponseError(f"{where}: not JSON")
    raise failure


def parse_json(document: str) -> Any:
    """Return the values of a JSON document; `ValueError` or `RecursionError` if it is none.

    Names of files and tags can have control characters in them. An integer with more digits than
    Python converts is `None`, and costs nothing else.
    """
    return json.loads(document, strict=False, parse_int=_short_integer)


def _short_integer(digits: str) -> int | None:
    """Return an integer, `None` for one that no 64 bits hold."""
    return int(digits) if len(digits) <= MAX_DIGITS else None


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; one day at most."""
    if (seconds := number(value)) is None:
        try:
            when = parsedate_to_datetime(value or "")
            seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except ValueError, OverflowError:
            return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER)


def to_plex_error(error: Exception, where: str) -> PlexError:
    """Return the `PlexError` for an error raised by aiohttp."""
    match error:
        case ssl.SSLError():
            cause = getattr(error, "certificate_error", error)
            reason = getattr(cause, "verify_message", "") or type(error).__name__
            return PlexCertificateError(f"{where}: {reason}")
        case TimeoutError():
            return PlexConnectionError(f"{where}: timed out")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError() | HttpProcessingError():
            return PlexResponseError(f"{where}: {type(error).__name__}")
        case _:
            return PlexConnectionError(f"{where}: {type(error).__name__}")
