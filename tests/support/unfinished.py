"""A restart of Home Assistant, as far as it concerns what is unfinished at plex.tv."""

from homeassistant.core import HomeAssistant

from custom_components.plex_monitor.auth.pins import async_continue_pins
from custom_components.plex_monitor.auth.sign_out import async_continue_sign_outs
from custom_components.plex_monitor.const import DOMAIN


def restart_without_entry(hass: HomeAssistant) -> None:
    """Forget what only this run of Home Assistant knows; the next does not load the integration."""
    for name in ("unfinished", "sign_outs", "open_pins"):
        hass.data.pop(f"{DOMAIN}_{name}", None)


def restart(hass: HomeAssistant) -> None:
    """Forget what only this run of Home Assistant knows, and continue as the next one does."""
    restart_without_entry(hass)
    async_continue_sign_outs(hass)
    async_continue_pins(hass)
