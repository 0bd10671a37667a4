"""No token appears in any output.

Every token that was ever issued is searched for in the log at debug level, in all events, and after
each recovery in all states, registries, repairs, flows, diagnostics and stores except that of the
config entries. The requests are checked by `strangers`.

Besides, no unexpected warning or error may be logged.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import json
import logging
import re
from typing import Any, override

from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.diagnostics import async_get_config_entry_diagnostics

from .environment import Environment
from .invariant import CLEAN_LOG, SECRET, Invariant, Violation

# Home Assistant stores the tokens of entries; we store those that are still to be signed out.
MAY_HOLD_TOKENS = {"core.config_entries", "plex_monitor.unfinished"}
# The loggers of the test plugin and of the simulator's side of a connection do not count.
NOT_OURS = ("pytest_homeassistant_custom_component", "aiohttp.server", "aiohttp.access")
EXPECTED = tuple(
    map(
        re.compile,
        (
            r"^homeassistant\.loader: We found a custom integration",
            r"^custom_components\.plex_monitor: Error fetching .* data",
            r"^custom_components\.plex_monitor: Authentication failed while fetching .* data",
            # The clock jumps while it is set up for the first prompt.
            r"^homeassistant\.setup: Setup of http is taking over 10 seconds",
            r"^homeassistant\.config_entries: Config entry '.*' for plex_monitor .* not ready",
            r"^asyncio: (SSL (error|handshake)|Fatal error on (SSL|transport)|Executing )",
            r"^asyncio: Error on transport creation for incoming connection",
        ),
    )
)


class LogBook(logging.Handler):
    """Keeps all log lines until they are checked."""

    def __init__(self) -> None:
        """Initialize for all levels."""
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        self.lines: list[str] = []
        self.warnings: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(NOT_OURS):
            return
        line = self.format(record)
        self.lines.append(line)
        if record.levelno >= logging.WARNING and not any(p.search(line) for p in EXPECTED):
            self.warnings.append(line)


@contextmanager
def logging_everything() -> Iterator[LogBook]:
    """Log everything into a book while entered."""
    root = logging.getLogger()
    level, others = root.level, list(root.handlers)
    book = LogBook()
    root.handlers[:] = [book]
    root.setLevel(logging.DEBUG)
    try:
        yield book
    finally:
        root.handlers[:] = others
        root.setLevel(level)


class Secrecy(Invariant):
    """Searches for tokens where none may appear."""

    def __init__(self, env: Environment, book: LogBook) -> None:
        """Initialize without any token."""
        self._env = env
        self._book = book
        self._tokens: set[str] = set()
        self._events: list[str] = []

    @override
    def home_assistant_started(self) -> None:
        """Listen to all events of the new Home Assistant."""

        @callback
        def keep(event: Event[Any]) -> None:
            self._events.append(str(event.as_dict()))

        self._env.hass.bus.async_listen(MATCH_ALL, keep)

    @override
    def check(self) -> None:
        """Check the log and the events."""
        self._collect()
        self._search("the log", self._book.lines)
        self._search("an event", self._events)
        self._book.lines.clear()
        self._events.clear()
        if self._book.warnings:
            raise Violation(CLEAN_LOG, self._book.warnings[0])

    async def check_everything(self) -> None:
        """Check all that Home Assistant shows or stores."""
        self._collect()
        hass = self._env.hass
        for what, text in self._everything():
            self._search(what, [text])
        for site in self._env.sites.values():
            diagnostics = await async_get_config_entry_diagnostics(hass, self._env.entry(site))
            self._search("the diagnostics", [json.dumps(diagnostics, default=str)])

    def _everything(self) -> Iterator[tuple[str, str]]:
        hass = self._env.hass
        for state in hass.states.async_all():
            yield f"the state of {state.entity_id}", json.dumps(state.as_dict(), default=str)
        for entity in er.async_get(hass).entities.values():
            yield f"the registry of {entity.entity_id}", repr(entity)
        for device in dr.async_get(hass).devices:
            yield f"the registry of {device.name}", repr(device)
        for issue in ir.async_get(hass).issues.values():
            yield f"the repair {issue.issue_id}", repr(issue)
        for flow in hass.config_entries.flow.async_progress():
            yield "a flow", json.dumps(flow, default=str)
        for key, stored in self._env.storage.items():
            if key not in MAY_HOLD_TOKENS:
                yield f"the store {key}", json.dumps(stored, default=str)

    def _collect(self) -> None:
        env = self._env
        book = env.world.plex_tv.book
        self._tokens.update(device.token for device in book.devices)
        self._tokens.update(book.revoked)
        for server in env.world.servers:
            self._tokens.update(share.token for share in server.shares)
            self._tokens.update(server.own_tokens)

    def _search(self, what: str, texts: list[str]) -> None:
        whole = "\n".join(texts)
        for token in self._tokens:
            if token in whole:
                [line, *_] = [text for text in texts if token in text]
                raise Violation(SECRET, f"a token in {what}: {line.replace(token, '<TOKEN>')}")
