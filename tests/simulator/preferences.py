"""The settings of a server, and the HTTP endpoints that read and change them."""

from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import server_error
from .guards import Guards, done, server_answer
from .rendering import Node, container

if TYPE_CHECKING:
    from .server import PlexServer

type Preference = str | int | bool

# The usual values by group, of which a real server has more than 150.
GROUPS: dict[str, dict[str, Preference]] = {
    "general": {"FriendlyName": "", "sendCrashReports": True},
    "library": {
        "autoEmptyTrash": True,
        "allowMediaDeletion": True,
        "ScheduledLibraryUpdatesEnabled": False,
        "ScheduledLibraryUpdateInterval": 3600,
        "OnDeckWindow": 16,
    },
    "network": {"GdmEnabled": True},
    "transcoder": {"TranscoderTempDirectory": ""},
    "butler": {"ButlerStartHour": 2},
}
USUAL = {name: value for values in GROUPS.values() for name, value in values.items()}
GROUP_OF = {name: group for group, values in GROUPS.items() for name in values}
WORDS = {"0": False, "false": False, "1": True, "true": True}


def usual_preferences(server_name: str) -> dict[str, Preference]:
    """Return the settings of a new server."""
    return USUAL | {"FriendlyName": server_name}


def parsed(text: str, old: Preference) -> Preference | None:
    """Return a new value of the type of the old one, or None if it has another type."""
    match old:
        case bool():
            return WORDS.get(text)
        case int():
            return int(text) if text.removeprefix("-").isdecimal() else None
        case str():
            return text


def _node(name: str, value: Preference) -> Node:
    kind = {bool: "bool", int: "int", str: "text"}[type(value)]
    return Node(
        tag="Setting",
        attributes={
            "id": name,
            "label": name,
            "summary": "",
            "type": kind,
            "default": USUAL[name],
            "value": value,
            "hidden": False,
            "advanced": False,
            "group": GROUP_OF[name],
        },
    )


class PreferencesApi:
    """The endpoints under /:/prefs."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints, which are for the owner."""
        return [
            web.get("/:/prefs", guards.owner(self.all)),
            web.put("/:/prefs", guards.owner(self.change)),
            web.get("/:/prefs/get", guards.owner(self.one)),
        ]

    def _named(self, wanted: str) -> str | None:
        """Return the setting with this name, which is not case-sensitive."""
        names = self.server.preferences
        return next((name for name in names if name.lower() == wanted.lower()), None)

    async def all(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the settings."""
        nodes = (_node(name, value) for name, value in self.server.preferences.items())
        return server_answer(request, container(*nodes))

    async def one(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return one setting."""
        name = self._named(request.query.get("id", ""))
        if name is None:
            return server_error(404)
        return server_answer(request, container(_node(name, self.server.preferences[name])))

    async def change(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Change settings, or none of them if one is unknown or its value has another type."""
        changed: dict[str, Preference] = {}
        for wanted, text in request.query.items():
            if wanted.startswith("X-Plex-"):
                continue
            name = self._named(wanted)
            value = None if name is None else parsed(text, self.server.preferences[name])
            if name is None or value is None:
                return server_error(400)
            changed[name] = value
        self.server.preferences.update(changed)
        return done()
