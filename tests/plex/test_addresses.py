"""Selection of the connection to use for a server."""

import asyncio
from collections.abc import Awaitable, Callable
from unittest.mock import AsyncMock, patch

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex import addresses as addresses_module
from custom_components.plex_monitor.plex.addresses import (
    MAX_CONCURRENT_PROBES,
    MAX_CONNECTIONS,
    find_connection,
    is_private_or_encrypted,
    ranked_connections,
)
from custom_components.plex_monitor.plex.errors import PlexConnectionError, PlexResponseError
from custom_components.plex_monitor.plex.models import Connection, Resource

HASH = "0123456789abcdef0123456789abcdef.plex.direct"


def connection(url: str, **fields: object) -> Connection:
    """Return a connection, which is remote by default."""
    return Connection.from_json({"uri": url, **fields})


def resource(*connections: Connection, https_required: bool = False) -> Resource:
    """Return a resource with these connections."""
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
    """Let all tasks run that wait for no time."""
    for _ in range(50):
        await asyncio.sleep(0)


def urls(server: Resource) -> list[str]:
    """Return the URLs of the usable connections, best first."""
    return [candidate.url for candidate in ranked_connections(server)]


def test_local_before_remote_before_relay() -> None:
    """The http address of a local connection follows its https URL."""
    assert urls(resource(RELAY, REMOTE, LOCAL)) == [
        LOCAL.url,
        "http://192.168.1.5:32400",
        REMOTE.url,
        RELAY.url,
    ]


def test_no_http_if_the_server_requires_https() -> None:
    """Neither listed nor derived http addresses are used."""
    plain = connection("http://192.168.1.6:32400", local=True)
    assert urls(resource(LOCAL, plain, https_required=True)) == [LOCAL.url]


def test_no_http_outside_the_private_network() -> None:
    """Neither from plex.tv's list nor derived from a local connection."""
    outside = connection("http://203.0.113.5:32400")
    # A rented server lists its public address as local.
    rented = connection("https://example.org", local=True, address="8.8.8.8", port=32400)
    pretended = connection("http://example.org:32400", local=True, address="192.168.1.5")
    relay = connection("http://192.168.1.5:8443", local=True, relay=True)
    tunnel = connection("http://[2002:808:808::1]:32400", local=True)
    assert urls(resource(outside, rented, pretended, relay, tunnel)) == [rented.url]


def test_derived_http_address_is_not_duplicated() -> None:
    """An http address that plex.tv lists is not added again."""
    plain = connection("http://192.168.1.5:32400", local=True)
    assert urls(resource(plain, LOCAL, LOCAL)) == [LOCAL.url, plain.url]


def test_derived_http_address_with_ipv6() -> None:
    """The IPv6 address is put in brackets."""
    local = connection(f"https://fd00--5.{HASH}:32400", local=True, address="fd00::5", port=32400)
    assert urls(resource(local)) == [local.url, "http://[fd00::5]:32400"]


@pytest.mark.parametrize("missing", ["address", "port"])
def test_no_derived_http_address_without_address_or_port(missing: str) -> None:
    """The connection itself is kept."""
    fields = {"local": True, "address": "192.168.1.5", "port": 32400} | {missing: None}
    local = connection(f"https://192-168-1-5.{HASH}:32400", **fields)
    assert urls(resource(local)) == [local.url]


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "192.168.1.5/library?#"},
        {"address": "192.168.1.5@example.org"},
        {"address": "example.org"},
        {"address": "fe80::5%eth0"},
        {"address": "fe80::5%]/library#"},
        {"port": 0},
        {"port": -1},
        {"port": 65536},
    ],
)
def test_no_derived_http_address_from_what_is_no_address(changes: dict[str, object]) -> None:
    """It would lead to something else than the address and port of the server."""
    fields = {"local": True, "address": "192.168.1.5", "port": 32400} | changes
    local = connection(f"https://192-168-1-5.{HASH}:32400", **fields)
    assert urls(resource(local)) == [local.url]


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        (f"https://192-168-1-5.{HASH}:32400", f"https://192-168-1-5.{HASH}:32400"),
        ("https://home.example/plex/?X-Plex-Token=secret#here", "https://home.example"),
        ("http://someone:password@192.168.1.5:32400", "http://192.168.1.5:32400"),
        ("http://[fd00::5]:32400/", "http://[fd00::5]:32400"),
    ],
)
def test_connection_is_an_origin(uri: str, url: str) -> None:
    """Nothing else of an address is used."""
    assert connection(uri).url == url


