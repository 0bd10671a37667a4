"""What has played something from a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..errors import PlexResponseError
from ..parsing import first_of, mapping, moment, required_text, text


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that a server has seen at some time: an entry of `GET /devices` (captured).

    `client_identifier` is what a session calls the `machineIdentifier` of its player; old entries
    have none (captured), and cannot be told from each other. A server forgets no device, so a
    browser can be there many times. `name` falls back to the platform.
    """

    client_identifier: str
    name: str
    platform: str | None
    created_at: datetime | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Device` of `/devices`."""
        data = mapping(data, "a device")
        return cls(
            client_identifier=required_text(data, "clientIdentifier"),
            name=_name(data),
            platform=text(data.get("platform")),
            created_at=moment(data.get("createdAt")),
        )


def _name(data: Mapping[str, Any]) -> str:
    """Return what a person knows a device by."""
    if (name := first_of(data, "name", "platform")) is None:
        raise PlexResponseError("Plex left out the name of a device")
    return name
