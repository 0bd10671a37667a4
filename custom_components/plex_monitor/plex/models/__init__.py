"""Data models of Plex responses.

Every `from_json` takes the JSON object without its container, and raises `PlexResponseError` if it
is not an object or lacks a required attribute.
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
from .maintenance import Activity, ButlerTask
from .resource import Connection, Resource
from .server import RemoteAccess, ServerIdentity, ServerInfo
from .session import PlaybackState, PlayedItem, Session, StreamDecision, TranscodeStatus
from .statistics import BandwidthUsage, ResourceUsage, Traffic
from .updater import Release, ReleaseNotes, UpdateStatus, version_order

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
    "PlayedItem",
    "PlexAccount",
    "Release",
    "ReleaseNotes",
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
