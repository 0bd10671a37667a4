"""The element of a server in plex.tv's resources."""

from typing import TYPE_CHECKING

from .accounts import Device
from .pins import iso
from .rendering import Node, Shape

if TYPE_CHECKING:
    from .server import PlexServer

CREATED_AT = 1_600_000_000
PUBLIC_ADDRESS = "203.0.113.10"
# The number of the first server among the devices, beyond those of apps.
SERVER_DEVICES = 900_000


def resource_node(server: PlexServer, device: Device, *, https: bool, relay: bool) -> Node:
    """Return a server as plex.tv lists it to the account of a device.

    Without `https` the addresses are plain ones, without `relay` the relays are left out.
    """
    owned = device.account is server.owner
    connections = tuple(
        Node(
            tag="connection",
            attributes={
                "protocol": connection.protocol if https else "http",
                "address": connection.address,
                "port": connection.port,
                "uri": (
                    connection.uri if https else f"http://{connection.address}:{connection.port}"
                ),
                "local": connection.local,
                "relay": connection.relay,
                "IPv6": connection.ipv6,
            },
        )
        for connection in server.connections
        if relay or not connection.relay
    )
    return Node(
        tag="resource",
        attributes={
            "name": server.name,
            "product": "Plex Media Server",
            "productVersion": server.version,
            "platform": server.platform,
            "platformVersion": server.platform_version,
            "device": "PC",
            "clientIdentifier": server.machine_identifier,
            "createdAt": iso(CREATED_AT),
            "lastSeenAt": iso(server.traffic.clock()),
            "provides": "server",
            "ownerId": None if owned else server.owner.id,
            "sourceTitle": None if owned else server.owner.title,
            "publicAddress": PUBLIC_ADDRESS,
            "accessToken": server.access_token_for(device.account) or device.token,
            "owned": owned,
            "home": False,
            "synced": False,
            "relay": any(connection.relay for connection in server.connections),
            "presence": server.presence,
            "httpsRequired": server.https_required,
            "publicAddressMatches": True,
            "dnsRebindingProtection": False,
            "natLoopbackSupported": False,
        },
        children=(Node(tag="connections", children=connections, shape=Shape.ARRAY),),
    )


def server_device_node(server: PlexServer) -> Node:
    """Return a server as its owner's devices list it."""
    connections = (
        Node(tag="Connection", attributes={"uri": connection.uri})
        for connection in server.connections
    )
    return Node(
        tag="Device",
        attributes={
            "name": server.name,
            "publicAddress": PUBLIC_ADDRESS,
            "product": "Plex Media Server",
            "productVersion": server.version,
            "platform": server.platform,
            "platformVersion": server.platform_version,
            "device": "PC",
            "model": "x86_64",
            "vendor": "",
            "provides": "server",
            "clientIdentifier": server.machine_identifier,
            "version": server.version,
            "id": SERVER_DEVICES + server.port,
            "createdAt": CREATED_AT,
            "lastSeenAt": int(server.traffic.clock()),
            "screenResolution": "",
            "screenDensity": "",
        },
        children=tuple(connections),
    )
