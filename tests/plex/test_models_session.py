"""Sessions of a server."""

from typing import Any

import pytest

from custom_components.plex_monitor.plex.models import (
    PlaybackState,
    PlayedItem,
    Session,
    StreamDecision,
    TranscodeStatus,
)


def transcoder(**changes: object) -> dict[str, Any]:
    """Return a transcode session as a server lists it."""
    return {
        "key": "/transcode/sessions/1a2b3c",
        "throttled": True,
        "size": -22,
        "sourceVideoCodec": "hevc",
        "sourceAudioCodec": "truehd",
        "videoDecision": "transcode",
        "audioDecision": "copy",
        "subtitleDecision": "burn",
        "videoCodec": "h264",
        "audioCodec": "ac3",
        "transcodeHwRequested": True,
        "transcodeHwDecoding": "vaapi",
    } | changes


def session(**changes: object) -> dict[str, Any]:
    """Return the session of a transcoded movie as a server lists it."""
    return {
        "sessionKey": "3",
        "ratingKey": "118",
        "type": "movie",
        "title": "Test Feature",
        "year": 2024,
        "librarySectionID": "1",
        "librarySectionTitle": "Films",
        "thumb": "/library/metadata/118/thumb/1700000000",
        "viewOffset": 1_500_000,
        "duration": 6_000_000,
        "Media": [
            {"id": "1", "videoResolution": "4k", "videoCodec": "hevc"},
            {
                "id": "2",
                "selected": True,
                "videoResolution": "720p",
                "videoCodec": "h264",
                "audioCodec": "ac3",
                "Part": [
                    {
                        "decision": "transcode",
                        "selected": True,
                        "Stream": [
                            {
                                "streamType": 1,
                                "decision": "transcode",
                                "displayTitle": "4K (HEVC Main 10)",
                            },
                            {"streamType": 2, "codec": "aac"},
                            {"streamType": "2", "selected": "1", "decision": "copy"},
                            {"streamType": 3, "selected": True, "decision": "burn"},
                        ],
                    }
                ],
            },
        ],
        "User": {"id": "1", "title": "owner", "thumb": "https://plex.tv/?X-Plex-Token=secret"},
        "Player": {
            "machineIdentifier": "box-1",
            "title": "TV",
            "device": "Box",
            "product": "Plex for Box",
            "platform": "Box OS",
            "address": "192.168.1.9",
            "state": "paused",
            "local": True,
        },
        "Session": {"id": "abc", "bandwidth": "2798", "location": "lan"},
        "TranscodeSession": transcoder(),
    } | changes


def test_transcoded_session() -> None:
    """All attributes are parsed."""
    found = Session.from_json(session())
    assert found == Session(
        session_key="3",
        session_id="abc",
        rating_key="118",
        media_type="movie",
        title="Test Feature",
        parent_title=None,
        grandparent_title=None,
        season=None,
        episode=None,
        year=2024,
        section_id="1",
        section_title="Films",
        thumb="/library/metadata/118/thumb/1700000000",
        live=False,
        user="owner",
        user_id="1",
        player="TV",
        player_id="box-1",
        product="Plex for Box",
        platform="Box OS",
        local=True,
        state=PlaybackState.PAUSED,
        view_offset=1_500_000,
        duration=6_000_000,
        decision=StreamDecision.TRANSCODE,
        video_decision="transcode",
        audio_decision="copy",
        subtitle_decision="burn",
        source_resolution="4k",
        resolution="720p",
        source_video_codec="hevc",
        video_codec="h264",
        source_audio_codec="truehd",
        audio_codec="ac3",
        bandwidth=2798,
        location="lan",
        transcode=TranscodeStatus(
            key="1a2b3c",
            throttled=True,
            hardware=True,
            video_decision="transcode",
            audio_decision="copy",
        ),
    )
    assert not any(private in repr(found) for private in ("secret", "192.168"))


