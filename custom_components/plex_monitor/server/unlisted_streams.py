"""Reports of streams that are not listed as they are reported, each of which is new once."""

from collections.abc import Container
from typing import NamedTuple

from ..plex.models import PlaybackState, PlayedItem
from ..plex.notifications import PlayingNotification

# A stream that is not listed at all is forgotten if it is not reported during this many reads.
FORGET_AFTER_READS = 10
# The limit of what is remembered of streams that the server reports and does not list.
MAX_REMEMBERED = 200


class _Report(NamedTuple):
    """How a stream was reported, and the number of the last read before that."""

    item: PlayedItem
    transcode: str | None
    state: PlaybackState | None
    read: int


class UnlistedStreams:
    """The last report of each stream that is not listed as it is reported.

    A server repeats a report every few seconds. Only a new one is a reason to read the sessions.
    """

    def __init__(self) -> None:
        """Initialize without any report."""
        # By the session key, and whether the stream was reported to play or to have ended.
        self._reports: dict[tuple[str, bool], _Report] = {}

    def add(self, playing: PlayingNotification, read: int, *, each_state: bool) -> bool:
        """Add a report, and return whether it is new.

        `read` is the number of the last read; `each_state` is whether a report with another state
        is new.
        """
        state = playing.state if each_state else None
        report = _Report(playing.item, playing.transcode_session, state, read)
        before = self._reports.get(_slot(playing))
        remember(self._reports, _slot(playing), report)
        return before is None or before._replace(read=read) != report

    def has(self, playing: PlayingNotification) -> bool:
        """Return whether a report is the last one of its stream."""
        report = self._reports.get(_slot(playing))
        return report is not None and (report.item, report.transcode) == (
            playing.item,
            playing.transcode_session,
        )

    def transcode_of(self, session_key: str, item: PlayedItem) -> str | None:
        """Return the transcode with which a stream of an item was reported to play."""
        report = self._reports.get((session_key, True))
        return None if report is None or report.item.is_same(item) is False else report.transcode

    def plays_other(self, session_key: str, item: PlayedItem) -> bool:
        """Return whether a stream was last reported to play another item."""
        report = self._reports.get((session_key, True))
        return report is not None and report.item.is_same(item) is False

    def pop_playing(self, session_key: str, item: PlayedItem) -> bool:
        """Forget that a stream of an item was reported to play, and return whether it was."""
        report = self._reports.get((session_key, True))
        if report is None or report.item.is_same(item) is False:
            return False
        del self._reports[session_key, True]
        return True

    def forget_end(self, session_key: str) -> None:
        """Forget that a stream was reported to have ended: one with its key plays."""
        self._reports.pop((session_key, False), None)

    def handle_read(self, read: int, listed: Container[str]) -> None:
        """Forget the streams that are neither listed nor reported any more."""
        self._reports = {
            slot: report
            for slot, report in self._reports.items()
            if slot[0] in listed or read - report.read < FORGET_AFTER_READS
        }

    def clear(self) -> None:
        """Forget all reports."""
        self._reports.clear()


def remember[K, V](values: dict[K, V], key: K, value: V) -> None:
    """Add a value as the last one, and drop the first of too many."""
    values.pop(key, None)
    values[key] = value
    if len(values) > MAX_REMEMBERED:
        del values[next(iter(values))]


def _slot(playing: PlayingNotification) -> tuple[str, bool]:
    return playing.session_key, playing.state is not None
