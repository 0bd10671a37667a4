"""Actions on one item of a library."""

from collections.abc import Awaitable, Callable
from typing import Final

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..automation.numbers import number_of
from ..plex.server import PlexServer
from .models import Action, Fields, request_handler

ATTR_RATING: Final = "rating"
ATTR_RATING_KEY: Final = "rating_key"

_RATING_KEY_FIELD: Final[Fields] = {
    vol.Required(ATTR_RATING_KEY): vol.All(cv.string, cv.matches_regex(r"^\d+$"))
}


def _item_action(request: Callable[[PlexServer, str], Awaitable[None]]) -> Action:
    """Return an action that sends one request about an item, which is named by its rating key."""
    return Action(
        handler=request_handler(lambda server, call: request(server, call.data[ATTR_RATING_KEY])),
        fields=_RATING_KEY_FIELD,
        not_found="item_not_found",
    )


ACTIONS: Final = {
    "mark_unwatched": _item_action(lambda server, key: server.library.mark_unwatched(key)),
    "mark_watched": _item_action(lambda server, key: server.library.mark_watched(key)),
    "rate": Action(
        handler=request_handler(
            lambda server, call: server.library.rate(
                call.data[ATTR_RATING_KEY], call.data.get(ATTR_RATING)
            )
        ),
        fields={
            **_RATING_KEY_FIELD,
            vol.Optional(ATTR_RATING): number_of(float, least=0, most=10),
        },
        not_found="item_not_found",
    ),
    "refresh_metadata": _item_action(lambda server, key: server.library.refresh_metadata(key)),
}