@pytest.mark.parametrize(
    "uri", ["ftp://192.168.1.5", "192.168.1.5:32400", "https://", "http://home:99999", "/plex"]
)
def test_address_that_is_none(uri: str) -> None:
    """It is left out."""
    with pytest.raises(PlexResponseError):
        connection(uri)


def test_number_of_connections_is_limited() -> None:
    """The best ones are kept."""
    remote = [connection(f"https://203-0-113-{number}.{HASH}:32400") for number in range(100)]
    found = urls(resource(*remote, LOCAL))
    assert len(found) == MAX_CONNECTIONS
    assert found[0] == LOCAL.url


class Probes:
    """Probes of connections, whose results are set by the test."""

    def __init__(self) -> None:
        """Initialize without any result."""
        self.probed: list[str] = []
        self.running = 0
        self._results: dict[str, asyncio.Future[bool]] = {}

    def __call__(self, connection: Connection) -> Awaitable[bool]:
        """Probe a connection; without a result, the probe runs until it is cancelled."""
        self.probed.append(connection.url)
        return self._probe(self._result(connection))

    async def _probe(self, result: asyncio.Future[bool]) -> bool:
        """Wait for the result."""
        self.running += 1
        try:
            return await result
        finally:
            self.running -= 1

    def succeed(self, connection: Connection) -> None:
        """Let the probe of a connection succeed."""
        self._result(connection).set_result(True)

    def fail(self, connection: Connection) -> None:
        """Let the probe of a connection fail."""
        self._result(connection).set_result(False)

    def raise_error(self, connection: Connection) -> None:
        """Let the probe of a connection raise an error."""
        self._result(connection).set_exception(PlexConnectionError("refused"))

    def _result(self, connection: Connection) -> asyncio.Future[bool]:
        """Return the future result of the probe of a connection."""
        return self._results.setdefault(connection.url, asyncio.Future())


@pytest.fixture
async def probes() -> Probes:
    """Return probes without results."""
    return Probes()


async def test_best_connection_is_returned(probes: Probes) -> None:
    """All connections are probed at once, in order of preference."""
    for each in (LOCAL, REMOTE, RELAY):
        probes.succeed(each)
    assert await find_connection((LOCAL, REMOTE, RELAY), probes) is LOCAL
    assert probes.probed == [LOCAL.url, REMOTE.url, RELAY.url]
    assert probes.running == 0


async def test_best_connection_is_returned_without_delay(probes: Probes) -> None:
    """Probes of worse connections are cancelled."""
    probes.succeed(LOCAL)
    assert await find_connection((LOCAL, REMOTE), probes, grace=3600) is LOCAL
    assert probes.running == 0


async def test_no_grace_once_all_better_connections_failed(probes: Probes) -> None:
    """Nothing better can succeed any more."""
    probes.fail(LOCAL)
    probes.succeed(REMOTE)
    assert await find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600) is REMOTE
    assert probes.running == 0


async def test_unreachable_better_connection_delays_by_the_grace_only(probes: Probes) -> None:
    """After the grace, the connection that succeeded is used."""
    probes.succeed(REMOTE)
    assert await find_connection((LOCAL, REMOTE), probes, grace=0.01) is REMOTE
    assert probes.running == 0


async def test_better_connection_within_the_grace_is_returned(probes: Probes) -> None:
    """The search goes on until the best connection succeeds."""
    probes.succeed(RELAY)
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600))
    await asyncio.sleep(0.01)
    assert not finding.done()
    probes.succeed(REMOTE)
    await asyncio.sleep(0.01)
    assert not finding.done()
    probes.succeed(LOCAL)
    assert await finding is LOCAL


