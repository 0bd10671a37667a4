"""Butler tasks and activities of a server."""

import pytest

from custom_components.plex_monitor.plex.models import Activity, ButlerTask


def test_butler_task() -> None:
    """All attributes are parsed."""
    data = {
        "name": "BackupDatabase",
        "interval": 3,
        "scheduleRandomized": False,
        "enabled": True,
        "title": "Backup",
        "description": "Copies the database.",
    }
    assert ButlerTask.from_json(data) == ButlerTask(
        name="BackupDatabase",
        enabled=True,
        interval=3,
        title="Backup",
        description="Copies the database.",
    )


def test_butler_task_with_required_attributes_only() -> None:
    """Many tasks have neither title nor description."""
    assert ButlerTask.from_json({"name": "RefreshLibraries", "enabled": "0"}) == ButlerTask(
        name="RefreshLibraries", enabled=False, interval=None, title=None, description=None
    )


def test_activity() -> None:
    """All attributes of a scan are parsed."""
    data = {
        "uuid": "0b8e2c1a-0000-4000-8000-000000000001",
        "type": "library.update.section",
        "cancellable": True,
        "userID": 1,
        "title": "Scanning Films",
        "subtitle": "A Film",
        "progress": 87,
        "Context": {"librarySectionID": "1"},
    }
    assert Activity.from_json(data) == Activity(
        uuid="0b8e2c1a-0000-4000-8000-000000000001",
        activity_type="library.update.section",
        title="Scanning Films",
        subtitle="A Film",
        progress=87,
        cancellable=True,
        section_id="1",
    )


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(0, 0), ("100", 100), (33.4, 33), (-1, None), (101, None), (None, None), ("x", None)],
)
def test_activity_progress(progress: object, expected: int | None) -> None:
    """It is in percent, or unknown."""
    activity = Activity.from_json({"uuid": "a", "subtitle": "", "progress": progress})
    assert activity.progress == expected
    assert (activity.subtitle, activity.section_id, activity.cancellable) == (None, None, False)
