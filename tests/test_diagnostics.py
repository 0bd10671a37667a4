"""Diagnostics contain nothing that identifies a person or a server."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_CLIENT_IDENTIFIER
from custom_components.plex_monitor.plex.fields import OTHER

from .simulator import Account, Fault, Player, PlexServer, World
from .support.entries import DOWN, set_up, signed_in_entry
from .support.helpers import settle
from .support.private_words import make_private, private_words, shown_of


async def diagnostics_of(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    """Download the diagnostics."""
    result: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert isinstance(result, dict)
    return result


def assert_without_secrets(diagnostics: dict[str, Any], *secrets: str) -> None:
    """Expect that diagnostics contain none of the secrets."""
    assert shown_of(set(secrets), json.dumps(diagnostics)) == set()


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They contain the state of token, server and push channel."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="A secret pleasure", player="Bedroom")
    await settle(hass)
    result = await diagnostics_of(hass, hass_client, entry)
    assert result["server"] == {
        "online": True,
        "push_connected": True,
        "last_update_success": True,
        "last_error": None,
    }
    assert result["token"]["verdict"] == "valid"
    assert result["token"]["health"]["enforced"] is True
    assert result["data"]["info"]["version"] == home.version
    assert result["data"]["sessions"] == [{"media_type": "movie", "state": "playing"}]
    assert result["entry"]["url"] == {
        "scheme": "http",
        "plex_direct": False,
        "port": home.port,
    }

    assert_without_secrets(
        result,
        entry.data[CONF_ACCOUNT_TOKEN],
        entry.data[CONF_CLIENT_IDENTIFIER],
        home.machine_identifier,
        "127.0.0.1",
        "A secret pleasure",
        "Bedroom",
        owner.username,
        owner.email,
    )


@pytest.mark.allowed_logs(DOWN)
async def test_diagnostics_of_an_entry_whose_server_has_never_responded(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """They contain why, and the entry data without the token."""
    await home.stop()
    await set_up(hass, entry)
    result = await diagnostics_of(hass, hass_client, entry)
    assert result["state"] == "loaded"
    assert result["server"]["online"] is None
    assert result["server"]["last_error"] == "UpdateFailed"
    assert result["data"] is None
    assert result["entry"]["token_source"] == "sign_in"
    assert_without_secrets(result, entry.data[CONF_ACCOUNT_TOKEN])


async def test_diagnostics_contain_libraries_without_their_names(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """They contain media types and counts."""
    home.library.sections[0].title = "A private collection"
    await set_up(hass, entry)
    result = await diagnostics_of(hass, hass_client, entry)
    assert result["libraries"]["available"] is True
    movies, shows, music = result["libraries"]["libraries"]
    assert (movies["media_type"], movies["counts"]) == ("movie", {"movie": 3})
    assert shows["counts"] == {"show": 1, "episode": 2}
    assert music["counts"] == {"artist": 1, "track": 2}
    assert_without_secrets(result, "A private collection", "Winter Light", "/data/Movies")


async def test_diagnostics_contain_players_without_their_names(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
) -> None:
    """They contain product and state."""
    tv = Player(title="Bedroom", product="Plex for Apple TV", platform="tvOS")
    phone = Player(title="A secret phone", platform="iOS")
    entry = signed_in_entry(world, home, owner, players=[tv, phone])
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="A secret pleasure", player=tv)
    await settle(hass)
    result = await diagnostics_of(hass, hass_client, entry)
    assert result["options"] == {"players": [{"platform": "tvOS"}, {"platform": "iOS"}]}
    assert result["players"] == [
        {
            "known": True,
            "state": "playing",
            "media_type": "movie",
            "product": "Plex for Apple TV",
        },
        {"known": True, "state": None, "media_type": None, "product": None},
    ]
    assert_without_secrets(
        result, "Bedroom", "secret", tv.machine_identifier, phone.machine_identifier
    )


@pytest.mark.allowed_logs(DOWN)
async def test_diagnostics_of_a_server_that_was_never_read(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    world: World,
    entry: MockConfigEntry,
) -> None:
    """They contain the error instead of data."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await set_up(hass, entry)
    result = await diagnostics_of(hass, hass_client, entry)
    assert result["data"] is None
    assert result["server"]["last_error"] == "UpdateFailed"


async def test_diagnostics_count_how_plex_answers(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They contain what each endpoint was asked, and the names of fields, but no values."""
    words = make_private(world, home)
    await set_up(hass, entry)
    home.faults.set(Fault.status(500, text=" ".join(words)), paths="^/devices$")
    home.faults.set(Fault.status(403), paths="^/myplex/account$")
    home.faults.set(
        Fault.json({"MediaContainer": {"Activity": [{word: word, "playId": 1} for word in words]}}),
        paths="^/activities$",
    )
    film = home.library.items[0].title
    await home.start_stream(user=owner, title=film, player=Player(title="Private Player"))
    for word in words:
        await home.notifier.notify(word, word, {word: word})
        await home.notifier.notify("playing", "PlaySessionStateNotification", {word: word})
    await home.remote_access.become("failed", "unreachable")
    await home.activities.start("library.update.section", "Scanning", section_id=1)
    await settle(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    result = await diagnostics_of(hass, hass_client, entry)
    endpoints = result["requests"]["endpoints"]
    assert endpoints["GET /status/sessions"]["answered"] >= 1
    assert endpoints["GET /myplex/account"]["refused"]["403"] >= 1
    assert endpoints["GET /activities"]["left_out"].keys() == {"uuid: missing"}
    assert endpoints["GET /activities"]["unknown"]["playId: int"] > 0
    assert OTHER not in endpoints
    dump = json.dumps(result)
    assert shown_of({*words, *private_words(world)}, dump) == set()
