"""How a simulated server can be other than usual."""

import inspect


class Knobs:
    """What can be set on a server at any time, also through the control panel."""

    claimed: bool = True
    """Whether an account owns it. An unclaimed server needs no token and is listed nowhere."""
    unclaimed_refuses: bool = False
    """Whether an unclaimed server, as on another network, refuses everybody instead."""
    allowed_without_auth: bool = False
    """Whether the caller's network may use it with any token or none, and with full rights."""
    rejects_tokens: bool = False
    """Whether it is signed out and cannot verify anybody: every token is refused."""
    revocation_grace: float = 0
    """For how many seconds of the world's clock it honours a token that has died."""
    closes_sockets_on_revocation: bool = False
    """Whether the open websockets of a token are closed when it dies."""
    refuses_with_401: bool = False
    """Whether it is old and says 401 instead of 403 where only the right is missing."""
    refuses_websockets: int | None = None
    """The status with which it refuses the push channel, or None."""
    identifies_as: str | None = None
    """The machineIdentifier of another machine that answers at this address, or None."""
    lists_streams_after: float = 0
    """For how many seconds of the world's clock it tells of a stream, and does not list it."""
    job_seconds: float | None = 0
    """How many real seconds a scan or a butler's task takes that somebody asked for.

    None means until `jobs.finish()`, or until somebody cancels it.
    """
    https_required: bool = False
    """Whether a server with TLS refuses plain HTTP on its port, as plex.tv lists it too."""
    listed: bool = True
    """Whether plex.tv lists it at all."""
    presence: bool = True
    """Whether plex.tv believes it is up, which can be wrong."""


KNOBS = (*inspect.get_annotations(Knobs), "playing_interval")
