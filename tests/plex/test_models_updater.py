"""Releases of Plex Media Server, as its updater lists them."""

from custom_components.plex_monitor.plex.models import ReleaseNotes, UpdateStatus


def test_update_status() -> None:
    """The URL of the download, which holds a token, is not kept."""
    data = {
        "canInstall": True,
        "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
        "Release": [
            {
                "version": "1.43.3.2-def",
                "added": "New.\r\n\n Newer.",
                "fixed": "Old.",
                "state": "available",
                "downloadURL": "https://plex.tv/downloads?X-Plex-Token=secretsecretsecret",
            }
        ],
    }
    status = UpdateStatus.from_json(data)
    assert status == UpdateStatus(
        can_install=True,
        version="1.43.3.2-def",
        state="available",
        notes=ReleaseNotes(added=("New.", "Newer."), fixed=("Old.",)),
    )
    assert "secret" not in repr(status)


def test_latest_release() -> None:
    """Versions are compared by number, in any order of the list."""
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
    assert status.notes == ReleaseNotes(fixed=("Old.",))
    assert status.can_install is False


def test_no_release() -> None:
    """There is no version."""
    assert UpdateStatus.from_json({"canInstall": False}) == UpdateStatus(
        can_install=False, version=None, state=None
    )


def test_version_without_numbers() -> None:
    """It is older than any other."""
    newest = UpdateStatus.from_json({"Release": [{"version": "beta"}, {"version": "1.2"}]})
    assert newest.version == "1.2"
    assert UpdateStatus.from_json({"Release": [{"version": "beta"}]}).version == "beta"
