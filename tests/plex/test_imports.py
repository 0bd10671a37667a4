"""The Plex client depends on aiohttp and the standard library only."""

import ast
from pathlib import Path
import sys

import pytest

import custom_components.plex_monitor.plex as package

ROOT = Path(package.__path__[0])
MODULES = sorted(ROOT.rglob("*.py"))
# aiohttp represents URLs by yarl.
ALLOWED = {"aiohttp", "yarl"} | sys.stdlib_module_names


def imported(tree: ast.Module) -> set[tuple[int, str]]:
    """Return the level and name of every import of a module, also within functions."""
    names: set[tuple[int, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(0, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.level, node.module or ""))
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_aiohttp_and_the_standard_library_only(path: Path) -> None:
    """Nothing is imported from Home Assistant or from above the package."""
    for level, name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        assert level <= len(path.relative_to(ROOT).parts), name
        if level == 0:
            assert name.partition(".")[0] in ALLOWED


def test_all_modules_are_found() -> None:
    """The test above covers the modules of the package."""
    assert {"transport.py", "server.py", "plex_tv.py", "session.py"} <= {
        path.name for path in MODULES
    }
