"""The updater of a server."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .rendering import Node, container


@dataclass(kw_only=True)
class Release:
    """A version that could be installed."""

    version: str
    added: str = "Something new."
    fixed: str = "Something that was broken."
    state: str = "available"


@dataclass(kw_only=True)
class Updater:
    """The state of the updater.

    `available` is what a check would find, `release` what the last check has found. A server in a
    container cannot install (`can_install`).
    """

    clock: Callable[[], float] = field(repr=False)
    available: Release | None = None
    release: Release | None = None
    can_install: bool = True
    checked_at: int | None = None
    installs: list[str] = field(default_factory=list)

    def offer(
        self, version: str, *, checked: bool = True, added: str = "", fixed: str = ""
    ) -> None:
        """Make a newer version available, by default as one that was already found."""
        self.available = Release(version=version, added=added, fixed=fixed)
        if checked:
            self.check()

    def check(self) -> None:
        """Check for a newer version."""
        self.checked_at = int(self.clock())
        self.release = self.available

    def node(self, token: str | None) -> Node:
        """Return the updater's status; its download URL contains the token of the request."""
        download = (
            "https://plex.tv/downloads/latest/5?channel=16&build=linux-x86_64&distro=debian"
            f"&X-Plex-Token={token or ''}"
        )
        releases = (
            ()
            if self.release is None
            else (
                Node(
                    tag="Release",
                    attributes={
                        "key": "https://plex.tv/updater/releases/5400",
                        "version": self.release.version,
                        "added": self.release.added,
                        "fixed": self.release.fixed,
                        "downloadURL": download,
                        "state": self.release.state,
                    },
                ),
            )
        )
        return container(
            *releases,
            canInstall=self.can_install,
            checkedAt=self.checked_at or 0,
            downloadURL=download,
            status=0,
        )
