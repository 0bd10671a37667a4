"""Each blueprint is imported by a real Home Assistant, and its automation does what it is for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from tests.real.client import Json, until
from tests.simulator import Account, PlexServer, Stream, World

from .automating import BLUEPRINTS, UNREADABLE, Automations, libraries_of, no_more_and_no_less
from .instance import DOMAIN, PATIENCE, HomeAssistant

TV, TABLET = "Living room TV", "Kitchen tablet"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A server that a family watches, and the automations that look after it."""

    home_assistant: HomeAssistant
    automations: Automations
    world: World
    home: PlexServer
    owner: Account
    child: Account
    entry: Json
    server: str

    async def use(self, blueprint: str, **inputs: object) -> None:
        """Make an automation from a blueprint."""
        use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": {"server": self.server, **inputs}}
        await self.automations.forget()
        await self.automations.add(blueprint, use_blueprint=use)

    async def plays(self, user: Account, player: str, title: str = "Winter Light") -> Stream:
        """Have something played."""
        return await self.home.start_stream(user=user, title=title, player=player)


async def is_told_to_stop(stream: Stream, message: str) -> None:
    """Wait until a player shows a message and its stream ends."""

    async def told() -> bool:
        return message in (stream.termination or "")

    await until(told, what=f"{stream.player.title} shows {message}", timeout=PATIENCE)


async def light(stage: Stage) -> str:
    """Add a light to Home Assistant, as the page of the helpers does."""
    client = stage.home_assistant.client
    await client.command("input_number/create", name="Level", min=0, max=255, initial=0)
    level = "input_number.level"
    step = await client.start_flow("template")
    step = await client.choose(step["flow_id"], "light")
    set_level = {
        "action": "input_number.set_value",
        "target": {"entity_id": level},
        "data": {"value": "{{ brightness }}"},
    }
    await client.submit(
        step["flow_id"],
        name="Room",
        state=f"{{{{ states('{level}') | int > 0 }}}}",
        level=f"{{{{ states('{level}') | int }}}}",
        turn_on=[],
        turn_off=[],
        set_level=[set_level],
    )
    await stage.home_assistant.state_is("light.room", "off")
    return "light.room"


async def lights_follow_film(stage: Stage) -> None:
    """Dim, brighter in a pause, dim again, bright at the end; for this room alone."""
    room = await light(stage)
    await stage.use(
        "lights_follow_film",
        lights={"entity_id": room},
        players=[TV],
        only_after_sunset=False,
        transition=0,
    )

    async def shines(percent: int) -> None:
        await stage.home_assistant.state_is(room, "on", brightness=round(percent * 255 / 100))

    stream = await stage.plays(stage.owner, TV)
    await shines(5)
    other = await stage.plays(stage.child, TABLET)
    await other.pause()
    await stage.home_assistant.state_is("sensor.home_streams", "2")
    await shines(5)
    await stream.pause()
    await shines(30)
    await stream.resume()
    await shines(5)
    await stream.stop()
    await shines(60)
    await other.stop()


async def media_added(stage: Stage) -> None:
    """Notify of what came in together, with its picture."""
    libraries = await libraries_of(stage.home_assistant, stage.entry)
    await stage.use(
        "media_added",
        picture_entity="image.home_latest_added",
        libraries=[libraries["TV Shows"]],
    )
    await stage.home.add_media("Not told of")
    await stage.home.add_season("Harbour Street", 9, episodes=3)
    notification = await stage.automations.notification("New in TV Shows")
    text, _, picture = notification["message"].partition("![](")
    assert " ".join(text.split()) == "Harbour Street, season 9: 3 new"
    async with (
        aiohttp.ClientSession(stage.home_assistant.url) as session,
        session.get(picture.removesuffix(")")) as response,
    ):
        assert response.content_type == "image/jpeg"
    assert await stage.automations.told() == {"New in TV Shows": 1}


async def limit_streams(stage: Stage) -> None:
    """One stream too many ends, and none of whoever is exempt."""
    await stage.use("limit_streams", limit=1, exempt=["Owner"], message="One is enough")
    first = await stage.plays(stage.child, TABLET)
    second = await stage.plays(stage.owner, TV)
    third = await stage.plays(stage.owner, "Bedroom TV")
    await stage.home_assistant.state_is("sensor.home_streams", "3")
    last = await stage.plays(stage.child, "Phone")
    await is_told_to_stop(last, "One is enough")
    assert [stream.termination for stream in (first, second, third)] == [None, None, None]
    for stream in (first, second, third, last):
        await stream.stop()


async def good_night(stage: Stage) -> None:
    """Streams end at bedtime, and those that begin afterwards."""
    grown_up, child = await stage.plays(stage.owner, TV), await stage.plays(stage.child, TABLET)
    await stage.home_assistant.state_is("sensor.home_streams", "2")
    bedtime = datetime.now(UTC) + timedelta(seconds=10)
    await stage.use(
        "good_night",
        bedtime=f"{bedtime:%H:%M:%S}",
        morning=f"{bedtime + timedelta(hours=8):%H:%M:%S}",
        users=["Child"],
        message="Sleep well",
    )
    assert child.termination is None
    await is_told_to_stop(child, "Sleep well")
    again = await stage.plays(stage.child, "Phone")
    await is_told_to_stop(again, "Sleep well")
    assert grown_up.termination is None
    for stream in (grown_up, child, again):
        await stream.stop()


async def trouble(stage: Stage) -> None:
    """Notifications tell that the server is down, that it is back, and that the token is dead."""
    await stage.use("trouble", minutes=0)
    await stage.home.stop()
    await stage.automations.update()
    down = await stage.automations.notification("Home is down")
    assert down["message"] == "The Plex server has not answered for 0 minutes."
    await stage.home.start()
    await stage.automations.update()
    await stage.automations.notification("Home is back")
    (device,) = stage.world.plex_tv.devices_of(stage.owner)
    stage.world.plex_tv.remove_device(device.client_identifier)
    await stage.automations.update()
    dead = await stage.automations.notification("Home needs you")
    assert "Look under Settings, Repairs." in dead["message"]


# In an order in which the last one may leave the server without a token.
USES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    lights_follow_film,
    media_added,
    limit_streams,
    good_night,
    trouble,
)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_every_blueprint(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """It is saved as an import saves it, and an automation that uses it runs."""
    files = {path.stem: path for path in BLUEPRINTS.iterdir()}
    no_more_and_no_less([use.__name__ for use in USES], files)
    automations = Automations(home_assistant)
    for name, path in files.items():
        await home_assistant.client.command(
            "blueprint/save",
            domain="automation",
            path=f"{DOMAIN}/{name}.yaml",
            yaml=path.read_text(encoding="utf-8"),
        )
    listed = await home_assistant.client.command("blueprint/list", domain="automation")
    assert {f"{DOMAIN}/{name}.yaml" for name in files} <= listed.keys()
    assert [one["error"] for one in listed.values() if "error" in one] == []
    child = world.plex_tv.add_account("child")
    home.share_with(child)
    stage = Stage(
        home_assistant=home_assistant,
        automations=automations,
        world=world,
        home=home,
        owner=owner,
        child=child,
        entry=entry,
        server=await home_assistant.device_id("Home"),
    )
    for use in USES:
        with subtests.test(use.__name__):
            await use(stage)
        await automations.call("automation.turn_off", entity_id="all")
