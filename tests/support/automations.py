"""Real automations, and what they saw."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor import const
from custom_components.plex_monitor.const import DOMAIN

from .helpers import settle
from .translation_check import english

AUTOMATION = "automation.test"
ICONS = Path(const.__file__).parent / "icons.json"


async def automate(hass: HomeAssistant, *triggers: dict[str, Any]) -> list[Event[dict[str, Any]]]:
    """Set an automation up, and return the list of its runs, each with what triggered it."""
    runs = async_capture_events(hass, "test_ran")
    config = {
        "alias": "test",
        "mode": "parallel",
        "max": 100,
        "triggers": list(triggers),
        "actions": [
            {"event": "test_ran", "event_data": {"trigger": "{{ trigger | to_json }}"}},
        ],
    }
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await settle(hass)
    return runs


def on(name: str, *, device_id: str | None = None, **options: Any) -> dict[str, Any]:
    """Return the configuration of a trigger of Plex Monitor."""
    return {"trigger": f"{DOMAIN}.{name}", **_rest(device_id, options)}


def when(name: str, *, device_id: str | None = None, **options: Any) -> dict[str, Any]:
    """Return the configuration of a condition of Plex Monitor."""
    return {"condition": f"{DOMAIN}.{name}", **_rest(device_id, options)}


def _rest(device_id: str | None, options: dict[str, Any]) -> dict[str, Any]:
    # `for` is a word of Python.
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
    """Return what a run knew of what triggered it."""
    trigger: dict[str, Any] = json.loads(run.data["trigger"])
    return trigger


def seen(runs: list[Event[dict[str, Any]]], key: str) -> list[Any]:
    """Return one thing that each run knew of what triggered it."""
    return [trigger_of(run)[key] for run in runs]


def check_described(
    kind: str,
    descriptions: Mapping[str, Mapping[str, Any] | None],
    known: Mapping[str, Mapping[Any, Any]],
) -> None:
    """Check that the editor offers the triggers or conditions that there are, with their options.

    Each and each of its fields has an English name and a description, and each an icon.
    """
    ours = {
        name.partition(".")[2]: set((described or {}).get("fields", {}))
        for name, described in descriptions.items()
        if name.startswith(f"{DOMAIN}.")
    }
    assert ours == {name: {str(key) for key in options} for name, options in known.items()}
    texts: Mapping[str, Mapping[str, Any]] = english()[kind]
    assert ours == {name: set(text.get("fields", {})) for name, text in texts.items()}
    assert json.loads(ICONS.read_text(encoding="utf-8"))[kind].keys() == ours.keys()
