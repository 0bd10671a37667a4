"""Each condition of a real Home Assistant."""

from typing import Any

import pytest

from tests.real.client import Json, until
from tests.simulator import Account, PlexServer, World

from .automations import (
    UNREADABLE,
    Automations,
    described,
    expect_all_covered,
    libraries_of,
    report,
)
from .instance import DOMAIN, PATIENCE, HomeAssistant, revoke_token

# The options of each: first matching ones, then others.
CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "someone_is_watching": [
        {
            "user": ["friend"],
            "player": ["living room tv"],
            "library": ["Movies"],
            "media_type": ["movie"],
            "transcoding": True,
        },
        {"user": ["owner"]},
    ],
    "library_is_scanning": [{"library": ["Movies"]}, {"library": ["Music"]}],
    "server_is_up": [{}],
    "token_is_valid": [{}],
}


@pytest.mark.allowed_logs(UNREADABLE)
async def test_every_condition(
    home_assistant: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: Json
) -> None:
    """Each condition is met if it holds and its options match."""
    expect_all_covered(CONDITIONS, described("conditions.yaml"))
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    home.job_seconds = None
    libraries = await libraries_of(home_assistant, entry)
    target = {"device_id": [await home_assistant.device_id("Home")]}
    automations = Automations(home_assistant)
    entities = []
    for name, tries in CONDITIONS.items():
        for number, tried in enumerate(tries):
            options = dict(tried)
            if "library" in options:
                options["library"] = [libraries[library] for library in options["library"]]
            condition = {"condition": f"{DOMAIN}.{name}", "target": target, "options": options}
            alias = f"{name} {number}"
            entities.append(
                await automations.add(alias, conditions=[condition], actions=[report(alias, "yes")])
            )

    async def are_met(*expected: str) -> None:
        """Wait until just these conditions are met."""
        met: set[str] = set()

        async def as_expected() -> bool:
            await automations.dismiss()
            for entity in entities:
                await automations.run(entity)
            met.clear()
            met.update(await automations.counts())
            return met == set(expected)

        try:
            await until(as_expected, what=f"met are {expected}", timeout=PATIENCE)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; met are {sorted(met)}") from None

    fine = ("server_is_up 0", "token_is_valid 0")
    await are_met(*fine)
    stream = await home.start_stream(
        user=friend, title="Winter Light", player="Living room TV", transcode=True
    )
    await are_met("someone_is_watching 0", *fine)
    await automations.call(f"{DOMAIN}.scan_library", config_entry_id=entry["entry_id"])
    await are_met("someone_is_watching 0", "library_is_scanning 0", "library_is_scanning 1", *fine)
    await home.jobs.finish()
    await are_met("someone_is_watching 0", *fine)
    await home.stop()
    await automations.update()
    await are_met("token_is_valid 0")
    await stream.stop()
    await home.start()
    await automations.update()
    await are_met(*fine)
    revoke_token(world, owner)
    await automations.update()
    await are_met("server_is_up 0")
