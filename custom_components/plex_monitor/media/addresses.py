"""Addresses of pictures in Home Assistant, which say what is shown and until when.

Nothing has to be kept for them, and no part of them is a path or an address of somebody's choice:
the path at the server is put together from two numbers. There is no query, which the Home Assistant
app for iOS would encode, and the ending is one that it knows.
"""

from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final, Self

from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .signing import SIGNATURE_SIZE

DAY: Final = 24 * 60 * 60
# An address is the same for a week, so that it is cached, and valid for at least one more.
PERIOD: Final = 7 * DAY


class PictureSize(StrEnum):
    """The sizes that a picture fits into: those of a poster, which wide ones fit into as well."""

    SMALL = "200x300"
    MEDIUM = "400x600"
    LARGE = "600x900"

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return int(self.partition("x")[0])

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return int(self.partition("x")[2])


# `\d` would match the digits of all alphabets.
_NUMBER: Final = "[0-9]{1,18}"
_STAMP: Final = f"-?{_NUMBER}"
_PATH: Final = re.compile(f"/library/metadata/({_NUMBER})/thumb/({_STAMP})")

PICTURES: Final = f"/api/{DOMAIN}/picture"
PICTURE_URL: Final = "/".join(
    (
        PICTURES,
        "{entry_id:[0-9A-Za-z]{1,64}}",
        f"{{rating_key:{_NUMBER}}}",
        f"{{stamp:{_STAMP}}}",
        f"{{size:{'|'.join(PictureSize)}}}",
        "{expires_at:[1-9][0-9]{0,11}}",
        f"{{signature:[0-9a-f]{{{2 * SIGNATURE_SIZE}}}}}.jpg",
    )
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The picture of an item, and when it was last changed."""

    rating_key: str
    stamp: str

    @classmethod
    def from_path(cls, path: str | None) -> Self | None:
        """Return the picture at a path of a server; `None` if it is not that of an item."""
        if path is None or (match := _PATH.fullmatch(path)) is None:
            return None
        return cls(rating_key=match[1], stamp=match[2])

    @property
    def path(self) -> str:
        """Return the path at the server."""
        return f"/library/metadata/{self.rating_key}/thumb/{self.stamp}"


@dataclass(frozen=True, kw_only=True)
class PictureAddress:
    """What the address of a picture says, all of which is signed."""

    entry_id: str
    picture: Picture
    size: PictureSize
    # In seconds since 1970.
    expires_at: int

    @property
    def unsigned(self) -> str:
        """Return the address up to its signature."""
        picture = self.picture
        return "/".join(
            (
                PICTURES,
                self.entry_id,
                picture.rating_key,
                picture.stamp,
                self.size,
                str(self.expires_at),
            )
        )

    @property
    def is_expired(self) -> bool:
        """Return whether the address is not valid any more."""
        return _now() >= self.expires_at


def expires_at() -> int:
    """Return the time at which an address that is made now becomes invalid."""
    return (_now() // PERIOD + 2) * PERIOD


def _now() -> int:
    return int(dt_util.utcnow().timestamp())
