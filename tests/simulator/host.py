"""The base class of the simulated hosts: a port, a log, faults, start and stop."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import json
import socket
import ssl

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from .error_pages import maintenance
from .faults import Faults, Kind, Rule, misencoded, mistyped
from .protocol_switch import ProtocolSwitch
from .rendering import JSON_TYPE
from .request_log import RequestLog, RequestRecord

LOOPBACK = "127.0.0.1"
SHUTDOWN_TIMEOUT = 1.0


def bind(port: int = 0) -> socket.socket:
    """Return a socket that holds a port on loopback without listening yet."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((LOOPBACK, port))
    sock.setblocking(False)  # noqa: FBT003 - The API takes no keyword.
    return sock


class Traffic:
    """Counts the open requests and tasks, so that a test can wait until all are done."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Initialize without traffic."""
        self.log = RequestLog()
        self.clock = clock
        self._open = 0
        self._turns = 0

    @property
    def turns(self) -> int:
        """Return a number that increases with every event."""
        return self._turns

    def stir(self) -> None:
        """Record an event."""
        self._turns += 1

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count something as busy while entered."""
        self._open += 1
        self.stir()
        try:
            yield
        finally:
            self._open -= 1
            self.stir()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Do not count something as busy while it only waits."""
        self._open -= 1
        try:
            yield
        finally:
            self._open += 1

    async def idle(self, quiet: float) -> None:
        """Wait until nothing has been busy for this many real seconds."""
        loop = asyncio.get_running_loop()
        seen, since = self._turns, loop.time()
        while self._open or loop.time() - since < quiet:
            await asyncio.sleep(0.005)
            if self._open or seen != self._turns:
                seen, since = self._turns, loop.time()


