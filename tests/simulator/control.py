"""The control panel: everything that a test does in Python, over HTTP for other processes.

All bodies are JSON objects. The endpoints, except those of streams, libraries and activities, which
are in the module control_media:

GET    /                                        overview: addresses, accounts, PINs, streams
POST   /idle                                    responds when no request is open
GET    /requests, DELETE /requests              the log, without tokens
POST   /accounts                                {username, plex_pass}
POST   /accounts/{name}/sign_in                 {client_identifier, product} -> {token}
POST   /accounts/{name}/password                {sign_out, servers}
GET    /accounts/{name}/devices                 with tokens, as plex.tv lists them to the account
DELETE /devices/{client_identifier}             remove an app under Authorized devices
POST   /tokens/revoke                           {token}
POST   /pins/{code}/approve                     {account}
POST   /pins/{code}/expire
PATCH  /pins                                    {weak_lifetime, strong_lifetime} in seconds
POST   /homes                                   {members}: the first is the admin
POST   /servers                                 {name, owner, version, tls}
PATCH  /servers/{name}                          any knob, see the package's docstring
POST   /servers/{name}/restart                  {version, maintenance}
POST   /servers/{name}/share, .../unshare       {account, sections: ids of the only ones}
POST   /servers/{name}/token                    {account}: regenerate
POST   /servers/{name}/update                   {version, added, fixed, can_install, checked}
POST   /servers/{name}/notify                   {type, element, items}
POST   /servers/{name}/websockets/drop          {abruptly}
POST   /servers/{name}/websockets/mute          {mute}: from the next connection on
PUT    /servers/{name}/connections              {connections: [{uri, address, port, local, relay}]}
POST   /servers/{name}/certificate              {new_name}: from the next start on
POST   /hosts/{host}/start, .../stop, .../move  a server's name, or plex.tv
POST   /hosts/{host}/faults                     {kind, status, retry_after, text, content_type,
                                                location, seconds, paths, methods, times}
DELETE /hosts/{host}/faults
"""

from collections.abc import Awaitable, Callable
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .access import Connection
from .control_media import Action, Body, MediaControl, stream_body
from .faults import Fault
from .host import LOOPBACK, Host, bind
from .knobs import KNOBS
from .server import PlexServer

if TYPE_CHECKING:
    from .world import World


