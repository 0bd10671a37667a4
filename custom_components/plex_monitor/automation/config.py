"""Validation of the configuration that triggers and conditions share."""

from typing import Any, ClassVar

from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .targets import Target, async_get_targeted_entries


class ValidatedConfig:
    """Validate the target and the options of a trigger or a condition."""

    options_schema: ClassVar[dict[Any, Any]] = {}

    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the validated configuration; raise `vol.Invalid` where it is wrong."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_TARGET): dict,
                vol.Optional(CONF_OPTIONS, default=dict): cls.options_schema,
            }
        )
        validated: ConfigType = schema(config)
        _validate_target(hass, validated.get(CONF_TARGET))
        return validated


@callback
def _validate_target(hass: HomeAssistant, target: Target) -> None:
    """Reject devices and entities that are not of a server; missing ones may come back."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    for device_id in _ids(target, ATTR_DEVICE_ID):
        exists = devices.async_get(device_id) is not None
        if exists and not async_get_targeted_entries(hass, {ATTR_DEVICE_ID: [device_id]}):
            raise vol.Invalid(f"Device {device_id} is not a Plex server of Plex Monitor")
    for entity_id in _ids(target, ATTR_ENTITY_ID):
        exists = entities.async_get(entity_id) is not None
        if exists and not async_get_targeted_entries(hass, {ATTR_ENTITY_ID: [entity_id]}):
            raise vol.Invalid(f"Entity {entity_id} is not one of a Plex server of Plex Monitor")


def _ids(target: Target, key: str) -> list[str]:
    return [] if target is None else target.get(key, [])
