"""All data models."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import (
    Activity,
    ButlerTask,
    Connection,
    Device,
    HistoryItem,
    LocalAccount,
    Marker,
    MediaItem,
    Pin,
    PlexAccount,
    Release,
    RemoteAccess,
    Resource,
    ResourceUsage,
    Section,
    SectionStorage,
    ServerIdentity,
    ServerInfo,
    Session,
    Traffic,
    TranscodeStatus,
    UpdateStatus,
)

from .strategies import objects_with


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (ServerIdentity.from_json, {"version": "1"}),
        (ServerInfo.from_json, {"friendlyName": "Home"}),
        (Session.from_json, {"title": "Film"}),
        (TranscodeStatus.from_json, {"progress": 5}),
        (Section.from_json, {"title": "Films"}),
        (SectionStorage.from_json, {"id": "1"}),
        (SectionStorage.from_json, {"storageTotal": 5}),
        (MediaItem.from_json, {"title": "Film"}),
        (Marker.from_json, {"type": "credits"}),
        (Marker.from_json, {"startTimeOffset": 5}),
        (Activity.from_json, {"title": "Scanning"}),
        (ButlerTask.from_json, {"title": "Backup"}),
        (LocalAccount.from_json, {"id": 0, "name": ""}),
        (ResourceUsage.from_json, {"hostCpuUtilization": 5}),
        (Traffic.from_json, {"bytes": 5}),
        (RemoteAccess.from_json, None),
        (RemoteAccess.from_json, {"mappingError": "unreachable"}),
        (RemoteAccess.from_json, {"mappingState": ""}),
        (Release.from_json, {"state": "available"}),
        (Pin.from_json, {"code": "AB12"}),
        (Pin.from_json, {"id": 5}),
        (PlexAccount.from_json, {"username": "owner"}),
        (Resource.from_json, {"provides": "server"}),
        (Connection.from_json, {"local": True}),
    ],
)
def test_required_attributes(parse: Callable[[Any], object], data: object) -> None:
    """Without them, a response is rejected."""
    with pytest.raises(PlexResponseError):
        parse(data)


KEYS = {
    ServerIdentity: ("machineIdentifier", "version", "claimed"),
    ServerInfo: ("machineIdentifier", "friendlyName", "version", "myPlexSubscription"),
    RemoteAccess: ("mappingState", "mappingError"),
    Session: (
        *(
            "sessionKey",
            "title",
            "User",
            "Player",
            "state",
            "type",
            "thumb",
            "viewOffset",
            "duration",
        ),
        *("Media", "Part", "Stream", "streamType", "decision", "selected", "videoResolution"),
        *("displayTitle", "TranscodeSession", "key", "videoDecision", "sourceVideoCodec"),
    ),
    TranscodeStatus: ("key", "videoDecision", "throttled", "transcodeHwDecoding"),
    Section: ("key", "type", "hidden", "scannedAt", "contentChangedAt"),
    SectionStorage: ("id", "storageTotal", "durationTotal"),
    MediaItem: ("ratingKey", "type", "index", "addedAt", "thumb", "rating", "Marker", "final"),
    Marker: ("type", "startTimeOffset", "final"),
    HistoryItem: ("ratingKey", "type", "viewedAt", "accountID", "parentIndex"),
    Activity: ("uuid", "type", "progress", "Context", "librarySectionID", "cancellable"),
    ButlerTask: ("name", "enabled", "interval", "title"),
    LocalAccount: ("id", "name"),
    Device: ("clientIdentifier", "name", "platform", "createdAt"),
    ResourceUsage: ("at", "hostCpuUtilization"),
    Traffic: ("at", "lan", "bytes"),
    UpdateStatus: ("canInstall", "Release", "version", "added", "fixed", "state"),
    Pin: ("id", "code", "qr", "expiresIn", "expiresAt", "authToken"),
    PlexAccount: ("id", "username", "title"),
    Resource: ("clientIdentifier", "provides", "connections", "uri", "accessToken", "port"),
    Connection: ("uri", "local", "relay", "address", "port"),
}


@pytest.mark.parametrize("model", KEYS)
def test_any_json_is_parsed_or_rejected(model: Any) -> None:
    """No other error than `PlexResponseError` is raised."""

    @given(objects_with(*KEYS[model]))
    def check(data: object) -> None:
        try:
            found = model.from_json(data)
        except PlexResponseError:
            return
        assert isinstance(found, model)
        repr(found).encode()

    check()
