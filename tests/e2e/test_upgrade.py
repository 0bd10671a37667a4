"""An entry that the first version of the integration stored.

tests/e2e/stored has what version 0.1.0 wrote on Home Assistant 2026.10 after *Home* was added by
sign-in and *Attic* without a token, and the sensor of the streams was renamed. Placeholders stand
for what differs in each Plex world.
"""

import json
from pathlib import Path
from string import Template

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .conftest import Shot
from .frontend import Frontend
from .instance import HomeAssistant, Registered, registered

STORED = Path(__file__).with_name("stored")
CLIENT_IDENTIFIER = "2b1f0a54-6f8d-4f0e-8f5c-0d9a3c7e4b11"


async def test_upgrade_from_the_first_version(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """All entities and devices keep their names and ids, and new ones are added."""
    attic = await world.add_server("Attic", owner=owner)
    attic.claimed = False
    token = world.plex_tv.sign_in(
        owner, client_identifier=CLIENT_IDENTIFIER, product="Home Assistant"
    )
    await home_assistant.stop()
    store(
        home_assistant,
        home_identifier=home.machine_identifier,
        home_url=home.url,
        attic_identifier=attic.machine_identifier,
        attic_url=attic.url,
        client_identifier=CLIENT_IDENTIFIER,
        token=token,
    )
    before = registered(
        stored(home_assistant, "core.entity_registry")["entities"],
        stored(home_assistant, "core.device_registry")["devices"],
    )

    await home_assistant.start()

    after: Registered = {}
    for title in ("Home", "Attic"):
        entry = await home_assistant.entry(title)
        after |= await home_assistant.registered(entry["entry_id"])
    assert before.items() <= after.items()
    await home_assistant.state_is("sensor.who_watches", "0", friendly_name="Who watches")
    await home_assistant.state_is("sensor.home_token_status", "valid")
    await home_assistant.state_is("sensor.attic_token_status", "not_enforced")
    await home_assistant.state_is("sensor.home_movies_items", "3")
    await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await home_assistant.state_is("sensor.who_watches", "1")
    assert [device.token for device in world.plex_tv.devices_of(owner)] == [token]
    assert await home_assistant.issues() == []
    assert await home_assistant.prompts() == []
    await frontend.open_device(await home_assistant.device_id())
    await frontend.shows("Who watches", "1")
    await shot("device")


def store(home_assistant: HomeAssistant, **values: str) -> None:
    """Replace the storage with that of the first version."""
    for path in STORED.glob("*.json"):
        text = Template(path.read_text(encoding="utf-8")).substitute(values)
        target = home_assistant.folder / ".storage" / path.stem
        target.write_text(text, encoding="utf-8")


def stored(home_assistant: HomeAssistant, name: str) -> Json:
    """Return the data of a file that Home Assistant has stored."""
    path = home_assistant.folder / ".storage" / name
    data: Json = json.loads(path.read_text(encoding="utf-8"))["data"]
    return data
