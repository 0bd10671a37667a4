"""The access of tokens to a simulated server."""

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Account, PlexServer, World
from tests.simulator.http_client import body, container, status


async def test_rights(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """The owner has full access, a guest limited access, and others none."""
    guest = home.share_with(friend)
    tokens = (
        world.plex_tv.sign_in(owner),
        guest,
        world.plex_tv.sign_in(friend),
        "no-such-token-at-all",
        None,
    )

    async def answers(path: str) -> list[int]:
        return [await status(client, home.url + path, token) for token in tokens]

    assert await answers("/") == [200, 200, 401, 401, 401]
    assert await answers("/library/sections") == [200, 200, 401, 401, 401]
    for path in ("/status/sessions", "/accounts", "/updater/status", "/library"):
        assert await answers(path) == [200, 403, 401, 401, 401]
    assert await answers("/identity") == [200] * 5
    assert await answers("/no/such/path") == [404, 404, 401, 401, 401]

    home.refuses_with_401 = True
    assert await answers("/status/sessions") == [200, 401, 401, 401, 401]


async def test_root_refuses_browsers_to_the_web_app(
    client: aiohttp.ClientSession, home: PlexServer
) -> None:
    """A refusal at the root has a page that redirects browsers."""
    async with client.get(home.url + "/") as response:
        assert response.status == 401
        page = await response.text()

    assert page.startswith("<html><head><script>window.location")
    assert "<h1>401 Unauthorized</h1>" in page


async def test_root_is_hidden_from_strangers(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """A server can deny that it has a root; all other paths refuse a stranger as usual."""
    home.hides_root = True
    tokens = (world.plex_tv.sign_in(owner), "no-such-token-at-all", None)

    async def answers(path: str) -> list[int]:
        return [await status(client, home.url + path, token) for token in tokens]

    assert await answers("/") == [200, 404, 404]
    assert await answers("/library/sections") == [200, 401, 401]
    assert await answers("/identity") == [200, 200, 200]


async def test_token_that_is_listed_and_refused(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """plex.tv can list another token of a server than the valid one, until it is corrected."""
    token = world.plex_tv.sign_in(owner)

    async def listed() -> str:
        async with client.get(
            f"{world.plex_tv.url}/api/v2/resources",
            headers={"X-Plex-Token": token, "Accept": "application/json"},
        ) as response:
            [server] = await response.json()
        return str(server["accessToken"])

    home.lists_token(owner, "outdated")
    assert await listed() == "outdated"
    assert home.own_tokens == {"outdated"}
    assert await status(client, home.url + "/", "outdated") == 401

    home.lists_token(owner, None)
    assert await listed() == token
    assert home.own_tokens == set()


async def test_access_without_a_valid_token(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """Unclaimed servers and allowed networks need no token; a signed-out server refuses all."""
    token = world.plex_tv.sign_in(owner)

    async def answers() -> list[int]:
        return [
            await status(client, home.url + "/status/sessions", sent)
            for sent in (token, "anything", None)
        ]

    assert await answers() == [200, 401, 401]
    home.allowed_without_auth = True
    assert await answers() == [200, 200, 200]
    home.allowed_without_auth = False
    home.rejects_tokens = True
    assert await answers() == [401, 401, 401]
    home.rejects_tokens = False
    home.claimed = False
    assert await answers() == [200, 200, 200]
    assert (await container(client, home.url + "/identity"))["claimed"] is False
    home.unclaimed_refuses = True
    assert await answers() == [401, 401, 401]


async def test_grace_period_for_revoked_tokens(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A server can accept a token for a while after it was revoked."""
    home.revocation_grace = 300
    token, guest = world.plex_tv.sign_in(owner), home.share_with(friend)

    world.plex_tv.revoke(token)
    home.unshare(friend)

    assert await status(client, world.plex_tv.url + "/api/v2/user", token) == 401
    assert await status(client, home.url + "/", token) == 200
    assert await status(client, home.url + "/", guest) == 200
    freezer.tick(300)
    assert await status(client, home.url + "/", token) == 401
    assert await status(client, home.url + "/", guest) == 401


@pytest.mark.parametrize("who", ["owner", "friend"])
async def test_regenerated_server_token(
    client: aiohttp.ClientSession, world: World, home: PlexServer, friend: Account, who: str
) -> None:
    """A new server token is listed by plex.tv, and the old one is refused."""
    home.share_with(friend)
    account = world.plex_tv.account(who)
    account_token = world.plex_tv.sign_in(account)
    resources = world.plex_tv.url + "/api/v2/resources"
    [before] = await body(client, resources, account_token)

    new = home.regenerate_token(account)

    [after] = await body(client, resources, account_token)
    assert after["accessToken"] == new != before["accessToken"]
    assert await status(client, home.url + "/", before["accessToken"]) == 401
    assert await status(client, home.url + "/", new) == 200
    assert await status(client, world.plex_tv.url + "/api/v2/user", account_token) == 200
    assert await status(client, world.plex_tv.url + "/api/v2/user", new) == 401