def test_direct_play() -> None:
    """There are no decisions, and the source is delivered."""
    data = {
        "sessionKey": "4",
        "title": "A Song",
        "type": "track",
        "index": 3,
        "parentIndex": 1,
        "parentTitle": "An Album",
        "grandparentTitle": "An Artist",
        "parentThumb": "/library/metadata/20/thumb/1",
        "Media": [
            {
                "audioCodec": "flac",
                "Part": [
                    {
                        "decision": "directplay",
                        "Stream": [{"streamType": 2, "codec": "flac", "location": "direct"}],
                    }
                ],
            }
        ],
    }
    found = Session.from_json(data)
    assert found.decision is StreamDecision.DIRECT_PLAY
    assert (found.audio_decision, found.video_decision, found.subtitle_decision) == (None,) * 3
    assert (found.source_audio_codec, found.audio_codec) == ("flac", "flac")
    assert (found.source_video_codec, found.source_resolution, found.resolution) == (None,) * 3
    assert (found.transcode, found.session_id, found.bandwidth, found.location) == (None,) * 4
    assert (found.season, found.episode) == (None, None)
    assert found.thumb == "/library/metadata/20/thumb/1"
    assert (found.parent_title, found.grandparent_title) == ("An Album", "An Artist")
    assert (found.local, found.user, found.user_id, found.player_id) == (None,) * 4


def test_episode() -> None:
    """It has the numbers of its season and its own."""
    data = session(type="episode", index=5, parentIndex="2", grandparentTitle="A Show")
    found = Session.from_json(data)
    assert (found.season, found.episode, found.grandparent_title) == (2, 5, "A Show")


def media(part: object = None, *streams: object) -> list[object]:
    """Return the media of a session with one part."""
    return [{"videoResolution": "1080", "Part": [{"decision": part, "Stream": list(streams)}]}]


PICTURE = {"streamType": 1, "displayTitle": "1080p (H.264)"}
SOUND = {"streamType": 2}


@pytest.mark.parametrize(
    ("medium", "transcoding", "expected"),
    [
        # The decision on each stream counts.
        (
            media("transcode", PICTURE | {"decision": "copy"}, SOUND | {"decision": "copy"}),
            transcoder(),
            StreamDecision.DIRECT_STREAM,
        ),
        (
            media("transcode", PICTURE | {"decision": "copy"}, SOUND | {"decision": "transcode"}),
            transcoder(videoDecision="copy"),
            StreamDecision.TRANSCODE,
        ),
        (
            media("directplay", PICTURE | {"decision": "transcode"}),
            None,
            StreamDecision.TRANSCODE,
        ),
        # The transcode session is for the subtitles only.
        (
            media("directplay", PICTURE, SOUND),
            transcoder(videoDecision="transcode"),
            StreamDecision.DIRECT_PLAY,
        ),
        # Without decisions on the streams, those of the transcode session count.
        (media("transcode", PICTURE, SOUND), transcoder(), StreamDecision.TRANSCODE),
        (
            None,
            transcoder(videoDecision="copy", audioDecision="copy"),
            StreamDecision.DIRECT_STREAM,
        ),
        # There is no decision.
        (media(None, PICTURE), {"key": "/transcode/sessions/x"}, StreamDecision.DIRECT_PLAY),
        (media(), None, StreamDecision.DIRECT_PLAY),
        (None, None, StreamDecision.DIRECT_PLAY),
        ("rubbish", "rubbish", StreamDecision.DIRECT_PLAY),
    ],
)
def test_decision(medium: object, transcoding: object, expected: StreamDecision) -> None:
    """It is that on the selected streams, not on the existence of a transcode session."""
    data = session(Media=medium, TranscodeSession=transcoding)
    assert Session.from_json(data).decision is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1080", "1080p"),
        (720, "720p"),
        ("720p", "720p"),
        ("4k", "4k"),
        ("4K", "4k"),
        ("sd", "sd"),
        ("576i", "576i"),
        ("", None),
        (None, None),
        ([], None),
    ],
)
def test_resolution(value: object, expected: str | None) -> None:
    """Lower case, with a "p" for a bare number."""
    data = session(Media=[{"videoResolution": value}], TranscodeSession=None)
    found = Session.from_json(data)
    assert (found.resolution, found.source_resolution) == (expected, expected)