class ControlPanel:
    """Serves the panel on its own port; its requests are not in the world's log."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        """Reserve a port."""
        self._world = world
        self._socket = bind(port)
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Start serving."""
        app = web.Application()
        for method, path, action in (*self._actions(), *MediaControl(self._world).actions()):
            app.router.add_route(method, path, _served(action))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()

    async def close(self) -> None:
        """Stop serving."""
        if self._runner:
            await self._runner.cleanup()
        self._socket.close()

    def _actions(self) -> list[tuple[str, str, Action]]:
        return [
            ("GET", "/", self.overview),
            ("POST", "/idle", self.idle),
            ("GET", "/requests", self.requests),
            ("DELETE", "/requests", self.clear_requests),
            ("POST", "/accounts", self.add_account),
            ("POST", "/accounts/{account}/sign_in", self.sign_in),
            ("POST", "/accounts/{account}/password", self.change_password),
            ("GET", "/accounts/{account}/devices", self.devices),
            ("DELETE", "/devices/{client_identifier}", self.remove_device),
            ("POST", "/tokens/revoke", self.revoke),
            ("POST", "/pins/{code}/approve", self.approve_pin),
            ("POST", "/pins/{code}/expire", self.expire_pin),
            ("PATCH", "/pins", self.set_lifetimes),
            ("POST", "/homes", self.add_home),
            ("POST", "/servers", self.add_server),
            ("PATCH", "/servers/{server}", self.turn_knobs),
            ("POST", "/servers/{server}/restart", self.restart),
            ("POST", "/servers/{server}/share", self.share),
            ("POST", "/servers/{server}/unshare", self.unshare),
            ("POST", "/servers/{server}/token", self.regenerate_token),
            ("POST", "/servers/{server}/update", self.offer_update),
            ("POST", "/servers/{server}/notify", self.notify),
            ("POST", "/servers/{server}/websockets/drop", self.drop_websockets),
            ("POST", "/servers/{server}/websockets/mute", self.mute),
            ("PUT", "/servers/{server}/connections", self.set_connections),
            ("POST", "/servers/{server}/certificate", self.renew_certificate),
            ("POST", "/hosts/{host}/move", self.move_host),
            ("POST", "/hosts/{host}/start", self.start_host),
            ("POST", "/hosts/{host}/stop", self.stop_host),
            ("POST", "/hosts/{host}/faults", self.set_fault),
            ("DELETE", "/hosts/{host}/faults", self.clear_faults),
        ]

    def _server(self, request: web.Request) -> PlexServer:
        return self._world.server(request.match_info["server"])

    def _host(self, request: web.Request) -> Host:
        name = request.match_info["host"]
        plex_tv = self._world.plex_tv
        return plex_tv if name == plex_tv.name else self._world.server(name)

    async def overview(self, _: web.Request, __: Body) -> Any:
        """Return addresses, accounts, PINs and streams."""
        plex_tv = self._world.plex_tv
        return {
            "control": self.url,
            "plex_tv": {
                "url": plex_tv.url,
                "running": plex_tv.running,
                "accounts": [account.username for account in plex_tv.book.accounts],
                "waiting_pins": [
                    {"code": pin.code, "product": pin.product, "strong": pin.strong}
                    for pin in plex_tv.waiting_pins()
                ],
            },
            "servers": {
                server.name: {
                    "url": server.url,
                    "running": server.running,
                    "machine_identifier": server.machine_identifier,
                    "version": server.version,
                    "owner": server.owner.username,
                    "shared_with": [share.account.username for share in server.shares],
                    "listeners": len(server.notifier.listeners),
                    "knobs": {name: getattr(server, name) for name in KNOBS},
                    "streams": [stream_body(stream) for stream in server.streams],
                    "libraries": {section.id: section.title for section in server.library.sections},
                    "activities": {
                        activity.uuid: activity.title for activity in server.activities.running
                    },
                }
                for server in self._world.servers
            },
        }

    async def idle(self, _: web.Request, __: Body) -> None:
        """Wait until no request is open."""
        await self._world.idle()

    async def requests(self, _: web.Request, __: Body) -> Any:
        """Return the log."""
        return [
            {
                "host": record.host,
                "method": record.method,
                "path": record.path,
                "with_token": record.token_sent is not None,
                "token_in_query": record.token_in_query,
                "status": record.status,
                "at": record.at,
            }
            for record in self._world.requests
        ]

    async def clear_requests(self, _: web.Request, __: Body) -> None:
        """Clear the log."""
        self._world.requests.clear()

    # plex.tv

    async def add_account(self, _: web.Request, body: Body) -> None:
        """Create an account."""
        self._world.plex_tv.add_account(body["username"], plex_pass=body.get("plex_pass", False))

    async def sign_in(self, request: web.Request, body: Body) -> Any:
        """Sign a device in."""
        account = self._world.plex_tv.account(request.match_info["account"])
        return {"token": self._world.plex_tv.sign_in(account, **body)}

    async def change_password(self, request: web.Request, body: Body) -> None:
        """Change a password."""
        account = self._world.plex_tv.account(request.match_info["account"])
        self._world.plex_tv.change_password(account, **body)

    async def devices(self, request: web.Request, _: Body) -> Any:
        """List the devices of an account."""
        account = self._world.plex_tv.account(request.match_info["account"])
        return [
            {
                "client_identifier": device.client_identifier,
                "product": device.product,
                "name": device.name,
                "token": device.token,
            }
            for device in self._world.plex_tv.devices_of(account)
        ]

    async def remove_device(self, request: web.Request, _: Body) -> None:
        """Remove a device."""
        self._world.plex_tv.remove_device(request.match_info["client_identifier"])

    async def revoke(self, _: web.Request, body: Body) -> None:
        """Revoke a token."""
        self._world.plex_tv.revoke(body["token"])

    async def approve_pin(self, request: web.Request, body: Body) -> None:
        """Approve a PIN."""
        plex_tv = self._world.plex_tv
        plex_tv.approve_pin(request.match_info["code"], plex_tv.account(body["account"]))

    async def expire_pin(self, request: web.Request, _: Body) -> None:
        """Expire a PIN."""
        self._world.plex_tv.expire_pin(request.match_info["code"])

    async def set_lifetimes(self, _: web.Request, body: Body) -> None:
        """Set the lifetimes of new PINs."""
        pins = self._world.plex_tv.pins
        pins.weak_lifetime = body.get("weak_lifetime", pins.weak_lifetime)
        pins.strong_lifetime = body.get("strong_lifetime", pins.strong_lifetime)

    async def add_home(self, _: web.Request, body: Body) -> None:
        """Join accounts to a Plex Home."""
        plex_tv = self._world.plex_tv
        plex_tv.add_home([plex_tv.account(username) for username in body["members"]])

    # Servers

    async def add_server(self, _: web.Request, body: Body) -> Any:
        """Add and start a server."""
        owner = self._world.plex_tv.account(body.pop("owner"))
        server = await self._world.add_server(body.pop("name"), owner=owner, **body)
        return {"url": server.url, "machine_identifier": server.machine_identifier}

    async def turn_knobs(self, request: web.Request, body: Body) -> None:
        """Set knobs."""
        server = self._server(request)
        for name, value in body.items():
            if name not in KNOBS:
                raise ValueError(f"There is no knob {name}.")
            setattr(server, name, value)

    async def restart(self, request: web.Request, body: Body) -> None:
        """Restart a server."""
        await self._server(request).restart(**body)

    async def share(self, request: web.Request, body: Body) -> Any:
        """Share a server."""
        account = self._world.plex_tv.account(body["account"])
        server, ids = self._server(request), body.get("sections")
        sections = (
            None
            if ids is None
            else [section for section in server.library.sections if section.id in ids]
        )
        return {"token": server.share_with(account, sections=sections)}

    async def unshare(self, request: web.Request, body: Body) -> None:
        """End a share."""
        self._server(request).unshare(self._world.plex_tv.account(body["account"]))

    async def regenerate_token(self, request: web.Request, body: Body) -> Any:
        """Give an account a new token for a server."""
        account = self._world.plex_tv.account(body["account"])
        return {"token": self._server(request).regenerate_token(account)}

    async def offer_update(self, request: web.Request, body: Body) -> None:
        """Offer a newer version."""
        updater = self._server(request).updater
        updater.can_install = body.pop("can_install", updater.can_install)
        updater.offer(body.pop("version"), **body)

    async def notify(self, request: web.Request, body: Body) -> None:
        """Send a notification."""
        notifier = self._server(request).notifier
        await notifier.notify(body["type"], body["element"], *body["items"])

    async def drop_websockets(self, request: web.Request, body: Body) -> None:
        """Close all websockets."""
        await self._server(request).notifier.drop(abruptly=body.get("abruptly", False))

    async def mute(self, request: web.Request, body: Body) -> None:
        """Make new websockets ignore pings."""
        self._server(request).notifier.mute = bool(body["mute"])

    async def set_connections(self, request: web.Request, body: Body) -> None:
        """Set the addresses that plex.tv lists."""
        self._server(request).connections = [Connection(**item) for item in body["connections"]]

    async def renew_certificate(self, request: web.Request, body: Body) -> None:
        """Use a new certificate."""
        self._server(request).renew_certificate(**body)

    # Hosts

    async def move_host(self, request: web.Request, _: Body) -> Any:
        """Move a host to another port."""
        host = self._host(request)
        await host.move()
        return {"url": host.url}

    async def start_host(self, request: web.Request, _: Body) -> None:
        """Start a host."""
        await self._host(request).start()

    async def stop_host(self, request: web.Request, _: Body) -> None:
        """Stop a host."""
        await self._host(request).stop()

    async def set_fault(self, request: web.Request, body: Body) -> None:
        """Set a fault of a host."""
        rule = {name: body.pop(name) for name in ("paths", "methods", "times") if name in body}
        self._host(request).faults.set(Fault.from_dict(body), **rule)

    async def clear_faults(self, request: web.Request, _: Body) -> None:
        """Clear all faults of a host."""
        self._host(request).faults.clear()


def _served(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            body = await request.json() if request.can_read_body else {}
            return web.json_response(await action(request, body) or {})
        except (StopIteration, LookupError, TypeError, ValueError, JSONDecodeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)

    return serve
