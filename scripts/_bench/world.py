"""The simulated Plex of the benchmark, in a process of its own.

    python -m scripts._bench.world

It reads commands as lines of JSON, {"do": name, ...arguments}, and responds to each with a line,
{"result": ...} or {"error": text}. It ends when its standard input does.
"""

import asyncio
from collections.abc import Awaitable, Callable
import json
import sys
import time
from typing import Any, cast
import uuid

from tests.real import clock
from tests.simulator import Account, Connection, Fault, Find, Kind, PlexServer, PlexTv, World
from tests.simulator.knobs import KNOBS
from tests.simulator.streams import Delivery, Player, State
from tests.simulator.tls import Authority

from .hostile_world import bodies, frames
from .proxy import Proxy

# The interval at which real servers push the positions of streams, as users report.
PLAYING_INTERVAL = 10.0
DELIVERIES = (Delivery.DIRECT_PLAY, Delivery.TRANSCODE, Delivery.DIRECT_STREAM)
FAULTS = {
    "maintenance": Fault.MAINTENANCE,
    "hang": Fault.HANG,
    "garbage": Fault.GARBLED,
    "forbidden": Fault.status(403),
    "not found": Fault.status(404),
}

type Json = dict[str, Any]


class SimulatedPlex:
    """The commands of the world: each public method is one."""

    def __init__(self, world: World) -> None:
        """Initialize with an empty world."""
        self._world = world
        self._owner: Account = world.plex_tv.add_account("owner", plex_pass=True)
        self._proxies: dict[str, Proxy] = {}
        self._other_authority = Authority()
        self._pushed = 0

    async def open(self) -> None:
        """Open the proxy to plex.tv."""
        await self._open_proxy(self._world.plex_tv.name, self._world.plex_tv.port)

    async def close(self) -> None:
        """Close all proxies."""
        for proxy in self._proxies.values():
            await proxy.cut()
        self._other_authority.close()

    async def _open_proxy(self, name: str, port: int) -> Proxy:
        proxy = self._proxies[name] = Proxy(port)
        await proxy.open()
        return proxy

    def _server(self, server: str) -> PlexServer:
        return self._world.server(server)

    # Servers

    async def add_server(self, server: str, *, tls: bool = False) -> Json:
        """Add a server of the owner's; with TLS its certificate is one for its bare address."""
        plex = await self._world.add_server(server, owner=self._owner, tls=tls)
        if tls:
            await self._certify(plex, self._world.authority)
        proxy = await self._open_proxy(server, plex.port)
        url = f"{'https' if tls else 'http'}://127.0.0.1:{proxy.port}"
        plex.connections = [Connection(uri=url, address="127.0.0.1", port=proxy.port)]
        plex.playing_interval = PLAYING_INTERVAL
        notify = plex.notifier.send_text

        async def counted(*arguments: Any, **options: Any) -> None:
            self._pushed += 1
            await notify(*arguments, **options)

        setattr(plex.notifier, "send_text", counted)  # noqa: B010 - a method, but for this.
        return {"name": server, "url": url, "machine_identifier": plex.machine_identifier}

    @staticmethod
    async def _certify(plex: PlexServer, authority: Authority) -> None:
        await plex.stop()
        plex.ssl_context = authority.server_context("127.0.0.1")
        await plex.start()

    async def addresses(self) -> Json:
        """Return the address of plex.tv, and the certificate to trust."""
        proxy = self._proxies[self._world.plex_tv.name]
        return {
            "plex_tv": f"http://127.0.0.1:{proxy.port}",
            "ca_file": str(self._world.ca_file),
        }

    async def add_libraries(self, server: str, number: int, items: int = 100) -> None:
        """Add libraries of films, shows and music in turn, that claim this many items."""
        library = self._server(server).library
        for count in range(number):
            kind = (Kind.MOVIE, Kind.SHOW, Kind.ARTIST)[count % 3]
            claims = {
                Kind.MOVIE: {Kind.MOVIE: items},
                Kind.SHOW: {
                    Kind.SHOW: max(1, items // 20),
                    Kind.SEASON: max(1, items // 10),
                    Kind.EPISODE: items,
                },
                Kind.ARTIST: {
                    Kind.ARTIST: max(1, items // 100),
                    Kind.ALBUM: max(1, items // 10),
                    Kind.TRACK: items,
                },
            }[kind]
            library.add_section(f"Library {count + 1}", kind, claims=claims)

    # Tokens

    async def sign_in(self) -> Json:
        """Return a new token of the owner."""
        identifier = str(uuid.uuid4())
        token = self._world.plex_tv.sign_in(self._owner, client_identifier=identifier)
        return {"client_identifier": identifier, "token": token}

    async def approve(self, code: str) -> None:
        """Approve a PIN as a user does at plex.tv/link."""
        self._world.plex_tv.approve_pin(code, self._owner)

    async def newest_device(self) -> str:
        """Return the client identifier of the newest device."""
        return self._world.plex_tv.devices_of(self._owner)[-1].client_identifier

    async def remove_device(self, client_identifier: str) -> None:
        """Remove an app under Authorized devices."""
        self._world.plex_tv.remove_device(client_identifier)

    # Streams and notifications

    async def start_streams(self, server: str, number: int) -> list[str]:
        """Start streams, and return their titles."""
        titles = [f"Film {count + 1}" for count in range(number)]
        for title in titles:
            await self.start_stream(server, title)
        return titles

    async def start_stream(self, server: str, title: str) -> float:
        """Start a stream on its own player, and return when that was pushed."""
        plex = self._server(server)
        at = time.monotonic()
        await plex.start_stream(
            title=title,
            player=Player(title=f"Player of {title}"),
            delivery=DELIVERIES[len(plex.streams) % len(DELIVERIES)],
        )
        return at

    async def pause(self, server: str, title: str, *, paused: bool) -> float:
        """Pause or resume a stream, and return when that was pushed."""
        [stream] = [one for one in self._server(server).streams if one.item.title == title]
        at = time.monotonic()
        await (stream.pause() if paused else stream.resume())
        return at

    async def push(self, server: str, what: str, number: int, per_second: float) -> Json:
        """Push positions of streams, their pauses and resumes, or a scan."""
        plex = self._server(server)
        streams = list(plex.streams)
        before, started = self._pushed, time.monotonic()
        if what == "scan":
            # Ten frames for each film: it is scanned, created, matched, and so on.
            await plex.discover(*(Find(title=f"New {count}") for count in range(number // 10)))
            return {"frames": self._pushed - before}
        for count in range(number):
            stream = streams[count % len(streams)]
            if what == "positions":
                await plex.playback.announce(stream)
            elif stream.state is State.PAUSED:
                await stream.resume()
            else:
                await stream.pause()
            due = started + (count + 1) / per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        return {"frames": self._pushed - before}

    # Faults

    async def fault(self, server: str, kind: str) -> None:
        """Set a fault for all requests to a server, and drop its push channel."""
        plex = self._server(server)
        if kind == "down":
            await self.stop(server)
        elif kind == "restart":
            await plex.restart(maintenance=120)
        elif kind == "tls":
            await self._certify(plex, self._other_authority)
        else:
            link = f"{self._world.plex_tv.url}/link/"
            plex.faults.set(Fault.redirect(link) if kind == "login page" else FAULTS[kind])
            await plex.notifier.drop()

    async def end_fault(self, server: str, kind: str) -> None:
        """End a fault of a server."""
        plex = self._server(server)
        if kind == "down":
            await self.start(server)
        elif kind == "tls":
            await self._certify(plex, self._world.authority)
        else:
            plex.faults.clear()

    async def fail_path(self, server: str, paths: str, status: int) -> None:
        """Make requests to some paths of a server fail, and nothing else."""
        self._server(server).faults.set(Fault.status(status), paths=paths)

    async def be_hostile(self, server: str, kind: str, *, xml: bool) -> None:
        """Answer most requests to a server in a way that costs its clients as much as it can."""
        content_type = "application/xml" if xml else "application/json"
        for paths, body in bodies(kind, xml=xml).items():
            self._server(server).faults.set(
                Fault.body(body, content_type=content_type), paths=paths
            )

    async def end_hostility(self, server: str) -> None:
        """Answer as usual again."""
        self._server(server).faults.clear()

    async def flood(self, server: str, kind: str) -> None:
        """Push many frames at once."""
        notifier = self._server(server).notifier
        for frame in frames(kind):
            await notifier.send_text(frame)

    async def silence(self, hosts: list[str]) -> None:
        """Make hosts accept connections, and never answer."""
        for host in self._hosts(hosts):
            host.faults.set(Fault.HANG)

    async def end_silence(self, hosts: list[str]) -> None:
        """Make silent hosts answer again."""
        for host in self._hosts(hosts):
            host.faults.clear()

    def _hosts(self, names: list[str]) -> list[PlexServer | PlexTv]:
        plex_tv = self._world.plex_tv
        return [plex_tv if name == plex_tv.name else self._server(name) for name in names]

    async def stop(self, host: str) -> None:
        """Stop a host."""
        await self._proxies[host].cut()

    async def start(self, host: str) -> None:
        """Start a host."""
        await self._proxies[host].open()

    async def set_knob(self, server: str, knob: str, value: Any) -> None:
        """Set a knob of a server."""
        if knob not in KNOBS:
            raise LookupError(f"There is no knob {knob}.")
        setattr(self._server(server), knob, value)

    async def delay(self, server: str, round_trip: float) -> None:
        """Set the seconds of a round trip to a server."""
        self._proxies[server].round_trip = round_trip

    # Traffic

    async def traffic(self) -> dict[str, Json]:
        """Return the requests and bytes so far, by host."""
        return {
            name: {"requests": len(self._world.requests.to(host=name)), "bytes": proxy.bytes}
            for name, proxy in self._proxies.items()
        }

    async def request_counts(self) -> dict[str, int]:
        """Return the number of requests by host, method and path."""
        counts: dict[str, int] = {}
        for record in self._world.requests:
            key = f"{record.host} {record.method} {record.path}"
            counts[key] = counts.get(key, 0) + 1
        return counts

    async def run_clock(self, speed: float) -> None:
        """Run the clock this many times as fast from now on."""
        clock.run(speed)

    async def idle(self) -> None:
        """Wait until no request is open."""
        await self._world.idle(0.3)


async def serve() -> None:
    """Run the commands of the input until its end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with World() as world:
        plex = SimulatedPlex(world)
        await plex.open()
        while line := await reader.readline():
            arguments: Json = json.loads(line)
            do = cast("Callable[..., Awaitable[Any]]", getattr(plex, arguments.pop("do")))
            try:
                response = {"result": await do(**arguments)}
            except Exception as error:  # noqa: BLE001 - it is sent back, not swallowed.
                response = {"error": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(response) + "\n")
            sys.stdout.flush()
        await plex.close()


if __name__ == "__main__":
    clock.install()
    asyncio.run(serve())
