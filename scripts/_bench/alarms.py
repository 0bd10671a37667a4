"""What the user sees of a dead token, and of faults that do not concern the token."""

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
# The interval, in real seconds, of the check whether dead tokens are reported.
CHECK_INTERVAL = 0.1

# The faults of a server by name, and whether the server needs TLS for it.
FAULTS = {
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
    """How much is measured."""

    faults: tuple[str, ...] = (*FAULTS, PLEX_TV_DOWN)
    # The number of servers each: their tokens are revoked at different points of the timers.
    deaths: int = 5
    # How long to wait for a repair or a prompt, in minutes of the faster clock.
    refused_within: float = 30.0
    allowed_within: float = 6 * 60.0
    down_for: float = 10.0
    # The durations of a fault, as a fraction of the full ones.
    patience: float = 1.0


FULL = Scope()
QUICK = Scope(
    faults=("maintenance", PLEX_TV_DOWN), deaths=1, allowed_within=0.0, down_for=1.0, patience=0.4
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a user sees of an entry: repairs, a sign-in prompt, and its state.

    `available` is whether any state that is read from the server is available.
    """

    repairs: tuple[str, ...]
    prompt: bool
    state: str
    available: bool


async def measure_alarms(contender: Contender, scope: Scope) -> dict[str, Any]:
    """Return the minutes until a dead token is reported, and what is shown in each fault."""
    async with home_with(contender) as home:
        await home.use_simulated_plex_tv()
        dead = {
            kind: [await _added(home, f"{kind} {count}") for count in range(number)]
            for kind, number in (
                (REFUSED, scope.deaths),
                (DOWN, scope.deaths),
                (ALLOWED, 1 if scope.allowed_within else 0),
            )
        }
        for server, _ in dead[ALLOWED]:
            await home.plex.do(
                "set_knob", server=server.name, knob="allowed_without_auth", value=True
            )
        faulty = {
            fault: await _added(home, fault, tls=FAULTS.get(fault, False)) for fault in scope.faults
        }
        await home.plex.do("idle")
        await home.run_clocks(SPEED)
        reports = Reports(home)
        async with asyncio.TaskGroup() as checks:
            checking = checks.create_task(reports.check_periodically())
            async with asyncio.TaskGroup() as group:
                allowed = group.create_task(_in_allowed_network(reports, scope, dead[ALLOWED]))
                down = group.create_task(_after_down(reports, scope, dead[DOWN]))
                refused = group.create_task(_after_refusal(reports, scope, dead[REFUSED]))
                shown = group.create_task(_in_faults(home, scope, faulty))
            checking.cancel()
        return {
            "reported": {
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


# Dead tokens


class Reports:
    """Waits until the token of an entry is reported with a repair or a sign-in prompt."""

    def __init__(self, home: Home) -> None:
        """Initialize without entries to wait for."""
        self.home = home
        self._waiting: dict[str, asyncio.Event] = {}

    async def check_periodically(self) -> None:
        """Check all entries periodically, until cancelled."""
        while True:
            issues = [str(issue["issue_id"]) for issue in await self.home.client.issues()]
            flows = [
                flow["context"].get("entry_id")
                for flow in await self.home.client.flows_in_progress()
            ]
            for entry_id, reported in self._waiting.items():
                if entry_id in flows or any(entry_id in issue for issue in issues):
                    reported.set()
            await asyncio.sleep(CHECK_INTERVAL)

    async def minutes_until_reported(self, entry: Entry, within: float) -> float | None:
        """Return the minutes from now until it is reported, or None if it is not."""
        reported = self._waiting[entry.entry_id] = asyncio.Event()
        started = time.monotonic()
        try:
            async with asyncio.timeout(within * MINUTE / SPEED):
                await reported.wait()
        except TimeoutError:
            return None
        return (time.monotonic() - started) * SPEED / MINUTE


async def _after_refusal(
    reports: Reports, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Revoke tokens that running servers refuse from then on."""

    async def one(number: int, entry: Entry) -> float | None:
        await _wait_minutes(2.3 * number)
        await _revoke(reports.home, entry)
        return await reports.minutes_until_reported(entry, scope.refused_within)

    return await asyncio.gather(*(one(number, entry) for number, (_, entry) in enumerate(dead)))


async def _in_allowed_network(
    reports: Reports, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Revoke a token, shortly after its last check, whose server accepts any."""

    async def one(entry: Entry) -> float | None:
        await _wait_minutes(15)
        await _revoke(reports.home, entry)
        return await reports.minutes_until_reported(entry, scope.allowed_within)

    return await asyncio.gather(*(one(entry) for _, entry in dead))


async def _after_down(
    reports: Reports, scope: Scope, dead: list[tuple[Server, Entry]]
) -> list[float | None]:
    """Revoke tokens while their servers are down, and count the minutes after these are back."""

    async def one(number: int, server: Server, entry: Entry) -> float | None:
        await _wait_minutes(1.7 * number)
        await reports.home.plex.do("fault", server=server.name, kind="down")
        await _revoke(reports.home, entry)
        await _wait_minutes(scope.down_for)
        await reports.home.plex.do("end_fault", server=server.name, kind="down")
        return await reports.minutes_until_reported(entry, scope.refused_within)

    return await asyncio.gather(
        *(one(number, server, entry) for number, (server, entry) in enumerate(dead))
    )


async def _revoke(home: Home, entry: Entry) -> None:
    await home.plex.do("remove_device", client_identifier=entry.client_identifier)


async def _wait_minutes(minutes: float) -> None:
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
    """Return whether a state is read from the server, and is not about the connection to it."""
    return str(state["entity_id"]).partition(".")[0] in {"media_player", "update"}


# Faults


async def _in_faults(
    home: Home, scope: Scope, faulty: dict[str, tuple[Server, Entry]]
) -> dict[str, dict[str, Any]]:
    """Set faults for a while, reload the entries meanwhile, and end the faults."""
    shown: dict[str, dict[str, Any]] = {fault: {} for fault in faulty}
    own = {fault: pair for fault, pair in faulty.items() if fault != PLEX_TV_DOWN}
    for fault, (server, _) in own.items():
        await home.plex.do("fault", server=server.name, kind=fault)
    await _stages(
        home, scope, own, shown, end=[(server, fault) for fault, (server, _) in own.items()]
    )
    if PLEX_TV_DOWN in faulty:
        await home.plex.do("stop", host="plex.tv")
        await _stages(home, scope, {PLEX_TV_DOWN: faulty[PLEX_TV_DOWN]}, shown, end=())
    return shown


async def _stages(
    home: Home,
    scope: Scope,
    faulty: dict[str, tuple[Server, Entry]],
    shown: dict[str, dict[str, Any]],
    *,
    end: Iterable[tuple[Server, str]],
) -> None:
    async def record(stage: str) -> None:
        for fault, (_, entry) in faulty.items():
            shown[fault][stage] = asdict(await _shown(home, entry))

    await _wait_minutes(3 * scope.patience)
    await record("soon")
    await _wait_minutes(17 * scope.patience)
    await record("later")
    await asyncio.gather(*(_reload(home, entry) for _, entry in faulty.values()))
    await _wait_minutes(10 * scope.patience)
    await record("started")
    for server, fault in end:
        await home.plex.do("end_fault", server=server.name, kind=fault)
    if not end:
        await home.plex.do("start", host="plex.tv")

    ended_at = time.monotonic()

    async def recovered() -> bool:
        missing = False
        for fault, (_, entry) in faulty.items():
            if not shown[fault].get("over", {}).get("available"):
                seen = await _shown(home, entry)
                passed = (time.monotonic() - ended_at) * SPEED / MINUTE
                shown[fault]["over"] = {**asdict(seen), "after": passed}
                missing |= not seen.available
        return not missing

    # Home Assistant waits at most ten minutes between two attempts of a setup.
    with suppress(TimeoutError):
        await until(
            recovered,
            what="recovered",
            timeout=RECOVERED_WITHIN * MINUTE / SPEED,
            interval=CHECK_INTERVAL,
        )


async def _reload(home: Home, entry: Entry) -> None:
    try:
        await home.reload(entry)
    except HomeAssistantError as error:
        # An entry cannot be reloaded while it is being set up.
        if "403" not in str(error):
            raise
