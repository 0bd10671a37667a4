"""Selection of the server, and of an address at which it answers."""

from collections import Counter

from homeassistant.core import HomeAssistant, callback
from yarl import URL

from ..clients import client_identity, plex_server_client, plex_session
from ..const import CONF_ACCOUNT_TOKEN, CONF_CLIENT_IDENTIFIER, DOMAIN, LOGGER
from ..plex.addresses import find_connection, ranked_connections
from ..plex.errors import PlexError
from ..plex.models import Connection, Resource, ServerIdentity
from ..plex.server import fetch_identity
from ..runtime import PlexMonitorConfigEntry
from .account import plex_tv_of
from .errors import WRONG_SERVER, StepError, server_error, verification_error
from .models import Address, FlowState, Server, Step


async def async_select_server(
    hass: HomeAssistant,
    state: FlowState,
    machine_identifier: str | None = None,
    address: Address | None = None,
) -> Step:
    """Select the target server, or the one with this identifier, or the only one that is left.

    `address` is one at which that server has just answered.
    """
    state.server = None
    state.info = None
    if state.target:
        machine_identifier = state.target.machine_identifier
    if machine_identifier is None:
        return await _async_select_only_server(hass, state)
    resource = state.access.resource(machine_identifier)
    if resource is None:
        if not state.target and address:
            state.server = server_at(address, machine_identifier)
        return Step.WRONG_ACCOUNT
    return await async_use_resource(hass, state, resource, address)


async def _async_select_only_server(hass: HomeAssistant, state: FlowState) -> Step:
    """Select the only server that is left to set up, or let the user select."""
    if not state.access.resources:
        return Step.NO_SERVER
    match selectable_servers(hass, state):
        case []:
            return Step.ALL_CONFIGURED
        case [resource]:
            return await async_use_resource(hass, state, resource)
        case _:
            return Step.CHOOSE_SERVER


async def async_use_resource(
    hass: HomeAssistant, state: FlowState, resource: Resource, address: Address | None = None
) -> Step:
    """Select a server of the account, at the given address or the best one that answers."""
    state.server = Server(
        machine_identifier=resource.machine_identifier,
        name=resource.name,
        token=resource.access_token or state.access.token,
    )
    state.info = None
    if state.entry and state.target:
        # A new token of an entry is verified at the address that the entry stores.
        address = state.target.address
    if address is None or not resource.allows(address.url):
        address = await _async_find_address(hass, state, resource)
    if address is None:
        ranked = ranked_connections(resource)
        state.address = Address(url=ranked[0].url) if ranked else None
        if state.target and resource.allows(state.target.address.url):
            # Anybody can announce a server, so the user confirms where it was discovered.
            state.address = state.target.address
        state.address_error = StepError("no_connection")
        return Step.ADDRESS
    state.address = address
    return Step.RETRY_VERIFY


async def async_require_allowed(
    hass: HomeAssistant, state: FlowState, entry: PlexMonitorConfigEntry, address: Address
) -> None:
    """Raise where plex.tv says that the server of an entry requires https.

    A network without internet has to do without plex.tv.
    """
    token = entry.data.get(CONF_ACCOUNT_TOKEN)
    if token is None or address.url.startswith("https://"):
        return
    try:
        resources = await plex_tv_of(hass, state, entry.data[CONF_CLIENT_IDENTIFIER]).resources(
            token
        )
    except PlexError as err:
        LOGGER.debug("plex.tv does not say whether the server requires https: %s", err)
        return
    if not all(
        resource.allows(address.url)
        for resource in resources
        if resource.machine_identifier == entry.unique_id
    ):
        raise StepError("https_required")


async def _async_find_address(
    hass: HomeAssistant, state: FlowState, resource: Resource
) -> Address | None:
    """Return the best address at which the server answers."""

    async def answers(connection: Connection) -> bool:
        try:
            await async_identify(
                hass, state, Address(url=connection.url), resource.machine_identifier
            )
        except StepError:
            return False
        return True

    connection = await find_connection(ranked_connections(resource), answers)
    return Address(url=connection.url) if connection else None


def selectable_servers(hass: HomeAssistant, state: FlowState) -> list[Resource]:
    """Return the servers that are not set up yet, those that the account owns first."""
    configured = async_configured_servers(hass)
    left = [
        resource
        for resource in state.access.resources
        if resource.machine_identifier not in configured
    ]
    return sorted(left, key=lambda resource: not resource.owned)


def selectable_server_names(hass: HomeAssistant, state: FlowState) -> dict[str, str]:
    """Return unique names of the servers that can be selected, by machine identifier."""
    labels = {
        resource.machine_identifier: (
            f"{resource.name} ({resource.owner_name or state.access.account_name})"
        )
        for resource in selectable_servers(hass, state)
    }
    times = Counter(labels.values())
    return {
        value: label if times[label] == 1 else f"{label} {value[:8]}"
        for value, label in labels.items()
    }


async def async_is_unclaimed(hass: HomeAssistant, state: FlowState) -> bool:
    """Return whether the target server says that it belongs to no account."""
    if state.target is None:
        return False
    try:
        identity = await async_identify(
            hass, state, state.target.address, state.target.machine_identifier
        )
    except StepError:
        return False
    return not identity.claimed


@callback
def async_configured_servers(hass: HomeAssistant) -> set[str | None]:
    """Return the machine identifiers of the servers that are set up; ignored ones are not."""
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    return {entry.unique_id for entry in entries}


async def async_identify(
    hass: HomeAssistant, state: FlowState, address: Address, machine_identifier: str | None = None
) -> ServerIdentity:
    """Return which server answers at an address, without sending a token there."""
    try:
        identity = await fetch_identity(
            plex_session(hass, verify_ssl=address.verify_ssl),
            address.url,
            client_identity(hass, state.client_identifier),
        )
    except PlexError as err:
        raise server_error(err) from None
    if machine_identifier not in {None, identity.machine_identifier}:
        raise StepError(WRONG_SERVER)
    return identity


async def async_use_address(hass: HomeAssistant, state: FlowState, address: Address) -> None:
    """Use an address at which the selected server answers; select the one there if none is."""
    if state.server:
        resource = state.access.resource(state.server.machine_identifier)
        if resource is not None and not resource.allows(address.url):
            raise StepError("https_required")
        await async_identify(hass, state, address, state.server.machine_identifier)
    else:
        identity = await async_identify(hass, state, address)
        state.server = server_at(address, identity.machine_identifier, state.access.token)
    state.address = address


async def async_use_open_server(hass: HomeAssistant, state: FlowState, address: Address) -> None:
    """Select the server at an address if it answers without a token."""
    machine_identifier = state.target.machine_identifier if state.target else None
    identity = await async_identify(hass, state, address, machine_identifier)
    server = plex_server_client(
        hass,
        url=address.url,
        verify_ssl=address.verify_ssl,
        client_identifier=state.client_identifier,
        machine_identifier=identity.machine_identifier,
        token=None,
    )
    try:
        accepts = await server.accepts_without_token()
    except PlexError as err:
        raise verification_error(err) from None
    if not accepts:
        raise StepError("wants_token")
    state.server = server_at(address, identity.machine_identifier, state.access.token)
    state.address = address


def server_at(address: Address, machine_identifier: str, token: str | None = None) -> Server:
    """Return a server that is named after its address until it says its own name."""
    return Server(
        machine_identifier=machine_identifier, name=URL(address.url).host or "", token=token
    )
