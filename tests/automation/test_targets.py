"""Targets of triggers and conditions."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, PlexServer
from tests.support.automations import (
    AUTOMATION,
    automate,
    on,
    server_device,
    variables,
)
from tests.support.entries import set_up
from tests.support.helpers import advance, settle

MINUTE = 60


async def play_on_both(hass: HomeAssistant, home: PlexServer, cabin: PlexServer) -> None:
    """Start a stream on each of two servers."""
    await home.start_stream(user=home.owner, title="At home")
    await cabin.start_stream(user=cabin.owner, title="In the cabin")
    await settle(hass)


async def test_targeted_server(
    hass: HomeAssistant,
    home: PlexServer,
    cabin: PlexServer,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Events of another server do not trigger the automation."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    runs = await automate(hass, on("playback_started", device_id=server_device(hass, cabin_entry)))
    await play_on_both(hass, home, cabin)
    assert variables(runs, "server") == ["Cabin"]
    assert variables(runs, "title") == ["In the cabin"]


async def test_without_a_target_all_servers_are_targeted(
    hass: HomeAssistant,
    home: PlexServer,
    cabin: PlexServer,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Also a server that is added later."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started"))
    await set_up(hass, cabin_entry)
    await play_on_both(hass, home, cabin)
    assert sorted(variables(runs, "server")) == ["Cabin", "Home"]


async def test_area_and_label(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Changes of both are followed while the automation is on."""
    await set_up(hass, entry)
    area = ar.async_get(hass).async_create("Cellar")
    label = lr.async_get(hass).async_create("Media")
    runs = await automate(
        hass,
        {
            "trigger": "plex_monitor.playback_started",
            "target": {"area_id": area.id, "label_id": label.label_id},
        },
    )
    devices = dr.async_get(hass)
    places: list[dict[str, Any]] = [
        {"area_id": area.id},
        {"area_id": None},
        {"labels": {label.label_id}},
    ]
    for number, place in enumerate(places):
        devices.async_update_device(server_device(hass, entry), **place)
        await settle(hass)
        await home.start_stream(user=owner, title=f"Film {number}")
        await advance(hass, freezer, 3, step=1)
    assert variables(runs, "title") == ["Film 0", "Film 2"]


async def test_reload_of_the_entry(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The automation stays attached, and triggers once."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started", device_id=server_device(hass, entry)))
    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert variables(runs, "title") == ["Film"]


class ListenerCounter:
    """Count the listeners of a server that were added and not removed yet."""

    def __init__(self) -> None:
        """Initialize without listeners."""
        self.count = 0

    def __call__(self, add: Callable[..., CALLBACK_TYPE]) -> Callable[..., CALLBACK_TYPE]:
        """Return a function that adds a listener and counts it."""

        def add_counted(*args: Any) -> CALLBACK_TYPE:
            remove = add(*args)
            self.count += 1

            def remove_counted() -> None:
                remove()
                self.count -= 1

            return remove_counted

        return add_counted


async def test_listeners_are_removed_with_the_automation_or_the_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A pending duration is canceled too."""
    await set_up(hass, entry)
    coordinator = entry.runtime_data.server
    target = {ATTR_ENTITY_ID: AUTOMATION}
    listeners = ListenerCounter()
    for name in ("async_add_listener", "async_add_event_listener"):
        monkeypatch.setattr(coordinator, name, listeners(getattr(coordinator, name)))
    runs = await automate(
        hass, on("streams_above", above=0, for_={"minutes": 5}), on("playback_paused")
    )
    assert listeners.count == 2
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, MINUTE)
    await hass.services.async_call("automation", "turn_off", target, blocking=True)
    assert listeners.count == 0
    await advance(hass, freezer, 10 * MINUTE)
    assert runs == []

    await hass.services.async_call("automation", "turn_on", target, blocking=True)
    assert listeners.count == 2
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert listeners.count == 0


async def test_event_entity_of_a_server(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The automation editor offers it as a target."""
    await set_up(hass, entry)
    runs = await automate(
        hass,
        {
            "trigger": "plex_monitor.playback_started",
            "target": {"entity_id": "event.home_playback"},
        },
    )
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert variables(runs, "title") == ["Film"]
