"""Servers that announce themselves in the network."""

from dataclasses import replace
from ipaddress import IPv6Address

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from ..const import DOMAIN
from ..plex.addresses import is_private_or_encrypted
from ..runtime import PlexMonitorConfigEntry
from .errors import SERVER_STARTING, StepError
from .forms import DEFAULT_PORT
from .models import Address, FlowState, TargetServer
from .server import async_identify


def discovered_name(info: ZeroconfServiceInfo) -> str:
    """Return the name of the server in an announcement."""
    return info.name.removesuffix(f".{info.type}")


async def async_identify_discovered(
    hass: HomeAssistant, state: FlowState, info: ZeroconfServiceInfo
) -> TargetServer | None:
    """Return the server behind an announcement, None if it does not answer.

    A server that insists on encryption has no certificate for a bare IP address. To read its
    identity no token is sent, so the certificate matters only later.
    """
    host = f"[{info.host}]" if isinstance(info.ip_address, IPv6Address) else info.host
    for scheme in ("http", "https"):
        address = Address(url=f"{scheme}://{host}:{info.port or DEFAULT_PORT}", verify_ssl=False)
        try:
            identity = await async_identify(hass, state, address)
        except StepError:
            continue
        return TargetServer(
            machine_identifier=identity.machine_identifier,
            name=discovered_name(info),
            address=replace(address, verify_ssl=True),
        )
    return None


async def async_get_moved_entry(
    hass: HomeAssistant, state: FlowState, discovered: TargetServer
) -> PlexMonitorConfigEntry | None:
    """Return the entry of a server that has left its address, if it may be where it is discovered.

    Only an http address in the private network may take the place of another http address.
    """
    entry: PlexMonitorConfigEntry | None = hass.config_entries.async_entry_for_domain_unique_id(
        DOMAIN, discovered.machine_identifier
    )
    url = entry.data.get(CONF_URL, "") if entry else ""
    if not (url.startswith("http://") and discovered.address.url.startswith("http://")):
        return None
    if not await is_private_or_encrypted(discovered.address.url):
        return None
    try:
        await async_identify(hass, state, Address(url=url), discovered.machine_identifier)
    except StepError as err:
        # A server that starts still has its address.
        return None if err.key == SERVER_STARTING else entry
    return None