@pytest.mark.parametrize(
    ("display_title", "expected"),
    [
        ("4K (HEVC Main 10)", "4k"),
        ("4K DoVi/HDR10 (HEVC Main 10)", "4k"),
        ("1080p (H.264)", "1080p"),
        ("576i (MPEG2VIDEO)", "576i"),
        ("SD (MPEG4)", "sd"),
        ("HEVC", None),
        ("", None),
        (None, None),
    ],
)
def test_source_resolution(display_title: object, expected: str | None) -> None:
    """During a transcode, it is parsed from the display title of the stream."""
    stream = {"streamType": 1, "decision": "transcode", "displayTitle": display_title}
    found = Session.from_json(session(Media=media("transcode", stream)))
    assert (found.source_resolution, found.resolution) == (expected, "1080p")


def test_unknown_codecs() -> None:
    """An empty text and "*" are unknown, and so is the source of a transcode."""
    stars = transcoder(
        sourceVideoCodec="",
        sourceAudioCodec="*",
        audioDecision="transcode",
        videoCodec="*",
        audioCodec="",
    )
    data = session(
        Media=[{"videoCodec": "*", "audioCodec": "aac"}],
        TranscodeSession=stars,
    )
    found = Session.from_json(data)
    assert (found.source_video_codec, found.video_codec) == (None, None)
    assert (found.source_audio_codec, found.audio_codec) == (None, "aac")


@pytest.mark.parametrize(
    ("offset", "duration", "expected"),
    [
        (0, 1000, 0.0),
        ("250", 1000, 25.0),
        (2000, 1000, 100.0),
        (-5, 1000, 0.0),
        (5, 0, None),
        (5, -1, None),
        (5, None, None),
        (None, 1000, None),
    ],
)
def test_progress(offset: object, duration: object, expected: float | None) -> None:
    """It is in percent, and unknown without a duration."""
    assert Session.from_json(session(viewOffset=offset, duration=duration)).progress == expected


@pytest.mark.parametrize("key", ["", None, [], {}, True])
def test_transcode_without_a_key(key: object) -> None:
    """It is ignored, and the session is kept."""
    found = Session.from_json(session(TranscodeSession=transcoder(key=key)))
    assert found.transcode is None
    assert found.decision is StreamDecision.TRANSCODE


def test_live_tv() -> None:
    """It has no library and no duration."""
    data = session(live="1", librarySectionID=None, duration=None, TranscodeSession=transcoder())
    found = Session.from_json(data)
    assert found.live is True
    assert found.section_id is None
    assert found.progress is None


