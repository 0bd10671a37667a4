"""Automations with our triggers and conditions, and what their runs received."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor import const
from custom_components.plex_monitor.automation.config import ValidatedConfig
from custom_components.plex_monitor.const import DOMAIN

from .helpers import settle
from .translation_check import english

AUTOMATION = "automation.test"
# What Home Assistant logs of an automation with an invalid trigger or condition.
INVALID = r"^homeassistant\.components\.automation: Automation with alias 'test' failed to setup"
ICONS = Path(const.__file__).parent / "icons.json"


async def automate(
    hass: HomeAssistant, *triggers: dict[str, Any], **config: Any
) -> list[Event[dict[str, Any]]]:
    """Set up an automation, and return the list of its runs."""
    runs = async_capture_events(hass, "test_ran")
    automation = {
        "alias": "test",
        "mode": "parallel",
        "max": 100,
        "triggers": list(triggers),
        "actions": [
            {"event": "test_ran", "event_data": {"trigger": "{{ trigger | to_json }}"}},
        ],
        **config,
    }
    assert await async_setup_component(hass, "automation", {"automation": [automation]})
    await settle(hass)
    return runs


def on(name: str, *, device_id: str | None = None, **options: Any) -> dict[str, Any]:
    """Return the configuration of a trigger of Plex Monitor."""
    return {"trigger": f"{DOMAIN}.{name}", **_options_and_target(device_id, options)}


def when(name: str, *, device_id: str | None = None, **options: Any) -> dict[str, Any]:
    """Return the configuration of a condition of Plex Monitor."""
    return {"condition": f"{DOMAIN}.{name}", **_options_and_target(device_id, options)}


def _options_and_target(device_id: str | None, options: dict[str, Any]) -> dict[str, Any]:
    # `for` is a keyword of Python.
    options = {key.removesuffix("_"): value for key, value in options.items()}
    target = {} if device_id is None else {"target": {"device_id": device_id}}
    return {"options": options, **target}


def server_device(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the id of the device of a server."""
    assert entry.unique_id is not None
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, entry.unique_id), entry.entry_id
    )
    assert device is not None
    return device.id


def library_device(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> str:
    """Return the id of the device of a library."""
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        (DOMAIN, f"{entry.unique_id}_{key}"), entry.entry_id
    )
    assert device is not None
    return device.id


def trigger_of(run: Event[dict[str, Any]]) -> dict[str, Any]:
    """Return the trigger variables of a run."""
    trigger: dict[str, Any] = json.loads(run.data["trigger"])
    return trigger


def variables(runs: list[Event[dict[str, Any]]], key: str) -> list[Any]:
    """Return one trigger variable of each run."""
    return [trigger_of(run)[key] for run in runs]


def check_described(
    kind: str,
    descriptions: Mapping[str, Mapping[str, Any] | None],
    implemented: Mapping[str, type],
) -> None:
    """Check that the automation editor offers all triggers or conditions with their options.

    Each has an English name and description, and so have its fields, and each has an icon.
    """
    described = {
        name.partition(".")[2]: set((description or {}).get("fields", {}))
        for name, description in descriptions.items()
        if name.startswith(f"{DOMAIN}.")
    }
    assert described == {
        name: {str(option) for option in each.options_schema}
        for name, each in implemented.items()
        if issubclass(each, ValidatedConfig)
    }
    texts: Mapping[str, Mapping[str, Any]] = english()[kind]
    assert described == {name: set(text.get("fields", {})) for name, text in texts.items()}
    assert json.loads(ICONS.read_text(encoding="utf-8"))[kind].keys() == described.keys()
