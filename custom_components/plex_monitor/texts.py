"""Texts that Home Assistant does not translate by itself."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import (
    LOCALE_EN,
    async_get_cached_translations,
    async_translations_loaded,
)

from .const import DOMAIN


@callback
def async_text(hass: HomeAssistant, key: str) -> str:
    """Return a text in the language of Home Assistant; empty if there is none with this key.

    It is in English if that language has just been selected, and its texts are not loaded yet.
    """
    is_loaded = async_translations_loaded(hass, {DOMAIN})
    language = hass.config.language if is_loaded else LOCALE_EN
    texts = async_get_cached_translations(hass, language, "common", DOMAIN)
    return texts.get(f"component.{DOMAIN}.common.{key}", "")
