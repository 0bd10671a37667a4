"""Whether a server can be reached from outside, as it sees that itself."""

from dataclasses import dataclass

from .websocket import Notifier

PUBLIC_ADDRESS, PUBLIC_PORT = "203.0.113.10", 32400


@dataclass(eq=False, kw_only=True)
class RemoteAccess:
    """What a server knows of its mapping: `mapped`, `unmapped`, `failed` ... and with which error.

    It may be mapped and still not be reachable: then there is an error.
    """

    notifier: Notifier
    state: str = "mapped"
    error: str = ""
    checks: int = 0

    @property
    def reachable(self) -> bool:
        """Return whether the server believes that it can be reached."""
        return self.state == "mapped" and not self.error

    async def become(self, state: str = "mapped", error: str = "") -> None:
        """Change, and tell those who listen."""
        self.state, self.error = state, error
        await self.check()

    async def check(self) -> None:
        """Test it anew, and tell those who listen."""
        self.checks += 1
        await self.notifier.notify(
            "reachability", "ReachabilityNotification", {"reachability": self.reachable}
        )
