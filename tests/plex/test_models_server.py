"""Identity, information and remote access of a server."""

import pytest

from custom_components.plex_monitor.plex.models import RemoteAccess, ServerIdentity, ServerInfo

MACHINE = "a" * 40


def test_server_identity() -> None:
    """All attributes are parsed."""
    data = {"size": 0, "claimed": True, "machineIdentifier": MACHINE, "version": "1.43.2.1-abc"}
    assert ServerIdentity.from_json(data) == ServerIdentity(
        machine_identifier=MACHINE, version="1.43.2.1-abc", claimed=True
    )


@pytest.mark.parametrize(
    ("claimed", "expected"), [(False, False), ("0", False), (0, False), ("1", True), (None, True)]
)
def test_server_identity_claimed(claimed: object, *, expected: bool) -> None:
    """True, unless the server says otherwise."""
    data = {"machineIdentifier": MACHINE, "claimed": claimed}
    assert ServerIdentity.from_json(data).claimed is expected


def test_server_info() -> None:
    """All attributes are parsed."""
    data = {
        "machineIdentifier": MACHINE,
        "friendlyName": "Home",
        "version": "1.43.2.1-abc",
        "myPlexSubscription": "1",
        "myPlexSigninState": "ok",
        "myPlexUsername": "owner@example.com",
    }
    assert ServerInfo.from_json(data) == ServerInfo(
        machine_identifier=MACHINE,
        friendly_name="Home",
        version="1.43.2.1-abc",
        plex_pass=True,
        sign_in_state="ok",
    )


def test_server_info_with_required_attributes_only() -> None:
    """Only the machine identifier and Plex Pass are required."""
    data = {"machineIdentifier": MACHINE, "myPlexSubscription": False}
    assert ServerInfo.from_json(data) == ServerInfo(
        machine_identifier=MACHINE,
        friendly_name="Plex Media Server",
        version="",
        plex_pass=False,
        sign_in_state=None,
    )


def test_remote_access() -> None:
    """Private data of the response is not kept."""
    data = {
        "authToken": "secret-token-0000001",
        "username": "owner@example.com",
        "mappingState": "mapped",
        "mappingError": "",
        "publicAddress": "203.0.113.9",
        "publicPort": 32400,
        "privateAddress": "192.168.1.5",
        "subscriptionActive": True,
    }
    access = RemoteAccess.from_json(data)
    assert access == RemoteAccess(state="mapped", error=None, reachable=True)
    assert not any(private in repr(access) for private in ("secret", "example", "203", "192"))


@pytest.mark.parametrize(
    ("state", "error", "expected"),
    [
        ("mapped", None, True),
        ("mapped", "unreachable", False),
        ("failed", "", False),
        ("failed", "unreachable", False),
        ("unmapped", "", False),
        ("unknown", "", None),
        ("waiting", "", None),
        ("waiting", "unreachable", None),
        ("another", "", None),
    ],
)
def test_remote_access_reachable(state: object, error: object, *, expected: bool | None) -> None:
    """It depends on state and error, and is unknown for an unknown state."""
    access = RemoteAccess.from_json({"mappingState": state, "mappingError": error})
    assert access.reachable is expected
    assert access.error == (error or None)
