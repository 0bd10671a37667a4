"""Which address of a server is used."""

import asyncio
from collections.abc import Awaitable, Callable
from unittest.mock import AsyncMock, patch

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex.connection import (
    find_connection,
    is_private_or_encrypted,
    ranked_connections,
)
from custom_components.plex_monitor.plex.errors import PlexConnectionError
from custom_components.plex_monitor.plex.models import Connection, Resource

HASH = "0123456789abcdef0123456789abcdef.plex.direct"


def connection(url: str, **fields: object) -> Connection:
    """Return a remote connection unless told otherwise."""
    return Connection.from_json({"uri": url, **fields})


def resource(*connections: Connection, https_required: bool = False) -> Resource:
    """Return a server with these connections."""
    return Resource(
        name="Home",
        machine_identifier="a" * 40,
        owned=True,
        owner_name=None,
        https_required=https_required,
        connections=connections,
        access_token=None,
    )


LOCAL = connection(
    f"https://192-168-1-5.{HASH}:32400", local=True, address="192.168.1.5", port=32400
)
REMOTE = connection(f"https://203-0-113-5.{HASH}:32400", address="203.0.113.5", port=32400)
RELAY = connection(f"https://203-0-113-9.{HASH}:8443", relay=True, address="203.0.113.9", port=8443)


async def turns() -> None:
    """Let everything happen that needs no time."""
    for _ in range(50):
        await asyncio.sleep(0)


def urls(server: Resource) -> list[str]:
    """Return the addresses to try, best first."""
    return [candidate.url for candidate in ranked_connections(server)]


def test_local_before_remote_before_relay() -> None:
    """The bare local address follows its encrypted name."""
    assert urls(resource(RELAY, REMOTE, LOCAL)) == [
        LOCAL.url,
        "http://192.168.1.5:32400",
        REMOTE.url,
        RELAY.url,
    ]


def test_a_server_that_requires_encryption() -> None:
    """Nothing plain is tried."""
    plain = connection("http://192.168.1.6:32400", local=True)
    assert urls(resource(LOCAL, plain, https_required=True)) == [LOCAL.url]


def test_nothing_plain_leaves_the_network() -> None:
    """Neither what plex.tv lists nor what could be made of it."""
    outside = connection("http://203.0.113.5:32400")
    # A rented server calls its public address local.
    rented = connection("https://example.org", local=True, address="8.8.8.8", port=32400)
    pretended = connection("http://example.org:32400", local=True, address="192.168.1.5")
    relay = connection("http://192.168.1.5:8443", local=True, relay=True)
    assert urls(resource(outside, rented, pretended, relay)) == [rented.url]


def test_a_plain_local_address_is_listed_once() -> None:
    """An address that plex.tv lists already is not added again."""
    plain = connection("http://192.168.1.5:32400", local=True)
    assert urls(resource(plain, LOCAL, LOCAL)) == [LOCAL.url, plain.url]


def test_ipv6() -> None:
    """A bare IPv6 address gets its brackets."""
    local = connection(f"https://fd00--5.{HASH}:32400", local=True, address="fd00::5", port=32400)
    assert urls(resource(local)) == [local.url, "http://[fd00::5]:32400"]


@pytest.mark.parametrize("missing", ["address", "port"])
def test_without_address_and_port_nothing_is_added(missing: str) -> None:
    """There is nothing to make an address of."""
    fields = {"local": True, "address": "192.168.1.5", "port": 32400} | {missing: None}
    local = connection(f"https://192-168-1-5.{HASH}:32400", **fields)
    assert urls(resource(local)) == [local.url]


class Probes:
    """Addresses that answer, refuse or stay silent, as told."""

    def __init__(self) -> None:
        """Know no address yet."""
        self.answers: dict[str, asyncio.Future[bool]] = {}
        self.asked: list[str] = []
        self.running = 0

    def __call__(self, asked: Connection) -> Awaitable[bool]:
        """Probe an address; silent ones stay so until cancelled."""
        self.asked.append(asked.url)
        return self._probe(self.answers.setdefault(asked.url, asyncio.Future()))

    async def _probe(self, answer: asyncio.Future[bool]) -> bool:
        """Wait for the answer."""
        self.running += 1
        try:
            return await answer
        finally:
            self.running -= 1

    def accept(self, asked: Connection) -> None:
        """Let an address say yes."""
        self.answers.setdefault(asked.url, asyncio.Future()).set_result(True)

    def refuse(self, asked: Connection) -> None:
        """Let an address say no."""
        self.answers.setdefault(asked.url, asyncio.Future()).set_result(False)

    def fail(self, asked: Connection) -> None:
        """Let the probe of an address raise."""
        failure = PlexConnectionError("refused")
        self.answers.setdefault(asked.url, asyncio.Future()).set_exception(failure)


@pytest.fixture
async def probes() -> Probes:
    """Return addresses to be told what to do."""
    return Probes()


