"""What can go wrong between a client and Plex, as far as a caller tells it apart.

No error ever holds a token: messages are made of a host, a path without its query and a status.
"""


class PlexError(Exception):
    """Base of everything this package raises about Plex."""


class PlexConnectionError(PlexError):
    """No answer came: refused, unreachable, name unknown, timed out, cut off."""


class PlexCertificateError(PlexConnectionError):
    """The TLS certificate was not accepted. It says nothing about the token."""


class PlexUnauthorizedError(PlexError):
    """401: the token is missing or refused."""


class PlexForbiddenError(PlexError):
    """403: the token is known, but has no right to this."""


class PlexNotFoundError(PlexError):
    """404: no such item, a PIN that expired, or a feature that needs Plex Pass."""


class PlexUnavailableError(PlexError):
    """408, 429 or 5xx: Plex answers that it cannot answer now.

    `retry_after` is in seconds, from the header of that name, `None` where it was not sent.
    """

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        """Keep the status and when to come back."""
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class PlexResponseError(PlexError):
    """The answer is not what Plex answers: not JSON, cut short, a redirect, an odd status."""


class PlexWrongServerError(PlexError):
    """Another Plex server than the expected one answers at this address."""
