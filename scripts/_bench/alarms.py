"""What the user is told: of a token that died, and of trouble that is none of the token's."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
import time
from typing import Any

from tests.real import HomeAssistantError
from tests.real.client import until

from .contenders import Contender, Entry, Json
from .home import Home, home_with
from .plex import Server

SPEED = 60.0
MINUTE = 60.0
HOUR = 60 * MINUTE
RECOVERED_WITHIN = 40.0
# How often it is looked whether a dead token is told, in real seconds: one look for all of them.
LOOK = 0.1

# Trouble of one server, by its name, and whether the server has to have TLS for it.
TROUBLES = {
    "maintenance": False,
    "hang": False,
    "restart": False,
    "down": False,
    "garbage": False,
    "login page": False,
    "forbidden": False,
    "not found": False,
    "tls": True,
}
PLEX_TV_DOWN = "plex.tv down"

REFUSED, ALLOWED, DOWN = "refused", "allowed", "down"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """How much of it is tried."""

    troubles: tuple[str, ...] = (*TROUBLES, PLEX_TV_DOWN)
    # So many servers each: a token dies at another moment of what is done by the clock.
    deaths: int = 5
    # How long it is waited for a sign, in minutes of the faster clock.
    refused_within: float = 30.0
    allowed_within: float = 6 * 60.0
    down_for: float = 10.0
    # How long it is waited in trouble and after it, as a part of what it should be.
    patience: float = 1.0


FULL = Scope()
QUICK = Scope(
    troubles=("maintenance", PLEX_TV_DOWN), deaths=1, allowed_within=0.0, down_for=1.0, patience=0.4
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a user sees of an entry: rows under Repairs, a sign-in prompt, and its state.

    `available` says whether anything that is read from the server is shown as if it were so.
    """

    repairs: tuple[str, ...]
    prompt: bool
    state: str
    available: bool


async def measure_alarms(contender: Contender, scope: Scope) -> dict[str, Any]:
    """Return the minutes until a dead token is told, and what is shown in each trouble."""
    async with home_with(contender) as home:
        await home.lead()
        dead = {
            kind: [await _added(home, f"{kind} {count}") for count in range(number)]
            for kind, number in (
                (REFUSED, scope.deaths),
                (DOWN, scope.deaths),
                (ALLOWED, 1 if scope.allowed_within else 0),
            )
        }
        for server, _ in dead[ALLOWED]:
            await home.plex.do("turn", server=server.name, knob="allowed_without_auth", value=True)
        troubled = {
            trouble: await _added(home, trouble, tls=TROUBLES.get(trouble, False))
            for trouble in scope.troubles
        }
        await home.plex.do("idle")
        await home.run_clocks(SPEED)
        signs = Signs(home)
        async with asyncio.TaskGroup() as looks:
            looking = looks.create_task(signs.look())
            async with asyncio.TaskGroup() as group:
                allowed = group.create_task(_told_in_allowed_network(signs, scope, dead[ALLOWED]))
                down = group.create_task(_told_after_down(signs, scope, dead[DOWN]))
                refused = group.create_task(_told_of_refusal(signs, scope, dead[REFUSED]))
                shown = group.create_task(_in_trouble(home, scope, troubled))
            looking.cancel()
        return {
            "told": {
                REFUSED: refused.result(),
                ALLOWED: allowed.result(),
                DOWN: down.result(),
            },
            "within": {
                REFUSED: scope.refused_within,
                ALLOWED: scope.allowed_within,
                DOWN: scope.refused_within,
            },
            "shown": shown.result(),
        }


async def _added(home: Home, name: str, *, tls: bool = False) -> tuple[Server, Entry]:
    server = await home.plex.add_server(name, tls=tls)
    return server, await home.add(server)


# Tokens that died


