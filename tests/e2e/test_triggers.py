"""Each trigger starts automations of a real Home Assistant, and its filters hold others back."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .automating import UNREADABLE, Automations, described, libraries_of, no_more_and_no_less, tell
from .instance import DOMAIN, HomeAssistant

MOVIES, TV_SHOWS, MUSIC = "Movies", "TV Shows", "Music"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a trigger is told to wait for, and what somebody else waits for in vain."""

    options: Json = field(default_factory=dict)
    in_vain: Json | None = None
    knows: Json = field(default_factory=dict)


FILM: Json = {"title": "Night Ferry", "user": "friend", "library": MOVIES}
# Where a trigger has no options, somebody waits in vain for the same at another server.
TRIGGERS = {
    "playback_started": Tried(
        options={
            "user": ["Friend"],
            "player": ["Living room TV"],
            "library": [MOVIES],
            "media_type": ["movie"],
            "transcoding": True,
        },
        in_vain={"user": ["owner"]},
        knows=FILM,
    ),
    "playback_paused": Tried(
        options={"player": ["Living room TV"]}, in_vain={"player": ["Kitchen tablet"]}, knows=FILM
    ),
    "playback_resumed": Tried(
        options={"library": [MOVIES]}, in_vain={"library": [TV_SHOWS]}, knows=FILM
    ),
    "credits_reached": Tried(
        options={"media_type": ["movie", "episode"]}, in_vain={"media_type": ["track"]}, knows=FILM
    ),
    "playback_finished": Tried(
        options={"transcoding": True}, in_vain={"transcoding": False}, knows=FILM
    ),
    "playback_stopped": Tried(
        options={"user": ["nobody", "friend"]}, in_vain={"user": ["nobody"]}, knows=FILM
    ),
    "streams_above": Tried(
        options={"above": 0, "for": {"seconds": 1}, "user": ["friend"], "library": [MOVIES]},
        in_vain={"above": 0, "transcoding": False},
        knows={"count": 1, "above": 0},
    ),
    "media_added": Tried(
        options={"library": [TV_SHOWS], "media_type": ["episode"]},
        in_vain={"library": [MUSIC]},
        knows={"title": "Harbour Street", "season": 9, "count": 3},
    ),
    "server_went_down": Tried(
        options={"for": {"seconds": 1}}, in_vain={"for": "00:30:00"}, knows={}
    ),
    "server_came_back": Tried(),
    "token_became_invalid": Tried(),
}


async def set_up_all(
    automations: Automations, devices: dict[str, str], libraries: dict[str, str]
) -> None:
    """Have two automations for each trigger: one that is to run, and one that waits in vain."""

    async def wait_for(name: str, alias: str, device: str, options: Json) -> None:
        if "library" in options:
            options = options | {"library": [libraries[one] for one in options["library"]]}
        trigger = {
            "trigger": f"{DOMAIN}.{name}",
            "target": {"device_id": [devices[device]]},
            "options": options,
        }
        told = tell(alias, "{{ trigger | to_json }}")
        await automations.add(alias, triggers=[trigger], actions=[told])

    for name, tried in TRIGGERS.items():
        await wait_for(name, name, "Home", tried.options)
        if tried.in_vain is None:
            await wait_for(name, f"{name} in vain", "Attic", tried.options)
        else:
            await wait_for(name, f"{name} in vain", "Home", tried.in_vain)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_every_trigger(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """What happens at Plex runs those automations that wait for just that, once."""
    no_more_and_no_less(TRIGGERS, described("triggers.yaml"))
    (device,) = world.plex_tv.devices_of(owner)
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await home.add_media("Night Ferry", duration=100_000, credits_at=80_000)
    await world.add_server("Attic", owner=owner)
    await home_assistant.add_by_sign_in(
        lambda code: world.plex_tv.approve_pin(code, owner), "Attic"
    )
    devices = {name: await home_assistant.device_id(name) for name in ("Home", "Attic")}
    automations = Automations(home_assistant)
    await set_up_all(automations, devices, await libraries_of(home_assistant, entry))

    async def happened(name: str) -> None:
        with subtests.test(name):
            told: dict[str, Any] = await automations.what_is_told(name)
            expected = {
                "platform": f"{DOMAIN}.{name}",
                "server": "Home",
                "config_entry_id": entry["entry_id"],
                "device_id": devices["Home"],
            }
            assert told.items() >= (expected | TRIGGERS[name].knows).items()

    stream = await home.start_stream(
        user=friend, title="Night Ferry", player="Living room TV", transcode=True
    )
    await happened("playback_started")
    await happened("streams_above")
    await stream.pause()
    await happened("playback_paused")
    await stream.resume()
    await happened("playback_resumed")
    await stream.seek(85_000)
    await happened("credits_reached")
    await stream.seek(99_000)
    await stream.stop()
    await happened("playback_stopped")
    await happened("playback_finished")

    await home.add_season("Harbour Street", 9, episodes=3)
    await happened("media_added")

    await home.stop()
    await automations.update()
    await happened("server_went_down")
    await home.start()
    await automations.update()
    await happened("server_came_back")

    world.plex_tv.remove_device(device.client_identifier)
    await automations.update()
    await happened("token_became_invalid")

    assert await automations.told() == dict.fromkeys(TRIGGERS, 1)
