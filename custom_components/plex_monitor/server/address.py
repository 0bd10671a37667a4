"""Follow a server that has moved, with the addresses that plex.tv lists for it."""

from collections.abc import Awaitable, Callable
from time import monotonic

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback

from ..clients import client_identity, plex_session
from ..const import CONF_ACCOUNT_TOKEN, CONF_CLIENT_IDENTIFIER, LOGGER
from ..plex.addresses import find_connection, ranked_connections
from ..plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from ..plex.models import Connection
from ..plex.plex_tv import PlexTv
from ..plex.server import PlexServer, fetch_identity
from ..runtime import PlexMonitorConfigEntry

SEARCH_INTERVAL = 300.0
# The same where there is a reason to search sooner.
SEARCH_AGAIN_AFTER = 60.0
# A server that restarts does not answer for a moment, and has not moved.
CONNECTION_FAILURES = 2


class AddressFinder:
    """Follow a server to a new address or plex.direct name."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexServer,
        plex_tv: PlexTv,
        *,
        on_refused: Callable[[str], Awaitable[None]],
    ) -> None:
        """Initialize the finder; `on_refused` gets an account token that plex.tv has refused."""
        self.hass = hass
        self.entry = entry
        self.server = server
        self.plex_tv = plex_tv
        self.on_refused = on_refused
        self._search_due = self._searched_at = 0.0

    @callback
    def async_search_soon(self) -> None:
        """Search for the server again before that is due, but not at once after the last search."""
        self._search_due = min(self._search_due, self._searched_at + SEARCH_AGAIN_AFTER)

    async def async_find(self, err: PlexError, failures: int) -> bool:
        """Move the client and the entry to another address, and return whether they have moved.

        `failures` is how often in a row the server could not be read.
        """
        now = monotonic()
        if not self._may_have_moved(err, failures):
            return False
        if now < self._search_due:
            return False
        account_token = self.entry.data.get(CONF_ACCOUNT_TOKEN)
        if account_token is None:
            return False
        self._search_due, self._searched_at = now + SEARCH_INTERVAL, now
        searched_from = self._addresses()
        try:
            resources = await self.plex_tv.resources(account_token)
        except PlexUnauthorizedError:
            await self.on_refused(account_token)
            return False
        except PlexError as failure:
            LOGGER.debug(
                "%s: could not get its addresses from plex.tv: %s", self.entry.title, failure
            )
            return False
        connections = [
            connection
            for resource in resources
            if resource.machine_identifier == self.entry.unique_id
            for connection in ranked_connections(resource)
            if self._is_acceptable(connection)
        ]
        found = await find_connection(connections, self._async_is_server_at)
        if found is None or found.url == self.server.url:
            return False
        if self._addresses() != searched_from:
            # The user has entered another address during the search, or removed the entry.
            return False
        LOGGER.info("%s: moved to %s", self.entry.title, found.url)
        self.server.move_to(found.url)
        self.hass.config_entries.async_update_entry(
            self.entry, data={**self.entry.data, CONF_URL: found.url}
        )
        return True

    def _addresses(self) -> tuple[bool, str, bool, str]:
        """Return what a search for another address starts from, and whether the entry exists."""
        exists = self.hass.config_entries.async_get_entry(self.entry.entry_id) is self.entry
        return exists, self.entry.data[CONF_URL], self.entry.data[CONF_VERIFY_SSL], self.server.url

    def _is_acceptable(self, connection: Connection) -> bool:
        """Return whether the server may be moved to an address for good."""
        if connection.relay:
            # Relays are slow, and the server is likely to be reachable locally again before long.
            return False
        if not connection.secure:
            # An encrypted connection is never replaced by an unencrypted one.
            return not self.server.url.startswith("https://")
        verified: bool = self.entry.data[CONF_VERIFY_SSL]
        return connection.local or verified

    @staticmethod
    def _may_have_moved(err: PlexError, failures: int) -> bool:
        """Return whether the server may have moved, judging by a failure."""
        if isinstance(err, PlexCertificateError | PlexWrongServerError):
            return True
        return isinstance(err, PlexConnectionError) and failures >= CONNECTION_FAILURES

    async def _async_is_server_at(self, connection: Connection) -> bool:
        """Return whether it is this server that answers at an address."""
        identity = await fetch_identity(
            plex_session(self.hass, verify_ssl=self.entry.data[CONF_VERIFY_SSL]),
            connection.url,
            client_identity(self.hass, self.entry.data[CONF_CLIENT_IDENTIFIER]),
        )
        return identity.machine_identifier == self.entry.unique_id
