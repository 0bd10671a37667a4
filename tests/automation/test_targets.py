"""Which servers an automation is about, and how it follows them through their lives."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, PlexServer
from tests.support.automations import (
    AUTOMATION,
    automate,
    on,
    seen,
    server_device,
)
from tests.support.entries import set_up
from tests.support.helpers import advance, settle

INVALID = r"^homeassistant\.components\.automation: Automation with alias 'test' failed to setup"
MINUTE = 60


async def test_two_servers_are_told_apart(
    hass: HomeAssistant,
    home: PlexServer,
    cabin: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Where one is named, the other starts nothing."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    runs = await automate(hass, on("playback_started", device_id=server_device(hass, cabin_entry)))
    await home.start_stream(user=owner, title="At home")
    await cabin.start_stream(user=owner, title="In the cabin")
    await settle(hass)
    assert seen(runs, "server") == ["Cabin"]
    assert seen(runs, "title") == ["In the cabin"]


async def test_all_servers_are_meant_where_none_is_named(
    hass: HomeAssistant,
    home: PlexServer,
    cabin: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Also one that is added later."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started"))
    await set_up(hass, cabin_entry)
    await home.start_stream(user=owner, title="At home")
    await cabin.start_stream(user=owner, title="In the cabin")
    await settle(hass)
    assert sorted(seen(runs, "server")) == ["Cabin", "Home"]


async def test_a_server_is_meant_by_its_area_and_its_label(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """And it may move there, and away, while the automation waits."""
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
    assert seen(runs, "title") == ["Film 0", "Film 2"]


async def test_it_survives_a_reload_and_costs_nothing_twice(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The automation is not asked to do anything for it."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started", device_id=server_device(hass, entry)))
    for _ in range(3):
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert seen(runs, "title") == ["Film"]


class Counted:
    """Count who listens to a server: who was added and is not taken out yet."""

    def __init__(self) -> None:
        """Have nobody listen yet."""
        self.listening = 0

    def __call__(self, add: Callable[..., CALLBACK_TYPE]) -> Callable[..., CALLBACK_TYPE]:
        """Return what adds a listener, made to count."""

        def counted(*args: Any) -> CALLBACK_TYPE:
            remove = add(*args)
            self.listening += 1

            def gone() -> None:
                remove()
                self.listening -= 1

            return gone

        return counted


async def test_nothing_is_left_when_the_automation_or_the_entry_goes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """An automation that waits for streams to last is among what goes."""
    await set_up(hass, entry)
    coordinator = entry.runtime_data.server
    counted = Counted()
    for name in ("async_add_listener", "async_add_event_listener"):
        monkeypatch.setattr(coordinator, name, counted(getattr(coordinator, name)))
    runs = await automate(
        hass, on("streams_above", above=0, for_={"minutes": 5}), on("playback_paused")
    )
    assert counted.listening == 2
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, MINUTE)
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": AUTOMATION}, blocking=True
    )
    assert counted.listening == 0
    await advance(hass, freezer, 10 * MINUTE)
    assert runs == []

    await hass.services.async_call(
        "automation", "turn_on", {"entity_id": AUTOMATION}, blocking=True
    )
    assert counted.listening == 2
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert counted.listening == 0


@pytest.mark.allowed_logs(INVALID)
async def test_another_device_is_no_server(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is an entity of another integration."""
    await set_up(hass, entry)
    stranger = MockConfigEntry(domain="light")
    stranger.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=stranger.entry_id, identifiers={("light", "1")}
    )
    await automate(hass, on("playback_started", device_id=device.id))
    assert f"Device {device.id} is not a Plex server of Plex Monitor" in caplog.text


@pytest.mark.allowed_logs(INVALID)
async def test_another_entity_is_none_of_a_server(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """What is on the device of the server stands for it."""
    await set_up(hass, entry)
    lamp = er.async_get(hass).async_get_or_create("light", "light", "1")
    await automate(
        hass,
        {"trigger": "plex_monitor.playback_started", "target": {"entity_id": lamp.entity_id}},
    )
    assert f"Entity {lamp.entity_id} is not one of a Plex server" in caplog.text


async def test_a_server_is_meant_by_its_event_entity(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """That is what the editor offers."""
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
    assert seen(runs, "title") == ["Film"]
