"""The rooms of the integration, and which of them may import which."""

import ast
from collections.abc import Iterator
from pathlib import Path

from homeassistant.const import Platform
import pytest

from custom_components.plex_monitor import const

INTEGRATION = Path(const.__file__).parent

# Home Assistant opens these by name. They are thin: what they do is in the rooms below.
DOORS = {
    "condition",
    "config_flow",
    "diagnostics",
    "logbook",
    "repairs",
    "services",
    "system_health",
    "trigger",
}
# Tables of descriptions that `sensor` adds; they stand beside it because there are so many.
SENSOR_TABLES = {"diary_sensor", "library_sensor", "player_sensor", "statistics_sensor"}

# What every room may import.
SHARED = {"runtime", "texts", "tokens", "clients", "const", "plex"}

# From top to bottom: a room may import itself, the rooms of its row and, above `tokens`, what is
# shared. A row names lower rooms only, so that no two rooms can come to import each other.
MAY_IMPORT: dict[str, set[str]] = {
    "__init__": {"auth", "devices", "doors", "events", "library", "media", "players", "server"},
    "platforms": {
        *("actions", "entity", "events", "library", "media", "players", "sensor tables"),
        "server",
    },
    "sensor tables": {"devices", "entity", "events", "library", "media", "players", "server"},
    "doors": {"actions", "auth", "automation", "events", "flow", "library", "players", "server"},
    "entity": {"devices", "events", "library", "players", "server"},
    "flow": {"auth", "players"},
    "actions": {"auth", "automation", "events", "media", "server"},
    "automation": {"devices", "events", "server"},
    "devices": {"library", "players", "server"},
    "media": {"events", "server"},
    "players": {"events", "server"},
    "library": {"events", "server"},
    "server": {"auth", "events"},
    "events": set(),
    "auth": set(),
    "tokens": {"const", "runtime"},
    "texts": {"const"},
    "clients": {"const", "plex"},
    "runtime": {"const"},
    "const": set(),
    "plex": set(),
}


def room_of(module: str) -> str:
    """Return the room of a module, given by its path below the integration with dots."""
    first, *rest = module.split(".")
    if rest or first in MAY_IMPORT:
        return first
    if first in DOORS:
        return "doors"
    if first in SENSOR_TABLES:
        return "sensor tables"
    if first in set(Platform):
        return "platforms"
    return first


def imported(module: str, source: str) -> Iterator[str]:
    """Return the modules of the integration that a module imports, wherever in it that stands.

    `runtime` names the types of what an entry holds, for type checkers alone.
    """
    package = module.split(".")[:-1]
    tree = ast.parse(source)
    for_types = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
        if module == "runtime"
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level or id(node) in for_types:
            continue
        above = package[: len(package) - node.level + 1]
        if node.module:
            yield ".".join([*above, node.module])
        else:
            yield from (".".join([*above, alias.name]) for alias in node.names)


def wrong_arrows(module: str, source: str) -> list[str]:
    """Return what is wrong with the imports of a module, in words for its author."""
    room = room_of(module)
    allowed = MAY_IMPORT[room] | {room}
    if room not in SHARED:
        allowed |= SHARED
    return [
        f"{module} ({room}) imports {target} ({room_of(target)}). The room {room!r} may import "
        f"{', '.join(sorted(allowed - {room})) or 'no other room'}. Move what both need to a room "
        "that both may import, or have the upper room pass it down as an argument or a callback. "
        f"If it is the table that is wrong, change MAY_IMPORT in {Path(__file__).name}."
        for target in imported(module, source)
        if room_of(target) not in allowed
    ]


def modules() -> Iterator[tuple[str, Path]]:
    """Return all modules of the integration."""
    for path in sorted(INTEGRATION.rglob("*.py")):
        relative = path.relative_to(INTEGRATION).with_suffix("")
        name = ".".join(relative.parts).removesuffix(".__init__")
        yield name, path


def test_each_room_imports_only_what_its_row_names() -> None:
    """See docs/architecture.md for what the rooms are."""
    wrong = [line for name, path in modules() for line in wrong_arrows(name, path.read_text())]
    assert not wrong, "\n".join(wrong)


def test_each_module_is_in_a_room() -> None:
    """A new file at the top is a platform, a door of Home Assistant, or belongs into a room."""
    homeless = {name for name, _ in modules() if room_of(name) not in MAY_IMPORT}
    assert not homeless, (
        f"{sorted(homeless)}: put it into the room that it is about (docs/architecture.md). At the "
        f"top stands only what Home Assistant opens by name; a new door is added to DOORS."
    )


def test_arrows_point_down() -> None:
    """No two rooms can import each other, whatever they come to need."""
    order = list(MAY_IMPORT)
    for room, row in MAY_IMPORT.items():
        below = set(order[order.index(room) + 1 :])
        assert row <= below, f"{room} may not import {sorted(row - below)}, which stand above it"
        assert not row & SHARED or room in SHARED, f"{room} need not name what is shared"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("server.push", "from ..library.coordinator import LibraryCoordinator"),
        ("server.push", "def late():\n    from .. import sensor"),
        ("auth.guard", "from ..server.coordinator import PlexMonitorCoordinator"),
        ("events.models", "from ..auth import guard"),
        ("sensor", "from .binary_sensor import SENSORS\nfrom .flow import models"),
        ("plex.models.session", "from ...const import DOMAIN"),
        ("const", "from .runtime import PlexMonitorConfigEntry"),
        ("library.reader", "if TYPE_CHECKING:\n    from ..entity import PlexMonitorEntity"),
    ],
)
def test_an_import_that_points_up_is_found(module: str, line: str) -> None:
    """The message says what the room may import, and what to do instead."""
    [message] = wrong_arrows(module, line)
    assert message.startswith(f"{module} (")
    assert "may import" in message
    assert "pass it down" in message


def test_types_of_what_an_entry_holds_are_no_arrow() -> None:
    """All rooms name the type of the entry, which names the coordinators."""
    typed = "if TYPE_CHECKING:\n    from .server.coordinator import PlexMonitorCoordinator"
    assert wrong_arrows("runtime", typed) == []
    assert wrong_arrows("runtime", "from .server.coordinator import PlexMonitorCoordinator")