async def test_the_best_one_wins(probes: Probes) -> None:
    """All are asked at once, and rank decides."""
    for each in (LOCAL, REMOTE, RELAY):
        probes.accept(each)
    assert await find_connection((LOCAL, REMOTE, RELAY), probes) is LOCAL
    assert probes.asked == [LOCAL.url, REMOTE.url, RELAY.url]
    assert probes.running == 0


async def test_no_waiting_for_a_worse_one(probes: Probes) -> None:
    """The best one answers while the others are silent."""
    probes.accept(LOCAL)
    assert await find_connection((LOCAL, REMOTE), probes, grace=3600) is LOCAL
    assert probes.running == 0


async def test_no_waiting_when_all_better_ones_said_no(probes: Probes) -> None:
    """The grace is for those that may still answer."""
    probes.refuse(LOCAL)
    probes.accept(REMOTE)
    assert await find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600) is REMOTE
    assert probes.running == 0


async def test_a_dead_better_one_costs_the_grace_only(probes: Probes) -> None:
    """Who is silent until then has lost."""
    probes.accept(REMOTE)
    assert await find_connection((LOCAL, REMOTE), probes, grace=0.01) is REMOTE
    assert probes.running == 0


async def test_a_better_one_within_the_grace(probes: Probes) -> None:
    """It still wins."""
    probes.accept(RELAY)
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600))
    await asyncio.sleep(0.01)
    assert not finding.done()
    probes.accept(REMOTE)
    await asyncio.sleep(0.01)
    assert not finding.done()
    probes.accept(LOCAL)
    assert await finding is LOCAL


async def test_the_grace_starts_with_the_first_answer(
    probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A better one that answers within the grace does not prolong it."""
    loop = asyncio.get_running_loop()
    real_time = loop.time
    jumps: list[float] = []
    monkeypatch.setattr(loop, "time", lambda: real_time() + sum(jumps))
    probes.accept(RELAY)
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600))
    await turns()
    jumps.append(3590)
    probes.accept(REMOTE)
    await turns()
    assert not finding.done()
    jumps.append(20)
    async with asyncio.timeout(5):
        assert await finding is REMOTE
    assert probes.running == 0


async def test_nobody_answers(probes: Probes) -> None:
    """A probe that raises is a no."""
    probes.refuse(LOCAL)
    probes.fail(REMOTE)
    assert await find_connection((LOCAL, REMOTE), probes) is None


async def test_a_probe_that_raises_at_once() -> None:
    """It is a no as well, and so is one that gives up by itself."""

    def probe(asked: Connection) -> Awaitable[bool]:
        if asked is LOCAL:
            raise ValueError
        return given_up()

    async def given_up() -> bool:
        raise asyncio.CancelledError

    assert await find_connection((LOCAL, REMOTE), probe) is None


async def test_no_connections(probes: Probes) -> None:
    """There is nothing to ask."""
    assert await find_connection((), probes) is None


async def test_a_search_that_is_given_up_leaves_nothing(probes: Probes) -> None:
    """Cancelling the search cancels the probes, and waits for them."""
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE), probes))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert probes.running == 2
    finding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finding
    assert probes.running == 0


@given(st.lists(st.sampled_from(["yes", "no", "raises"]), max_size=6))
def test_the_first_yes_of_those_that_answer(answers: list[str]) -> None:
    """With everybody answering at once, rank alone decides."""
    connections = [connection(f"https://{number}.example") for number in range(len(answers))]

    async def probe(asked: Connection) -> bool:
        answer = answers[connections.index(asked)]
        if answer == "raises":
            raise PlexConnectionError("refused")
        return answer == "yes"

    async def find(
        probe: Callable[[Connection], Awaitable[bool]],
    ) -> Connection | None:
        return await find_connection(connections, probe)

    expected = connections[answers.index("yes")] if "yes" in answers else None
    assert asyncio.run(find(probe)) is expected


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://plex.example.com", True),
        ("http://192.168.1.20:32400", True),
        ("http://127.0.0.1:32400", True),
        ("http://[fe80::1]:32400", True),
        ("http://9.9.9.9:32400", False),
        ("http://[2620:fe::fe]:32400", False),
        ("http://", False),
        ("http://192.168.1.20:99999", False),
    ],
)
async def test_what_stays_in_the_private_network(url: str, *, private: bool) -> None:
    """Or is encrypted on its way out of it."""
    assert await is_private_or_encrypted(url) is private


@pytest.mark.parametrize(
    ("found", "private"),
    [(["192.168.1.20"], True), (["192.168.1.20", "9.9.9.9"], False), (None, False)],
)
async def test_name_stays_private_where_all_of_its_addresses_do(
    found: list[str] | None, *, private: bool
) -> None:
    """And not where it cannot be found."""
    answer = [(0, 0, 0, "", (address, 32400)) for address in found or ()]
    lookup = AsyncMock(return_value=answer, side_effect=None if found else OSError)
    with patch.object(asyncio.get_running_loop(), "getaddrinfo", lookup):
        assert await is_private_or_encrypted("http://plex.home.example:32400") is private
