"""The sort orders and filters of a library, which PlexAPI reads before a request."""

from .items import Kind, Section
from .rendering import Node, Shape

SORTS = (
    ("titleSort", "Title", "asc"),
    ("year", "Year", "desc"),
    ("originallyAvailableAt", "Release Date", "desc"),
    ("duration", "Duration", "desc"),
    ("addedAt", "Date Added", "desc"),
)
FIELDS = (("title", "Title", "string"), ("year", "Year", "integer"), ("addedAt", "Added", "date"))
OPERATORS = {
    "string": {"=": "contains", "!=": "does not contain", "==": "is", "!==": "is not"},
    "integer": {"=": "is", "!=": "is not", ">>=": "is greater than", "<<=": "is less than"},
    "guid": {"=": "is", "!=": "is not"},
    "date": {"<<=": "is before", ">>=": "is after"},
    "boolean": {"=": "is true", "!=": "is false"},
    "tag": {"=": "is", "!=": "is not"},
    "subtitleLanguage": {"=": "is", "!=": "is not"},
    "audioLanguage": {"=": "is", "!=": "is not"},
    "resolution": {"=": "is", "!=": "is not"},
}
KINDS = {
    Kind.SHOW: (Kind.SHOW, Kind.SEASON, Kind.EPISODE),
    Kind.ARTIST: (Kind.ARTIST, Kind.ALBUM, Kind.TRACK),
    Kind.PHOTO_ALBUM: (Kind.PHOTO_ALBUM, Kind.PHOTO),
}


def sort_nodes() -> tuple[Node, ...]:
    """Return the sort orders of a library."""
    return tuple(
        Node(
            tag="Sort",
            attributes={
                "key": key,
                "descKey": f"{key}:desc",
                "title": title,
                "defaultDirection": direction,
            },
        )
        for key, title, direction in SORTS
    )


def meta_node(section: Section) -> Node:
    """Return the element that a library adds with includeMeta."""
    types = tuple(
        Node(
            tag="Type",
            attributes={
                "key": f"/library/sections/{section.id}/all?type={int(kind)}",
                "type": kind.word,
                "title": f"{kind.word.title()}s",
                "active": kind is section.kind,
            },
            children=(
                *sort_nodes(),
                *(
                    Node(
                        tag="Field",
                        attributes={"key": f"{kind.word}.{key}", "title": title, "type": field},
                    )
                    for key, title, field in FIELDS
                ),
            ),
        )
        for kind in KINDS.get(section.kind, (section.kind,))
    )
    field_types = tuple(
        Node(
            tag="FieldType",
            attributes={"type": name},
            children=tuple(
                Node(tag="Operator", attributes={"key": key, "title": title})
                for key, title in operators.items()
            ),
        )
        for name, operators in OPERATORS.items()
    )
    return Node(tag="Meta", children=(*types, *field_types), shape=Shape.OBJECT)
