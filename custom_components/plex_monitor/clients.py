"""Clients of plex.tv and of Plex Media Server."""

import aiohttp
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE, __version__ as HA_VERSION
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .plex import plex_tv
from .plex.observations import Observations
from .plex.plex_tv import PlexTv
from .plex.server import PlexServer
from .plex.transport import ClientIdentity

PLEX_TV_URL = plex_tv.PLEX_TV_URL
PRODUCT = "Home Assistant"


# By whether the certificate is verified.
_SESSIONS: HassKey[dict[bool, aiohttp.ClientSession]] = HassKey(f"{DOMAIN}_sessions")


@callback
def plex_session(hass: HomeAssistant, *, verify_ssl: bool = True) -> aiohttp.ClientSession:
    """Return the session for all requests to Plex.

    It keeps no cookies: one that Plex sets for an account would be sent along with the token of
    another one.
    """
    sessions = hass.data.setdefault(_SESSIONS, {})
    if (session := sessions.get(verify_ssl)) is not None:
        return session
    session = sessions[verify_ssl] = async_create_clientsession(
        hass, verify_ssl, auto_cleanup=False, cookie_jar=aiohttp.DummyCookieJar()
    )

    @callback
    def detach(_event: Event) -> None:
        del sessions[verify_ssl]
        session.detach()

    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, detach)
    return session


def client_identity(
    hass: HomeAssistant, client_identifier: str, server_name: str | None = None
) -> ClientIdentity:
    """Return how this Home Assistant identifies itself to Plex.

    Plex shows product and device name under authorized devices. Each server of the user has a
    device of its own, so the device name contains the name of the server if that is known.
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
    """Return a device name such as "Home Assistant (My home, My server)"."""
    names = ", ".join(filter(None, (hass.config.location_name, server_name)))
    return f"{PRODUCT} ({names})" if names else PRODUCT


def link_url(code: str) -> str:
    """Return the address of the page where a PIN is approved, with its code filled in."""
    return f"{PLEX_TV_URL}/link/?pin={code}"


def plex_tv_client(
    hass: HomeAssistant,
    client_identifier: str,
    server_name: str | None = None,
    *,
    observations: Observations | None = None,
) -> PlexTv:
    """Return a client of plex.tv, with a device name for the server if that is known."""
    return PlexTv(
        plex_session(hass),
        client_identity(hass, client_identifier, server_name),
        url=PLEX_TV_URL,
        observations=observations,
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
    """Return a client of a Plex Media Server."""
    return PlexServer(
        plex_session(hass, verify_ssl=verify_ssl),
        url,
        client_identity(hass, client_identifier),
        machine_identifier=machine_identifier,
        token=token,
    )
