"""Butler tasks (scheduled tasks) and activities of a server."""

from dataclasses import dataclass
from typing import Any, Self

from ..parsing import boolean, child, integer, library_key, mapping, required_key, text


@dataclass(frozen=True, kw_only=True)
class ButlerTask:
    """A butler task, which a server runs at night: `GET /butler` (official API 1.2.2).

    `interval` is in days. Many tasks have neither title nor description (captured). A running task
    is listed as an activity.
    """

    name: str
    enabled: bool
    interval: int | None
    title: str | None
    description: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `ButlerTask` of `/butler`."""
        data = mapping(data, "a task")
        return cls(
            name=required_key(data, "name"),
            enabled=boolean(data.get("enabled")),
            interval=integer(data.get("interval")),
            title=text(data.get("title")),
            description=text(data.get("description")),
        )


@dataclass(frozen=True, kw_only=True)
class Activity:
    """An activity of a server: `GET /activities` and notifications (official API 1.2.2).

    `activity_type` is, for example, "library.update.section" for the scan of a library, or
    "media.generate.credits" (captured). `progress` is in percent, `None` if unknown. `section_id`
    is set for scans, by newer servers only (captured).
    """

    uuid: str
    activity_type: str | None
    title: str
    subtitle: str | None
    progress: int | None
    cancellable: bool
    section_id: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse an `Activity`."""
        data = mapping(data, "an activity")
        progress = integer(data.get("progress"))
        return cls(
            uuid=required_key(data, "uuid"),
            activity_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            subtitle=text(data.get("subtitle")),
            progress=progress if progress in range(101) else None,
            cancellable=boolean(data.get("cancellable")),
            section_id=library_key(child(data, "Context").get("librarySectionID")),
        )
