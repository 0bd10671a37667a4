"""Validation of the configuration of triggers and conditions."""

from math import inf, nan
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.automations import (
    AUTOMATION,
    INVALID,
    automate,
    on,
    when,
)
from tests.support.entries import set_up, state_of

pytestmark = pytest.mark.allowed_logs(INVALID)


@pytest.mark.parametrize(
    ("kind", "config", "error"),
    [
        (
            "triggers",
            on("playback_begun"),
            "Invalid trigger 'plex_monitor.playback_begun' specified",
        ),
        ("triggers", on("playback_started", title="Film"), "not a valid option"),
        ("triggers", on("playback_started", media_type="film"), "value must be one of"),
        ("triggers", on("playback_started", user="  "), "a name is empty"),
        (
            "triggers",
            on("playback_started", transcoding="perhaps"),
            "invalid boolean value perhaps",
        ),
        ("triggers", on("media_added", user="owner"), "not a valid option"),
        ("triggers", on("server_came_back", for_=5), "not a valid option"),
        ("triggers", on("server_went_down", for_="soon"), "offset soon should be format"),
        ("triggers", on("streams_above"), "required key not provided"),
        ("triggers", on("streams_above", above=-1), "value must be at least 0"),
        *[
            ("triggers", on("streams_above", above=above), "expected int")
            for above in ("many", inf, -inf, nan, "1e400", "9" * 5000, 10**400, True, None)
        ],
        *[
            ("triggers", on("server_went_down", for_=for_), "is too long")
            for for_ in (inf, "1e400", {"seconds": inf}, {"days": 1e300}, "999999999999:00:00")
        ],
        ("triggers", on("streams_above", above=1, for_={"hours": inf}), "is too long"),
        ("triggers", on("server_went_down", for_={"seconds": nan}), "should be format"),
        (
            "conditions",
            when("someone_is_here"),
            "Invalid condition 'plex_monitor.someone_is_here' specified",
        ),
        ("conditions", when("someone_is_watching", title="Film"), "not a valid option"),
        ("conditions", when("someone_is_watching", media_type="film"), "value must be one of"),
        ("conditions", when("library_is_scanning", user="owner"), "not a valid option"),
        ("conditions", when("server_is_up", library="Movies"), "not a valid option"),
    ],
)
async def test_invalid_configuration(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    config: dict[str, Any],
    error: str,
) -> None:
    """The log says what is wrong, and the automation is unavailable."""
    await set_up(hass, entry)
    await automate(hass, **{kind: [config]})
    assert state_of(hass, AUTOMATION) == STATE_UNAVAILABLE
    assert error in caplog.text


async def test_device_of_another_integration_is_rejected(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the device."""
    await set_up(hass, entry)
    stranger = MockConfigEntry(domain="light")
    stranger.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=stranger.entry_id, identifiers={("light", "1")}
    )
    await automate(hass, on("playback_started", device_id=device.id))
    assert f"Device {device.id} is not a Plex server of Plex Monitor" in caplog.text


async def test_entity_of_another_integration_is_rejected(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the entity."""
    await set_up(hass, entry)
    lamp = er.async_get(hass).async_get_or_create("light", "light", "1")
    await automate(
        hass,
        {"trigger": "plex_monitor.playback_started", "target": {"entity_id": lamp.entity_id}},
    )
    assert f"Entity {lamp.entity_id} is not one of a Plex server" in caplog.text
