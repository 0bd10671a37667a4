"""Typed answers of Plex: lenient where Plex is, strict where it matters.

Every `from_json` takes the object that Plex wrote, without its wrapper, and raises
`PlexResponseError` when it is not an object or lacks what the rest depends on.
"""

from .account import LocalAccount, Pin, PlexAccount
from .device import Device
from .library import (
    LIBRARY,
    HistoryItem,
    Image,
    Marker,
    MediaItem,
    MediaType,
    Section,
    SectionStorage,
)
from .maintenance import Activity, ButlerTask, Release, UpdateStatus, version_order
from .resource import Connection, Resource
from .server import RemoteAccess, ServerIdentity, ServerInfo
from .session import PlaybackState, Session, StreamDecision, TranscodeStatus
from .usage import BandwidthUsage, ResourceUsage, Traffic

__all__ = [
    "LIBRARY",
    "Activity",
    "BandwidthUsage",
    "ButlerTask",
    "Connection",
    "Device",
    "HistoryItem",
    "Image",
    "LocalAccount",
    "Marker",
    "MediaItem",
    "MediaType",
    "Pin",
    "PlaybackState",
    "PlexAccount",
    "Release",
    "RemoteAccess",
    "Resource",
    "ResourceUsage",
    "Section",
    "SectionStorage",
    "ServerIdentity",
    "ServerInfo",
    "Session",
    "StreamDecision",
    "Traffic",
    "TranscodeStatus",
    "UpdateStatus",
    "version_order",
]
