"""The upkeep of a server: its updater, its background tasks and what it is busy with."""

from dataclasses import dataclass
import re
from typing import Any, Self

from ..parsing import boolean, child, integer, mapping, parsed_items, required_text, text


def version_order(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, which put "1.9.1" before "1.10.0-a1b2c3"."""
    return tuple(int(part) for part in re.findall(r"[0-9]{1,18}", version.partition("-")[0]))


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version of the server that its updater knows of (official API 1.2.2).

    `state` is available, downloading, downloaded, installing, tonight, skipped, error, notify or
    done. The running version can be among the releases (captured).
    """

    version: str
    state: str | None
    release_notes: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Release` of `/updater/status`, without its address, which holds a token."""
        data = mapping(data, "a release")
        notes = (text(data.get("added")), text(data.get("fixed")))
        return cls(
            version=required_text(data, "version"),
            state=text(data.get("state")),
            release_notes="\n\n".join(filter(None, notes)) or None,
        )

    @property
    def order(self) -> tuple[int, ...]:
        """Return what releases are ordered by."""
        return version_order(self.version)


@dataclass(frozen=True, kw_only=True)
class UpdateStatus:
    """What the updater knows: `GET /updater/status` (official API 1.2.2).

    `version` is the newest release it names, `None` when it names none; the running version is
    possible. `can_install` is false in Docker and for Linux packages (official API 1.2.2).
    """

    can_install: bool
    version: str | None
    state: str | None
    release_notes: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/updater/status`."""
        data = mapping(data, "the updater")
        releases = parsed_items(data.get("Release"), Release.from_json)
        newest = max(releases, key=lambda release: release.order, default=None)
        return cls(
            can_install=boolean(data.get("canInstall")),
            version=newest.version if newest else None,
            state=newest.state if newest else None,
            release_notes=newest.release_notes if newest else None,
        )


@dataclass(frozen=True, kw_only=True)
class ButlerTask:
    """A task that a server does at night: `GET /butler` (official API 1.2.2).

    `interval` is in days. Many tasks have neither title nor description (captured). Whether one
    runs is not told here; it shows among the activities.
    """

    name: str
    enabled: bool
    interval: int | None
    title: str | None
    description: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `ButlerTask` of `/butler`."""
        data = mapping(data, "a task")
        return cls(
            name=required_text(data, "name"),
            enabled=boolean(data.get("enabled")),
            interval=integer(data.get("interval")),
            title=text(data.get("title")),
            description=text(data.get("description")),
        )


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a server is busy with: `GET /activities`, and pushed (official API 1.2.2).

    `activity_type` is for instance "library.update.section" for the scan of a library, or
    "media.generate.credits" (captured). `progress` is in percent, `None` where it is not known.
    `section_id` is told for scans, by newer servers only (captured).
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
        """Read one `Activity`."""
        data = mapping(data, "an activity")
        progress = integer(data.get("progress"))
        return cls(
            uuid=required_text(data, "uuid"),
            activity_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            subtitle=text(data.get("subtitle")),
            progress=progress if progress in range(101) else None,
            cancellable=boolean(data.get("cancellable")),
            section_id=text(child(data, "Context").get("librarySectionID")),
        )
