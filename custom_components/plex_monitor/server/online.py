"""Whether a server is online: while it names itself, and not after two checks that find none."""

from collections.abc import Callable

from homeassistant.core import callback

# How many checks in a row find no server before it is offline: one lost response is no outage.
OFFLINE_MISSES = 2


class OnlineState:
    """Whether a server is online, `None` until a check has found it or two have not."""

    def __init__(self, *, online: bool | None, on_change: Callable[[str], None]) -> None:
        """Initialize with what is known; `on_change` is called with the version, "" if unknown."""
        self.online = online
        self._on_change = on_change
        self._misses = 0

    @property
    def is_confirming(self) -> bool:
        """Return whether the next check decides whether the server is offline."""
        return self.online is not False and 0 < self._misses < OFFLINE_MISSES

    @callback
    def async_handle_found(self, version: str) -> None:
        """Handle a check that has found the server."""
        self._misses = 0
        self._async_set(online=True, version=version)

    @callback
    def async_handle_miss(self, *, is_certain: bool) -> None:
        """Handle a check that has found no server, or certainly another one.

        It may have moved, so that it is not offline until `async_confirm` is called.
        """
        self._misses = OFFLINE_MISSES if is_certain else self._misses + 1

    @callback
    def async_confirm(self) -> None:
        """Set the server offline if the last checks have not found it."""
        if self._misses >= OFFLINE_MISSES:
            self._async_set(online=False)

    @callback
    def _async_set(self, *, online: bool, version: str = "") -> None:
        if online is not self.online:
            self.online = online
            self._on_change(version)