class Signs:
    """Says when the user is told of an entry's token: by a row under Repairs, or by a prompt."""

    def __init__(self, home: Home) -> None:
        """Wait for no sign yet."""
        self.home = home
        self._waiting: dict[str, asyncio.Event] = {}

    async def look(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            issues = [str(issue["issue_id"]) for issue in await self.home.client.issues()]
            flows = [
                flow["context"].get("entry_id")
                for flow in await self.home.client.flows_in_progress()
            ]
            for entry_id, told in self._waiting.items():
                if entry_id in flows or any(entry_id in issue for issue in issues):
                    told.set()
            await asyncio.sleep(LOOK)

    async def minutes_until_told(self, entry: Entry, within: float) -> float | None:
        """Return the minutes from now until it is told, or None where it is not."""
        told = self._waiting[entry.entry_id] = asyncio.Event()
        started = time.monotonic()
        try:
            async with asyncio.timeout(within * MINUTE / SPEED):
                await told.wait()
        except TimeoutError:
            return None
        return (time.monotonic() - started) * SPEED / MINUTE


async def _told_of_refusal(
    signs: Signs, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Let tokens die whose servers are up and refuse them from then on."""

    async def one(number: int, entry: Entry) -> float | None:
        await _minutes_pass(2.3 * number)
        await _die(signs.home, entry)
        return await signs.minutes_until_told(entry, scope.refused_within)

    return await asyncio.gather(*(one(number, entry) for number, (_, entry) in enumerate(dead)))


async def _told_in_allowed_network(
    signs: Signs, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Let a token die whose server takes any: shortly after it was looked at for the last time."""

    async def one(entry: Entry) -> float | None:
        await _minutes_pass(15)
        await _die(signs.home, entry)
        return await signs.minutes_until_told(entry, scope.allowed_within)

    return await asyncio.gather(*(one(entry) for _, entry in dead))


async def _told_after_down(
    signs: Signs, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Let tokens die while their servers are down; the minutes are from when these are back."""

    async def one(number: int, server: Server, entry: Entry) -> float | None:
        await _minutes_pass(1.7 * number)
        await signs.home.plex.do("fault", server=server.name, kind="down")
        await _die(signs.home, entry)
        await _minutes_pass(scope.down_for)
        await signs.home.plex.do("mend", server=server.name, kind="down")
        return await signs.minutes_until_told(entry, scope.refused_within)

    return await asyncio.gather(
        *(one(number, server, entry) for number, (server, entry) in enumerate(dead))
    )


async def _die(home: Home, entry: Entry) -> None:
    await home.plex.do("remove_device", client_identifier=entry.client_identifier)


async def _minutes_pass(minutes: float) -> None:
    await asyncio.sleep(minutes * MINUTE / SPEED)


async def _shown(home: Home, entry: Entry) -> Shown:
    domain = home.contender.domain
    repairs = tuple(
        sorted(
            str(issue["translation_key"])
            for issue in await home.client.issues()
            if entry.entry_id in str(issue["issue_id"])
        )
    )
    prompt = any(
        flow["handler"] == domain and flow["context"].get("entry_id") == entry.entry_id
        for flow in await home.client.flows_in_progress()
    )
    return Shown(
        repairs=repairs,
        prompt=prompt,
        state=await home.entry_state(entry),
        available=any(
            _is_read(state) and state["state"] not in {"unavailable", "unknown"}
            for state in (await home.states_of(entry)).values()
        ),
    )


def _is_read(state: Json) -> bool:
    """Say whether a state is read from the server, and not about the connection to it."""
    return str(state["entity_id"]).partition(".")[0] in {"media_player", "update"}


# Trouble


async def _in_trouble(
    home: Home, scope: Scope, troubled: dict[str, tuple[Server, Entry]]
) -> dict[str, dict[str, Any]]:
    """Let everything go wrong for a while, also when Home Assistant starts; then all is mended."""
    shown: dict[str, dict[str, Any]] = {trouble: {} for trouble in troubled}
    own = {trouble: pair for trouble, pair in troubled.items() if trouble != PLEX_TV_DOWN}
    for trouble, (server, _) in own.items():
        await home.plex.do("fault", server=server.name, kind=trouble)
    await _stages(
        home, scope, own, shown, mend=[(server, trouble) for trouble, (server, _) in own.items()]
    )
    if PLEX_TV_DOWN in troubled:
        await home.plex.do("stop", host="plex.tv")
        await _stages(home, scope, {PLEX_TV_DOWN: troubled[PLEX_TV_DOWN]}, shown, mend=())
    return shown


async def _stages(
    home: Home,
    scope: Scope,
    troubled: dict[str, tuple[Server, Entry]],
    shown: dict[str, dict[str, Any]],
    *,
    mend: Iterable[tuple[Server, str]],
) -> None:
    async def look(stage: str) -> None:
        for trouble, (_, entry) in troubled.items():
            shown[trouble][stage] = asdict(await _shown(home, entry))

    await _minutes_pass(3 * scope.patience)
    await look("soon")
    await _minutes_pass(17 * scope.patience)
    await look("later")
    await asyncio.gather(*(_reload(home, entry) for _, entry in troubled.values()))
    await _minutes_pass(10 * scope.patience)
    await look("started")
    for server, trouble in mend:
        await home.plex.do("mend", server=server.name, kind=trouble)
    if not mend:
        await home.plex.do("start", host="plex.tv")

    mended_at = time.monotonic()

    async def recovered() -> bool:
        missing = False
        for trouble, (_, entry) in troubled.items():
            if not shown[trouble].get("mended", {}).get("available"):
                seen = await _shown(home, entry)
                passed = (time.monotonic() - mended_at) * SPEED / MINUTE
                shown[trouble]["mended"] = {**asdict(seen), "after": passed}
                missing |= not seen.available
        return not missing

    # The longest that Home Assistant waits between two tries of a setup is ten minutes.
    with suppress(TimeoutError):
        await until(
            recovered, what="recovered", timeout=RECOVERED_WITHIN * MINUTE / SPEED, interval=LOOK
        )


async def _reload(home: Home, entry: Entry) -> None:
    try:
        await home.reload(entry)
    except HomeAssistantError as error:
        # It may not be reloaded while it is being set up.
        if "403" not in str(error):
            raise
