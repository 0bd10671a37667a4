"""Limits of what Plex may send, so that no server can hold the event loop or fill the memory.

JSON is parsed in one piece that no thread can interrupt, so it is the size of an answer that has to
be limited. Its bytes alone do not do that: a list of nothing costs a hundred times as much as a
poster's address of the same length. So its values are limited as well, and counted before it is
parsed.
"""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class AnswerLimit:
    """The limit of one answer, in bytes and in JSON values."""

    size: int
    values: int

    def allows(self, document: str) -> bool:
        """Return whether a document has few enough values.

        Each value but the first follows a comma or the start of its list or object. Commas in texts
        count as well.
        """
        return sum(map(document.count, ",[{")) <= self.values


# What a poll asks for. Two hundred streams, each with ten audio and subtitle streams, have 1 MiB.
ANSWER = AnswerLimit(size=2 * MIB, values=50_000)
# Pages of items, of up to 20 KiB each, and whatever has a part for each of a thousand libraries.
PAGE = AnswerLimit(size=4 * MIB, values=100_000)
# A search has up to 500 results of each type of media, and no pages.
SEARCH = AnswerLimit(size=8 * MIB, values=150_000)
# Notifications have one item each, and a few hundred while a library is scanned.
FRAME = AnswerLimit(size=MIB, values=20_000)

# A picture is scaled to less than a megapixel, of four bytes each at most.
MAX_IMAGE = 4 * MIB

# Items of a list that has no limit of its own.
MAX_ITEMS = 1000
# Streams. The largest of servers have two hundred; each costs an event when it starts and ends.
MAX_SESSIONS = 250
# Libraries. Each is a device with entities, which Home Assistant updates together.
MAX_LIBRARIES = 200
# A server never forgets a device: a browser is listed again with each new profile.
MAX_DEVICES = 5000
# Rows of traffic, one for each device and second: a server without filters lists those of hours.
MAX_TRAFFIC = 10_000
# Media, parts, streams and markers of one item: a film can have a hundred subtitles.
MAX_PARTS = 200

# Titles and names come from file names, which have 255 bytes; Home Assistant's states do as well.
MAX_TEXT = 255
# Codecs and the like.
MAX_WORD = 32
# Summaries and release notes.
MAX_LONG_TEXT = 10_000
# Keys are numbers or UUIDs. A longer one is not cut, as it would be another key then.
MAX_KEY = 128
# Paths hold the keys of several items, or an address of a picture.
MAX_PATH = 2048
# A token of plex.tv is a short one of 20 characters, or a signed one of about a thousand.
MAX_SECRET = 4096