def test_codec_of_the_selected_stream() -> None:
    """A file can have several streams of a type; the media has the codec of the first."""
    streams = [
        {"streamType": 1, "codec": "hevc"},
        {"streamType": 2, "codec": "truehd", "default": True},
        {"streamType": 2, "codec": "aac", "selected": True},
        {"streamType": 3, "codec": "srt"},
    ]
    found = Session.from_json(
        session(
            TranscodeSession=None,
            Media=[
                {
                    "videoCodec": "hevc",
                    "audioCodec": "truehd",
                    "Part": [{"decision": "directplay", "Stream": streams}],
                }
            ],
        )
    )
    assert (found.video_codec, found.audio_codec) == ("hevc", "aac")
    assert (found.source_video_codec, found.source_audio_codec) == ("hevc", "aac")
    assert found.decision is StreamDecision.DIRECT_PLAY
    assert found.subtitle_decision is None


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("/livetv/sessions/0c5e", "0c5e"),
        ("/livetv/sessions/0c5e/client/index.m3u8?offset=1", "0c5e"),
        ("/library/metadata/118", None),
        ("/livetv/sessions/", None),
        (None, None),
        ({}, None),
    ],
)
def test_live_session(key: object, expected: str | None) -> None:
    """Live TV has the id of its live session in its key."""
    assert Session.from_json(session(key=key)).live_session == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("118", None), ("118", None), True),
        (("118", None), ("119", None), False),
        ((None, "0c5e"), ("133276", "0c5e"), True),
        (("133276", "0c5e"), ("133276", "1d6f"), False),
        ((None, "0c5e"), ("133276", None), None),
        ((None, None), ("133276", None), None),
        ((None, None), (None, None), None),
    ],
)
def test_same_item(
    one: tuple[str | None, str | None],
    other: tuple[str | None, str | None],
    expected: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The live session decides where both name one, and the rating key else."""
    first, second = (
        PlayedItem(rating_key=rating_key, live_session=live_session)
        for rating_key, live_session in (one, other)
    )
    assert first.is_same(second) is second.is_same(first) is expected


def live_media(resolution: str, **details: object) -> list[object]:
    """Return the media of live TV, which describes the channel."""
    streams = [
        {"streamType": 1, "decision": "transcode"},
        {"streamType": 2, "decision": "transcode"},
    ]
    return [
        {"videoResolution": resolution, "Part": [{"decision": "transcode", "Stream": streams}]}
        | details
    ]


@pytest.mark.parametrize(
    ("width", "resolution"),
    [(3840, "4k"), ("1920", "1080p"), (1280, "720p"), (640, "sd"), (None, None)],
)
def test_transcoded_live_tv(width: object, resolution: str | None) -> None:
    """Its media describes the source, so the transcode session says what is delivered."""
    transcoding = transcoder(
        sourceVideoCodec="mpeg2video",
        sourceAudioCodec="ac3",
        audioDecision="transcode",
        audioCodec="aac",
        width=width,
    )
    media = live_media("1080i", videoCodec="mpeg2video", audioCodec="ac3")
    found = Session.from_json(session(live="1", Media=media, TranscodeSession=transcoding))
    assert (found.source_video_codec, found.video_codec) == ("mpeg2video", "h264")
    assert (found.source_audio_codec, found.audio_codec) == ("ac3", "aac")
    assert (found.source_resolution, found.resolution) == ("1080i", resolution)


def test_live_tv_that_is_transcoded_to_the_same_codec() -> None:
    """The size shows that its media describes the source; the codecs of the source are missing."""
    transcoding = transcoder(sourceVideoCodec=None, sourceAudioCodec=None, width=1280)
    media = live_media("1080", videoCodec="h264", width=1920, audioCodec="mp2")
    found = Session.from_json(session(live="1", Media=media, TranscodeSession=transcoding))
    assert (found.source_resolution, found.resolution) == ("1080p", "720p")
    assert (found.source_audio_codec, found.audio_codec) == ("mp2", "ac3")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"transcodeHwDecoding": "qsv"}, True),
        ({"transcodeHwDecoding": None, "transcodeHwEncoding": "nvenc"}, True),
        ({"transcodeHwDecoding": None, "transcodeHwEncodingTitle": "Intel ()"}, False),
        ({"transcodeHwDecoding": "", "transcodeHwEncoding": ""}, False),
    ],
)
def test_transcode_hardware(changes: dict[str, object], *, expected: bool) -> None:
    """Requested hardware does not count."""
    assert TranscodeStatus.from_json(transcoder(**changes)).hardware is expected


def test_transcode_key() -> None:
    """The path is removed from the key."""
    assert TranscodeStatus.from_json(transcoder(key="1a2b3c")) == TranscodeStatus.from_json(
        transcoder()
    )


@pytest.mark.parametrize(
    "thumb",
    ["https://example.org/1.jpg", "//example.org/1.jpg", "", None, 5],
)
def test_thumb_at_another_host(thumb: object) -> None:
    """It is rejected."""
    assert Session.from_json(session(thumb=thumb)).thumb is None


@pytest.mark.parametrize(
    ("player", "expected"),
    [
        ({"title": "", "device": "Phone", "product": "Plex for Android"}, "Phone"),
        ({"product": "Plex for Android"}, "Plex for Android"),
        ({}, None),
        (None, None),
    ],
)
def test_player_without_a_title(player: object, expected: str | None) -> None:
    """It is named after its device or product."""
    session = Session.from_json({"sessionKey": "1", "Player": player})
    assert session.player == expected
    assert session.title == ""


@pytest.mark.parametrize("state", ["seeking", None, 5, [], {}])
def test_unknown_playback_state(state: object) -> None:
    """It counts as playing, since the session exists."""
    assert PlaybackState.from_text(state) is PlaybackState.PLAYING


@pytest.mark.parametrize("state", list(PlaybackState))
def test_playback_state(state: PlaybackState) -> None:
    """All states are parsed."""
    assert PlaybackState.from_text(str(state)) is state
