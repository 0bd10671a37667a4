"""The pictures of a library: posters, covers and stills with a title on them."""

from functools import lru_cache
from hashlib import sha256
from io import BytesIO
import textwrap

from PIL import Image, ImageDraw, ImageFont

from .items import Item, Kind

# Width by height in proportion.
SHAPES = {
    Kind.EPISODE: (16, 9),
    Kind.CLIP: (16, 9),
    Kind.ARTIST: (1, 1),
    Kind.ALBUM: (1, 1),
    Kind.TRACK: (1, 1),
    Kind.PHOTO: (4, 3),
    Kind.PHOTO_ALBUM: (1, 1),
}
POSTER, ART = (2, 3), (16, 9)
LARGEST = 2000
MARGIN, LETTERS_IN_A_LINE = 10, 12


def shape_of(item: Item, picture: str) -> tuple[int, int]:
    """Return the proportions of an item's `thumb`, `art` or `composite`."""
    return ART if picture == "art" else SHAPES.get(item.kind, POSTER)


def size_within(
    shape: tuple[int, int], width: int, height: int, *, outside: bool
) -> tuple[int, int]:
    """Return the size that just fits into the requested one, or that just covers it."""
    scales = (width / shape[0], height / shape[1])
    scale = max(scales) if outside else min(scales)
    across, down = (min(LARGEST, max(1, round(side * scale))) for side in shape)
    return across, down


@lru_cache(maxsize=64)
def draw(title: str, size: tuple[int, int], format_name: str) -> bytes:
    """Return a picture: a gradient whose colours follow from the title, and the title on it."""
    hue = sha256(title.encode()).digest()[0] * 360 // 256
    below, above = (
        Image.new("RGB", size, f"hsl({turned % 360}, 65%, {light}%)")
        for turned, light in ((hue, 14), (hue + 40, 48))
    )
    picture = Image.composite(below, above, Image.linear_gradient("L").resize(size))
    font = ImageFont.load_default(max(8, size[0] // MARGIN))
    lines = textwrap.fill(title, LETTERS_IN_A_LINE)
    place = (size[0] // MARGIN, size[1] - size[1] // MARGIN)
    ImageDraw.Draw(picture).multiline_text(place, lines, fill="white", font=font, anchor="ld")
    content = BytesIO()
    picture.save(content, format_name)
    return content.getvalue()
