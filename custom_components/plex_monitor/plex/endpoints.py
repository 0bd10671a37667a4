"""The endpoints of Plex that the client uses, to count by: no identifier is in their names."""

import re

from .fields import OTHER

ENDPOINTS = (
    "GET /",
    "GET / without a token",
    "GET /identity",
    "GET /status/sessions",
    "GET /status/sessions/history/all",
    "GET /status/sessions/terminate",
    "GET /accounts",
    "GET /devices",
    "GET /myplex/account",
    "GET /updater/status",
    "PUT /updater/check",
    "PUT /updater/apply",
    "GET /:/websockets/notifications",
    "GET /library/sections",
    "GET /library/sections/{id}/all",
    "GET /library/sections/{id}/recentlyAdded",
    "GET /library/sections/{id}/refresh",
    "DELETE /library/sections/{id}/refresh",
    "PUT /library/sections/{id}/emptyTrash",
    "GET /library/recentlyAdded",
    "GET /library/onDeck",
    "GET /library/metadata/{id}",
    "PUT /library/metadata/{id}/refresh",
    "PUT /library/optimize",
    "PUT /library/clean/bundles",
    "GET /hubs/search",
    "GET /media/providers",
    "GET /photo/:/transcode",
    "GET /:/scrobble",
    "GET /:/unscrobble",
    "PUT /:/rate",
    "GET /activities",
    "DELETE /activities/{id}",
    "GET /butler",
    "POST /butler/{id}",
    "DELETE /butler/{id}",
    "GET /statistics/resources",
    "GET /statistics/bandwidth",
    # plex.tv
    "POST /api/v2/pins",
    "GET /api/v2/pins/{id}",
    "PUT /api/v2/pins/link",
    "GET /api/v2/user",
    "GET /api/v2/resources",
    "DELETE /api/v2/users/signout",
)

PLEX_TV = "/api/v2/"
"""What all endpoints of plex.tv have in their names."""

NOTIFICATIONS = frozenset(
    {
        "account",
        "activity",
        "backgroundProcessingQueue",
        "log",
        "playing",
        "preference",
        "progress",
        "provider.content.change",
        "reachability",
        "setting",
        "status",
        "timeline",
        "transcode.end",
        "transcodeSession.end",
        "transcodeSession.start",
        "transcodeSession.update",
        "update.statechange",
    }
)
"""The kinds of notifications that servers are known to send."""

_EXACT = frozenset(name for name in ENDPOINTS if "{" not in name)
_PATTERNS = {
    name: re.compile(re.escape(name).replace(re.escape("{id}"), "[^/]+"))
    for name in ENDPOINTS
    if "{" in name
}


def endpoint_of(method: str, path: str, *, with_token: bool = True) -> str:
    """Return the endpoint of a request, `OTHER` if it is not among `ENDPOINTS`."""
    name = f"{method} {path}"
    if name == "GET /" and not with_token:
        name = "GET / without a token"
    if name in _EXACT:
        return name
    return next((each for each, pattern in _PATTERNS.items() if pattern.fullmatch(name)), OTHER)
