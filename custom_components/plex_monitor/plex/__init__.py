"""Client for plex.tv and Plex Media Server.

Depends on aiohttp only. Every error about Plex is a `PlexError`. Tokens are sent in a header only,
and never appear in an error, a log line or a `repr`.

Docstrings name the source of what they claim about Plex: "official" documentation, "captured" from
a real server, "reported" by users and developers, or "PlexAPI", the Python client library.
"""
