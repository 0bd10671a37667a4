"""The Plex clients, made the way Home Assistant wants them."""

from homeassistant.const import __version__ as HA_VERSION
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .plex import plex_tv
from .plex.plex_tv import PlexTv
from .plex.server import PlexServer
from .plex.transport import ClientIdentity

PLEX_TV_URL = plex_tv.PLEX_TV_URL
PRODUCT = "Home Assistant"


def client_identity(
    hass: HomeAssistant, client_identifier: str, server_name: str | None = None
) -> ClientIdentity:
    """Return what Plex is told about this Home Assistant.

    Under authorized devices Plex shows product and device name. As there is a device a server, it
    has the name of the server where that is known.
    """
    return ClientIdentity(
        client_identifier=client_identifier,
        product=PRODUCT,
        version=HA_VERSION,
        platform=PRODUCT,
        platform_version=HA_VERSION,
        device=hass.config.location_name,
        device_name=device_name(hass, server_name),
    )


def device_name(hass: HomeAssistant, server_name: str | None) -> str:
    """Return what tells a device of ours from others: "Home Assistant (My home, My server)"."""
    names = ", ".join(filter(None, (hass.config.location_name, server_name)))
    return f"{PRODUCT} ({names})" if names else PRODUCT


def link_url(code: str) -> str:
    """Return the address of the page where a PIN is approved, with its code filled in."""
    return f"{PLEX_TV_URL}/link/?pin={code}"


def plex_tv_client(
    hass: HomeAssistant, client_identifier: str, server_name: str | None = None
) -> PlexTv:
    """Return a client of plex.tv, for a server where it is known for which."""
    return PlexTv(
        async_get_clientsession(hass),
        client_identity(hass, client_identifier, server_name),
        url=PLEX_TV_URL,
    )


def plex_server_client(
    hass: HomeAssistant,
    *,
    url: str,
    verify_ssl: bool,
    client_identifier: str,
    machine_identifier: str,
    token: str | None,
) -> PlexServer:
    """Return a client of one Plex Media Server."""
    return PlexServer(
        async_get_clientsession(hass, verify_ssl),
        url,
        client_identity(hass, client_identifier),
        machine_identifier=machine_identifier,
        token=token,
    )
