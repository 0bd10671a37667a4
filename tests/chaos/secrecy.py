"""No token in any output, and none sent to anybody but whom it is for.

Every token that there ever was is looked for in the log at its finest, in all events, and after
each calm in all states, registries, repairs, flows, diagnostics and stores but that of the config
entries. On its way it may stand in a header alone, and go only to plex.tv and to a server whose
/identity has named the right machine at this address a minute ago at most.

And nothing may be logged as a warning or worse that is not expected.
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
from tests.simulator.journal import RequestRecord
from tests.simulator.plex_tv import HOST_NAME as PLEX_TV

from .cast import Role
from .invariant import QUIET_LOG, SECRET, Invariant, Violation
from .stage import DECOY, STEP, Stage
from .wire import IDENTITY, Wire

TRUSTED_FOR = 60.0
CONFIG_ENTRIES = "core.config_entries"
# The loggers of the test kit and of the simulator's side of a connection are nobody's output.
NOT_OURS = ("pytest_homeassistant_custom_component", "aiohttp.server", "aiohttp.access")
EXPECTED = tuple(
    map(
        re.compile,
        (
            r"^homeassistant\.loader: We found a custom integration",
            r"^custom_components\.plex_monitor: Error fetching .* data",
            r"^custom_components\.plex_monitor: Authentication failed while fetching .* data",
            r"^custom_components\.plex_monitor: .* could not be signed out of plex\.tv",
            # Time jumps while it is set up, with the first prompt.
            r"^homeassistant\.setup: Setup of http is taking over 10 seconds",
            r"^homeassistant\.config_entries: Config entry '.*' for plex_monitor .* not ready",
            r"^asyncio: (SSL (error|handshake)|Fatal error on (SSL|transport)|Executing )",
            r"^asyncio: Error on transport creation for incoming connection",
        ),
    )
)


class LogBook(logging.Handler):
    """Keeps what is logged until it is read."""

    def __init__(self) -> None:
        """Listen to everything."""
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
    """Have everything logged while entered."""
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
    """Looks for tokens where none may be."""

    def __init__(self, stage: Stage, wire: Wire, book: LogBook) -> None:
        """Know of no token yet."""
        self._stage = stage
        self._book = book
        self._tokens: set[str] = set()
        self._events: list[str] = []
        self._identified: dict[str, float] = {}
        self._open: list[RequestRecord] = []
        wire.asked.append(self._asked)

    @override
    def home_assistant_started(self) -> None:
        """Listen to all that happens in it."""

        @callback
        def heard(event: Event[Any]) -> None:
            self._events.append(str(event.as_dict()))

        self._stage.hass.bus.async_listen(MATCH_ALL, heard)

    @override
    def look(self) -> None:
        """Read the log and the events."""
        self._collect()
        self._search("the log", self._book.lines)
        self._search("an event", self._events)
        for record in self._open:
            self._sent(record)
        self._open.clear()
        self._book.lines.clear()
        self._events.clear()
        if self._book.warnings:
            raise Violation(QUIET_LOG, self._book.warnings[0])

    async def read_everything(self) -> None:
        """Read all that can be seen of Home Assistant at rest."""
        self._collect()
        hass = self._stage.hass
        for what, text in self._everything():
            self._search(what, [text])
        for resident in self._stage.residents.values():
            told = await async_get_config_entry_diagnostics(hass, self._stage.entry(resident))
            self._search("the diagnostics", [json.dumps(told, default=str)])

    def _everything(self) -> Iterator[tuple[str, str]]:
        hass = self._stage.hass
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
        for key, stored in self._stage.storage.items():
            if key != CONFIG_ENTRIES:
                yield f"the store {key}", json.dumps(stored, default=str)

    def _collect(self) -> None:
        stage = self._stage
        book = stage.world.plex_tv.book
        self._tokens.update(device.token for device in book.devices)
        self._tokens.update(book.revoked)
        for server in stage.world.servers:
            self._tokens.update(share.token for share in server.shares)
            self._tokens.update(server.own_tokens)

    def _search(self, what: str, texts: list[str]) -> None:
        whole = "\n".join(texts)
        for token in self._tokens:
            if token in whole:
                [line, *_] = [text for text in texts if token in text]
                raise Violation(SECRET, f"a token in {what}: {line.replace(token, '<TOKEN>')}")

    # On its way

    def _asked(self, _role: Role | None, record: RequestRecord) -> None:
        self._open.append(record)

    def _sent(self, record: RequestRecord) -> None:
        where = f"{record.method} {record.path} of {record.host}"
        if record.token_in_query:
            raise Violation(SECRET, f"a token in the address of {where}")
        if record.host == PLEX_TV:
            return
        server = self._stage.world.server(record.host)
        if record.path == IDENTITY and server.identifies_as is None:
            self._identified[record.host] = record.at
        if record.token_sent is None:
            return
        if record.host == DECOY:
            raise Violation(SECRET, f"a token was sent with {where}")
        identified = self._identified.get(record.host)
        if identified is None or record.at - identified > TRUSTED_FOR + STEP:
            raise Violation(SECRET, f"a token was sent with {where}, which had not named itself")
