"""Each button of a real Home Assistant does what it says."""

from collections.abc import Callable
import json

from tests.real.client import Json, until
from tests.simulator import Account, PlexServer, World

from .automating import INTEGRATION, Automations, no_more_and_no_less
from .instance import PATIENCE, HomeAssistant


async def test_every_button(
    home_assistant: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: Json
) -> None:
    """As an automation presses it."""
    home.updater.offer("1.99.0.1-abcdef", checked=False, added="More.")
    (device,) = world.plex_tv.devices_of(owner)

    def scanned() -> list[int]:
        return [request.section_id for request in home.scanner.requests]

    def has_new_token() -> bool:
        (left,) = world.plex_tv.devices_of(owner)
        return left.token != device.token and not world.plex_tv.is_valid(device.token)

    # What each is called in the translations, the end of its entity, and what comes of it.
    buttons: dict[str, tuple[str, Callable[[], bool]]] = {
        "scan_all": ("scan_all_libraries", lambda: scanned() == [1, 2, 3]),
        "scan": ("music_scan", lambda: scanned() == [1, 2, 3, 3]),
        "check_for_update": ("check_for_update", lambda: home.updater.release is not None),
        "replace_token": ("replace_token", has_new_token),
    }
    strings = json.loads((INTEGRATION / "translations" / "en.json").read_text(encoding="utf-8"))
    no_more_and_no_less(buttons, strings["entity"]["button"])
    automations = Automations(home_assistant)
    for name, (entity, done) in buttons.items():
        await home_assistant.state_is(f"button.home_{entity}", "unknown")
        assert not done(), name
        press = {"action": "button.press", "target": {"entity_id": f"button.home_{entity}"}}
        await automations.run(await automations.add(name, actions=[press]))

        async def happened(done: Callable[[], bool] = done) -> bool:
            return done()

        await until(happened, what=name, timeout=PATIENCE)
    await home_assistant.state_is("update.home_server_update", "on")
    await home_assistant.state_is("sensor.home_token_status", "valid")
