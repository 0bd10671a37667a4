"""The remote access of a server."""

from dataclasses import dataclass

from .websocket import Notifier

PUBLIC_ADDRESS, PUBLIC_PORT = "203.0.113.10", 32400


@dataclass(eq=False, kw_only=True)
class RemoteAccess:
    """The state of the port mapping: `mapped`, `unmapped`, `failed` ..., and its error.

    A mapped port with an error is not reachable.
    """

    notifier: Notifier
    state: str = "mapped"
    error: str = ""
    checks: int = 0

    @property
    def reachable(self) -> bool:
        """Return whether the server reports itself reachable."""
        return self.state == "mapped" and not self.error

    async def become(self, state: str = "mapped", error: str = "") -> None:
        """Set the state and the error, and notify the listeners."""
        self.state, self.error = state, error
        await self.check()

    async def check(self) -> None:
        """Check the remote access, and notify the listeners."""
        self.checks += 1
        await self.notifier.notify(
            "reachability", "ReachabilityNotification", {"reachability": self.reachable}
        )
