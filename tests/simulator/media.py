"""How items look in an answer: as the library shows them, and as a session does."""

from .library import Item, Kind, Section
from .rendering import Node, Scalar, present

HD_WIDTH, HD_HEIGHT = 1920, 1080


def section_node(section: Section) -> Node:
    """Return a library as /library/sections lists it."""
    word = section.path_of_picture
    return Node(
        tag="Directory",
        attributes={
            "allowSync": True,
            "art": f"/:/resources/{word}-fanart.jpg",
            "composite": f"/library/sections/{section.id}/composite/{section.scanned_at}",
            "filters": True,
            "refreshing": section.refreshing,
            "thumb": f"/:/resources/{word}.png",
            "key": str(section.id),
            "type": section.kind.word,
            "title": section.title,
            "agent": section.agent,
            "scanner": section.scanner,
            "language": "en-US",
            "uuid": section.uuid,
            "updatedAt": section.scanned_at,
            "createdAt": section.created_at,
            "scannedAt": section.scanned_at,
            "content": True,
            "directory": True,
            "contentChangedAt": section.changes,
            "hidden": 0,
        },
        children=(Node(tag="Location", attributes={"id": section.id, "path": section.path}),),
    )


def item_attributes(item: Item, *, in_session: bool = False) -> dict[str, Scalar]:
    """Return the attributes of an item; a session writes the library's id as a string."""
    section, parent = item.section, item.parent
    top = parent.parent if parent else None
    stamp = item.added_at
    attributes = present(
        ratingKey=str(item.rating_key),
        key=item.key if item.playable else f"{item.key}/children",
        guid=item.guid,
        type=item.kind.word,
        title=item.title,
        librarySectionID=str(section.id) if in_session else section.id,
        librarySectionKey=f"/library/sections/{section.id}",
        librarySectionTitle=section.title,
        summary=None if in_session else item.summary,
        index=item.index if item.kind is not Kind.MOVIE else None,
        year=item.year if item.kind in {Kind.MOVIE, Kind.EPISODE, Kind.SHOW, Kind.ALBUM} else None,
        thumb=f"{item.key}/thumb/{stamp}",
        art=f"{item.key}/art/{stamp}",
        duration=item.duration if item.playable and item.kind is not Kind.PHOTO else None,
        addedAt=item.added_at,
        updatedAt=item.added_at,
        viewCount=item.view_count or None,
    )
    if parent:
        attributes |= _ancestor("parent", parent) | {"parentIndex": parent.index}
    if top:
        attributes |= _ancestor("grandparent", top)
        attributes["grandparentArt"] = f"{top.key}/art/{top.added_at}"
    if not item.playable:
        leaves = list(item.leaves())
        attributes |= {
            "childCount": len(item.children),
            "leafCount": len(leaves),
            "viewedLeafCount": sum(1 for leaf in leaves if leaf.view_count),
        }
    return attributes


def _ancestor(prefix: str, item: Item) -> dict[str, Scalar]:
    return {
        f"{prefix}RatingKey": str(item.rating_key),
        f"{prefix}Key": item.key,
        f"{prefix}Guid": item.guid,
        f"{prefix}Title": item.title,
        f"{prefix}Thumb": f"{item.key}/thumb/{item.added_at}",
    }


def item_node(item: Item) -> Node:
    """Return an item as the library shows it."""
    attributes = item_attributes(item)
    if item.view_offset:
        attributes["viewOffset"] = item.view_offset
    return Node(
        tag=item.kind.tag,
        key="Metadata",
        attributes=attributes,
        children=(_media_node(item),) if item.playable else (),
    )


def _media_node(item: Item) -> Node:
    part_id = item.rating_key + 1000
    audio_only = item.kind is Kind.TRACK
    part = Node(
        tag="Part",
        attributes={
            "id": part_id,
            "key": f"/library/parts/{part_id}/{item.added_at}/file.{_container(item)}",
            "duration": item.duration,
            "file": file_of(item),
            "size": item.duration * 500,
            "container": _container(item),
        },
    )
    video: dict[str, Scalar] = (
        {}
        if audio_only
        else {
            "width": HD_WIDTH,
            "height": HD_HEIGHT,
            "aspectRatio": 1.78,
            "videoCodec": "h264",
            "videoResolution": "1080",
            "videoFrameRate": "24p",
            "videoProfile": "high",
        }
    )
    return Node(
        tag="Media",
        attributes={
            "id": part_id,
            "duration": item.duration,
            "bitrate": bitrate_of(item),
            "audioChannels": 2,
            "audioCodec": "flac" if audio_only else "aac",
            "container": _container(item),
            **video,
        },
        children=(part,),
    )


def _container(item: Item) -> str:
    return "flac" if item.kind is Kind.TRACK else "mkv"


def bitrate_of(item: Item) -> int:
    """Return the bit rate of an item's file in kbit/s."""
    return 1000 if item.kind is Kind.TRACK else 4000


def file_of(item: Item) -> str:
    """Return where the file of an item lies on the server."""
    return f"{item.section.path}/{item.title}.{_container(item)}"
