"""What the simulator holds about people and servers, which nothing that is posted may show."""

import re

from tests.simulator import Account, Kind, PlexServer, World

# Shorter ones, such as the keys of libraries, are in every text.
SHORTEST = 4


def make_private(world: World, server: PlexServer) -> list[str]:
    """Give names to people, libraries and items that are in no other text, and return them."""
    library = server.library
    guest: Account = world.plex_tv.add_account("Privatus")
    server.share_with(guest)
    library.add_section("Privateer", Kind.PHOTO)
    library.sections[0].title = "A private collection"
    library.items[0].title = "Privacy"
    return [guest.username, "Privateer", "A private collection", "Privacy", "someone@example.org"]


def private_words(world: World) -> set[str]:
    """Return every title, name, address, identifier and token of the simulated Plex."""
    words: set[str] = set()
    for account in world.plex_tv.book.accounts:
        words |= {account.username, account.email, account.uuid, str(account.id)}
    for device in world.plex_tv.book.devices:
        words |= {device.token, device.client_identifier, str(device.id)}
    for server in world.servers:
        words |= {server.machine_identifier, server.url, "127.0.0.1", *server.own_tokens}
        words |= {connection.uri for connection in server.connections}
        words |= {share.token for share in server.shares}
        words |= {section.title for section in server.library.sections}
        words |= {section.uuid for section in server.library.sections}
        words |= {item.title for item in server.library.items}
        for stream in server.streams:
            words |= {stream.player.title, stream.player.machine_identifier}
    return {word for word in words if len(word) >= SHORTEST}


def shown_of(words: set[str], text: str) -> set[str]:
    """Return the words that a text contains, other than as a part of another word."""
    return {
        word for word in words if re.search(rf"(?<![A-Za-z_]){re.escape(word)}(?![A-Za-z_])", text)
    }
