"""Options flow of the Plex Monitor integration: the players that get a device."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_CLIENT_IDENTIFIER, CONF_PLAYERS
from ..players.models import Player, selected_players
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
)
from ..plex.models import Device
from ..runtime import PlexMonitorConfigEntry

# Characters of an identifier that are enough to distinguish two players.
SHORT_ID_LENGTH = 6


@dataclass(frozen=True, kw_only=True)
class PlayerOption:
    """Player that can be selected, when the server first saw it, and whether it is playing."""

    player: Player
    first_seen: datetime | None
    is_playing: bool = False

    @property
    def name(self) -> str:
        """Return the name and the platform of the player."""
        player = self.player
        return player.name if player.platform is None else f"{player.name} ({player.platform})"

    @property
    def first_day(self) -> str | None:
        """Return the day on which the server first saw the player."""
        if self.first_seen is None:
            return None
        return dt_util.as_local(self.first_seen).date().isoformat()


class PlexMonitorOptionsFlow(OptionsFlow):
    """Select the players that get a device; the entry follows the options by itself."""

    def __init__(self) -> None:
        """Initialize without players."""
        self._options: Mapping[str, PlayerOption] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the players that the server knows, and store those that are selected."""
        if user_input is not None:
            selected = [self._options[player_id].player for player_id in user_input[CONF_PLAYERS]]
            return self.async_create_entry(
                data={CONF_PLAYERS: [player.as_option() for player in selected]}
            )
        entry: PlexMonitorConfigEntry = self.config_entry
        placeholders = {"server": entry.title}
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        devices: tuple[Device, ...] = ()
        is_refused = False
        try:
            devices = await entry.runtime_data.server.server.devices()
        except PlexForbiddenError, PlexUnauthorizedError:
            is_refused = True
        except PlexNotFoundError:
            # Not every server may have this list; the players of current streams are known anyway.
            pass
        except PlexError as err:
            return self.async_abort(
                reason="not_told", description_placeholders={**placeholders, "error": str(err)}
            )
        self._options = {
            option.player.player_id: option for option in _player_options(entry, devices)
        }
        if not self._options:
            return self.async_abort(
                reason="not_allowed" if is_refused else "no_players",
                description_placeholders=placeholders,
            )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self._options),
                {CONF_PLAYERS: [player.player_id for player in selected_players(entry)]},
            ),
            description_placeholders=placeholders,
        )


def _player_options(
    entry: PlexMonitorConfigEntry, devices: tuple[Device, ...]
) -> Iterator[PlayerOption]:
    """Yield the players that can be selected; a later one replaces an earlier one with its id.

    The name of a stream's player is the one that Plex shows; a selected player keeps the name with
    which it was selected.
    """
    listed = {device.client_identifier: device for device in devices}
    # Home Assistant itself is listed too, but is no player.
    listed.pop(entry.data[CONF_CLIENT_IDENTIFIER], None)
    for player_id, device in listed.items():
        player = Player(player_id=player_id, name=device.name, platform=device.platform)
        yield PlayerOption(player=player, first_seen=device.created_at)
    selected = {player.player_id: player for player in selected_players(entry)}
    data = entry.runtime_data.server.data
    sessions = {} if data is None else data.sessions or {}
    playing = {
        session.player_id: Player(
            player_id=session.player_id,
            name=session.player,
            platform=session.platform,
        )
        for session in sessions.values()
        if session.player_id is not None and session.player is not None
    }
    for player_id, player in (selected | playing).items():
        first_seen = listed[player_id].created_at if player_id in listed else None
        yield PlayerOption(player=player, first_seen=first_seen, is_playing=player_id in playing)


def _schema(options: Mapping[str, PlayerOption]) -> vol.Schema:
    """Return the form; players in use come first, so that one can be found by playing something."""
    names = _unique_names(options)
    order = sorted(
        options,
        key=lambda player_id: (not options[player_id].is_playing, names[player_id].casefold()),
    )
    return vol.Schema(
        {
            vol.Optional(CONF_PLAYERS, default=list): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(
                            value=player_id,
                            label=f"▶ {names[player_id]}"
                            if options[player_id].is_playing
                            else names[player_id],
                        )
                        for player_id in order
                    ],
                    multiple=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        }
    )


def _unique_names(options: Mapping[str, PlayerOption]) -> dict[str, str]:
    """Return the names of the players, with details where several have the same name."""
    names = {player_id: option.name for player_id, option in options.items()}
    for details in (
        {player_id: option.first_day for player_id, option in options.items()},
        {player_id: player_id[:SHORT_ID_LENGTH] for player_id in options},
    ):
        shared = {name for name, count in Counter(names.values()).items() if count > 1}
        for player_id, name in names.items():
            if name in shared and (detail := details[player_id]) is not None:
                names[player_id] = f"{name}, {detail}"
    return names
