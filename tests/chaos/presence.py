"""An entry that was set up once is loaded, whatever the server and plex.tv do.

It is loaded `LOADED_WITHIN` after a start or a reload, and *Server* is off where the server cannot
be reached at that moment: nothing has shown it yet that could be out of date.
"""

from typing import override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF

from .alarms import state_of
from .environment import STEP, Environment
from .invariant import PRESENT, Invariant, Violation
from .sites import Role, Site

LOADED_WITHIN = 5.0
TOLERANCE = 2 * STEP


class Presence(Invariant):
    """Expects each entry that is enabled to be loaded."""

    def __init__(self, env: Environment) -> None:
        """Initialize without having seen an entry loaded."""
        self._env = env
        # The roles whose entry was loaded once, and since when each is not loaded.
        self._set_up: set[Role] = set()
        self._missing: dict[Role, float] = {}

    @override
    def home_assistant_started(self) -> None:
        """Do not count the time while Home Assistant was stopped."""
        self._missing.clear()

    @override
    def check(self) -> None:
        """Check all entries."""
        for role, site in self._env.sites.items():
            entry = self._env.entry(site)
            if entry.state is ConfigEntryState.LOADED:
                self._set_up.add(role)
                if self._missing.pop(role, None) is not None:
                    self._check_server(site)
            elif entry.disabled_by is None and role in self._set_up:
                since = self._missing.setdefault(role, self._env.now)
                if self._env.now - since > LOADED_WITHIN + TOLERANCE:
                    raise Violation(PRESENT, f"{role}: the entry is {entry.state}: {entry.reason}")
            else:
                self._missing.pop(role, None)

    def _check_server(self, site: Site) -> None:
        server = state_of(self._env, site, "binary_sensor", "server")
        if not site.server.running and server != STATE_OFF:
            raise Violation(PRESENT, f"{site.role}: Server is {server} after a start without it")
