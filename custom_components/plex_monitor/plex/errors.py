"""Errors raised by the Plex client.

No error holds a token: messages consist of a host, a path without its query, and a status.
"""


class PlexError(Exception):
    """Base class of all errors about Plex."""


class PlexConnectionError(PlexError):
    """No response: refused, unreachable, unknown host, timed out or connection lost."""


class PlexCertificateError(PlexConnectionError):
    """TLS failed, usually because of the certificate. It says nothing about the token."""


class PlexUnauthorizedError(PlexError):
    """401: the token is missing or refused."""


class PlexForbiddenError(PlexError):
    """403: the token is known, but lacks permission for the request."""


class PlexNotFoundError(PlexError):
    """404: no such item, an expired PIN, or a feature that requires Plex Pass."""


class PlexUnavailableError(PlexError):
    """408, 429 or 5xx: Plex cannot handle the request now.

    `retry_after` is in seconds, from the Retry-After header; `None` if it was not sent.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        """Initialize with the status and the delay before the next attempt."""
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class PlexResponseError(PlexError):
    """The response is not one of Plex: not JSON, truncated, a redirect, an unexpected status."""


class PlexOtherItemError(PlexResponseError):
    """An item of a list is valid, but none of those that the client lists."""


class PlexWrongServerError(PlexError):
    """The server at this address has another machine identifier than expected."""
