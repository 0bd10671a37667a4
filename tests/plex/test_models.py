"""Typed answers of Plex."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun import freeze_time
from hypothesis import given
import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import (
    Connection,
    Pin,
    PlaybackState,
    PlexAccount,
    Release,
    Resource,
    ServerIdentity,
    ServerInfo,
    Session,
    UpdateStatus,
)

from .strategies import objects_with

MACHINE = "a" * 40


def test_server_identity() -> None:
    """A claimed server names itself."""
    data = {"size": 0, "claimed": True, "machineIdentifier": MACHINE, "version": "1.43.2.1-abc"}
    assert ServerIdentity.from_json(data) == ServerIdentity(
        machine_identifier=MACHINE, version="1.43.2.1-abc", claimed=True
    )


@pytest.mark.parametrize(
    ("claimed", "expected"), [(False, False), ("0", False), (0, False), ("1", True), (None, True)]
)
def test_a_server_is_claimed_unless_it_denies_it(claimed: object, *, expected: bool) -> None:
    """Silence is no reason for an alarm."""
    data = {"machineIdentifier": MACHINE, "claimed": claimed}
    assert ServerIdentity.from_json(data).claimed is expected


def test_server_info() -> None:
    """The server tells about itself and its owner's Plex Pass."""
    data = {
        "machineIdentifier": MACHINE,
        "friendlyName": "Home",
        "version": "1.43.2.1-abc",
        "platform": "Linux",
        "platformVersion": "6.12",
        "myPlexSubscription": "1",
        "myPlexSigninState": "ok",
        "myPlexUsername": "owner@example.com",
    }
    assert ServerInfo.from_json(data) == ServerInfo(
        machine_identifier=MACHINE,
        friendly_name="Home",
        version="1.43.2.1-abc",
        platform="Linux",
        platform_version="6.12",
        plex_pass=True,
        sign_in_state="ok",
    )


def test_server_info_of_few_words() -> None:
    """Only the machine identifier is needed."""
    assert ServerInfo.from_json({"machineIdentifier": MACHINE}) == ServerInfo(
        machine_identifier=MACHINE,
        friendly_name="Plex Media Server",
        version="",
        platform=None,
        platform_version=None,
        plex_pass=False,
        sign_in_state=None,
    )


def test_session() -> None:
    """A stream has a medium, a user and a player."""
    data = {
        "sessionKey": 3,
        "ratingKey": "118",
        "type": "movie",
        "title": "Test Feature",
        "User": {"id": "1", "title": "owner"},
        "Player": {"title": "TV", "device": "Box", "state": "paused"},
    }
    assert Session.from_json(data) == Session(
        session_key="3",
        rating_key="118",
        media_type="movie",
        title="Test Feature",
        user="owner",
        player="TV",
        state=PlaybackState.PAUSED,
    )


@pytest.mark.parametrize(
    ("player", "expected"),
    [
        ({"title": "", "device": "Phone", "product": "Plex for Android"}, "Phone"),
        ({"product": "Plex for Android"}, "Plex for Android"),
        ({}, None),
        (None, None),
    ],
)
def test_a_player_without_a_title_goes_by_its_device(player: object, expected: str | None) -> None:
    """Phones often have no title."""
    session = Session.from_json({"sessionKey": "1", "Player": player})
    assert session.player == expected
    assert session.title == ""


@pytest.mark.parametrize("state", ["seeking", None, 5, [], {}])
def test_an_unknown_state_is_playing(state: object) -> None:
    """The stream is there, after all."""
    assert PlaybackState.from_text(state) is PlaybackState.PLAYING


@pytest.mark.parametrize("state", list(PlaybackState))
def test_known_states(state: PlaybackState) -> None:
    """Plex's words are ours."""
    assert PlaybackState.from_text(str(state)) is state


def test_update_status() -> None:
    """The updater's news, without its address, which holds a token."""
    data = {
        "canInstall": True,
        "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
        "Release": [
            {
                "version": "1.43.3.2-def",
                "added": "New.",
                "fixed": "Old.",
                "state": "available",
                "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
            }
        ],
    }
    status = UpdateStatus.from_json(data)
    assert status == UpdateStatus(
        can_install=True, version="1.43.3.2-def", state="available", release_notes="New.\n\nOld."
    )
    assert "secret" not in repr(status)


def test_the_newest_release_counts() -> None:
    """Versions are compared by their numbers, wherever they stand in the list."""
    data = {
        "Release": [
            {"version": "1.9.9.9-fff"},
            {"version": "1.43.10.1-aaa", "fixed": "Old."},
            {"version": "1.43.9.1-bbb"},
            {"state": "available"},
        ]
    }
    status = UpdateStatus.from_json(data)
    assert status.version == "1.43.10.1-aaa"
    assert status.release_notes == "Old."
    assert status.can_install is False


def test_no_release() -> None:
    """Nothing new."""
    assert UpdateStatus.from_json({"canInstall": False}) == UpdateStatus(
        can_install=False, version=None, state=None, release_notes=None
    )


def test_a_version_of_words_is_the_oldest() -> None:
    """A version that is none does not break the order."""
    newest = UpdateStatus.from_json({"Release": [{"version": "beta"}, {"version": "1.2"}]})
    assert newest.version == "1.2"
    assert UpdateStatus.from_json({"Release": [{"version": "beta"}]}).version == "beta"


def pin(**changes: object) -> dict[str, Any]:
    """Return a PIN as plex.tv writes it."""
    return {
        "id": 4711,
        "code": "AB12",
        "qr": "https://plex.tv/api/v2/pins/qr/AB12",
        "expiresIn": 899,
        "authToken": None,
        "location": {"city": "Nowhere"},
    } | changes


