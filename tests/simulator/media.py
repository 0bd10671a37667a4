"""The elements of items, as libraries and as sessions have them."""

from .items import CLIPS_ID, OWNER_ID, Item, Kind, Quality, Section
from .rendering import Node, Scalar, Shape, present

WITH_YEAR = {Kind.MOVIE, Kind.EPISODE, Kind.SHOW, Kind.ALBUM, Kind.PHOTO}
CREDITS_LENGTH = 120_000


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
            "language": section.language,
            "uuid": section.uuid,
            "updatedAt": section.scanned_at,
            "createdAt": section.created_at,
            "scannedAt": section.scanned_at,
            "content": True,
            "directory": True,
            "contentChangedAt": section.changes,
            "hidden": section.hidden,
        },
        children=tuple(
            Node(tag="Location", attributes={"id": section.id * 10 + number, "path": path})
            for number, path in enumerate(section.paths)
        ),
    )


def item_attributes(
    item: Item, *, viewer: int = OWNER_ID, in_session: bool = False
) -> dict[str, Scalar]:
    """Return the attributes of an item; a session has the library's id as a string."""
    parent = item.parent
    top = parent.parent if parent else None
    stamp = item.updated_at
    viewing = item.viewing(viewer)
    attributes = present(
        ratingKey=str(item.rating_key),
        key=item.key if item.playable else f"{item.key}/children",
        guid=item.guid,
        type=item.kind.word,
        title=item.title,
        **_place(item, in_session=in_session),
        summary=None if in_session else item.summary,
        index=None if item.kind in {Kind.MOVIE, Kind.CLIP} else item.index,
        year=item.year if item.kind in WITH_YEAR else None,
        thumb=f"{item.key}/thumb/{stamp}",
        art=f"{item.key}/art/{stamp}",
        composite=f"{item.key}/composite/{stamp}" if item.kind is Kind.PHOTO_ALBUM else None,
        duration=item.duration if item.playable and item.kind is not Kind.PHOTO else None,
        addedAt=item.added_at,
        updatedAt=item.updated_at,
        viewCount=viewing.count or None,
        lastViewedAt=viewing.last_at,
        userRating=None if viewing.rating is None else round(viewing.rating),
    )
    if parent:
        attributes |= _ancestor("parent", parent) | {"parentIndex": parent.index}
    if top:
        attributes |= _ancestor("grandparent", top)
        attributes["grandparentArt"] = f"{top.key}/art/{top.updated_at}"
    if not item.playable:
        leaves = list(item.leaves())
        attributes |= {
            "childCount": len(item.children),
            "leafCount": len(leaves),
            "viewedLeafCount": sum(1 for leaf in leaves if leaf.viewing(viewer).count),
        }
    return attributes


def _place(item: Item, *, in_session: bool) -> dict[str, Scalar]:
    section = item.section
    if section.id > 0:
        return {
            "librarySectionID": str(section.id) if in_session else section.id,
            "librarySectionKey": f"/library/sections/{section.id}",
            "librarySectionTitle": section.title,
        }
    # A trailer names a library that does not exist, and live television none.
    return {"librarySectionID": str(CLIPS_ID)} if section.id == CLIPS_ID else {}


def _ancestor(prefix: str, item: Item) -> dict[str, Scalar]:
    return {
        f"{prefix}RatingKey": str(item.rating_key),
        f"{prefix}Key": item.key,
        f"{prefix}Guid": item.guid,
        f"{prefix}Title": item.title,
        f"{prefix}Thumb": f"{item.key}/thumb/{item.updated_at}",
    }


def item_node(item: Item, *, viewer: int = OWNER_ID, markers: bool = False) -> Node:
    """Return an item as a library lists it to an account, optionally with its markers."""
    attributes = item_attributes(item, viewer=viewer)
    if offset := item.viewing(viewer).offset:
        attributes["viewOffset"] = offset
    children = [_media_node(item)] if item.playable else []
    if markers and item.credits_at is not None:
        children.append(_credits_node(item, item.credits_at))
    return Node(tag=item.kind.tag, key="Metadata", attributes=attributes, children=tuple(children))


def _credits_node(item: Item, start: int) -> Node:
    number = item.rating_key + 4000
    return Node(
        tag="Marker",
        attributes={
            "id": number,
            "type": "credits",
            "startTimeOffset": start,
            "endTimeOffset": min(start + CREDITS_LENGTH, item.duration),
            "final": True,
        },
        children=(
            Node(tag="Attributes", attributes={"id": number, "version": 4}, shape=Shape.OBJECT),
        ),
    )


def _media_node(item: Item) -> Node:
    part_id = item.rating_key + 1000
    quality = item.quality
    duration = None if item.kind is Kind.PHOTO else item.duration
    part = Node(
        tag="Part",
        attributes=present(
            id=part_id,
            key=f"/library/parts/{part_id}/{item.added_at}/file.{quality.container}",
            duration=duration,
            file=file_of(item),
            size=item.size,
            container=quality.container,
        ),
    )
    return Node(
        tag="Media",
        attributes=present(
            id=part_id,
            duration=duration,
            bitrate=quality.bitrate or None,
            audioChannels=quality.audio_channels if quality.audio_codec else None,
            audioCodec=quality.audio_codec,
            container=quality.container,
            **picture_attributes(item, quality),
        ),
        children=(part,),
    )


def picture_attributes(item: Item, quality: Quality) -> dict[str, Scalar]:
    """Return the attributes of an item's picture, of which music has none."""
    if item.kind is Kind.TRACK:
        return {}
    size: dict[str, Scalar] = {
        "width": quality.width,
        "height": quality.height,
        "aspectRatio": 1.78,
    }
    if item.kind is Kind.PHOTO:
        return size
    return size | {
        "videoCodec": quality.video_codec,
        "videoResolution": quality.resolution,
        "videoFrameRate": "24p",
        "videoProfile": quality.video_profile,
    }


def file_of(item: Item) -> str:
    """Return the path of an item's file on the server."""
    return f"{item.section.paths[0]}/{item.title}.{item.quality.container}"
