"""The compared integrations: how each is added, and where it shows a stream."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, override
from urllib.parse import urlsplit

from tests.real import HomeAssistantClient, HomeAssistantError

from .plex import Plex, Server

type Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A config entry, and the client identifier of its token."""

    entry_id: str
    client_identifier: str


@dataclass(frozen=True)
class Contender(ABC):
    """An integration with Plex servers."""

    name: str
    domain: str
    # Whether it asks servers for XML, and not for JSON.
    reads_xml: bool = False

    @abstractmethod
    async def add(self, client: HomeAssistantClient, plex: Plex, server: Server) -> Entry:
        """Add a server through the integration's own dialog."""

    @abstractmethod
    def stream_state(self, state: Json, title: str) -> str | None:
        """Return whether an entity shows a stream with this title as playing or as paused."""


class PlexMonitor(Contender):
    """Plex Monitor, with its sign-in by PIN."""

    def __init__(self) -> None:
        """Initialize with its names."""
        super().__init__("Plex Monitor", "plex_monitor")

    @override
    async def add(self, client: HomeAssistantClient, plex: Plex, server: Server) -> Entry:
        """Sign in, choose the server, and confirm what was found."""
        step = await client.start_flow(self.domain)
        step = await client.choose(step["flow_id"], "sign_in")
        await plex.do("approve", code=step["description_placeholders"]["code"])
        step = await client.after_progress(step["flow_id"])
        client_identifier = await plex.do("newest_device")
        if step["step_id"] == "choose_server":
            field = step["data_schema"][0]["name"]
            step = await client.submit(step["flow_id"], **{field: server.machine_identifier})
        step = await client.submit(step["flow_id"])
        return Entry(entry_id=_entry_id(step), client_identifier=client_identifier)

    @override
    def stream_state(self, state: Json, title: str) -> str | None:
        """Read it from the list of its sensor."""
        streams: list[Json] = state["attributes"].get("streams", [])
        return next((str(one["state"]) for one in streams if one["title"] == title), None)


class CorePlex(Contender):
    """Home Assistant's own integration, with its manual setup."""

    def __init__(self) -> None:
        """Initialize with its names."""
        super().__init__("Home Assistant's plex", "plex", reads_xml=True)

    @override
    async def add(self, client: HomeAssistantClient, plex: Plex, server: Server) -> Entry:
        """Enter the address and a token."""
        device = await plex.do("sign_in")
        address = urlsplit(server.url)
        step = await client.start_flow(self.domain)
        step = await client.choose(step["flow_id"], "manual_setup")
        step = await client.submit(
            step["flow_id"],
            host=address.hostname,
            port=address.port,
            ssl=address.scheme == "https",
            verify_ssl=True,
            token=device["token"],
        )
        return Entry(entry_id=_entry_id(step), client_identifier=device["client_identifier"])

    @override
    def stream_state(self, state: Json, title: str) -> str | None:
        """Read it from the media player."""
        if not str(state["attributes"].get("media_title", "")).startswith(title):
            return None
        return str(state["state"])


def _entry_id(step: Json) -> str:
    if step["type"] != "create_entry":
        raise HomeAssistantError(f"no entry was created: {step}")
    return str(step["result"]["entry_id"])


PLEX_MONITOR = PlexMonitor()
CORE_PLEX = CorePlex()
CONTENDERS: tuple[Contender, ...] = (PLEX_MONITOR, CORE_PLEX)
