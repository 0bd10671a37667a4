"""The page that a new engineer reads first names what there is."""

from pathlib import Path
import re

REPOSITORY = Path(__file__).parent.parent
PAGE = (REPOSITORY / "docs/architecture.md").read_text()
ROOTS = (REPOSITORY, REPOSITORY / "custom_components/plex_monitor", REPOSITORY / "tests")


def test_every_file_that_it_names_exists() -> None:
    """A file of the integration is named without its folder."""
    named = re.findall(r"`([\w/.]+(?:\.py|\.json|\.yaml|/))`", PAGE)
    assert len(named) > 30
    missing = [path for path in named if not any((root / path).exists() for root in ROOTS)]
    assert missing == []


def test_it_is_one_page() -> None:
    """Whoever adds to it takes something out."""
    assert len(PAGE.splitlines()) <= 95
    assert [line for line in PAGE.splitlines() if len(line) > 125 and line[0] != "|"] == []
