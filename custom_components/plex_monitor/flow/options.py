"""Options flow of the Plex Monitor integration: which players get a device."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
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
from ..players.tracker import Player, selected_players
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
)
from ..plex.models import Device
from ..runtime import PlexMonitorConfigEntry

# So much of an identifier tells two players apart.
ID_SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A player that can be chosen, since when the server knows it, and whether it plays now."""

    player: Player
    since: datetime | None
    plays: bool = False

    @property
    def name(self) -> str:
        """Return what the player is called, and what it runs on."""
        player = self.player
        return player.name if player.platform is None else f"{player.name} ({player.platform})"

    @property
    def first_day(self) -> str | None:
        """Return the day on which the server saw the player first."""
        return None if self.since is None else dt_util.as_local(self.since).date().isoformat()


class PlexMonitorOptionsFlow(OptionsFlowWithReload):
    """Choose the players that get a device."""

    def __init__(self) -> None:
        """Offer nothing yet."""
        self._offers: Mapping[str, Offer] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the players that the server knows, and store which of them are chosen."""
        if user_input is not None:
            chosen = [self._offers[player_id].player for player_id in user_input[CONF_PLAYERS]]
            return self.async_create_entry(
                data={CONF_PLAYERS: [player.as_option() for player in chosen]}
            )
        entry: PlexMonitorConfigEntry = self.config_entry
        placeholders = {"server": entry.title}
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded", description_placeholders=placeholders)
        devices: tuple[Device, ...] = ()
        refused = False
        try:
            devices = await entry.runtime_data.server.server.devices()
        except PlexForbiddenError, PlexUnauthorizedError:
            refused = True
        except PlexNotFoundError:
            # Not every server may have such a list; what plays now is known all the same.
            pass
        except PlexError as err:
            return self.async_abort(
                reason="not_told", description_placeholders={**placeholders, "error": str(err)}
            )
        self._offers = {offer.player.player_id: offer for offer in _offers(entry, devices)}
        if not self._offers:
            return self.async_abort(
                reason="not_allowed" if refused else "no_players",
                description_placeholders=placeholders,
            )
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self._offers),
                {CONF_PLAYERS: [player.player_id for player in selected_players(entry)]},
            ),
            description_placeholders=placeholders,
        )


def _offers(entry: PlexMonitorConfigEntry, devices: tuple[Device, ...]) -> Iterator[Offer]:
    """Return who can be chosen; whoever comes later takes the place of the same before.

    A stream has the name that a person sees in Plex, and a choice that which it was made by.
    """
    known = {device.client_identifier: device for device in devices}
    # Home Assistant plays nothing.
    known.pop(entry.data[CONF_CLIENT_IDENTIFIER], None)
    for player_id, device in known.items():
        player = Player(player_id=player_id, name=device.name, platform=device.platform)
        yield Offer(player=player, since=device.created_at)
    chosen = {player.player_id: player for player in selected_players(entry)}
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
    for player_id, player in (chosen | playing).items():
        since = known[player_id].created_at if player_id in known else None
        yield Offer(player=player, since=since, plays=player_id in playing)


def _schema(offers: Mapping[str, Offer]) -> vol.Schema:
    """Return the form; what plays now comes first, so that it is found by playing something."""
    names = _told_apart(offers)
    order = sorted(
        offers, key=lambda player_id: (not offers[player_id].plays, names[player_id].casefold())
    )
    return vol.Schema(
        {
            vol.Optional(CONF_PLAYERS, default=list): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(
                            value=player_id,
                            label=f"▶ {names[player_id]}"
                            if offers[player_id].plays
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


def _told_apart(offers: Mapping[str, Offer]) -> dict[str, str]:
    """Return the names of the players, with more to them where several have one."""
    names = {player_id: offer.name for player_id, offer in offers.items()}
    for more in (
        {player_id: offer.first_day for player_id, offer in offers.items()},
        {player_id: player_id[:ID_SHOWN] for player_id in offers},
    ):
        shared = {name for name, number in Counter(names.values()).items() if number > 1}
        for player_id, name in names.items():
            if name in shared and (detail := more[player_id]) is not None:
                names[player_id] = f"{name}, {detail}"
    return names
