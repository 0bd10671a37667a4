"""The view that serves pictures to whoever has a signed address, such as a notification."""

from typing import Final

from aiohttp import hdrs, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..const import DOMAIN, LOGGER
from ..plex.errors import PlexError, PlexNotFoundError
from ..runtime import PlexMonitorConfigEntry
from .addresses import DAY, PICTURE_URL, Picture, PictureAddress, PictureSize
from .pictures import TooManyPicturesError
from .signing import async_signing_key

# A picture that changes gets another address.
_HEADERS: Final = {
    hdrs.CACHE_CONTROL: f"private, max-age={7 * DAY}, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_RETRY_AFTER: Final = "10"


class PictureView(HomeAssistantView):
    """Serve the picture of an item.

    There is no login: the companion apps and e-mail programs have none for pictures. An address
    that is not valid is refused with 403, because 401 would count as a failed login.
    """

    url = PICTURE_URL
    name = f"api:{DOMAIN}:picture"
    requires_auth = False

    async def head(self, request: web.Request, **parts: str) -> web.Response:
        """Return the headers of a picture; aiohttp leaves out the body."""
        return await self.get(request, **parts)

    async def get(self, request: web.Request, **parts: str) -> web.Response:
        """Return a picture."""
        hass = request.app[KEY_HASS]
        address = PictureAddress(
            entry_id=parts["entry_id"],
            picture=Picture(rating_key=parts["rating_key"], stamp=parts["stamp"]),
            size=PictureSize(parts["size"]),
            expires_at=int(parts["expires_at"]),
        )
        signer = async_signing_key(hass).signer
        if signer is None or not signer.is_signature(parts["signature"], address.unsigned):
            raise web.HTTPForbidden
        if address.is_expired:
            raise web.HTTPForbidden
        entry: PlexMonitorConfigEntry | None = hass.config_entries.async_get_entry(address.entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise web.HTTPNotFound
        try:
            image = await entry.runtime_data.pictures.async_get(address.picture.path, address.size)
        except TooManyPicturesError:
            raise web.HTTPServiceUnavailable(headers={hdrs.RETRY_AFTER: _RETRY_AFTER}) from None
        except PlexNotFoundError:
            raise web.HTTPNotFound from None
        except PlexError as err:
            LOGGER.debug("%s: could not serve a picture: %s", entry.title, err)
            raise web.HTTPBadGateway from None
        return web.Response(body=image.content, content_type=image.content_type, headers=_HEADERS)
