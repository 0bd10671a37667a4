"""Failures of the server, plex.tv or the network never make a token invalid."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Fault, PlexServer, World
from tests.support.entries import DOWN, entry_of, healthy, set_up, state_of
from tests.support.tokens import HOUR, MINUTE, STATUS, STREAMS, Elapse

type Trouble = Callable[[World, PlexServer], Any]


async def _asleep(_world: World, home: PlexServer) -> None:
    await home.stop()


async def _restarting(_world: World, home: PlexServer) -> None:
    await home.restart(version="1.99.0.1-abc", maintenance=HOUR)


async def _plex_tv_down(world: World, _home: PlexServer) -> None:
    await world.plex_tv.stop()


def _server(fault: Fault, paths: str = "") -> Trouble:
    return lambda _world, home: home.faults.set(fault, paths=paths)


def _plex_tv(fault: Fault) -> Trouble:
    return lambda world, _home: world.plex_tv.faults.set(fault)


def _attribute(name: str, value: object) -> Trouble:
    return lambda _world, home: setattr(home, name, value)


def _together(*troubles: Trouble) -> Trouble:
    async def all_of_them(world: World, home: PlexServer) -> None:
        for trouble in troubles:
            if (awaitable := trouble(world, home)) is not None and hasattr(awaitable, "__await__"):
                await awaitable

    return all_of_them


TROUBLES: dict[str, Trouble] = {
    "asleep": _asleep,
    "migrating its database": _restarting,
    "busy": _server(Fault.status(503)),
    "busy with Retry-After": _server(Fault.status(503, retry_after=300)),
    "too many requests": _server(Fault.status(429)),
    "timed out": _server(Fault.status(408)),
    "broken": _server(Fault.status(500)),
    "behind a proxy without a server": _server(Fault.status(502)),
    "hanging": _server(Fault.HANG),
    "hanging with a token": _server(Fault.HANG, "^/($|status)"),
    "connection reset": _server(Fault.RESET),
    "not found": _server(Fault.status(404)),
    "forbidden": _server(Fault.status(403)),
    "forbidden with a token": _server(Fault.status(403), "^/($|status)"),
    "truncated": _server(Fault.TRUNCATED),
    "garbled": _server(Fault.GARBLED),
    "mistyped": _server(Fault.MISTYPED),
    "oversized": _server(Fault.OVERSIZED),
    "redirected": _server(Fault.redirect("http://127.0.0.1:9/")),
    "without push": _attribute("refuses_websockets", 404),
    "another machine": _attribute("identifies_as", "f" * 40),
    "behind a login": _server(
        replace(Fault.body("<h1>401 Unauthorized</h1>", code=401), content_type="text/html")
    ),
    "refused by the server alone": _attribute("rejects_tokens", True),  # noqa: FBT003 - a value
    "plex.tv down": _plex_tv_down,
    "plex.tv broken": _plex_tv(Fault.status(500)),
    "plex.tv hanging": _plex_tv(Fault.HANG),
    "plex.tv forbidding": _plex_tv(Fault.status(403)),
    "plex.tv with too many requests": _plex_tv(Fault.status(429, retry_after=60)),
    "plex.tv garbled": _plex_tv(Fault.GARBLED),
    "refused while plex.tv is down": _together(_attribute("rejects_tokens", True), _plex_tv_down),  # noqa: FBT003 - a value
    "refused while plex.tv is broken": _together(
        _attribute("rejects_tokens", True),  # noqa: FBT003 - a value
        _plex_tv(Fault.status(500)),
    ),
    "refused while plex.tv cannot list the servers": _together(
        _attribute("rejects_tokens", True),  # noqa: FBT003 - a value
        lambda world, _home: world.plex_tv.faults.set(Fault.status(500), paths="/resources"),
    ),
}


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("loaded_entry")
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_other_trouble_is_never_reported_as_an_invalid_token(
    hass: HomeAssistant, world: World, home: PlexServer, elapse: Elapse, trouble: Trouble
) -> None:
    """An hour of it causes no repair and no prompt, and all is well 16 minutes after its end."""
    await _together(trouble)(world, home)
    for _ in range(HOUR // MINUTE):
        await elapse(MINUTE, step=15)
        healthy(hass)

    home.faults.clear()
    world.plex_tv.faults.clear()
    home.rejects_tokens = False
    home.identifies_as = None
    home.refuses_websockets = None
    if not home.running:
        await home.start()
    if not world.plex_tv.running:
        await world.plex_tv.start()
    await elapse(16 * MINUTE)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(DOWN)
async def test_proxy_that_needs_a_login_says_nothing_about_the_token(
    hass: HomeAssistant, world: World, home: PlexServer, elapse: Elapse
) -> None:
    """The token stays valid also where the server alone decides."""
    token = world.plex_tv.sign_in(home.owner, client_identifier="browser", product="Plex Web")
    entry = entry_of(home, server_token=token, source=TokenSource.SIGN_IN)
    await set_up(hass, entry)
    login = Fault.body("Log in first", code=401)
    home.faults.set(replace(login, headers=(("WWW-Authenticate", "Basic"),)), paths="^/($|status)")
    await elapse(HOUR)
    healthy(hass)
