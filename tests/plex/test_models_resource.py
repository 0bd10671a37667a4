"""Servers of an account, and their connections."""

from typing import Any

import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import Connection, Resource

MACHINE = "a" * 40


def resource(**changes: object) -> dict[str, Any]:
    """Return a server as plex.tv lists it."""
    return {
        "name": "Home",
        "clientIdentifier": MACHINE,
        "provides": "server",
        "sourceTitle": None,
        "accessToken": "secret-token-0000001",
        "owned": True,
        "httpsRequired": False,
        "connections": [
            {
                "protocol": "https",
                "address": "192.168.1.5",
                "port": 32400,
                "uri": "https://192-168-1-5.0123456789abcdef.plex.direct:32400",
                "local": True,
                "relay": False,
                "IPv6": False,
            }
        ],
    } | changes


def test_resource() -> None:
    """All attributes are parsed, and the token is not in the repr."""
    server = Resource.from_json(resource())
    assert server == Resource(
        name="Home",
        machine_identifier=MACHINE,
        owned=True,
        owner_name=None,
        https_required=False,
        connections=(
            Connection(
                url="https://192-168-1-5.0123456789abcdef.plex.direct:32400",
                local=True,
                relay=False,
                address="192.168.1.5",
                port=32400,
            ),
        ),
        access_token="secret-token-0000001",
    )
    assert "secret" not in repr(server)


def test_shared_server() -> None:
    """It has the name of its owner."""
    server = Resource.from_json(resource(owned="0", sourceTitle="friend", name=""))
    assert (server.owned, server.owner_name) == (False, "friend")
    assert server.name == "Plex Media Server"


@pytest.mark.parametrize(
    ("required", "url", "allowed"),
    [
        (False, "http://192.168.1.5:32400", True),
        (True, "http://192.168.1.5:32400", False),
        (True, "https://192.168.1.5:32400", True),
    ],
)
def test_server_that_requires_https(url: str, *, required: bool, allowed: bool) -> None:
    """It may not be used at an http address."""
    assert Resource.from_json(resource(httpsRequired=required)).allows(url) is allowed


@pytest.mark.parametrize("provides", ["client,player", "", None, 5, "servers"])
def test_resource_that_is_not_a_server(provides: object) -> None:
    """It is rejected."""
    with pytest.raises(PlexResponseError):
        Resource.from_json(resource(provides=provides))


def test_server_that_is_also_a_player() -> None:
    """`provides` is a list in one string."""
    assert Resource.from_json(resource(provides="player, server")).name == "Home"


@pytest.mark.parametrize(
    ("url", "secure"), [("https://example.org:32400/", True), ("http://192.168.1.5:32400", False)]
)
def test_connection(url: str, *, secure: bool) -> None:
    """A trailing slash is removed from the URL."""
    connection = Connection.from_json({"uri": url, "local": "1"})
    assert connection.url == url.rstrip("/")
    assert (connection.secure, connection.local, connection.relay) == (secure, True, False)


def test_invalid_connections_are_left_out() -> None:
    """The valid ones are kept."""
    connections = [{"uri": "ftp://example.org"}, {"uri": "https://example.org"}, {}, None]
    server = Resource.from_json(resource(connections=connections))
    assert [connection.url for connection in server.connections] == ["https://example.org"]
