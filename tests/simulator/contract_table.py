"""The captures of each endpoint, and what is known beyond them."""

from .contract import ITEM, Contract

OFFICIAL = "plex-openapi/official-examples"
SPEC = "plex-api-spec-2025-09/json"
MOCKS = "plex-api-rs/mocks"

LIBRARY_FILES = (
    *(
        f"{MOCKS}/server/media/{name}.json"
        for name in (
            "movie_library",
            "tv_library",
            "tv_seasons",
            "tv_episodes",
            "music_library",
            "music_albums",
            "music_tracks",
            "metadata_108",
            "metadata_161",
            "metadata_168",
            "photo_library",
            "photo_album",
        )
    ),
    f"{SPEC}/GET_library_sections_{{sectionKey}}_all.json",
    f"{OFFICIAL}/GET_library_sections_{{sectionId}}_all__200__aMeta.json",
    f"{SPEC}/GET_library_metadata_{{ratingKey}}.json",
)
# In a body that was put together from examples, the identifier is an object of examples.
GUIDS = {f"{ITEM}.Guid[].id": "str"}
PROVIDER_FILES = (
    *(f"{MOCKS}/server/media/providers_{name}.json" for name in ("plexpass", "free", "unclaimed")),
    f"{OFFICIAL}/GET_media_providers__200__providerWithEpg.json",
)
SECTIONS = "MediaContainer.MediaProvider[].Feature[].Directory[]"
# A video in /status/sessions: captured from PMS 1.43.3, where Plex's own samples are shortened.
VIDEO_SESSION = {
    f"{ITEM}.live": "str",
    f"{ITEM}.year": "int",
    f"{ITEM}.Player.device": "str",
    f"{ITEM}.Media[].aspectRatio": "str",
    f"{ITEM}.Media[].height": "int",
    f"{ITEM}.Media[].width": "int",
    f"{ITEM}.Media[].protocol": "str",
    f"{ITEM}.Media[].selected": "bool",
    f"{ITEM}.Media[].videoCodec": "str",
    f"{ITEM}.Media[].videoFrameRate": "str",
    f"{ITEM}.Media[].videoProfile": "str",
    f"{ITEM}.Media[].videoResolution": "str",
    f"{ITEM}.Media[].Part[].decision": "str",
    f"{ITEM}.Media[].Part[].protocol": "str",
    f"{ITEM}.Media[].Part[].selected": "bool",
    f"{ITEM}.Media[].Part[].Stream[].decision": "str",
    f"{ITEM}.Media[].Part[].Stream[].default": "bool",
    f"{ITEM}.Media[].Part[].Stream[].frameRate": "float",
    f"{ITEM}.Media[].Part[].Stream[].height": "int",
    f"{ITEM}.Media[].Part[].Stream[].width": "int",
    f"{ITEM}.Media[].Part[].Stream[].language": "str",
    f"{ITEM}.Media[].Part[].Stream[].location": "str",
    f"{ITEM}.TranscodeSession": "object",
    **{
        f"{ITEM}.TranscodeSession.{name}": kind
        for name, kind in {
            "key": "str",
            "throttled": "bool",
            "complete": "bool",
            "progress": "float",
            "size": "int",
            "speed": "float",
            "error": "bool",
            "duration": "int",
            "remaining": "int",
            "context": "str",
            "sourceVideoCodec": "str",
            "sourceAudioCodec": "str",
            "videoDecision": "str",
            "audioDecision": "str",
            "protocol": "str",
            "container": "str",
            "videoCodec": "str",
            "audioCodec": "str",
            "audioChannels": "int",
            "width": "int",
            "height": "int",
            "transcodeHwRequested": "bool",
            "transcodeHwDecoding": "str",
            "transcodeHwEncoding": "str",
            "transcodeHwDecodingTitle": "str",
            "transcodeHwEncodingTitle": "str",
            "transcodeHwFullPipeline": "bool",
            "subtitleDecision": "str",
            "timeStamp": "float",
        }.items()
    },
}

