"""The behaviour of the simulated plex.tv."""

from typing import Any
from xml.etree.ElementTree import fromstring

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Account, Connection, PlexServer, World
from tests.simulator.http_client import body, status

from .conftest import JSON


async def create_pin(
    client: aiohttp.ClientSession, world: World, query: str = ""
) -> dict[str, Any]:
    """Create a PIN, and return it as plex.tv sends it."""
    async with client.post(f"{world.plex_tv.url}/api/v2/pins{query}") as response:
        assert response.status == 201
        pin: dict[str, Any] = await response.json()
    return pin


async def test_short_pin(
    client: aiohttp.ClientSession, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """A short PIN has four characters, expires after 15 minutes, and has a token once approved."""
    pins = world.plex_tv.url + "/api/v2/pins"
    pin = await create_pin(client, world)
    assert len(pin["code"]) == 4
    assert pin["expiresIn"] == 900
    assert pin["product"] == "Client"
    assert (await body(client, f"{pins}/{pin['id']}"))["authToken"] is None

    world.plex_tv.approve_pin(pin["code"], owner)

    token = (await body(client, f"{pins}/{pin['id']}"))["authToken"]
    assert [approved.token for approved in world.plex_tv.pins.approved()] == [token]
    assert len(token) == 20
    assert (await body(client, world.plex_tv.url + "/api/v2/user", token))["username"] == "owner"
    freezer.tick(900)
    assert await status(client, f"{pins}/{pin['id']}") == 404


async def test_long_pin(client: aiohttp.ClientSession, world: World) -> None:
    """A long PIN has 25 characters, expires after 30 minutes, and is unknown at plex.tv/link."""
    plex_tv = world.plex_tv
    pin = await create_pin(client, world, "?strong=true")
    assert len(pin["code"]) == 25
    assert pin["expiresIn"] == 1800
    token = plex_tv.sign_in(plex_tv.add_account("other"))

    async with client.put(
        plex_tv.url + "/api/v2/pins/link",
        data={"code": pin["code"]},
        headers={"X-Plex-Token": token},
    ) as response:
        assert response.status == 404
        assert (await response.json())["errors"][0]["code"] == 1020


async def test_long_pin_by_json(client: aiohttp.ClientSession, world: World) -> None:
    """The kind of PIN can also be requested in a JSON body."""
    async with client.post(world.plex_tv.url + "/api/v2/pins", json={"strong": True}) as response:
        assert len((await response.json())["code"]) == 25


async def test_pin_can_expire_at_once(client: aiohttp.ClientSession, world: World) -> None:
    """A test can expire a PIN, or set another lifetime."""
    plex_tv = world.plex_tv
    plex_tv.pins.weak_lifetime = 60
    pin = await create_pin(client, world)
    assert pin["expiresIn"] == 60

    plex_tv.expire_pin(pin["code"])

    async with client.get(f"{plex_tv.url}/api/v2/pins/{pin['id']}") as response:
        assert response.status == 404
        assert await response.json() == {
            "errors": [{"code": 1020, "message": "Code not found or expired", "status": 404}]
        }
    with pytest.raises(ValueError, match="No PIN"):
        plex_tv.approve_pin(pin["code"], plex_tv.add_account("other"))


async def test_pin_belongs_to_its_app(world: World) -> None:
    """A PIN needs a client identifier, and no other client can read it."""
    pins = world.plex_tv.url + "/api/v2/pins"
    async with aiohttp.ClientSession(headers=JSON) as client:
        async with client.post(pins) as response:
            assert response.status == 400
            assert (await response.json())["errors"][0]["code"] == 1000
        async with client.post(pins, headers={"X-Plex-Client-Identifier": "one"}) as response:
            pin = await response.json()
        other = {"X-Plex-Client-Identifier": "another"}
        async with client.get(f"{pins}/{pin['id']}", headers=other) as response:
            assert response.status == 404


async def test_pin_is_linked_with_a_token(
    client: aiohttp.ClientSession, world: World, owner: Account
) -> None:
    """A token links another app's short PIN, and both tokens are valid afterwards."""
    plex_tv = world.plex_tv
    pin = await create_pin(client, world)
    pasted = plex_tv.sign_in(owner, client_identifier="browser-1")

    async with client.put(
        plex_tv.url + "/api/v2/pins/link",
        data={"code": pin["code"]},
        headers={"X-Plex-Token": pasted},
    ) as response:
        assert response.status == 204

    linked = (await body(client, f"{plex_tv.url}/api/v2/pins/{pin['id']}"))["authToken"]
    assert plex_tv.tokens_of(owner) == [pasted, linked]


async def test_new_sign_in_revokes_the_previous_token(world: World, owner: Account) -> None:
    """An app has one token per account; a new sign-in revokes the previous one."""
    first = world.plex_tv.sign_in(owner, client_identifier="client-1")
    other = world.plex_tv.sign_in(owner, client_identifier="client-2")

    second = world.plex_tv.sign_in(owner, client_identifier="client-1")

    assert world.plex_tv.tokens_of(owner) == [other, second]
    assert not world.plex_tv.is_valid(first)


async def test_link_page(
    client: aiohttp.ClientSession, world: World, owner: Account, friend: Account
) -> None:
    """A user can type the code, or open a link with the code, and approve it."""
    plex_tv = world.plex_tv
    pin = await create_pin(client, world)
    async with client.get(f"{plex_tv.url}/link/?pin={pin['code']}") as response:
        page = await response.text()
    assert f'value="{pin["code"]}"' in page
    assert "<option>owner</option><option>friend</option>" in page

    async with client.post(
        plex_tv.url + "/link/", data={"code": "XXXX", "account": "owner"}
    ) as response:
        assert "not known" in await response.text()
    async with client.post(
        plex_tv.url + "/link/", data={"code": pin["code"].lower(), "account": "friend"}
    ) as response:
        assert "Client is signed in" in await response.text()

    assert len(plex_tv.tokens_of(friend)) == 1
    assert plex_tv.tokens_of(owner) == []


async def test_qr_code(client: aiohttp.ClientSession, world: World) -> None:
    """A PIN has a QR code."""
    pin = await create_pin(client, world)

    async with client.get(pin["qr"]) as response:
        assert response.content_type == "image/png"
        assert (await response.read()).startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize("way", ["revoke", "remove_device", "change_password", "sign_out"])
async def test_revoked_token_is_refused(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer, way: str
) -> None:
    """A revoked token is refused by old and new endpoints of plex.tv, and by the server."""
    plex_tv = world.plex_tv
    token = plex_tv.sign_in(owner, client_identifier="client-1")
    assert await status(client, home.url + "/", token) == 200

    match way:
        case "revoke":
            plex_tv.revoke(token)
        case "remove_device":
            plex_tv.remove_device("client-1")
        case "change_password":
            plex_tv.change_password(owner)
        case _:
            async with client.delete(
                plex_tv.url + "/api/v2/users/signout", headers={"X-Plex-Token": token}
            ) as response:
                assert response.status == 204

    assert not plex_tv.is_valid(token)
    headers = {"X-Plex-Token": token}
    async with client.get(plex_tv.url + "/api/v2/user", headers=headers) as response:
        assert response.status == 401
        assert (await response.json())["errors"] == [
            {"code": 1001, "message": "User could not be authenticated", "status": 401}
        ]
    async with client.get(plex_tv.url + "/users/account.json", headers=headers) as response:
        assert response.status == 422
        assert await response.json() == {"error": "Invalid token"}
    assert await status(client, plex_tv.url + "/api/v2/ping", token) == 401
    assert await status(client, home.url + "/", token) == 401
    assert await status(client, home.url + "/identity", token) == 200


async def test_password_change_with_and_without_sign_out(world: World, owner: Account) -> None:
    """A password change revokes the tokens and unclaims the servers only on request."""
    home = await world.add_server("Home", owner=owner)
    token = world.plex_tv.sign_in(owner)

    world.plex_tv.change_password(owner, sign_out=False)
    assert world.plex_tv.is_valid(token)

    world.plex_tv.change_password(owner, servers=True)
    assert not world.plex_tv.is_valid(token)
    assert home.claimed is False


async def test_errors_are_xml_too(world: World) -> None:
    """Without an Accept header, plex.tv's errors are XML."""
    async with aiohttp.ClientSession() as client:
        async with client.get(world.plex_tv.url + "/api/v2/user") as response:
            error = fromstring(await response.text())  # noqa: S314 - Our own.
        async with client.get(world.plex_tv.url + "/users/account") as response:
            old = fromstring(await response.text())  # noqa: S314 - Our own.

    assert error.tag == "errors"
    assert error[0].attrib["code"] == "1001"
    assert old[0].text == "Invalid token"


async def test_plex_home(client: aiohttp.ClientSession, world: World, owner: Account) -> None:
    """The members of a Plex Home are listed, and a user can switch to another member."""
    child = world.plex_tv.add_account("child")
    world.plex_tv.add_home([owner, child])
    token = world.plex_tv.sign_in(owner)

    home = await body(client, world.plex_tv.url + "/api/v2/home", token)
    assert [user["title"] for user in home["users"]] == ["owner", "child"]
    async with client.post(
        f"{world.plex_tv.url}/api/v2/home/users/{child.id}/switch",
        headers={"X-Plex-Token": token},
    ) as response:
        assert response.status == 201
        switched = (await response.json())["authToken"]

    assert (await body(client, world.plex_tv.url + "/api/v2/user", switched))["title"] == "child"
    async with client.post(
        f"{world.plex_tv.url}/api/home/users/{child.id}/switch",
        headers={"X-Plex-Token": token, "Accept": "application/xml"},
    ) as response:
        switched = fromstring(await response.text()).attrib["authenticationToken"]  # noqa: S314 - Our own.
    assert (await body(client, world.plex_tv.url + "/users/account", switched))["user"][
        "title"
    ] == "child"


async def test_unknown_at_plex_tv(
    client: aiohttp.ClientSession, world: World, owner: Account
) -> None:
    """Devices, servers and users that do not belong to the account are not found."""
    headers = {"X-Plex-Token": world.plex_tv.sign_in(owner)}
    for method, path in (
        ("DELETE", "/devices/1.xml"),
        ("GET", "/api/servers/no-such-machine/shared_servers"),
        ("POST", "/api/v2/home/users/1/switch"),
        ("GET", "/no/such/path"),
    ):
        async with client.request(method, world.plex_tv.url + path, headers=headers) as response:
            assert response.status == 404


async def test_resources_list_relays_and_https_on_request(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """Relays and https addresses are listed on request; addresses are not checked."""
    home.connections += [
        Connection(
            uri=f"https://dead.invalid:{world.refusing_port()}", address="192.0.2.1", port=32400
        ),
        Connection(uri="https://relay.invalid:8443", address="192.0.2.2", port=8443, relay=True),
    ]
    token = world.plex_tv.sign_in(owner)
    resources = world.plex_tv.url + "/api/v2/resources"

    [bare] = await body(client, resources, token)
    [full] = await body(client, resources + "?includeHttps=1&includeRelay=1", token)

    assert [item["uri"] for item in bare["connections"]] == [home.url, "http://192.0.2.1:32400"]
    assert [item["uri"] for item in full["connections"]] == [
        connection.uri for connection in home.connections
    ]
    assert full["relay"] is True


async def test_accounts_that_a_server_is_listed_for(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """A server is listed for its owner while it is claimed, and for a guest while it is shared."""
    resources = world.plex_tv.url + "/api/v2/resources"
    owner_token, friend_token = world.plex_tv.sign_in(owner), world.plex_tv.sign_in(friend)
    assert await body(client, resources, friend_token) == []

    home.share_with(friend)
    [shared] = await body(client, resources, friend_token)
    assert (shared["owned"], shared["ownerId"], shared["sourceTitle"]) == (
        False,
        owner.id,
        "owner",
    )

    home.unshare(friend)
    assert await body(client, resources, friend_token) == []
    assert len(await body(client, resources, owner_token)) == 1

    home.claimed = False
    assert await body(client, resources, owner_token) == []
