"""The elements of the streams in a file, as a server describes a single item with them."""

from .items import Item
from .rendering import Node, present


def file_streams(item: Item) -> tuple[Node, ...]:
    """Return the video and the audio in an item's file."""
    quality = item.quality
    nodes = []
    if quality.video_codec:
        nodes.append(
            present(
                id=item.rating_key + 2000,
                streamType=1,
                default=True,
                codec=quality.video_codec,
                index=0,
                bitrate=max(quality.bitrate - 200, 1),
                bitDepth=8,
                frameRate=23.976,
                height=quality.height,
                width=quality.width,
                profile=quality.video_profile,
                displayTitle=quality.display_title,
                extendedDisplayTitle=quality.display_title,
            )
        )
    if quality.audio_codec:
        title = f"English ({quality.audio_codec.upper()})"
        nodes.append(
            present(
                id=item.rating_key + 3000,
                streamType=2,
                selected=True,
                default=True,
                codec=quality.audio_codec,
                index=len(nodes),
                channels=quality.audio_channels,
                bitrate=192,
                language="English",
                samplingRate=48_000,
                displayTitle=title,
                extendedDisplayTitle=title,
            )
        )
    return tuple(Node(tag="Stream", attributes=attributes) for attributes in nodes)