SERVER_CONTRACTS = {
    "/identity": Contract(
        files=(f"{OFFICIAL}/GET_identity__200__identity.json",),
        known={"MediaContainer.apiVersion": "str"},
        essential=tuple(
            f"MediaContainer.{name}" for name in ("claimed", "machineIdentifier", "version")
        ),
    ),
    "/": Contract(
        files=(f"{OFFICIAL}/GET___200__info.json",),
        essential=tuple(
            f"MediaContainer.{name}"
            for name in (
                "friendlyName",
                "machineIdentifier",
                "myPlexSigninState",
                "myPlexSubscription",
                "platform",
                "platformVersion",
                "version",
            )
        ),
    ),
    "/status/sessions": Contract(
        files=(
            f"{SPEC}/GET_status_sessions.json",
            f"{OFFICIAL}/GET_status_sessions__200__playlists.json",
        ),
        known=VIDEO_SESSION,
        essential=(
            f"{ITEM}.sessionKey",
            f"{ITEM}.ratingKey",
            f"{ITEM}.type",
            f"{ITEM}.title",
            f"{ITEM}.duration",
            f"{ITEM}.viewOffset",
            f"{ITEM}.User.id",
            f"{ITEM}.User.title",
            f"{ITEM}.Player.machineIdentifier",
            f"{ITEM}.Player.state",
            f"{ITEM}.Player.title",
            f"{ITEM}.Session.id",
            f"{ITEM}.TranscodeSession.videoDecision",
        ),
    ),
    "/transcode/sessions": Contract(
        files=(
            f"{SPEC}/GET_transcode_sessions.json",
            f"{MOCKS}/transcode/video_sessions.json",
            f"{MOCKS}/transcode/music_sessions.json",
            f"{MOCKS}/transcode/empty_sessions.json",
        ),
        known={
            f"MediaContainer.TranscodeSession[].{name}": kind
            for name, kind in {
                "transcodeHwRequested": "bool",
                "transcodeHwDecoding": "str",
                "transcodeHwEncoding": "str",
                "transcodeHwDecodingTitle": "str",
                "transcodeHwEncodingTitle": "str",
                "transcodeHwFullPipeline": "bool",
            }.items()
        },
        essential=("MediaContainer.TranscodeSession[].key",),
    ),
    "/accounts": Contract(
        files=(f"{SPEC}/GET_statistics_bandwidth.json",),
        known={"MediaContainer.identifier": "str"},
        essential=("MediaContainer.Account[].id", "MediaContainer.Account[].name"),
    ),
    "/devices": Contract(
        files=(f"{SPEC}/GET_devices.json",),
        essential=("MediaContainer.Device[].id", "MediaContainer.Device[].clientIdentifier"),
    ),
    "/clients": Contract(files=(f"{SPEC}/GET_clients.json",), essential=("MediaContainer.size",)),
    "/activities": Contract(
        files=(f"{OFFICIAL}/GET_activities__200__activity.json",),
        known={
            "MediaContainer.Activity[].Context": "object",
            "MediaContainer.Activity[].Context.librarySectionID": "str",
        },
        essential=("MediaContainer.Activity[].uuid", "MediaContainer.Activity[].progress"),
    ),
    "/:/prefs": Contract(
        files=(f"{MOCKS}/server/prefs.json", f"{OFFICIAL}/GET_prefs__200__somePrefs.json"),
        essential=("MediaContainer.Setting[].id", "MediaContainer.Setting[].value"),
    ),
    "/:/prefs/get?id=friendlyName": Contract(
        files=(f"{OFFICIAL}/GET_prefs_get__200__friendlyName.json",),
        essential=("MediaContainer.Setting[].id", "MediaContainer.Setting[].value"),
    ),
    "/butler": Contract(
        files=(f"{OFFICIAL}/GET_butler__200__tasks.json",),
        essential=("ButlerTasks.ButlerTask[].name",),
    ),
    "/updater/status": Contract(
        files=(
            f"{OFFICIAL}/GET_updater_status__200__status.json",
            f"{SPEC}/GET_updater_status.json",
        ),
        essential=(
            "MediaContainer.canInstall",
            "MediaContainer.Release[].version",
            "MediaContainer.Release[].state",
            "MediaContainer.Release[].fixed",
        ),
    ),
    "/myplex/account": Contract(
        files=(f"{SPEC}/GET_myplex_account.json",),
        essential=("MyPlex.signInState", "MyPlex.mappingState"),
    ),
    "/security/token?type=delegation&scope=all": Contract(
        files=(f"{OFFICIAL}/POST_security_token__200__token.json",),
        essential=("MediaContainer.token",),
    ),
    "/library/sections": Contract(
        files=(
            f"{OFFICIAL}/GET_library_sections_all__200__basic.json",
            f"{SPEC}/GET_library_sections.json",
        ),
        essential=tuple(
            f"MediaContainer.Directory[].{name}" for name in ("key", "type", "title", "uuid")
        ),
    ),
    **{
        path: Contract(
            files=LIBRARY_FILES, known=GUIDS, essential=(f"{ITEM}.ratingKey", f"{ITEM}.title")
        )
        for path in (
            "/library/sections/1/all?includeMeta=1",
            "/library/sections/2/all",
            "/library/sections/2/all?type=3",
            "/library/sections/2/all?type=4",
            "/library/sections/3/all?type=9",
            "/library/sections/3/all?type=10",
            "/library/sections/4/all",
            "/library/sections/4/all?type=13",
            "/library/all?type=1&sort=addedAt:desc",
            "/library/metadata/101",
            "/library/metadata/104/children",
            "/library/onDeck",
        )
    },
    "/library/recentlyAdded": Contract(
        files=(*LIBRARY_FILES, f"{SPEC}/GET_library_recentlyAdded.json"),
        essential=(f"{ITEM}.ratingKey", f"{ITEM}.addedAt"),
    ),
    "/library/metadata/101?includeMarkers=1": Contract(
        files=LIBRARY_FILES,
        known=GUIDS,
        essential=(f"{ITEM}.Marker[].type", f"{ITEM}.Marker[].startTimeOffset"),
    ),
    "/status/sessions/history/all": Contract(
        files=(
            f"{OFFICIAL}/GET_status_sessions_history_all__200__aHistory.json",
            f"{SPEC}/GET_status_sessions_history_all.json",
        ),
        essential=tuple(
            f"{ITEM}.{name}"
            for name in (
                "historyKey",
                "ratingKey",
                "librarySectionID",
                "title",
                "type",
                "viewedAt",
                "accountID",
                "deviceID",
            )
        ),
    ),
    "/statistics/resources?timespan=6": Contract(
        files=(f"{SPEC}/GET_statistics_resources.json",),
        essential=tuple(
            f"MediaContainer.StatisticsResources[].{name}"
            for name in (
                "at",
                "timespan",
                "hostCpuUtilization",
                "processCpuUtilization",
                "hostMemoryUtilization",
                "processMemoryUtilization",
            )
        ),
    ),
    "/statistics/bandwidth?timespan=6": Contract(
        files=(f"{SPEC}/GET_statistics_bandwidth.json",),
        essential=(
            "MediaContainer.Device[].id",
            "MediaContainer.Account[].id",
            *(
                f"MediaContainer.StatisticsBandwidth[].{name}"
                for name in ("accountID", "deviceID", "timespan", "at", "lan", "bytes")
            ),
        ),
    ),
    "/media/providers": Contract(
        files=PROVIDER_FILES, essential=("MediaContainer.machineIdentifier", f"{SECTIONS}.key")
    ),
    # The sizes are in no capture; several exporters read them.
    "/media/providers?includeStorage=1": Contract(
        files=PROVIDER_FILES,
        known={f"{SECTIONS}.storageTotal": "int", f"{SECTIONS}.durationTotal": "int"},
        essential=(f"{SECTIONS}.id", f"{SECTIONS}.storageTotal", f"{SECTIONS}.durationTotal"),
    ),
    "/hubs/search?query=lake": Contract(
        files=(
            f"{OFFICIAL}/GET_hubs_search__200__simpson.json",
            f"{OFFICIAL}/GET_hubs__200__someHubs.json",
        ),
        items="MediaContainer.Hub[].Metadata[]",
        item_files=LIBRARY_FILES,
        essential=("MediaContainer.Hub[].type", "MediaContainer.Hub[].Metadata[].title"),
    ),
    "/playlists": Contract(files=(f"{OFFICIAL}/GET_playlists__200__playlists.json",), essential=()),
}

PINS = (
    f"{MOCKS}/myplex/api/v2/pins_new.json",
    f"{MOCKS}/myplex/api/v2/pins_linked.json",
    f"{SPEC}/POST_pins.json",
    f"{SPEC}/GET_pins_{{pinID}}.json",
)
PIN = Contract(files=PINS, essential=("id", "code", "qr", "expiresIn", "expiresAt", "authToken"))
USER = Contract(
    files=(
        f"{MOCKS}/myplex/api/v2/user/user_info_plexpass.json",
        f"{MOCKS}/myplex/api/v2/user/user_info_free.json",
        f"{SPEC}/GET_user.json",
    ),
    essential=("id", "uuid", "username", "title", "subscription.active", "authToken"),
)
RESOURCES = Contract(
    files=(f"{MOCKS}/myplex/api/v2/resources.json", f"{SPEC}/GET_resources.json"),
    essential=tuple(
        f"[].{name}"
        for name in (
            "name",
            "clientIdentifier",
            "provides",
            "ownerId",
            "sourceTitle",
            "accessToken",
            "owned",
            "connections[].uri",
            "connections[].local",
            "connections[].relay",
        )
    ),
)