async def test_grace_starts_with_the_first_success(
    probes: Probes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A better connection that succeeds within the grace does not extend it."""
    loop = asyncio.get_running_loop()
    real_time = loop.time
    jumps: list[float] = []
    monkeypatch.setattr(loop, "time", lambda: real_time() + sum(jumps))
    probes.succeed(RELAY)
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE, RELAY), probes, grace=3600))
    await turns()
    jumps.append(3590)
    probes.succeed(REMOTE)
    await turns()
    assert not finding.done()
    jumps.append(20)
    async with asyncio.timeout(5):
        assert await finding is REMOTE
    assert probes.running == 0


async def test_no_connection_if_all_probes_fail(probes: Probes) -> None:
    """A probe that raises counts as failed."""
    probes.fail(LOCAL)
    probes.raise_error(REMOTE)
    assert await find_connection((LOCAL, REMOTE), probes) is None


async def test_probe_that_raises_before_it_runs() -> None:
    """It counts as failed, and so does one that is cancelled."""

    def probe(candidate: Connection) -> Awaitable[bool]:
        if candidate is LOCAL:
            raise ValueError
        return cancelled()

    async def cancelled() -> bool:
        raise asyncio.CancelledError

    assert await find_connection((LOCAL, REMOTE), probe) is None


async def test_few_connections_are_probed_at_once(probes: Probes) -> None:
    """The next one is probed when one has failed."""
    ranked = [connection(f"https://203-0-113-{number}.{HASH}:32400") for number in range(20)]
    search = asyncio.ensure_future(find_connection(ranked, probes))
    for tried in range(len(ranked)):
        await turns()
        assert probes.running == min(MAX_CONCURRENT_PROBES, len(ranked) - tried)
        probes.fail(ranked[tried])
    assert await search is None


async def test_no_connections(probes: Probes) -> None:
    """Nothing is probed."""
    assert await find_connection((), probes) is None


async def test_cancelled_search_ends_its_probes(probes: Probes) -> None:
    """Cancelling the search cancels the probes and waits for them."""
    finding = asyncio.create_task(find_connection((LOCAL, REMOTE), probes))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert probes.running == 2
    finding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finding
    assert probes.running == 0


@given(st.lists(st.sampled_from(["yes", "no", "raises"]), max_size=6))
def test_first_of_several_successes_is_returned(results: list[str]) -> None:
    """If all probes finish at once, only the order counts."""
    connections = [connection(f"https://{number}.example") for number in range(len(results))]

    async def probe(candidate: Connection) -> bool:
        result = results[connections.index(candidate)]
        if result == "raises":
            raise PlexConnectionError("refused")
        return result == "yes"

    async def find(
        probe: Callable[[Connection], Awaitable[bool]],
    ) -> Connection | None:
        return await find_connection(connections, probe)

    expected = connections[results.index("yes")] if "yes" in results else None
    assert asyncio.run(find(probe)) is expected


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://plex.example.com", True),
        ("http://192.168.1.20:32400", True),
        ("http://127.0.0.1:32400", True),
        ("http://[fe80::1]:32400", True),
        ("http://100.100.1.20:32400", True),
        ("http://[fe80::1%25eth0]:32400", True),
        ("http://[fd00::1]:32400", True),
        ("http://[::1]:32400", True),
        ("http://[::ffff:192.168.1.20]:32400", True),
        ("http://[::ffff:9.9.9.9]:32400", False),
        # These networks lead to 9.9.9.9 through 6to4, Teredo and NAT64.
        ("http://[2002:909:909::1]:32400", False),
        ("http://[2001:0:909:909::1]:32400", False),
        ("http://[64:ff9b::909:909]:32400", False),
        ("http://[64:ff9b:1::909:909]:32400", False),
        # Reserved addresses, which some proxies use for names in the internet.
        ("http://198.18.0.1:32400", False),
        ("http://240.0.0.1:32400", False),
        ("http://9.9.9.9:32400", False),
        ("http://[2620:fe::fe]:32400", False),
        ("http://", False),
        ("http://192.168.1.20:99999", False),
    ],
)
async def test_is_private_or_encrypted(url: str, *, private: bool) -> None:
    """Https is accepted anywhere, http in the private network only."""
    assert await is_private_or_encrypted(url) is private


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (["192.168.1.20", "fe80::1%2"], True),
        (["192.168.1.20", "9.9.9.9"], False),
        (["192.168.1.20", "2002:909:909::1"], False),
        (None, False),
    ],
)
async def test_host_name_is_private_if_all_its_addresses_are(
    addresses: list[str] | None, *, private: bool
) -> None:
    """A name that cannot be resolved is not private."""
    result = [(0, 0, 0, "", (address, 32400)) for address in addresses or ()]
    lookup = AsyncMock(return_value=result, side_effect=None if addresses else OSError)
    with patch.object(asyncio.get_running_loop(), "getaddrinfo", lookup):
        assert await is_private_or_encrypted("http://plex.home.example:32400") is private


async def test_host_name_is_resolved_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS server that does not answer holds no request for longer."""
    monkeypatch.setattr(addresses_module, "RESOLVE_TIMEOUT", 0.02)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(5):
        with patch.object(asyncio.get_running_loop(), "getaddrinfo", never):
            assert not await is_private_or_encrypted("http://plex.home.example:32400")
