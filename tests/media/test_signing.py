"""The key that signs addresses outlives a restart, and nothing that it signed outlives the key."""

from http import HTTPStatus
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.media import signing
from custom_components.plex_monitor.media.signing import STORAGE_KEY, STORAGE_VERSION
from tests.simulator import PlexServer, World
from tests.support.entries import set_up, signed_in_entry
from tests.support.helpers import settle
from tests.support.pictures import picture_of_latest

KEY = "5e" * 32


def stored(key: Any, version: int = STORAGE_VERSION) -> dict[str, Any]:
    """Return the content of the file with a key."""
    return {"version": version, "minor_version": 1, "key": STORAGE_KEY, "data": key}


async def restart(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Reload the entry, with a key that has to be read from the file as after a restart."""
    await hass.config_entries.async_unload(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    del hass.data[signing._SIGNING_KEY]  # noqa: SLF001 - no public API, it is as long as the run.
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


async def test_address_outlives_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """The key is stored before the first address is shown."""
    key = hass_storage[STORAGE_KEY]["data"]["key"]
    assert len(bytes.fromhex(key)) == 32
    await restart(hass, entry)
    assert await picture_of_latest(hass, entry) == address
    assert (await client.get(address)).status == HTTPStatus.OK
    assert key not in address


@pytest.mark.freeze_time("2026-11-28 12:00:00+00:00")
async def test_stored_key_is_used(
    hass: HomeAssistant, hass_storage: dict[str, Any], entry: MockConfigEntry
) -> None:
    """The signature of an address is what it was with an earlier version."""
    hass_storage[STORAGE_KEY] = stored({"key": KEY})
    await set_up(hass, entry)
    address = entry.runtime_data.links.picture("/library/metadata/5/thumb/1700000000")
    assert address == (
        "/api/plex_monitor/picture/01JG00V55WEVTJ0CJHM0GAD7PC/5/1700000000/600x900/1796860800/"
        "ceb3ac2138ad467f0586da87e61af987.jpg"
    )
    assert hass_storage[STORAGE_KEY]["data"] == {"key": KEY}


@pytest.mark.allowed_logs(r"The key that signs addresses of pictures is replaced")
@pytest.mark.parametrize(
    "content",
    [
        None,
        stored(None),
        stored({}),
        stored([]),
        stored("text"),
        stored({"key": None}),
        stored({"key": 5}),
        stored({"key": "no number"}),
        stored({"key": ""}),
        stored({"key": KEY[2:]}),
        stored({"key": KEY}, version=STORAGE_VERSION + 1),
    ],
)
async def test_lost_key(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
    content: Any,
) -> None:
    """The entry loads with a new key, and earlier addresses are refused."""
    hass_storage.pop(STORAGE_KEY)
    if content is not None:
        hass_storage[STORAGE_KEY] = content
    await restart(hass, entry)
    assert (await client.get(address)).status == HTTPStatus.FORBIDDEN
    again = await picture_of_latest(hass, entry)
    assert (await client.get(again)).status == HTTPStatus.OK
    new_key = hass_storage[STORAGE_KEY]["data"]["key"]
    assert len(bytes.fromhex(new_key)) == 32
    assert new_key != KEY


async def test_key_is_removed_with_the_last_entry(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """An entry that is added afterwards has another one, even if it had the same id."""
    key = hass_storage[STORAGE_KEY]["data"]["key"]
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert STORAGE_KEY not in hass_storage
    assert (await client.get(address)).status == HTTPStatus.FORBIDDEN
    again = signed_in_entry(world, home, home.owner)
    assert again.entry_id == entry.entry_id
    await set_up(hass, again)
    assert hass_storage[STORAGE_KEY]["data"]["key"] != key
    assert (await client.get(address)).status == HTTPStatus.FORBIDDEN
