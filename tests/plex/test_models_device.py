"""Devices that have used a server."""

from datetime import UTC, datetime

import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import Device


def test_device() -> None:
    """All attributes are parsed."""
    data = {
        "id": 7,
        "name": "Bedroom TV",
        "platform": "tvOS",
        "clientIdentifier": "b2c4",
        "createdAt": 1_700_000_000,
    }
    assert Device.from_json(data) == Device(
        client_identifier="b2c4",
        name="Bedroom TV",
        platform="tvOS",
        created_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )


def test_device_without_a_name() -> None:
    """The platform is used as name."""
    device = Device.from_json({"name": "", "platform": "Chrome", "clientIdentifier": "b2c4"})
    assert device.name == "Chrome"
    assert device.created_at is None


@pytest.mark.parametrize(
    "data",
    [
        {"name": "Phone", "platform": "iOS", "clientIdentifier": ""},
        {"name": "Phone", "platform": "iOS"},
        {"name": "", "platform": "", "clientIdentifier": "b2c4"},
    ],
)
def test_device_without_identifier_or_name(data: dict[str, object]) -> None:
    """It is rejected."""
    with pytest.raises(PlexResponseError):
        Device.from_json(data)
