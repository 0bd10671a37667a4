"""The list of steps that follows from a seed."""

from collections.abc import Callable, Mapping
import random
from typing import Any

from tests.simulator.plex_tv import HOST_NAME as PLEX_TV

from . import faults
from .sites import SHARED, SIGNED_IN, Role
from .steps import (
    Announce,
    ClearFaults,
    HalfSignIn,
    Knob,
    ListStranger,
    ListToken,
    Media,
    Move,
    NewCertificate,
    Push,
    Recover,
    Restart,
    RestartHomeAssistant,
    Revoke,
    SetFault,
    SetUpWithout,
    Share,
    StartHost,
    Step,
    StopHost,
    Stream,
    User,
    Wait,
    Work,
)

EPISODES = 3
STEPS_OF_AN_EPISODE = (8, 22)
# Pauses in seconds with their weights; the long ones give slow processes time to show.
PAUSES = {5: 10, 15: 8, 40: 12, 90: 12, 200: 8, 600: 6, 1800: 3, 7200: 1}
LONG_PAUSE, LONG_PAUSE_CHANCE = 6.5 * 3600, 0.04
LONGEST_PAUSE, LONGEST_PAUSE_CHANCE = 25 * 3600.0, 0.004
MOST_ENTRIES = 2

KNOBS: dict[str, tuple[Any, ...]] = {
    "allowed_without_auth": (True, False),
    "claimed": (False, True),
    "closes_sockets_on_revocation": (True, False),
    "hides_root": (True, True, False),
    "listed": (False, True),
    "presence": (False, True),
    "refuses_websockets": (401, 403, 404, 500, None),
    "refuses_with_401": (True, False),
    "rejects_tokens": (True, False),
    "revocation_grace": (3600, 0),
    "unclaimed_refuses": (True, False),
}

ANOTHER_MACHINE = "f" * 40

type Draw = Callable[[random.Random, Role], Step]


