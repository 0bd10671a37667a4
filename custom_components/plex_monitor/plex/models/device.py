"""Devices that have used a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..parsing import first_of, mapping, missing, other, required_key, text, timestamp


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that has used a server: `GET /devices` (captured).

    `client_identifier` is the `machineIdentifier` of a session's player. Old entries have none
    (captured) and are rejected, because they cannot be distinguished. A server never removes a
    device, so a browser can be listed many times. `name` falls back to the platform.
    """

    client_identifier: str
    name: str
    platform: str | None
    created_at: datetime | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Device` of `/devices`."""
        data = mapping(data, "a device")
        if data.get("clientIdentifier") in (None, "") and "id" in data:
            raise other(data, "clientIdentifier")
        return cls(
            client_identifier=required_key(data, "clientIdentifier"),
            name=_name(data),
            platform=text(data.get("platform")),
            created_at=timestamp(data.get("createdAt")),
        )


def _name(data: Mapping[str, Any]) -> str:
    """Return the name of a device, else its platform."""
    if (name := first_of(data, "name", "platform")) is None:
        raise missing(data, "name")
    return name
