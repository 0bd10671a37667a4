"""Errors that the forms of the config flow show."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Final

from ..plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexUnavailableError,
    PlexWrongServerError,
)

# Keys of errors on which the flow decides.
NOT_PLEX: Final = "not_plex"
INSECURE_ADDRESS: Final = "insecure_address"
SERVER_STARTING: Final = "server_starting"
WRONG_SERVER: Final = "wrong_server"


class StepError(Exception):
    """Error that a form shows about its input."""

    def __init__(
        self, key: str, *, field: str = "base", placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Initialize with the translation key, the field and the placeholders of the text."""
        super().__init__(key)
        self.key = key
        self.field = field
        self.placeholders = placeholders or {}

    @property
    def errors(self) -> dict[str, str]:
        """Return the `errors` argument of a form."""
        return {self.field: self.key}


def server_error(err: PlexError) -> StepError:
    """Return the error to show for a failed request to a server."""
    match err:
        case PlexCertificateError():
            return StepError("certificate")
        case PlexConnectionError():
            return StepError("cannot_connect")
        case PlexUnavailableError():
            return StepError(SERVER_STARTING)
        case PlexWrongServerError():
            return StepError(WRONG_SERVER)
        case _:
            return StepError(NOT_PLEX)


def verification_error(err: PlexError) -> StepError:
    """Return the error to show for a request to a server that has identified itself before."""
    if isinstance(err, PlexForbiddenError):
        return StepError("denied")
    error = server_error(err)
    return StepError("unexpected_response") if error.key == NOT_PLEX else error


def plex_tv_error(err: PlexError) -> StepError:
    """Return the error to show for a failed request to plex.tv."""
    if not isinstance(err, PlexUnavailableError) or err.status != HTTPStatus.TOO_MANY_REQUESTS:
        return StepError("plex_tv_unreachable")
    if err.retry_after is None:
        return StepError("rate_limited_unknown")
    minutes = max(1, ceil(err.retry_after / 60))
    return StepError("rate_limited", placeholders={"minutes": str(minutes)})
