"""Whether a server is online: while it names itself, and not after two checks that find none."""

from collections.abc import Callable

from homeassistant.core import callback

from .failures import Failures

# A server is offline when a check finds none this many seconds after another did not either. What
# is requested in between, as when the push channel is lost, may fail for the same moment.
CONFIRM_OFFLINE_AFTER = 5.0


class OnlineState:
    """Whether a server is online, `None` until a check has found it or two have not."""

    def __init__(self, *, online: bool | None, on_change: Callable[[str], None]) -> None:
        """Initialize with what is known; `on_change` is called with the version, "" if unknown."""
        self.online = online
        self._on_change = on_change
        self._misses = Failures(confirm_after=CONFIRM_OFFLINE_AFTER)

    @property
    def is_confirming(self) -> bool:
        """Return whether the next check decides whether the server is offline."""
        return self.online is not False and self._misses.is_unconfirmed

    @callback
    def async_handle_found(self, version: str) -> None:
        """Handle a check that has found the server."""
        self._misses.clear()
        self._async_set(online=True, version=version)

    @callback
    def async_handle_miss(self, *, is_certain: bool) -> None:
        """Handle a check that has found no server, or certainly another one.

        It may have moved, so that it is not offline until `async_confirm` is called.
        """
        self._misses.add(is_certain=is_certain)

    @callback
    def async_confirm(self) -> None:
        """Set the server offline if the last checks have not found it."""
        if self._misses.is_confirmed:
            self._async_set(online=False)

    @callback
    def _async_set(self, *, online: bool, version: str = "") -> None:
        if online is not self.online:
            self.online = online
            self._on_change(version)