def _dice(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - A seed has to give the same each time.


def roles_for(seed: int) -> tuple[Role, ...]:
    """Return the servers of a run."""
    dice = _dice(f"cast {seed}")
    return tuple(sorted(dice.sample(list(Role), dice.randint(1, MOST_ENTRIES))))


def steps_for(
    seed: int, episodes: int = EPISODES, draws: Mapping[Draw, int] | None = None
) -> list[Step]:
    """Return the steps of a run: episodes of faults, with a recovery before and after each.

    They are drawn from all that can happen, or from the given part of it with weights. The same
    seed with fewer episodes gives the beginning of the same list.
    """
    dice = _dice(f"script {seed}")
    roles = roles_for(seed)
    steps: list[Step] = [Recover()]
    for _ in range(episodes):
        for _ in range(dice.randint(*STEPS_OF_AN_EPISODE)):
            steps += (_something(dice, roles, draws or DRAWS), Wait(seconds=_pause(dice)))
        steps.append(Recover())
    return steps


def _pause(dice: random.Random) -> float:
    chance = dice.random()
    if chance < LONG_PAUSE_CHANCE:
        return LONGEST_PAUSE if chance < LONGEST_PAUSE_CHANCE else LONG_PAUSE
    [seconds] = dice.choices(list(PAUSES), weights=list(PAUSES.values()))
    return float(seconds)


def _something(dice: random.Random, roles: tuple[Role, ...], draws: Mapping[Draw, int]) -> Step:
    role = dice.choice(roles)
    [draw] = dice.choices(list(draws), weights=list(draws.values()))
    return draw(dice, role)


def _host(dice: random.Random, role: Role) -> str:
    return PLEX_TV if dice.random() < 0.4 else role.value


def _trouble(dice: random.Random, role: Role) -> Step:
    host = _host(dice, role)
    paths = faults.PLEX_TV_PATHS if host == PLEX_TV else faults.SERVER_PATHS
    return SetFault(
        host=host,
        fault=dice.choice(faults.NAMES),
        # Mostly, all paths fail.
        paths=dice.choice(paths) if dice.random() < 0.6 else "",
        times=dice.choice((1, 2, 5)) if dice.random() < 0.25 else None,
        with_token=dice.choice((True, False)) if dice.random() < 0.1 else None,
    )


def _failing_part(dice: random.Random, role: Role) -> Step:
    return SetFault(
        host=role.value, fault=dice.choice(faults.PART_FAULTS), paths=dice.choice(faults.PARTS)
    )


def _lost_answer(dice: random.Random, role: Role) -> Step:
    return SetFault(host=role.value, fault=dice.choice(faults.LOSSES), paths="^/identity$", times=1)


def _balancer(dice: random.Random, role: Role) -> Step:
    host = _host(dice, role)
    paths = faults.PLEX_TV_PATHS if host == PLEX_TV else faults.SERVER_PATHS
    return SetFault(
        host=host,
        fault=dice.choice(faults.BALANCER),
        paths=dice.choice(paths),
        times=dice.choice((None, None, 2, 10)),
    )


def _hostile_size(dice: random.Random, role: Role) -> Step:
    host = PLEX_TV if dice.random() < 0.15 else role.value
    paths = faults.PLEX_TV_PATHS if host == PLEX_TV else faults.PARTS
    fault, path = dice.choice(faults.HOSTILE_SIZES), dice.choice(paths)
    if fault == "crowd" and path == faults.SESSIONS and role in SHARED:
        # A guest who has seen streams once keeps the last ones, which are limited.
        fault = "nothings"
    return SetFault(host=host, fault=fault, paths=path)


def _half_sign_in(dice: random.Random, role: Role) -> Step:
    is_off = dice.random() < 0.4
    approvals = ("never", "at once", "at once", "late", "late", *("while off",) * (2 * is_off))
    return HalfSignIn(
        role=role,
        new=dice.random() < 0.5,
        closed=dice.random() < 0.4,
        shown=dice.choice((0.0, 0.0, 15.0, 130.0)),
        off=dice.choice((5.0, 60.0, 1200.0)) if is_off else None,
        approved=dice.choice(approvals),
        late=dice.choice((5.0, 60.0, 400.0, 850.0)),
        as_visitor=dice.random() < 0.2,
    )


def _setup_without(dice: random.Random, role: Role) -> Step:
    return SetUpWithout(
        role=role,
        reload=dice.random() < 0.6,
        silent=dice.random() < 0.4,
        plex_tv_too=dice.random() < 0.4,
    )


def _knob(dice: random.Random, role: Role) -> Step:
    knob = dice.choice(list(KNOBS))
    return Knob(role=role, knob=knob, value=dice.choice(KNOBS[knob]))


def _another_machine(dice: random.Random, role: Role) -> Step:
    value = ANOTHER_MACHINE if dice.random() < 0.6 else None
    return Knob(role=role, knob="identifies_as", value=value)


def _move(dice: random.Random, role: Role) -> Step:
    if role is Role.VAULT and dice.random() < 0.5:
        return NewCertificate(role=role)
    return Move(role=role, known=role in SIGNED_IN and dice.random() < 0.8)


def _death(dice: random.Random, role: Role) -> Step:
    if role in SHARED and dice.random() < 0.6:
        return Share(role=role, what=dice.choice(("ends", "ends", "begins", "token renewed")))
    how = ("revoked", "revoked", "password", "password", "password and servers")
    if dice.random() < 0.15:
        return Share(role=role, what="token renewed")
    return Revoke(role=role, how=dice.choice(how))


def _announcement(dice: random.Random, role: Role) -> Step:
    return Announce(role=role, impostor=dice.random() < 0.7)


def _listed_token(dice: random.Random, role: Role) -> Step:
    return ListToken(role=role, other=dice.random() < 0.7)


def _listed_stranger(_dice: random.Random, role: Role) -> Step:
    return ListStranger(role=role)


def _clear(dice: random.Random, role: Role) -> Step:
    return ClearFaults(host=_host(dice, role))


def _stop(dice: random.Random, role: Role) -> Step:
    return StopHost(host=_host(dice, role))


def _start(dice: random.Random, role: Role) -> Step:
    return StartHost(host=_host(dice, role))


def _restart_home_assistant(dice: random.Random, _role: Role) -> Step:
    return RestartHomeAssistant(seconds_off=dice.choice((5.0, 300.0, 7200.0)))


def _one_of(kind: Callable[..., Step], *whats: str) -> Draw:
    return lambda dice, role: kind(role=role, what=dice.choice(whats), dice=dice.randrange(1000))


def _of(kind: Callable[..., Step], *whats: str) -> Draw:
    return lambda dice, role: kind(role=role, what=dice.choice(whats))


DRAWS: dict[Draw, int] = {
    _trouble: 24,
    _failing_part: 16,
    _lost_answer: 8,
    _balancer: 5,
    _hostile_size: 5,
    _half_sign_in: 6,
    _announcement: 3,
    _listed_token: 3,
    _listed_stranger: 2,
    _clear: 20,
    _stop: 5,
    _start: 7,
    lambda dice, role: Restart(
        role=role,
        update=dice.random() < 0.4,
        maintenance=dice.choice((None, 60, 900)),
    ): 4,
    _move: 3,
    _knob: 13,
    _another_machine: 6,
    _of(Push, "mute", "unmute", "unmute", "close", "cut", "rubbish", "unknown", "crowd"): 6,
    _death: 8,
    _one_of(
        Stream, "start", "start", "start", "stop", "pause", "resume", "seek", "deliver", "crash"
    ): 14,
    lambda _, role: Stream(role=role, what="burst"): 2,
    _one_of(Media, "film", "season", "album", "removal", "new library", "library gone", "scan"): 7,
    _one_of(
        Work, "begin", "end", "task", "remote access lost", "remote access back", "update offered"
    ): 5,
    _of(User, "reload", "disable", "enable", "sign in", "sign in", "close prompt"): 10,
    _of(User, "ignore repair", "replace token", "scan", "request data", "reload often"): 5,
    _setup_without: 4,
    _restart_home_assistant: 3,
}
# Those of sign-ins, and of whoever stands between us and Plex or claims to be it.
SIGN_IN_DRAWS: dict[Draw, int] = {
    _half_sign_in: 12,
    _balancer: 6,
    _trouble: 4,
    _announcement: 4,
    _listed_token: 3,
    _listed_stranger: 2,
    lambda dice, role: Knob(role=role, knob="hides_root", value=dice.random() < 0.7): 3,
    lambda dice, role: Knob(role=role, knob="rejects_tokens", value=dice.random() < 0.5): 4,
    _clear: 12,
    _stop: 4,
    _start: 6,
    _move: 4,
    _death: 6,
    _of(User, "reload", "sign in", "sign in", "close prompt", "replace token", "replace token"): 8,
    _restart_home_assistant: 2,
}
