"""The elements of items, as libraries and as sessions have them."""

from dataclasses import dataclass

from .file_nodes import file_streams
from .items import CLIPS_ID, OWNER_ID, Item, Kind, Quality, Section
from .rendering import Node, Scalar, Shape, present

WITH_RATING = {Kind.MOVIE, Kind.EPISODE, Kind.SHOW}
WITH_YEAR = {Kind.MOVIE, Kind.EPISODE, Kind.SHOW, Kind.ALBUM, Kind.PHOTO}
MARKER_LENGTH = 60_000


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
    item: Item, *, viewer: int = OWNER_ID, in_session: bool = False, in_library: bool = False
) -> dict[str, Scalar]:
    """Return the attributes of an item; a session has the library's id as a string.

    In the list of one library the container names the library, and its items do not.
    """
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
        **({} if in_library else _place(item, in_session=in_session)),
        summary=None if in_session else item.summary,
        index=None if item.kind in {Kind.MOVIE, Kind.CLIP} else item.index,
        year=item.year if item.kind in WITH_YEAR else None,
        thumb=f"{item.key}/thumb/{stamp}" if item.has_picture else None,
        art=f"{item.key}/art/{stamp}",
        composite=f"{item.key}/composite/{stamp}" if item.kind is Kind.PHOTO_ALBUM else None,
        duration=item.duration if item.playable and item.kind is not Kind.PHOTO else None,
        rating=item.rating if item.kind in WITH_RATING and not in_session else None,
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


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What is only listed on request: `whole` is what a single item has."""

    whole: bool = False
    guids: bool = False
    markers: bool = False
    checked: bool = False


def item_node(
    item: Item, *, viewer: int = OWNER_ID, in_library: bool = False, extras: Extras = Extras()
) -> Node:
    """Return an item as it is listed to an account."""
    attributes = item_attributes(item, viewer=viewer, in_library=in_library)
    if offset := item.viewing(viewer).offset:
        attributes["viewOffset"] = offset
    children = [_media_node(item, extras)] if item.playable else []
    if extras.whole or extras.guids:
        children += [Node(tag="Guid", attributes={"id": guid}) for guid in item.external_guids]
    if extras.markers:
        children += _marker_nodes(item)
    return Node(tag=item.kind.tag, key="Metadata", attributes=attributes, children=tuple(children))


def _marker_nodes(item: Item) -> list[Node]:
    """Return the intro, the credits that a scene follows, and the final ones."""
    starts = (
        ("intro", item.intro_at, None),
        ("credits", item.early_credits_at, None),
        ("credits", item.credits_at, True),
    )
    return [
        _marker_node(item, kind, number, start, final=final)
        for number, (kind, start, final) in enumerate(starts)
        if start is not None
    ]


def _marker_node(item: Item, kind: str, number: int, start: int, *, final: bool | None) -> Node:
    identifier = 3 * item.rating_key + 4000 + number
    return Node(
        tag="Marker",
        attributes=present(
            id=identifier,
            type=kind,
            startTimeOffset=start,
            endTimeOffset=min(start + MARKER_LENGTH, item.duration),
            final=final,
        ),
        children=(
            Node(tag="Attributes", attributes={"id": identifier, "version": 4}, shape=Shape.OBJECT),
        ),
    )


def _media_node(item: Item, extras: Extras) -> Node:
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
            exists=not item.missing if extras.checked else None,
            accessible=not item.missing if extras.checked else None,
        ),
        children=file_streams(item) if extras.whole else (),
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
