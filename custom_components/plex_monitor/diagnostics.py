"""Diagnostics of Plex Monitor, without anything that identifies a person or a server."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from yarl import URL

from .const import CONF_ACCOUNT_TOKEN, CONF_CLIENT_IDENTIFIER, CONF_PLAYERS, CONF_SERVER_TOKEN
from .library.coordinator import LibraryCoordinator
from .players.models import selected_players
from .players.tracker import TrackedPlayer
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorData

TO_REDACT = {CONF_ACCOUNT_TOKEN, CONF_CLIENT_IDENTIFIER, CONF_SERVER_TOKEN}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
) -> dict[str, Any]:
    """Return the diagnostics of an entry."""
    stored = async_redact_data(
        {**entry.data, CONF_URL: _redact_url(entry.data[CONF_URL])}, TO_REDACT
    )
    options = {
        CONF_PLAYERS: [{"platform": player.platform} for player in selected_players(entry)],
    }
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": stored, "options": options, "state": entry.state.value}
    coordinator = entry.runtime_data.server
    guard = coordinator.guard
    return {
        "entry": stored,
        "options": options,
        "state": entry.state.value,
        "server": {
            "online": coordinator.online,
            "push_connected": coordinator.push_connected,
            "last_update_success": coordinator.last_update_success,
            "last_error": type(coordinator.last_exception).__name__
            if not coordinator.last_update_success
            else None,
        },
        "token": {
            "verdict": guard.verdict,
            "since": guard.since.isoformat(),
            "last_checked": guard.last_checked.isoformat() if guard.last_checked else None,
            "health": asdict(guard.health),
        },
        "requests": coordinator.server.observations.as_dict(),
        "data": _server_data(coordinator.data),
        "libraries": _library_data(entry.runtime_data.libraries),
        "players": [_player_data(player) for player in entry.runtime_data.players],
    }


def _redact_url(url: str) -> dict[str, Any]:
    """Return the kind of an address, without the host."""
    address = URL(url)
    host = address.host or ""
    return {
        "scheme": address.scheme,
        "plex_direct": host.endswith(".plex.direct"),
        "port": address.port,
    }


def _server_data(data: PlexMonitorData | None) -> dict[str, Any] | None:
    """Return the data of the server coordinator, without names."""
    if data is None:
        return None
    info = None
    if data.info is not None:
        info = asdict(data.info)
        del info["machine_identifier"], info["friendly_name"]
    return {
        "version": data.version,
        "has_owner_rights": data.has_owner_rights,
        "info": info,
        "sessions": None
        if data.sessions is None
        else [
            {"media_type": session.media_type, "state": session.state}
            for session in data.sessions.values()
        ],
        "update": None
        if data.update is None
        else {
            "can_install": data.update.can_install,
            "version": data.update.version,
            "state": data.update.state,
        },
    }


def _player_data(player: TrackedPlayer) -> dict[str, Any]:
    """Return the state of a selected player, without its name and the title that it plays."""
    session = player.session
    return {
        "known": player.state is not None,
        "state": None if session is None else session.state,
        "media_type": None if session is None else session.media_type,
        "product": None if session is None else session.product,
    }


def _library_data(coordinator: LibraryCoordinator) -> dict[str, Any]:
    """Return the data of the library coordinator, without names."""
    return {
        "available": coordinator.available,
        "last_error": type(coordinator.last_exception).__name__
        if coordinator.last_exception
        else None,
        "libraries": [
            {
                "media_type": library.section.media_type,
                "agent": library.section.agent,
                "counts": {kind.name.lower(): count for kind, count in library.counts.items()},
                "size_known": library.storage is not None,
                "scanning": library.scan is not None,
            }
            for library in coordinator.data.values()
        ],
    }
