"""The upkeep of a server."""

import pytest

from custom_components.plex_monitor.plex.models import Activity, ButlerTask, UpdateStatus


def test_update_status() -> None:
    """The updater's news, without its address, which holds a token."""
    data = {
        "canInstall": True,
        "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
        "Release": [
            {
                "version": "1.43.3.2-def",
                "added": "New.",
                "fixed": "Old.",
                "state": "available",
                "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
            }
        ],
    }
    status = UpdateStatus.from_json(data)
    assert status == UpdateStatus(
        can_install=True, version="1.43.3.2-def", state="available", release_notes="New.\n\nOld."
    )
    assert "secret" not in repr(status)


def test_the_newest_release_counts() -> None:
    """Versions are compared by their numbers, wherever they stand in the list."""
    data = {
        "Release": [
            {"version": "1.9.9.9-fff"},
            {"version": "1.43.10.1-aaa", "fixed": "Old."},
            {"version": "1.43.9.1-bbb"},
            {"state": "available"},
        ]
    }
    status = UpdateStatus.from_json(data)
    assert status.version == "1.43.10.1-aaa"
    assert status.release_notes == "Old."
    assert status.can_install is False


def test_no_release() -> None:
    """Nothing new."""
    assert UpdateStatus.from_json({"canInstall": False}) == UpdateStatus(
        can_install=False, version=None, state=None, release_notes=None
    )


def test_a_version_of_words_is_the_oldest() -> None:
    """A version that is none does not break the order."""
    newest = UpdateStatus.from_json({"Release": [{"version": "beta"}, {"version": "1.2"}]})
    assert newest.version == "1.2"
    assert UpdateStatus.from_json({"Release": [{"version": "beta"}]}).version == "beta"


def test_butler_task() -> None:
    """A task of the night, described."""
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


def test_a_butler_task_of_few_words() -> None:
    """Many have a name only."""
    assert ButlerTask.from_json({"name": "RefreshLibraries", "enabled": "0"}) == ButlerTask(
        name="RefreshLibraries", enabled=False, interval=None, title=None, description=None
    )


def test_activity() -> None:
    """The scan of a library."""
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
def test_the_progress_of_an_activity(progress: object, expected: int | None) -> None:
    """It is in percent, or not known."""
    activity = Activity.from_json({"uuid": "a", "subtitle": "", "progress": progress})
    assert activity.progress == expected
    assert (activity.subtitle, activity.section_id, activity.cancellable) == (None, None, False)
