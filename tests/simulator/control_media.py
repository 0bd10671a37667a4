"""The part of the control panel for streams, libraries and activities of a server.

A file is {title, kind, show, season, album, duration, year, section, quality, summary, credits_at,
early_credits_at, intro_at, rating, has_picture} of which only the title is required; a kind is a
name such as `movie`, a quality one of hd, uhd, sd and music, and a section an id.

POST   /servers/{name}/streams                  {user, title, player, delivery, kind, live, quality,
                                                 video, audio, subtitles, hardware, location,
                                                 bandwidth}
POST   /servers/{name}/streams/{key}/{action}   pause, resume, buffer, stop, crash, seek {offset},
                                                deliver {delivery, video, audio},
                                                work {throttled, speed}
POST   /servers/{name}/media                    a file -> {rating_key}
POST   /servers/{name}/discover                 {files}: one scan finds them all
POST   /servers/{name}/disk                     {files}: the next scan finds them
DELETE /servers/{name}/media/{key}
POST   /servers/{name}/sections                 {title, kind, claims, hidden} -> {id}
DELETE /servers/{name}/sections/{id}
POST   /servers/{name}/activities               {kind, title, section_id, cancellable} -> {uuid}
POST   /servers/{name}/activities/{uuid}/update {progress, subtitle}
POST   /servers/{name}/activities/{uuid}/end
POST   /servers/{name}/butler/{task}
POST   /servers/{name}/jobs/finish
POST   /servers/{name}/remote_access            {state, error}
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .items import HD, MUSIC, SD, UHD, Find, Kind
from .server import PlexServer
from .streams import Delivery, Stream

if TYPE_CHECKING:
    from .world import World

type Body = dict[str, Any]
type Action = Callable[[web.Request, Body], Awaitable[Any]]

QUALITIES = {"hd": HD, "uhd": UHD, "sd": SD, "music": MUSIC}
SERVER = "/servers/{server}"


class MediaControl:
    """The endpoints for the media of a server."""

    def __init__(self, world: World) -> None:
        """Initialize for this world."""
        self._world = world

    def actions(self) -> list[tuple[str, str, Action]]:
        """Return all endpoints with their actions."""
        return [
            ("POST", f"{SERVER}/streams", self.start_stream),
            ("POST", f"{SERVER}/streams/{{key}}/{{action}}", self.control_stream),
            ("POST", f"{SERVER}/media", self.add_media),
            ("POST", f"{SERVER}/discover", self.discover),
            ("POST", f"{SERVER}/disk", self.put_on_disk),
            ("DELETE", f"{SERVER}/media/{{key}}", self.remove_media),
            ("POST", f"{SERVER}/sections", self.add_section),
            ("DELETE", f"{SERVER}/sections/{{id}}", self.remove_section),
            ("POST", f"{SERVER}/activities", self.start_activity),
            ("POST", f"{SERVER}/activities/{{uuid}}/{{action}}", self.control_activity),
            ("POST", f"{SERVER}/butler/{{task}}", self.start_task),
            ("POST", f"{SERVER}/jobs/finish", self.finish_jobs),
            ("POST", f"{SERVER}/remote_access", self.set_remote_access),
        ]

    def _server(self, request: web.Request) -> PlexServer:
        return self._world.server(request.match_info["server"])

    # Streams

    async def start_stream(self, request: web.Request, body: Body) -> Any:
        """Start a stream."""
        if user := body.pop("user", None):
            body["user"] = self._world.plex_tv.account(user)
        if delivery := body.pop("delivery", None):
            body["delivery"] = Delivery(delivery)
        return stream_body(await self._server(request).start_stream(**_parse_body(body)))

    async def control_stream(self, request: web.Request, body: Body) -> None:
        """Change or end a stream."""
        stream = next(
            stream
            for stream in self._server(request).streams
            if stream.session_key == request.match_info["key"]
        )
        match request.match_info["action"]:
            case "pause":
                await stream.pause()
            case "resume":
                await stream.resume()
            case "buffer":
                await stream.buffer()
            case "stop":
                await stream.stop()
            case "crash":
                await stream.crash()
            case "seek":
                await stream.seek(int(body["offset"]))
            case "deliver":
                await stream.deliver(Delivery(body.pop("delivery")), **body)
            case "work":
                await stream.work(**body)
            case action:
                raise ValueError(f"A stream cannot {action}.")

    # Libraries

    def _find(self, request: web.Request, body: Body) -> Find:
        if section_id := body.pop("section", None):
            body["section"] = self._server(request).library.section(int(section_id))
        return Find(**_parse_body(body))

    async def add_media(self, request: web.Request, body: Body) -> Any:
        """Add an item to a library."""
        [item] = await self._server(request).discover(self._find(request, body))
        return {"rating_key": item.rating_key}

    async def discover(self, request: web.Request, body: Body) -> Any:
        """Add several files with one scan."""
        finds = [self._find(request, file) for file in body["files"]]
        items = await self._server(request).discover(*finds)
        return {"rating_keys": [item.rating_key for item in items]}

    async def put_on_disk(self, request: web.Request, body: Body) -> None:
        """Put files on the disk for the next scan."""
        self._server(request).scanner.on_disk += [
            self._find(request, file) for file in body["files"]
        ]

    async def remove_media(self, request: web.Request, _: Body) -> None:
        """Remove an item with all in it."""
        server = self._server(request)
        item = server.library.item(int(request.match_info["key"]))
        if item is None:
            raise LookupError("There is no such item.")
        await server.remove_media(item)

    async def add_section(self, request: web.Request, body: Body) -> Any:
        """Add a library."""
        claims = {Kind[kind.upper()]: count for kind, count in body.pop("claims", {}).items()}
        section = self._server(request).library.add_section(
            body.pop("title"), Kind[body.pop("kind").upper()], claims=claims, **body
        )
        return {"id": section.id}

    async def remove_section(self, request: web.Request, _: Body) -> None:
        """Remove a library with all in it."""
        library = self._server(request).library
        section = library.section(int(request.match_info["id"]))
        if section is None:
            raise LookupError("There is no such library.")
        library.remove_section(section)

    # Work

    async def start_activity(self, request: web.Request, body: Body) -> Any:
        """Start an activity."""
        activity = await self._server(request).activities.start(**body)
        return {"uuid": activity.uuid}

    async def control_activity(self, request: web.Request, body: Body) -> None:
        """Update or end an activity."""
        activity = self._server(request).activities.find(request.match_info["uuid"])
        if activity is None:
            raise LookupError("There is no such activity.")
        match request.match_info["action"]:
            case "update":
                await activity.update(**body)
            case "end":
                await activity.end()
            case action:
                raise ValueError(f"An activity cannot {action}.")

    async def start_task(self, request: web.Request, _: Body) -> Any:
        """Start a task of the butler."""
        return {"started": await self._server(request).butler.start(request.match_info["task"])}

    async def finish_jobs(self, request: web.Request, _: Body) -> None:
        """End all jobs."""
        await self._server(request).jobs.finish()

    async def set_remote_access(self, request: web.Request, body: Body) -> None:
        """Set the remote access of the server."""
        await self._server(request).remote_access.become(**body)


def _parse_body(body: Body) -> Body:
    """Return the body with the names of a kind and a quality replaced by their objects."""
    if kind := body.pop("kind", None):
        body["kind"] = Kind[str(kind).upper()]
    if quality := body.pop("quality", None):
        body["quality"] = QUALITIES[quality]
    return body


def stream_body(stream: Stream) -> Body:
    """Return a stream as the panel shows it."""
    return {
        "session_key": stream.session_key,
        "user": stream.user_title,
        "title": stream.item.title,
        "player": stream.player.title,
        "delivery": stream.delivery.value,
        "state": stream.state.value,
        "view_offset": stream.view_offset,
    }
