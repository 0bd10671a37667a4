"""The README lists what the integration provides, and nothing else."""

import json
from pathlib import Path
import re
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text()
STRINGS: dict[str, Any] = json.loads(
    (REPOSITORY / "custom_components/plex_monitor/translations/en.json").read_text()
)


def listed(table: str) -> list[str]:
    """Return the names in the first column of a table."""
    rows = README.split(f"<!-- {table} -->\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"\*\*(.+?)\*\*", row.split("|")[1])]


def test_entities() -> None:
    """Each entity is listed with its platform, and its name unless it has that of its device.

    The item sensors of all types of libraries share one row. An entity of a library may have the
    name of one of the server.
    """
    names = [
        (platform, entity.get("name"))
        for platform, entities in STRINGS["entity"].items()
        for entity in entities.values()
    ]
    rows = README.split("<!-- entities -->\n", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    listed_names = []
    for row in rows:
        first = row.split("|")[1]
        platform = re.search(r"^ (\w+: )?(\w+) ", first)
        assert platform is not None, row
        names_in_row = re.findall(r"\*\*(.+?)\*\*", first)
        listed_names += [(*platform.groups(), name) for name in names_in_row or (None,)]
    assert len(listed_names) == len(set(listed_names))
    assert {(platform, name) for _, platform, name in listed_names} == set(names)


def test_options() -> None:
    """Options are listed by the names that the form shows."""
    assert listed("options") == list(STRINGS["options"]["step"]["init"]["data"].values())


@pytest.mark.parametrize(
    ("table", "category"),
    [("triggers", "triggers"), ("conditions", "conditions"), ("actions", "services")],
)
def test_automation_features(table: str, category: str) -> None:
    """Triggers, conditions and actions are listed by the names that the editors show."""
    names = listed(table)
    assert len(names) == len(set(names))
    assert set(names) == {entry["name"] for entry in STRINGS[category].values()}


def test_event_types() -> None:
    """Every event type is described in the row of its entity."""
    descriptions = {
        "credits_reached": "reached its credits",
        "decision_changed": "changed how it is delivered",
        "scan_started": "a scan started",
        "scan_finished": "or finished",
        "came_back": "came back",
        "went_down": "went down",
        "became_invalid": "became invalid",
    }
    for event in STRINGS["entity"]["event"].values():
        row = next(r for r in README.splitlines() if r.startswith(f"| event **{event['name']}**"))
        for event_type in event["state_attributes"]["event_type"]["state"]:
            assert descriptions.get(event_type, event_type) in row


def test_linked_files_exist() -> None:
    """Linked files exist, and so do the five blueprints."""
    for path in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (REPOSITORY / path).is_file()
    assert len(list((REPOSITORY / "blueprints/automation/plex_monitor").glob("*.yaml"))) == 5
