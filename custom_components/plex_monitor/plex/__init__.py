"""Plex itself: plex.tv, Plex Media Server and the tokens between them.

Built on aiohttp alone. Everything raised about Plex is a `PlexError`; a token travels in a header
only, and no error, log line or `repr` ever holds one.
"""
