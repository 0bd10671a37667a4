"""What the user does to an entry and to Home Assistant."""

from contextlib import suppress
from dataclasses import dataclass
from typing import override

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.auth.issues import issue_id
from custom_components.plex_monitor.const import DOMAIN
from tests.chaos.alarms import shown
from tests.chaos.cast import Resident
from tests.chaos.stage import Stage
from tests.chaos.user import close_prompt, follow_repair

from .base import OfRole, Step

OFTEN = 5


@dataclass(frozen=True, kw_only=True)
class User(OfRole):
    """The user does something to an entry."""

    what: str

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        hass, entries = stage.hass, stage.hass.config_entries
        entry = stage.entry(resident)
        stage.told(resident.role, 2)
        match self.what:
            case "reload" if entry.disabled_by is None:
                stage.set_up(resident.role)
                await stage.perform(entries.async_reload(entry.entry_id))
            case "reload often" if entry.disabled_by is None:
                stage.set_up(resident.role, OFTEN)
                for _ in range(OFTEN):
                    await stage.perform(entries.async_reload(entry.entry_id))
            case "disable" if entry.disabled_by is None:
                disable = entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
                await stage.perform(disable)
            case "enable" if entry.disabled_by is not None:
                await stage.perform(entries.async_set_disabled_by(entry.entry_id, None))
            case "sign in" if entry.disabled_by is None:
                stage.signed_in(resident.role)
                await follow_repair(stage, resident)
            case "close prompt":
                close_prompt(stage, resident)
            case "ignore repair":
                for issue in shown(stage, resident):
                    name = issue_id(issue, resident.entry_id)
                    ir.async_ignore_issue(hass, DOMAIN, name, ignore=True)
            case "replace token":
                stage.signed_in(resident.role)
                await self._press(stage, resident, "replace_token")
            case "scan":
                await self._press(stage, resident, "scan_all")
            case "ask":
                await self._call(stage, resident, "list_streams")
                await self._call(stage, resident, "recently_added")

    async def _press(self, stage: Stage, resident: Resident, key: str) -> None:
        registry = er.async_get(stage.hass)
        unique_id = f"{resident.server.machine_identifier}_{key}"
        entity_id = registry.async_get_entity_id("button", DOMAIN, unique_id)
        state = stage.hass.states.get(entity_id) if entity_id else None
        if state is not None and state.state != STATE_UNAVAILABLE:
            with suppress(HomeAssistantError):
                await stage.perform(
                    stage.hass.services.async_call(
                        "button", "press", {"entity_id": entity_id}, blocking=True
                    )
                )

    async def _call(self, stage: Stage, resident: Resident, action: str) -> None:
        with suppress(HomeAssistantError):
            await stage.perform(
                stage.hass.services.async_call(
                    DOMAIN,
                    action,
                    {"config_entry_id": resident.entry_id},
                    blocking=True,
                    return_response=True,
                )
            )


@dataclass(frozen=True, kw_only=True)
class RestartHomeAssistant(Step):
    """Home Assistant is off for a while."""

    seconds_off: float = 0.0

    @override
    async def play(self, stage: Stage) -> None:
        await stage.stop_home_assistant()
        stage.freezer.tick(self.seconds_off)
        await stage.start_home_assistant()