def test_pin() -> None:
    """A new PIN has a code and no token."""
    assert Pin.from_json(pin()) == Pin(
        id=4711,
        code="AB12",
        qr_url="https://plex.tv/api/v2/pins/qr/AB12",
        expires_in=899.0,
        token=None,
    )


def test_a_linked_pin_hides_its_token() -> None:
    """The token does not show where a PIN is printed."""
    linked = Pin.from_json(pin(authToken="secret-token-0000001"))
    assert linked.token == "secret-token-0000001"
    assert "secret" not in repr(linked)


@pytest.mark.parametrize("token", ["", "bad\r\nX-Evil: 1", 5, {}])
def test_what_cannot_be_a_token_is_none(token: object) -> None:
    """A PIN with rubbish in it is not linked."""
    assert Pin.from_json(pin(authToken=token)).token is None


@pytest.mark.parametrize("address", [None, "", "javascript:alert(1)", "/api/v2/pins/qr/AB12", 5])
def test_a_qr_picture_is_on_the_web(address: object) -> None:
    """Nothing else is shown."""
    assert Pin.from_json(pin(qr=address)).qr_url is None


@freeze_time("2026-11-24T12:00:00Z")
@pytest.mark.parametrize(
    ("expires_in", "expires_at", "expected"),
    [
        ("60", None, 60.0),
        (-5, None, 0.0),
        (None, "2026-11-24T12:10:00Z", 600.0),
        (None, "2026-11-24T12:10:00", 600.0),
        (None, "2026-11-24T14:10:00+02:00", 600.0),
        (None, "2026-11-24T11:00:00Z", 0.0),
        ("soon", "soon", 900.0),
        (None, None, 900.0),
        (None, 5, 900.0),
        (None, "0001-01-01T00:00:00+14:00", 0.0),
    ],
)
def test_the_lifetime_of_a_pin(expires_in: object, expires_at: object, expected: float) -> None:
    """Plex says in seconds or as a date how long a PIN lives."""
    data = pin(expiresIn=expires_in, expiresAt=expires_at)
    assert Pin.from_json(data).expires_in == expected


def test_account() -> None:
    """Nothing private of an account is kept."""
    account = PlexAccount.from_json(
        {
            "id": 12345,
            "uuid": "0123456789abcdef",
            "username": "owner",
            "title": "Owner",
            "email": "owner@example.com",
            "authToken": "secret-token-0000001",
            "subscription": {"active": True},
        }
    )
    assert account == PlexAccount(
        id=12345, uuid="0123456789abcdef", username="owner", title="Owner", plex_pass=True
    )
    assert "secret" not in repr(account)
    assert "example.com" not in repr(account)


@pytest.mark.parametrize(
    ("data", "expected"),
    [({"username": "", "title": "Kid"}, "Kid"), ({"username": None}, "7"), ({}, "7")],
)
def test_an_account_without_a_user_name(data: dict[str, object], expected: str) -> None:
    """Managed users have a title only."""
    account = PlexAccount.from_json({"id": "7", **data})
    assert account.username == expected
    assert account.plex_pass is False


def resource(**changes: object) -> dict[str, Any]:
    """Return a server as plex.tv lists it."""
    return {
        "name": "Home",
        "productVersion": "1.43.2.1-abc",
        "platform": "Linux",
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
        version="1.43.2.1-abc",
        platform="Linux",
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


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (ServerIdentity.from_json, {"version": "1"}),
        (ServerInfo.from_json, {"friendlyName": "Home"}),
        (Session.from_json, {"title": "Film"}),
        (Release.from_json, {"state": "available"}),
        (Pin.from_json, {"code": "AB12"}),
        (Pin.from_json, {"id": 5}),
        (PlexAccount.from_json, {"username": "owner"}),
        (Resource.from_json, {"provides": "server"}),
        (Connection.from_json, {"local": True}),
    ],
)
def test_the_essential_is_needed(parse: Callable[[Any], object], data: dict[str, object]) -> None:
    """An answer without it is not Plex's."""
    with pytest.raises(PlexResponseError):
        parse(data)


KEYS = {
    ServerIdentity: ("machineIdentifier", "version", "claimed"),
    ServerInfo: ("machineIdentifier", "friendlyName", "version", "myPlexSubscription"),
    Session: ("sessionKey", "ratingKey", "title", "User", "Player", "state", "device", "type"),
    UpdateStatus: ("canInstall", "Release", "version", "added", "fixed", "state"),
    Pin: ("id", "code", "qr", "expiresIn", "expiresAt", "authToken"),
    PlexAccount: ("id", "uuid", "username", "title", "subscription", "active"),
    Resource: ("clientIdentifier", "provides", "connections", "uri", "accessToken", "port"),
    Connection: ("uri", "local", "relay", "address", "port"),
}


@pytest.mark.parametrize("model", KEYS)
def test_any_json_is_read_or_refused(model: Any) -> None:
    """Nothing but `PlexResponseError` comes out, whatever goes in."""

    @given(objects_with(*KEYS[model]))
    def check(data: object) -> None:
        try:
            found = model.from_json(data)
        except PlexResponseError:
            return
        assert isinstance(found, model)
        repr(found).encode()

    check()


def test_dates_far_off_do_not_break_a_pin() -> None:
    """The end of time is some time away."""
    soonest = datetime.now(UTC) + timedelta(days=365)
    data = pin(expiresIn=None, expiresAt="9999-12-31T23:59:59-14:00")
    assert Pin.from_json(data).expires_in > (soonest - datetime.now(UTC)).total_seconds()
