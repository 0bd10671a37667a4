"""The servers of an account."""

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
    """A server with its addresses and its token, which does not show."""
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


def test_a_shared_server_has_an_owner() -> None:
    """The name of the owner comes along."""
    server = Resource.from_json(resource(owned="0", sourceTitle="friend", name=""))
    assert (server.owned, server.owner_name) == (False, "friend")
    assert server.name == "Plex Media Server"


@pytest.mark.parametrize("provides", ["client,player", "", None, 5, "servers"])
def test_what_is_no_server(provides: object) -> None:
    """Players are listed as well."""
    with pytest.raises(PlexResponseError):
        Resource.from_json(resource(provides=provides))


def test_a_server_that_is_a_player_as_well() -> None:
    """`provides` is a list in one string."""
    assert Resource.from_json(resource(provides="player, server")).name == "Home"


@pytest.mark.parametrize(
    ("url", "secure"), [("https://example.org:443/", True), ("http://192.168.1.5:32400", False)]
)
def test_connection(url: str, *, secure: bool) -> None:
    """An address ends without a slash."""
    connection = Connection.from_json({"uri": url, "local": "1"})
    assert connection.url == url.rstrip("/")
    assert (connection.secure, connection.local, connection.relay) == (secure, True, False)


def test_a_bad_connection_costs_that_connection() -> None:
    """The others are still there."""
    connections = [{"uri": "ftp://example.org"}, {"uri": "https://example.org"}, {}, None]
    server = Resource.from_json(resource(connections=connections))
    assert [connection.url for connection in server.connections] == ["https://example.org"]
