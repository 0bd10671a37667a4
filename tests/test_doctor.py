"""The doctor shows how a server answers, and nothing of what is in the answers."""

import asyncio
import os
from pathlib import Path
import sys

import pytest

from .simulator import Account, Fault, Player, PlexServer, World
from .support.private_words import make_private, private_words, shown_of

ROOT = Path(__file__).parents[1]

# Each run simulates a server of its own to compare with.
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Allow connections to servers on 127.0.0.1."""


async def examination_of(url: str, token: str) -> tuple[int | None, str]:
    """Run the doctor, and return its exit code and all that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scripts._doctor", "--listen", "1"),
        cwd=ROOT,
        env={**os.environ, "PLEX_URL": url, "PLEX_TOKEN": token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_server_like_the_simulated_one(
    world: World, home: PlexServer, owner: Account
) -> None:
    """All is answered, only by reading, and no private word is shown."""
    words = make_private(world, home)
    film = home.library.items[0].title
    await home.start_stream(user=owner, title=film, player=Player(title="Private Player"))
    token = world.plex_tv.sign_in(owner, client_identifier="browser-4711")
    code, output = await examination_of(home.url, token)
    assert code == 0, output
    assert "GET /status/sessions " in output
    assert "GET /library/sections/{id}/all " in output
    assert "other type" not in output
    assert ": is missing:" not in output
    assert {request.method for request in world.requests.to(host="Home")} == {"GET"}
    assert shown_of({*words, *private_words(world)}, output) == set()


async def test_server_that_answers_differently(
    world: World, home: PlexServer, owner: Account
) -> None:
    """The differences are shown by names and types, and names that may be values are not."""
    words = make_private(world, home)
    devices = [
        {"clientIdentifier": ["x"], "deviceColor": word, word: word, "id": {word: word}}
        for word in words
    ]
    answer = {"MediaContainer": {"Device": devices}}
    home.faults.set(Fault.json(answer), paths="^/devices$")
    home.faults.set(Fault.status(500, text=" ".join(words)), paths="^/activities$")
    token = world.plex_tv.sign_in(owner, client_identifier="browser-4711")
    code, output = await examination_of(home.url, token)
    assert code == 0, output
    assert "GET /devices: left out for: 5 x clientIdentifier: list" in output
    assert "only the server has: MediaContainer.Device[].deviceColor (str)" in output
    assert "other type: MediaContainer.Device[].clientIdentifier (list)" in output
    assert "1 x 500" in output
    assert shown_of({*words, *private_words(world)}, output) == set()


async def test_token_that_is_refused(world: World, home: PlexServer) -> None:
    """The table shows that all is refused, without the token."""
    code, output = await examination_of(home.url, "not-the-token-of-anybody")
    assert code == 0
    assert "1 x 401" in output
    assert "not-the-token" not in output


async def test_address_without_a_server(world: World) -> None:
    """The doctor says so without the address."""
    code, output = await examination_of(f"http://127.0.0.1:{world.refusing_port()}", "secret-token")
    assert code == 1
    assert output == "No Plex Media Server answers at this address (PlexConnectionError).\n"
