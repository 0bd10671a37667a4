"""The devices that a server has seen."""

from datetime import UTC, datetime

import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import Device


def test_device() -> None:
    """It goes by the identifier that sessions have for their player."""
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


def test_device_without_a_name_is_called_after_its_platform() -> None:
    """Something has to be on the list."""
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
def test_device_that_nobody_could_choose(data: dict[str, object]) -> None:
    """It cannot be told from others, or has nothing to be called by."""
    with pytest.raises(PlexResponseError):
        Device.from_json(data)
