"""Each button of a real Home Assistant."""

from collections.abc import Callable
import json

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .automations import INTEGRATION, Automations, expect_all_covered
from .instance import HomeAssistant, wait_until


async def test_every_button(
    home_assistant: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: Json
) -> None:
    """An automation presses each button, with its effect on the server."""
    home.updater.offer("1.99.0.1-abcdef", checked=False, added="More.")
    (device,) = world.plex_tv.devices_of(owner)

    def scanned() -> list[int]:
        return [request.section_id for request in home.scanner.requests]

    def has_new_token() -> bool:
        # The old token is signed out in the background.
        left = world.plex_tv.devices_of(owner)
        return len(left) == 1 and left[0].token != device.token

    # The translation key of each, the end of its entity id, and the condition for its effect.
    buttons: dict[str, tuple[str, Callable[[], bool]]] = {
        "scan_all": ("scan_all_libraries", lambda: scanned() == [1, 2, 3]),
        "scan": ("music_scan", lambda: scanned() == [1, 2, 3, 3]),
        "check_for_update": ("check_for_update", lambda: home.updater.release is not None),
        "replace_token": ("replace_token", has_new_token),
    }
    strings = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
    expect_all_covered(buttons, strings["entity"]["button"])
    automations = Automations(home_assistant)
    for name, (entity, done) in buttons.items():
        await home_assistant.state_is(f"button.home_{entity}", "unknown")
        assert not done(), name
        press = {"action": "button.press", "target": {"entity_id": f"button.home_{entity}"}}
        await automations.run(await automations.add(name, actions=[press]))
        await wait_until(done, name)
    await home_assistant.state_is("update.home_server_update", "on")
    await home_assistant.state_is("sensor.home_token_status", "valid")