class Host(ABC):
    """An HTTP host on loopback."""

    def __init__(self, name: str, traffic: Traffic, *, port: int = 0) -> None:
        """Reserve a port; `start` listens on it."""
        self.name = name
        self.faults = Faults()
        self.traffic = traffic
        self.ssl_context: ssl.SSLContext | None = None
        self.https_required = False
        self._runner: web.AppRunner | None = None
        self._protocol_switch: ProtocolSwitch | None = None
        self._reserved: socket.socket | None = bind(port)
        self._open: dict[int, RequestRecord] = {}
        self.port: int = self._reserved.getsockname()[1]

    @property
    def url(self) -> str:
        """Return the URL without a trailing slash."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def running(self) -> bool:
        """Return whether the host listens."""
        return self._runner is not None

    @property
    def last_start(self) -> object:
        """Return an object that is another one after each start, None while stopped."""
        return self._runner

    @property
    def open_connections(self) -> int:
        """Return how many connections are open."""
        transports = () if self._protocol_switch is None else self._protocol_switch.transports
        return sum(not transport.is_closing() for transport in transports)

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints of the host."""

    @abstractmethod
    def unauthorized(self, request: web.Request) -> web.StreamResponse:
        """Return the host's response to an invalid token."""

    async def admit(self, request: web.Request) -> web.StreamResponse | None:  # noqa: ARG002 - A hook.
        """Return a response if a request is not to reach its handler, else None."""
        return None

    async def start(self) -> None:
        """Listen, on the same port as before."""
        if self._runner:
            return
        app = web.Application(middlewares=[self._middleware])
        app.on_response_prepare.append(self._answer_begins)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_TIMEOUT,
        )
        await self._runner.setup()
        self._release()
        assert self._runner.server is not None
        self._protocol_switch = ProtocolSwitch(
            self._runner.server,
            context=self.ssl_context,
            plain=lambda: not self.https_required,
        )
        await self._protocol_switch.listen(bind(self.port))

    async def stop(self) -> None:
        """Refuse new connections, and cut the open ones."""
        if self._runner is None or self._protocol_switch is None:
            return
        runner, self._runner = self._runner, None
        self._protocol_switch.close()
        await runner.cleanup()
        self._reserved = bind(self.port)

    async def move(self) -> None:
        """Stop, and start again on another port."""
        await self.stop()
        left = self._reserved
        self._reserved = bind()
        self.port = self._reserved.getsockname()[1]
        if left:
            left.close()
        await self.start()

    async def close(self) -> None:
        """Stop for good, and release the port."""
        await self.stop()
        self._release()

    def _release(self) -> None:
        if self._reserved:
            self._reserved.close()
            self._reserved = None

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        token = request.headers.get("X-Plex-Token") or request.query.get("X-Plex-Token")
        record = RequestRecord(
            host=self.name,
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            token_sent=token or None,
            at=self.traffic.clock(),
        )
        self.traffic.log.add(record)
        self._open[id(request)] = record
        try:
            with self.traffic.busy():
                response = await self._respond(request, handler)
            if record.status is None and _connected(request):
                record.status = response.status
            return response
        finally:
            del self._open[id(request)]
            if record.status is None:
                record.status = 0

    async def _answer_begins(self, request: web.Request, response: web.StreamResponse) -> None:
        # As plex.tv does. A client that kept it would send it with the tokens of other accounts.
        response.headers.add(hdrs.SET_COOKIE, "visit=1; Path=/")
        if record := self._open.get(id(request)):
            record.status = response.status

    async def _respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        rule = self.faults.take(request)
        if rule is None:
            return await self._serve(request, handler)
        fault = rule.fault
        self._open[id(request)].fault = fault.kind
        match fault.kind:
            case Kind.HANG:
                return await self._hang(request, handler, rule)
            case Kind.RESET:
                return _cut(request)
            case Kind.SLOW:
                return await self._late(request, handler, fault.seconds)
            case Kind.MAINTENANCE:
                return maintenance(request)
            case Kind.UNAUTHORIZED:
                return self.unauthorized(request)
            case Kind.GARBLED:
                return web.Response(body=b"\x00{<half a thought", content_type="application/json")
            case Kind.OVERSIZED:
                return await self._endless(request, fault.content_type)
            case Kind.TRUNCATED:
                return await _truncated(request, await self._serve(request, handler))
            case Kind.MISENCODED:
                return _misencoded(await self._serve(request, handler))
            case Kind.MISTYPED:
                return _mistyped(await self._serve(request, handler))
            case Kind.ANSWER:
                return web.Response(
                    status=fault.code,
                    text=fault.text,
                    content_type=fault.content_type,
                    headers=dict(fault.headers),
                )

    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await self.admit(request) or await handler(request)

    async def _late(
        self, request: web.Request, handler: Handler, seconds: float
    ) -> web.StreamResponse:
        """Delay a response that was created without delay."""
        if "Upgrade" in request.headers:
            # A websocket responds at once, and stays open.
            await asyncio.sleep(seconds)
            return await self._serve(request, handler)
        response = await self._serve(request, handler)
        await asyncio.sleep(seconds)
        return response

    async def _hang(self, request: web.Request, handler: Handler, rule: Rule) -> web.StreamResponse:
        with self.traffic.waiting():
            await rule.lifted.wait()
        return await self._serve(request, handler)

    async def _endless(self, request: web.Request, content_type: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        await response.prepare(request)
        await response.write(b'{"MediaContainer":{"filler":"')
        # It ends when the client closes the connection.
        with self.traffic.waiting(), suppress(ConnectionResetError):
            while True:
                await response.write(b"x" * 65536)
        return response


def _connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) else b""
    data = bytes(body) if isinstance(body, bytes | bytearray) else b""
    response = web.StreamResponse(
        status=whole.status,
        headers={"Content-Type": whole.content_type, "Content-Length": str(len(data))},
    )
    await response.prepare(request)
    await response.write(data[: len(data) // 2])
    if request.transport:
        request.transport.close()
    return response


def _misencoded(whole: web.StreamResponse) -> web.StreamResponse:
    """Return JSON with bytes that are not UTF-8; other content is not changed."""
    if not isinstance(whole, web.Response) or whole.content_type != JSON_TYPE:
        return whole
    return web.Response(body=misencoded((whole.text or "").encode()), content_type=JSON_TYPE)


def _mistyped(whole: web.StreamResponse) -> web.StreamResponse:
    """Return JSON with other types; other content, such as a picture, is not changed."""
    if not isinstance(whole, web.Response) or whole.content_type != JSON_TYPE:
        return whole
    return web.json_response(mistyped(json.loads(whole.text or "{}")))
