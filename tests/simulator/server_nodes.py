"""The elements in which a server describes itself and its libraries."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .accounts import PLEX_PASS_FEATURES
from .items import Section
from .remote_access import PUBLIC_ADDRESS, PUBLIC_PORT
from .rendering import Node, Scalar, Shape
from .streams import Delivery

if TYPE_CHECKING:
    from .server import PlexServer

CAPABILITIES = (
    "allowCameraUpload",
    "allowChannelAccess",
    "allowSharing",
    "allowSync",
    "allowTuners",
    "backgroundProcessing",
    "companionProxy",
    "eventStream",
    "hubSearch",
    "itemClusters",
    "mediaProviders",
    "multiuser",
    "myPlex",
    "pluginHost",
    "sync",
    "transcoderAudio",
    "transcoderLyrics",
    "transcoderPhoto",
    "transcoderSubtitles",
    "transcoderVideo",
    "updater",
    "voiceSearch",
)
# The features of the libraries' provider, apart from listing them.
FEATURES = (
    {"key": "/hubs/search", "type": "search"},
    {"key": "/library/metadata", "type": "metadata"},
    {"key": "/:/rate", "type": "rate"},
    {"key": "/photo/:/transcode", "type": "imagetranscoder"},
    {
        "scrobbleKey": "/:/scrobble",
        "unscrobbleKey": "/:/unscrobble",
        "key": "/:/timeline",
        "type": "timeline",
    },
)


def server_attributes(server: PlexServer) -> dict[str, Scalar]:
    """Return the attributes of the server, as / and /media/providers have them."""
    signed_in: dict[str, Scalar] = (
        {
            "certificate": True,
            "myPlexMappingState": server.remote_access.state,
            "myPlexSigninState": "none" if server.rejects_tokens else "ok",
            "myPlexUsername": server.owner.email,
            "updatedAt": 1_700_000_000,
        }
        if server.claimed
        else {"myPlexMappingState": "unknown", "myPlexSigninState": "none", "updatedAt": -1}
    )
    transcodes = sum(stream.delivery is Delivery.TRANSCODE for stream in server.streams)
    return {
        **dict.fromkeys(CAPABILITIES, True),
        # What is not allowed is left out.
        **({"allowMediaDeletion": True} if server.preferences["allowMediaDeletion"] else {}),
        **signed_in,
        "countryCode": "zzz",
        "diagnostics": "logs,databases,streaminglogs",
        "friendlyName": server.name,
        "livetv": 7,
        "machineIdentifier": server.identifies_as or server.machine_identifier,
        "musicAnalysis": 2,
        "myPlexSubscription": server.plex_pass,
        "offlineTranscode": 1,
        "ownerFeatures": ",".join(PLEX_PASS_FEATURES if server.plex_pass else ()),
        "platform": server.platform,
        "platformVersion": server.platform_version,
        "pushNotifications": False,
        "readOnlyLibraries": False,
        "streamingBrainABRVersion": 3,
        "streamingBrainVersion": 2,
        "transcoderActiveVideoSessions": transcodes,
        "transcoderVideoBitrates": "64,96,208,320,720,1500,2000,3000,4000,8000,10000",
        "transcoderVideoQualities": "0,1,2,3,4,5,6,7,8,9,10",
        "transcoderVideoResolutions": "128,128,160,240,320,480,768,720,720,1080,1080",
        "version": server.version,
    }


def account_node(server: PlexServer, token: str) -> Node:
    """Return the account that the server is signed in with, and its remote access."""
    signed_in = server.claimed and not server.rejects_tokens
    remote = server.remote_access
    return Node(
        tag="MyPlex",
        attributes={
            "authToken": token,
            "username": server.owner.email if signed_in else "",
            "mappingState": remote.state if signed_in else "unknown",
            "mappingError": remote.error if signed_in else "",
            "signInState": "ok" if signed_in else "none",
            "publicAddress": PUBLIC_ADDRESS if signed_in else "",
            "publicPort": PUBLIC_PORT if signed_in else 0,
            "privateAddress": "127.0.0.1",
            "privatePort": server.port,
            "subscriptionFeatures": ",".join(PLEX_PASS_FEATURES if server.plex_pass else ()),
            "subscriptionActive": server.plex_pass,
            "subscriptionState": "Active" if server.plex_pass else "Unknown",
        },
        shape=Shape.OBJECT,
    )


def provider_node(server: PlexServer, sections: Iterable[Section], *, storage: bool) -> Node:
    """Return the provider of the libraries, optionally with the size of each."""
    home = Node(tag="Directory", attributes={"hubKey": "/hubs", "title": "Home"})
    content = Node(
        tag="Feature",
        attributes={"key": "/library/sections", "type": "content"},
        children=(
            home,
            *(_section_node(server, section, storage=storage) for section in sections),
        ),
    )
    return Node(
        tag="MediaProvider",
        attributes={
            "identifier": "com.plexapp.plugins.library",
            "title": "Library",
            "types": "video,audio,photo",
            "protocols": "stream,download",
        },
        children=(
            content,
            *(Node(tag="Feature", attributes=attributes) for attributes in FEATURES),
        ),
    )


def _section_node(server: PlexServer, section: Section, *, storage: bool) -> Node:
    attributes: dict[str, Scalar] = {
        "agent": section.agent,
        "language": section.language,
        "refreshing": section.refreshing,
        "scanner": section.scanner,
        "uuid": section.uuid,
        "id": str(section.id),
        "key": f"/library/sections/{section.id}",
        "hubKey": f"/hubs/sections/{section.id}",
        "type": section.kind.word,
        "title": section.title,
        "updatedAt": section.scanned_at,
        "scannedAt": section.scanned_at,
    }
    if storage:
        size, duration = server.library.storage(section)
        attributes |= {"storageTotal": size, "durationTotal": duration}
    pivots = (
        ("recommended", f"/hubs/sections/{section.id}", "hub", "Recommended", "star"),
        (
            "library",
            f"{attributes['key']}/all?type={int(section.kind)}",
            "list",
            "Library",
            "library",
        ),
    )
    return Node(
        tag="Directory",
        attributes=attributes,
        children=tuple(
            Node(
                tag="Pivot",
                attributes={
                    "id": name,
                    "key": key,
                    "type": kind,
                    "title": title,
                    "context": f"content.{'discover' if kind == 'hub' else 'library'}",
                    "symbol": symbol,
                },
            )
            for name, key, kind, title, symbol in pivots
        ),
    )
