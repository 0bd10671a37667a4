"""Accounts and PINs."""

from typing import Any

from freezegun import freeze_time
import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import LocalAccount, Pin, PlexAccount
from custom_components.plex_monitor.plex.models.account import MAX_PIN_LIFETIME


def pin(**changes: object) -> dict[str, Any]:
    """Return a PIN as plex.tv sends it."""
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


def test_token_of_a_linked_pin_is_not_in_its_repr() -> None:
    """A PIN may be logged."""
    linked = Pin.from_json(pin(authToken="secret-token-0000001"))
    assert linked.token == "secret-token-0000001"
    assert "secret" not in repr(linked)


@pytest.mark.parametrize("token", ["", "bad\r\nX-Evil: 1", 5, {}])
def test_pin_with_invalid_token(token: object) -> None:
    """It counts as not linked."""
    assert Pin.from_json(pin(authToken=token)).token is None


@pytest.mark.parametrize("address", [None, "", "javascript:alert(1)", "/api/v2/pins/qr/AB12", 5])
def test_pin_with_invalid_qr_url(address: object) -> None:
    """Only http and https URLs are accepted."""
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
def test_pin_expires_in(expires_in: object, expires_at: object, expected: float) -> None:
    """The lifetime is given in seconds or as a date."""
    data = pin(expiresIn=expires_in, expiresAt=expires_at)
    assert Pin.from_json(data).expires_in == expected


def test_account() -> None:
    """Private data of an account is not kept."""
    account = PlexAccount.from_json(
        {
            "id": 12345,
            "username": "owner",
            "title": "Owner",
            "email": "owner@example.com",
            "authToken": "secret-token-0000001",
        }
    )
    assert account == PlexAccount(username="owner", title="Owner")
    assert "secret" not in repr(account)
    assert "example.com" not in repr(account)


@pytest.mark.parametrize(
    ("data", "expected"),
    [({"username": "", "title": "Kid"}, "Kid"), ({"username": None}, "7"), ({}, "7")],
)
def test_account_without_a_user_name(data: dict[str, object], expected: str) -> None:
    """Managed users have a title only."""
    account = PlexAccount.from_json({"id": "7", **data})
    assert account.username == expected


def test_pin_with_a_date_in_the_far_future() -> None:
    """The latest possible date is accepted, and no PIN is waited for that long."""
    data = pin(expiresIn=None, expiresAt="9999-12-31T23:59:59-14:00")
    assert Pin.from_json(data).expires_in == MAX_PIN_LIFETIME


def test_local_account() -> None:
    """The id is a string, as in sessions."""
    data = {"id": 1, "key": "/accounts/1", "name": "owner", "thumb": ""}
    assert LocalAccount.from_json(data) == LocalAccount(account_id="1", name="owner")


def test_local_account_without_a_name() -> None:
    """Account 0 is not a user."""
    with pytest.raises(PlexResponseError):
        LocalAccount.from_json({"id": 0, "key": "/accounts/0", "name": ""})
