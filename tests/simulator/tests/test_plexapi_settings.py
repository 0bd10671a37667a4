"""PlexAPI reads and changes the settings of a simulated server."""

from plexapi.exceptions import BadRequest
from plexapi.server import PlexServer as PlexApiServer
import pytest

from tests.simulator import Account, PlexServer, World

from .plex_api import connect, in_thread


@pytest.fixture
async def server(world: World, owner: Account, home: PlexServer) -> PlexApiServer:
    """Return PlexAPI's server, signed in as the owner."""
    return await connect(world, home, owner)


async def test_settings_are_grouped(server: PlexApiServer) -> None:
    """It finds the settings by their group and by their name."""
    settings = await in_thread(lambda: server.settings)

    assert [setting.id for setting in settings.group("general")] == [
        "FriendlyName",
        "sendCrashReports",
    ]
    assert settings.get("OnDeckWindow").value == 16


async def test_settings_are_changed(
    world: World, owner: Account, home: PlexServer, server: PlexApiServer
) -> None:
    """It saves several settings of different types with one request."""
    settings = await in_thread(lambda: server.settings)
    settings.get("OnDeckWindow").set(4)
    settings.get("autoEmptyTrash").set(False)
    settings.get("FriendlyName").set("Cellar & attic")
    await in_thread(settings.save)

    other = await connect(world, home, owner)

    def read() -> dict[str, tuple[object, object]]:
        return {setting.id: (setting.value, setting.default) for setting in other.settings.all()}

    values = await in_thread(read)
    assert values["OnDeckWindow"] == (4, 16)
    assert values["autoEmptyTrash"] == (False, True)
    assert values["FriendlyName"] == ("Cellar & attic", "")


async def test_deletion_of_media_is_a_setting(
    world: World, owner: Account, home: PlexServer, server: PlexApiServer
) -> None:
    """The server itself says whether media may be deleted, and leaves it out if not."""
    assert server.allowMediaDeletion is True
    await in_thread(lambda: server.query("/:/prefs?allowMediaDeletion=0", server._session.put))  # noqa: SLF001 - As PlexAPI does.

    assert (await connect(world, home, owner)).allowMediaDeletion is None


@pytest.mark.parametrize("query", ["NoSuchSetting=1", "OnDeckWindow=long", "autoEmptyTrash=2"])
async def test_invalid_settings_are_refused(
    home: PlexServer, server: PlexApiServer, query: str
) -> None:
    """Nothing changes where one setting is unknown, or its value has another type."""
    before = dict(home.preferences)
    path = f"/:/prefs?sendCrashReports=0&{query}"
    with pytest.raises(BadRequest, match="400"):
        await in_thread(lambda: server.query(path, server._session.put))  # noqa: SLF001 - As PlexAPI does.
    assert home.preferences == before
