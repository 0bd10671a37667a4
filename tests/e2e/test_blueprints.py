"""Each blueprint is imported by a real Home Assistant, and its automation works."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, Stream, World

from .automations import BLUEPRINTS, UNREADABLE, Automations, expect_all_covered, libraries_of
from .instance import DOMAIN, HomeAssistant, revoke_token, wait_until

TV, TABLET = "Living room TV", "Kitchen tablet"


@dataclass(frozen=True, kw_only=True)
class Context:
    """A server with two users, and the automations from blueprints."""

    home_assistant: HomeAssistant
    automations: Automations
    world: World
    home: PlexServer
    owner: Account
    child: Account
    entry: Json
    server: str

    async def use(self, blueprint: str, **inputs: object) -> None:
        """Add an automation from a blueprint."""
        use = {"path": f"{DOMAIN}/{blueprint}.yaml", "input": {"server": self.server, **inputs}}
        await self.automations.dismiss()
        await self.automations.add(blueprint, use_blueprint=use)

    async def plays(self, user: Account, player: str, title: str = "Winter Light") -> Stream:
        """Start a stream."""
        return await self.home.start_stream(user=user, title=title, player=player)


async def is_terminated(stream: Stream, message: str) -> None:
    """Wait until a stream is terminated with a message."""
    await wait_until(
        lambda: message in (stream.termination or ""), f"{stream.player.title} shows {message}"
    )


async def light(context: Context) -> str:
    """Add a light to Home Assistant as a template helper."""
    client = context.home_assistant.client
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
    await context.home_assistant.state_is("light.room", "off")
    return "light.room"


async def lights_follow_film(context: Context) -> None:
    """Dim the light for a film, brighten it in a pause and at the end, for one player only."""
    room = await light(context)
    await context.use(
        "lights_follow_film",
        lights={"entity_id": room},
        players=[TV],
        only_after_sunset=False,
        transition=0,
    )

    async def shines(percent: int) -> None:
        await context.home_assistant.state_is(room, "on", brightness=round(percent * 255 / 100))

    stream = await context.plays(context.owner, TV)
    await shines(5)
    other = await context.plays(context.child, TABLET)
    await other.pause()
    await context.home_assistant.state_is("sensor.home_streams", "2")
    await shines(5)
    await stream.pause()
    await shines(30)
    await stream.resume()
    await shines(5)
    await stream.stop()
    await shines(60)
    await other.stop()


async def media_added(context: Context) -> None:
    """Send one notification with a picture for items that were added together."""
    libraries = await libraries_of(context.home_assistant, context.entry)
    await context.use(
        "media_added",
        libraries=[libraries["TV Shows"]],
    )
    await context.home.add_media("Filtered out")
    await context.home.add_season("Harbour Street", 9, episodes=3)
    notification = await context.automations.notification("New in TV Shows")
    text, _, picture = notification["message"].partition("![](")
    assert " ".join(text.split()) == "Harbour Street, season 9: 3 new"
    async with (
        aiohttp.ClientSession(context.home_assistant.url) as session,
        session.get(picture.removesuffix(")")) as response,
    ):
        assert response.content_type == "image/jpeg"
    assert await context.automations.counts() == {"New in TV Shows": 1}


async def limit_streams(context: Context) -> None:
    """Terminate a stream above the limit, but none of an exempt user."""
    await context.use("limit_streams", limit=1, exempt=["Owner"], message="One is enough")
    first = await context.plays(context.child, TABLET)
    second = await context.plays(context.owner, TV)
    third = await context.plays(context.owner, "Bedroom TV")
    await context.home_assistant.state_is("sensor.home_streams", "3")
    last = await context.plays(context.child, "Phone")
    await is_terminated(last, "One is enough")
    assert [stream.termination for stream in (first, second, third)] == [None, None, None]
    for stream in (first, second, third, last):
        await stream.stop()


async def good_night(context: Context) -> None:
    """Terminate streams at bedtime, and those that start afterwards."""
    grown_up, child = (
        await context.plays(context.owner, TV),
        await context.plays(context.child, TABLET),
    )
    await context.home_assistant.state_is("sensor.home_streams", "2")
    bedtime = datetime.now(UTC) + timedelta(seconds=10)
    await context.use(
        "good_night",
        bedtime=f"{bedtime:%H:%M:%S}",
        morning=f"{bedtime + timedelta(hours=8):%H:%M:%S}",
        users=["Child"],
        message="Sleep well",
    )
    assert child.termination is None
    await is_terminated(child, "Sleep well")
    again = await context.plays(context.child, "Phone")
    await is_terminated(again, "Sleep well")
    assert grown_up.termination is None
    for stream in (grown_up, child, again):
        await stream.stop()


async def trouble(context: Context) -> None:
    """Notify that the server is down or back, and that the token is invalid."""
    await context.use("trouble", minutes=0)
    await context.home.stop()
    await context.automations.update()
    down = await context.automations.notification("Home is down")
    assert down["message"] == "The Plex server does not respond."
    await context.home.start()
    await context.automations.update()
    await context.automations.notification("Home is available again")
    revoke_token(context.world, context.owner)
    await context.automations.update()
    dead = await context.automations.notification("Home needs your attention")
    assert "Go to Settings > Repairs to fix it." in dead["message"]


# The last one leaves the server without a valid token.
USES: tuple[Callable[[Context], Awaitable[None]], ...] = (
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
    """Each blueprint is saved as an import does, and an automation that uses it runs."""
    files = {path.stem: path for path in BLUEPRINTS.iterdir()}
    expect_all_covered([use.__name__ for use in USES], files)
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
    context = Context(
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
            await use(context)
        await automations.call("automation.turn_off", entity_id="all")
