"""Releases of Plex Media Server, as its updater lists them."""

from dataclasses import dataclass
import re
from typing import Any, Self

from ..limits import MAX_LONG_TEXT
from ..parsing import (
    flag,
    mapping,
    missing,
    required_identifier,
    required_items,
    text,
    understood,
)


def version_order(version: str) -> tuple[int, ...]:
    """Return the sort key of a version, which orders "1.9.1" before "1.10.0-a1b2c3"."""
    return tuple(int(part) for part in re.findall(r"[0-9]{1,18}", version.partition("-")[0]))


@dataclass(frozen=True, kw_only=True)
class ReleaseNotes:
    """What is new in a release, and what was fixed: a line for each (official API 1.2.2)."""

    added: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release that the updater lists (official API 1.2.2).

    `state` is "available", "downloading", "downloaded", "installing", "tonight", "skipped",
    "error", "notify" or "done". The running version can be among the releases (captured).
    """

    version: str
    state: str | None
    notes: ReleaseNotes

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Release` of `/updater/status`, without its URL, which holds a token."""
        data = mapping(data, "a release")
        added, fixed = (text(data.get(key), limit=MAX_LONG_TEXT) for key in ("added", "fixed"))
        return cls(
            version=required_identifier(data, "version"),
            state=text(data.get("state")),
            notes=ReleaseNotes(added=_lines(added), fixed=_lines(fixed)),
        )


@dataclass(frozen=True, kw_only=True)
class UpdateStatus:
    """Status of the updater: `GET /updater/status` (official API 1.2.2).

    `version` is the latest release, which can be the running version, `None` if no release is
    listed. `can_install` is false in Docker and for Linux packages (official API 1.2.2).
    """

    can_install: bool
    version: str | None
    state: str | None
    notes: ReleaseNotes = ReleaseNotes()

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the `MediaContainer` of `/updater/status`; one that has nothing is rejected."""
        data = mapping(data, "the updater")
        can_install = understood(data, "canInstall", flag)
        releases = required_items(data.get("Release"), "Release", Release.from_json)
        if can_install is None and not releases:
            raise missing(data, "canInstall")
        latest = max(releases, key=lambda release: version_order(release.version), default=None)
        return cls(
            can_install=can_install or False,
            version=latest.version if latest else None,
            state=latest.state if latest else None,
            notes=latest.notes if latest else ReleaseNotes(),
        )


def _lines(notes: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (notes or "").splitlines() if line.strip())
