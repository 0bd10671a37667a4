"""The HTTP endpoints of the simulated plex.tv."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .account_nodes import device_node, guest_node, home_user_node, share_node, user_node
from .accounts import Device
from .error_pages import invalid_token_v1, plex_tv_error
from .link_page import link_page, qr_picture
from .pins import Pin, pin_node
from .rendering import Node, Scalar, Shape, answer, container, wants_json
from .resources import PUBLIC_ADDRESS, resource_node, server_device_node

if TYPE_CHECKING:
    from .plex_tv import PlexTv

type SignedIn = Callable[[web.Request, Device], Awaitable[web.StreamResponse]]


def token_of(request: web.Request) -> str | None:
    """Return the token of a request, from its header or its URL."""
    return request.headers.get("X-Plex-Token") or request.query.get("X-Plex-Token")


async def x_plex(request: web.Request) -> dict[str, str]:
    """Return the X-Plex values of a request: plex.tv accepts them in headers, query or form."""
    values: dict[str, str] = {}
    if request.content_type == "application/x-www-form-urlencoded":
        values |= {
            key: value for key, value in (await request.post()).items() if isinstance(value, str)
        }
    values |= dict(request.query)
    values |= {
        "-".join(part.capitalize() for part in key.split("-")): value
        for key, value in request.headers.items()
    }
    return {key: value for key, value in values.items() if key.startswith("X-Plex-")}


class PlexTvApi:
    """The endpoints of plex.tv that Plex's clients use."""

    def __init__(self, plex_tv: PlexTv) -> None:
        """Initialize for this plex.tv."""
        self.plex_tv = plex_tv

    def routes(self) -> list[web.RouteDef]:
        """Return all endpoints."""
        v1, v2 = self._v1, self._v2
        return [
            web.post("/api/v2/pins", self.create_pin),
            web.post("/api/v2/pins.json", self.create_pin),
            web.put("/api/v2/pins/link", v2(self.link_pin)),
            web.get("/api/v2/pins/qr/{code}", self.qr),
            web.get("/api/v2/pins/{id:\\d+}", self.pin),
            web.get("/link", self.link),
            web.get("/link/", self.link),
            web.post("/link/", self.approve),
            web.get("/api/v2/user", v2(self.user)),
            web.get("/api/v2/ping", v2(self.ping)),
            web.get("/api/v2/resources", v2(self.resources)),
            web.get("/api/v2/home", v2(self.home)),
            web.get("/api/v2/home/users", v2(self.home_users)),
            web.post("/api/v2/home/users/{id:\\d+}/switch", v2(self.switch_user)),
            web.delete("/api/v2/users/signout", v2(self.sign_out)),
            web.get("/users/account", v1(self.account)),
            web.get("/users/account.json", v1(self.account)),
            web.get("/users/account.xml", v1(self.account)),
            web.get("/api/users", v1(self.users)),
            web.get("/api/users/", v1(self.users)),
            web.get("/api/home/users", v1(self.home_users)),
            web.post("/api/home/users/{id:\\d+}/switch", v1(self.switch_user)),
            web.get("/api/servers/{machine}/shared_servers", v1(self.shared_servers)),
            web.get("/api/servers/{machine}/shared_servers/{share}", v1(self.shared_servers)),
            web.get("/api/invites/{kind:requests|requested}", v1(self.empty)),
            web.get("/devices.xml", v1(self.devices)),
            web.delete("/devices/{id:\\d+}.xml", v1(self.delete_device)),
            web.get("/resources", v1(self.empty)),
            web.route("*", "/{anything:.*}", self.not_found),
        ]

    def _v2(self, handler: SignedIn) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            device = self.plex_tv.book.device(token_of(request))
            if device is None:
                return self.plex_tv.unauthorized(request)
            return await handler(request, device)

        return guarded

    def _v1(self, handler: SignedIn) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            device = self.plex_tv.book.device(token_of(request))
            if device is None:
                return invalid_token_v1(request)
            return await handler(request, device)

        return guarded

    async def not_found(self, request: web.Request) -> web.StreamResponse:
        """Respond with 404 to any other path."""
        return plex_tv_error(request, 404, 1002, "Not found")

    # PINs

    async def create_pin(self, request: web.Request) -> web.StreamResponse:
        """Create a PIN for the app."""
        headers = await x_plex(request)
        if not headers.get("X-Plex-Client-Identifier"):
            return plex_tv_error(request, 400, 1000, "X-Plex-Client-Identifier is missing")
        strong = request.query.get("strong")
        if strong is None and request.content_type == "application/json":
            strong = str((await request.json()).get("strong", ""))
        elif strong is None:
            strong = str((await request.post()).get("strong", ""))
        pin = self.plex_tv.pins.create(strong=strong.lower() in {"true", "1"}, headers=headers)
        return self._pin_response(request, pin, status=201)

    async def pin(self, request: web.Request) -> web.StreamResponse:
        """Return a PIN to its app, with the token once it is approved."""
        headers = await x_plex(request)
        if not headers.get("X-Plex-Client-Identifier"):
            return plex_tv_error(request, 400, 1000, "X-Plex-Client-Identifier is missing")
        pin = self.plex_tv.pins.by_id(int(request.match_info["id"]))
        if pin is None or pin.client_identifier != headers["X-Plex-Client-Identifier"]:
            return plex_tv_error(request, 404, 1020, "Code not found or expired")
        return self._pin_response(request, pin)

    def _pin_response(self, request: web.Request, pin: Pin, *, status: int = 200) -> web.Response:
        now = self.plex_tv.traffic.clock()
        node = pin_node(pin, now=now, base_url=self.plex_tv.url)
        return answer(request, node, wrapped=False, status=status)

    async def link_pin(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Approve a short PIN with an existing token."""
        code = (await request.post()).get("code") or request.query.get("code")
        pin = self.plex_tv.pins.by_code(str(code))
        if pin is None or pin.strong:
            return plex_tv_error(request, 404, 1020, "Code not found or expired")
        self.plex_tv.complete(pin, device.account)
        return web.Response(status=204)

    async def qr(self, request: web.Request) -> web.StreamResponse:
        """Return the QR code of the link page."""
        code = request.match_info["code"]
        return web.Response(
            body=qr_picture(f"{self.plex_tv.url}/link/?pin={code}"), content_type="image/png"
        )

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Return the page where a user types the code."""
        return link_page(self.plex_tv.book.accounts, code=request.query.get("pin", ""))

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Approve the PIN with the code that a user typed."""
        form = await request.post()
        code, username = str(form.get("code", "")), str(form.get("account", ""))
        accounts = self.plex_tv.book.accounts
        pin = self.plex_tv.pins.by_code(code)
        if pin is None or pin.strong:
            return link_page(accounts, code=code, problem=True)
        self.plex_tv.complete(pin, self.plex_tv.account(username))
        return link_page(accounts, code=code, linked=pin.product)

    # The account

    async def user(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Return the account of the token."""
        return answer(request, user_node(device, self.plex_tv.url), wrapped=False)

    async def ping(self, request: web.Request, _: Device) -> web.StreamResponse:
        """Confirm that the token is valid."""
        if wants_json(request):
            return web.json_response({"pong": True})
        return answer(request, Node(tag="pong", text="true"))

    async def account(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Return the account in the old format."""
        account = device.account
        attributes: dict[str, Scalar] = {
            "id": account.id,
            "uuid": account.uuid,
            "username": account.username,
            "title": account.title,
            "email": account.email,
            "authToken": device.token,
            "authenticationToken": device.token,
        }
        return answer(request, Node(tag="user", attributes=attributes, shape=Shape.OBJECT))

    async def sign_out(self, _: web.Request, device: Device) -> web.StreamResponse:
        """Revoke the token of the request."""
        self.plex_tv.book.remove(device)
        return web.Response(status=204)

    async def devices(self, request: web.Request, device: Device) -> web.StreamResponse:
        """List the account's apps with their tokens, as the real plex.tv does, and its servers."""
        apps = map(device_node, self.plex_tv.book.devices_of(device.account))
        servers = (
            server_device_node(server)
            for server in self.plex_tv.servers
            if server.owner is device.account and server.is_listed_for(device.account)
        )
        return answer(request, container(*apps, *servers, publicAddress=PUBLIC_ADDRESS))

    async def delete_device(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Remove one of the account's devices."""
        wanted = int(request.match_info["id"])
        for candidate in self.plex_tv.book.devices_of(device.account):
            if candidate.id == wanted:
                self.plex_tv.book.remove(candidate)
                return web.Response(status=204)
        return plex_tv_error(request, 404, 1002, "Not found")

    # Servers and people

    async def resources(self, request: web.Request, device: Device) -> web.StreamResponse:
        """List the servers that the account may use."""
        https = request.query.get("includeHttps") == "1"
        relay = request.query.get("includeRelay") == "1"
        nodes = tuple(
            resource_node(server, device, https=https, relay=relay)
            for server in self.plex_tv.servers
            if server.is_listed_for(device.account)
        )
        return answer(
            request, Node(tag="resources", children=nodes, shape=Shape.ARRAY), wrapped=False
        )

    async def users(self, request: web.Request, device: Device) -> web.StreamResponse:
        """List the accounts that this account shares servers with."""
        owned = [server for server in self.plex_tv.servers if server.owner is device.account]
        guests = {share.account for server in owned for share in server.shares}
        nodes = tuple(
            guest_node(guest, owned) for guest in sorted(guests, key=lambda guest: guest.id)
        )
        return answer(
            request,
            container(*nodes, friendlyName="myPlex", identifier="com.plexapp.plugins.myplex"),
        )

    async def shared_servers(self, request: web.Request, device: Device) -> web.StreamResponse:
        """List the shares of one server with their tokens, or return one of them."""
        wanted = request.match_info.get("share")
        for server in self.plex_tv.servers:
            if (
                server.machine_identifier == request.match_info["machine"]
                and server.owner is device.account
            ):
                nodes = tuple(
                    share_node(server, share)
                    for share in server.shares
                    if wanted in {None, str(share.id)}
                )
                return answer(
                    request, container(*nodes, machineIdentifier=server.machine_identifier)
                )
        return plex_tv_error(request, 404, 1002, "Not found")

    async def home(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Return the account's Plex Home."""
        members = device.account.home
        node = Node(
            tag="home",
            attributes={
                "id": members[0].id if members else 0,
                "name": "Home",
                "guestEnabled": False,
                "subscription": device.account.plex_pass,
            },
            children=tuple(home_user_node(member) for member in members),
            shape=Shape.OBJECT,
        )
        return answer(request, node, wrapped=False)

    async def home_users(self, request: web.Request, device: Device) -> web.StreamResponse:
        """List the members of the account's Plex Home."""
        nodes = tuple(home_user_node(member) for member in device.account.home)
        return answer(request, container(*nodes))

    async def switch_user(self, request: web.Request, device: Device) -> web.StreamResponse:
        """Sign the same device in as another member of the Plex Home."""
        wanted = int(request.match_info["id"])
        for member in device.account.home:
            if member.id == wanted:
                token = self.plex_tv.sign_in(
                    member, client_identifier=device.client_identifier, product=device.product
                )
                switched = self.plex_tv.book.device(token) or device
                node = user_node(switched, self.plex_tv.url)
                if not request.path.startswith("/api/v2/"):
                    node.attributes = {**node.attributes, "authenticationToken": token}
                return answer(request, node, wrapped=False, status=201)
        return plex_tv_error(request, 404, 1002, "Not found")

    async def empty(self, request: web.Request, _: Device) -> web.StreamResponse:
        """List nothing: no invitations, no Sonos players."""
        return answer(request, container())
