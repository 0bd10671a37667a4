"""Pictures are fetched by Home Assistant, once for all entities that show them."""

from http import HTTPStatus

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_PICTURE
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from tests.simulator import Account, Fault, PlexServer, Stream, World
from tests.support.entities import attributes_of
from tests.support.helpers import advance, settle
from tests.support.players import BEDROOM, PICTURE, TV


async def test_picture_is_fetched_by_home_assistant(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
    stream: Stream,
) -> None:
    """It is fetched once for both entities, and its address has no Plex token."""
    tokens = {bedroom_entry.data[CONF_ACCOUNT_TOKEN], bedroom_entry.data[CONF_SERVER_TOKEN]}
    client = await hass_client_no_auth()
    pictures = []
    addresses = []
    for entity_id in (BEDROOM, PICTURE):
        attributes = attributes_of(hass, entity_id)
        addresses.append(attributes[ATTR_ENTITY_PICTURE])
        assert not any(token in str(attributes) for token in tokens)
        response = await client.get(attributes[ATTR_ENTITY_PICTURE])
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")
        pictures.append(await response.read())
    assert pictures[0] == pictures[1]
    assert attributes_of(hass, PICTURE)["title"] == "Winter Light"
    requests = [r for r in world.requests.to(host="Home") if r.path.startswith("/photo/")]
    assert len(requests) == 1
    assert not any(request.token_in_query for request in world.requests)

    await stream.stop()
    await home.start_stream(user=owner, title="The Long Road", player=TV)
    await advance(hass, freezer, 2, step=1)
    address = attributes_of(hass, BEDROOM)[ATTR_ENTITY_PICTURE]
    assert address not in addresses
    assert await (await client.get(address)).read() != pictures[0]


async def test_picture_that_cannot_be_fetched(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    home: PlexServer,
    stream: Stream,
) -> None:
    """The server fails, or nothing plays any more."""
    address = attributes_of(hass, BEDROOM)[ATTR_ENTITY_PICTURE]
    client = await hass_client_no_auth()
    rule = home.faults.set(Fault.status(500), paths="^/photo/")
    assert (await client.get(address)).status == HTTPStatus.NOT_FOUND
    home.faults.clear(rule)
    assert (await client.get(address)).status == HTTPStatus.OK
    await stream.stop()
    await settle(hass)
    assert (await client.get(address)).status == HTTPStatus.NOT_FOUND
