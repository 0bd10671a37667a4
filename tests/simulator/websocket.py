"""The push channel of a server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import WSCloseCode, web

from .access import Access
from .host import Traffic

DEFAULT_FILTERS = "-log"
CLOSE_TIMEOUT = 1.0


@dataclass(eq=False, kw_only=True)
class Listener:
    """A client that is connected."""

    access: Access
    token: str | None = field(repr=False)
    filters: str | None
    socket: web.WebSocketResponse = field(repr=False)
    request: web.Request = field(repr=False)

    def wants(self, kind: str) -> bool:
        """Return whether the client asked for this kind of notification."""
        filters = DEFAULT_FILTERS if self.filters is None else self.filters
        names = [name.strip() for name in filters.split(",") if name.strip()]
        if all(name.startswith("-") for name in names):
            return f"-{kind}" not in names
        return kind in names


class Notifier:
    """Sends notifications to all who listen.

    `mute` makes it leave pings without an answer.
    """

    def __init__(self, traffic: Traffic) -> None:
        """Start without listeners."""
        self._traffic = traffic
        self.listeners: list[Listener] = []
        self.mute = False

    async def listen(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Serve one client until it goes or is dropped."""
        socket = web.WebSocketResponse(autoping=not self.mute, timeout=CLOSE_TIMEOUT)
        await socket.prepare(request)
        listener = Listener(
            access=access,
            token=request.headers.get("X-Plex-Token") or request.query.get("X-Plex-Token"),
            filters=request.query.get("filters"),
            socket=socket,
            request=request,
        )
        self.listeners.append(listener)
        try:
            with self._traffic.waiting():
                async for _ in socket:
                    self._traffic.stir()
        finally:
            self.listeners.remove(listener)
        return socket

    async def notify(
        self,
        kind: str,
        element: str,
        *items: Any,
        owner_of_items: object | None = None,
        section_id: int | None = None,
        account_id: int | None = None,
    ) -> None:
        """Send one notification.

        Guests only hear of streams and activities that are their own, as they only see those when
        they ask, and of libraries that they may see. No capture tells what they hear.
        """
        frame = json.dumps(
            {"NotificationContainer": {"type": kind, "size": len(items), element: list(items)}}
        )
        await self.send_text(
            frame,
            [
                listener
                for listener in self.listeners
                if listener.wants(kind)
                and (account_id is None or listener.access.may_see_work_of(account_id))
                and (section_id is None or listener.access.sees(section_id))
                and (
                    owner_of_items is None
                    or listener.access.owner
                    or listener.access.account is owner_of_items
                )
            ],
        )

    async def send_text(self, frame: str, to: Sequence[Listener] | None = None) -> None:
        """Send any text, also such as no server would, to all or to some."""
        self._traffic.stir()
        for listener in list(self.listeners if to is None else to):
            if not listener.socket.closed:
                await listener.socket.send_str(frame)

    async def drop(self, *, token: str | None = None, abruptly: bool = False) -> None:
        """Close all connections, or those of one token; abruptly means without a goodbye."""
        for listener in list(self.listeners):
            if token not in {None, listener.token}:
                continue
            if abruptly:
                if listener.request.transport:
                    listener.request.transport.abort()
            else:
                await listener.socket.close(code=WSCloseCode.GOING_AWAY)
