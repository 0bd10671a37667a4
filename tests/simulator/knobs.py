"""Attributes that make a simulated server behave differently from the usual."""

import inspect


class Knobs:
    """Attributes of a server that can be set at any time, also through the control panel."""

    claimed: bool = True
    """Whether an account owns it. An unclaimed server needs no token, and is not listed."""
    unclaimed_refuses: bool = False
    """Whether an unclaimed server refuses all requests instead, as from another network."""
    allowed_without_auth: bool = False
    """Whether the client's network is allowed without auth, and so has full access."""
    rejects_tokens: bool = False
    """Whether it refuses every token, as it does when it is signed out of plex.tv."""
    revocation_grace: float = 0
    """For how many seconds of the world's clock it accepts a revoked token."""
    closes_sockets_on_revocation: bool = False
    """Whether the open websockets of a token are closed when it is revoked."""
    refuses_with_401: bool = False
    """Whether it responds with 401 instead of 403 to a guest, as old versions do."""
    hides_root: bool = False
    """Whether / is 404 instead of 401 to strangers, while all other paths refuse them with 401."""
    refuses_websockets: int | None = None
    """The status with which it refuses websockets, or None."""
    identifies_as: str | None = None
    """The machineIdentifier of another machine that answers at this address, or None."""
    lists_streams_after: float = 0
    """For how many seconds of the world's clock a stream is pushed but not listed."""
    stops_streams_at_once: bool = True
    """Whether a terminated stream ends at once, and not when its player reports next."""
    job_seconds: float | None = 0
    """How many real seconds a requested scan or a butler's task takes.

    None is until `jobs.finish()`, or until it is cancelled.
    """
    https_required: bool = False
    """Whether a server with TLS refuses plain HTTP on its port, as plex.tv lists it too."""
    listed: bool = True
    """Whether plex.tv lists it at all."""
    presence: bool = True
    """Whether plex.tv believes it is up, which can be wrong."""


KNOBS = (*inspect.get_annotations(Knobs), "playing_interval")
