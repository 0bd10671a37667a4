"""The push channel of a server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
import json
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from .access import Access
from .host import Traffic

DEFAULT_FILTERS = "-log"
CLOSE_TIMEOUT = 1.0


@dataclass(eq=False, kw_only=True)
class Listener:
    """A connected client."""

    access: Access
    token: str | None = field(repr=False)
    filters: str | None
    socket: web.WebSocketResponse = field(repr=False)
    request: web.Request = field(repr=False)

    def wants(self, kind: str) -> bool:
        """Return whether the client's filters let this kind of notification through."""
        filters = DEFAULT_FILTERS if self.filters is None else self.filters
        names = [name.strip() for name in filters.split(",") if name.strip()]
        if all(name.startswith("-") for name in names):
            return f"-{kind}" not in names
        return kind in names


class Notifier:
    """Sends notifications to all listeners.

    `mute` makes new connections ignore pings.
    """

    def __init__(self, traffic: Traffic) -> None:
        """Initialize without listeners."""
        self._traffic = traffic
        self.listeners: list[Listener] = []
        self.mute = False

    async def listen(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Serve one client until it disconnects or is dropped."""
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

        A guest is only notified of its own streams and activities, as only those are listed to it,
        and of libraries that it may see. No capture shows what guests are notified of.
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

    async def send_text(self, frame: str | bytes, to: Sequence[Listener] | None = None) -> None:
        """Send any text, even one that no server would send, to all listeners or to some.

        Bytes are sent as they are, so that the text need not be UTF-8.
        """
        data = frame.encode() if isinstance(frame, str) else frame
        self._traffic.stir()
        for listener in list(self.listeners if to is None else to):
            if not listener.socket.closed:
                await listener.socket.send_frame(data, WSMsgType.TEXT)

    async def drop(self, *, token: str | None = None, abruptly: bool = False) -> None:
        """Close all connections, or those of one token; abruptly means without a close frame."""
        for listener in list(self.listeners):
            if token not in {None, listener.token}:
                continue
            if abruptly:
                if listener.request.transport:
                    listener.request.transport.abort()
            else:
                await listener.socket.close(code=WSCloseCode.GOING_AWAY)
