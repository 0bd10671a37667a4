"""An entry that was set up once is loaded, whatever the server and plex.tv do.

It is loaded `LOADED_WITHIN` after a start or a reload.
"""

from typing import override

from homeassistant.config_entries import ConfigEntryState

from .environment import STEP, Environment
from .invariant import PRESENT, Invariant, Violation
from .sites import Role

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
                self._missing.pop(role, None)
            elif role in self._set_up and entry.state is not ConfigEntryState.NOT_LOADED:
                since = self._missing.setdefault(role, self._env.now)
                if self._env.now - since > LOADED_WITHIN + TOLERANCE:
                    raise Violation(PRESENT, f"{role}: the entry is {entry.state}: {entry.reason}")
            else:
                # It is unloaded or disabled on purpose.
                self._missing.pop(role, None)
