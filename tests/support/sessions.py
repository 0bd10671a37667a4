"""Sessions as the client returns them."""

from dataclasses import replace
from typing import Any

from custom_components.plex_monitor.plex.models import PlaybackState, Session

HOUR = 3_600_000


def a_session(session_key: str = "1", **details: Any) -> Session:
    """Return the session of a film of one hour that has just started."""
    session = Session(
        session_key=session_key,
        rating_key="100",
        media_type="movie",
        title="Film",
        user="owner",
        player="TV",
        state=PlaybackState.PLAYING,
        view_offset=0,
        duration=HOUR,
    )
    return replace(session, **details)
