"""Sign tokens of our own out at plex.tv, so that Plex lists no device that is not used."""

from homeassistant.core import HomeAssistant

from ..clients import plex_tv_client
from ..const import LOGGER
from ..plex.errors import PlexError, PlexUnauthorizedError


async def async_sign_out(
    hass: HomeAssistant, client_identifier: str, token: str, *, subject: str | None = None
) -> None:
    """Sign a token out.

    `subject` begins the warning that asks the user to remove the device, if this fails. Without it
    the failure is only logged for debugging, as for a sign-in that was not finished.
    """
    try:
        await plex_tv_client(hass, client_identifier).sign_out(token)
    except PlexUnauthorizedError:
        LOGGER.debug("plex.tv had signed the token out before")
    except PlexError as err:
        if subject is None:
            LOGGER.debug("A token could not be signed out of plex.tv: %s", err)
            return
        LOGGER.warning(
            "%s could not be signed out of plex.tv (%s); remove the device under authorized "
            "devices in your Plex account",
            subject,
            err,
        )
