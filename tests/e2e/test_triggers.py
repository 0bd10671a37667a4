"""Each trigger of a real Home Assistant, and its filters."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .automations import (
    UNREADABLE,
    Automations,
    described,
    expect_all_covered,
    libraries_of,
    report,
)
from .instance import DOMAIN, HomeAssistant

MOVIES, TV_SHOWS, MUSIC = "Movies", "TV Shows", "Music"


@dataclass(frozen=True, kw_only=True)
class TriggerCase:
    """Options of a trigger that match, options that do not, and expected variables."""

    options: Json = field(default_factory=dict)
    other_options: Json | None = None
    variables: Json = field(default_factory=dict)


FILM: Json = {"title": "Night Ferry", "user": "friend", "library": MOVIES}
# A trigger without options is compared with the same trigger of another server.
TRIGGERS = {
    "playback_started": TriggerCase(
        options={
            "user": ["Friend"],
            "player": ["Living room TV"],
            "library": [MOVIES],
            "media_type": ["movie"],
            "transcoding": True,
        },
        other_options={"user": ["owner"]},
        variables=FILM,
    ),
    "playback_paused": TriggerCase(
        options={"player": ["Living room TV"]},
        other_options={"player": ["Kitchen tablet"]},
        variables=FILM,
    ),
    "playback_resumed": TriggerCase(
        options={"library": [MOVIES]}, other_options={"library": [TV_SHOWS]}, variables=FILM
    ),
    "credits_reached": TriggerCase(
        options={"media_type": ["movie", "episode"]},
        other_options={"media_type": ["track"]},
        variables=FILM,
    ),
    "playback_finished": TriggerCase(
        options={"transcoding": True}, other_options={"transcoding": False}, variables=FILM
    ),
    "playback_stopped": TriggerCase(
        options={"user": ["nobody", "friend"]}, other_options={"user": ["nobody"]}, variables=FILM
    ),
    "streams_above": TriggerCase(
        options={"above": 0, "for": {"seconds": 1}, "user": ["friend"], "library": [MOVIES]},
        other_options={"above": 0, "transcoding": False},
        variables={"count": 1, "above": 0},
    ),
    "media_added": TriggerCase(
        options={"library": [TV_SHOWS], "media_type": ["episode"]},
        other_options={"library": [MUSIC]},
        variables={"title": "Harbour Street", "season": 9, "count": 3},
    ),
    "server_went_down": TriggerCase(
        options={"for": {"seconds": 1}}, other_options={"for": "00:30:00"}, variables={}
    ),
    "server_came_back": TriggerCase(),
    "token_became_invalid": TriggerCase(),
}


async def set_up_all(
    automations: Automations, devices: dict[str, str], libraries: dict[str, str]
) -> None:
    """Add two automations for each trigger: one that has to run, and one that must not."""

    async def wait_for(name: str, alias: str, device: str, options: Json) -> None:
        if "library" in options:
            options = options | {"library": [libraries[one] for one in options["library"]]}
        trigger = {
            "trigger": f"{DOMAIN}.{name}",
            "target": {"device_id": [devices[device]]},
            "options": options,
        }
        action = report(alias, "{{ trigger | to_json }}")
        await automations.add(alias, triggers=[trigger], actions=[action])

    for name, case in TRIGGERS.items():
        await wait_for(name, name, "Home", case.options)
        if case.other_options is None:
            await wait_for(name, f"{name} other", "Attic", case.options)
        else:
            await wait_for(name, f"{name} other", "Home", case.other_options)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_every_trigger(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """Each event at Plex runs the automation with the matching trigger, once."""
    expect_all_covered(TRIGGERS, described("triggers.yaml"))
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await home.add_media("Night Ferry", duration=100_000, credits_at=80_000)
    (device,) = world.plex_tv.devices_of(owner)
    await world.add_server("Attic", owner=owner)
    await home_assistant.add_by_sign_in(
        lambda code: world.plex_tv.approve_pin(code, owner), "Attic"
    )
    devices = {name: await home_assistant.device_id(name) for name in ("Home", "Attic")}
    automations = Automations(home_assistant)
    await set_up_all(automations, devices, await libraries_of(home_assistant, entry))

    async def expect_run(name: str) -> None:
        with subtests.test(name):
            variables: dict[str, Any] = await automations.reported(name)
            expected = {
                "platform": f"{DOMAIN}.{name}",
                "server": "Home",
                "config_entry_id": entry["entry_id"],
                "device_id": devices["Home"],
            }
            assert variables.items() >= (expected | TRIGGERS[name].variables).items()

    stream = await home.start_stream(
        user=friend, title="Night Ferry", player="Living room TV", transcode=True
    )
    await expect_run("playback_started")
    await expect_run("streams_above")
    await stream.pause()
    await expect_run("playback_paused")
    await stream.resume()
    await expect_run("playback_resumed")
    await stream.seek(85_000)
    await expect_run("credits_reached")
    await stream.seek(99_000)
    await stream.stop()
    await expect_run("playback_stopped")
    await expect_run("playback_finished")

    await home.add_season("Harbour Street", 9, episodes=3)
    await expect_run("media_added")

    await home.stop()
    await automations.update()
    await expect_run("server_went_down")
    await home.start()
    await automations.update()
    await expect_run("server_came_back")

    world.plex_tv.remove_device(device.client_identifier)
    await automations.update()
    await expect_run("token_became_invalid")

    assert await automations.counts() == dict.fromkeys(TRIGGERS, 1)
