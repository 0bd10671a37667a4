"""Forms of the config flow, and what is read from their fields."""

from collections.abc import Mapping
import re
from typing import Any, Final

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from probatio import Secret
import voluptuous as vol
from yarl import URL

from .errors import StepError
from .models import Address

CONF_ADDRESS_OR_TOKEN: Final = "address_or_token"  # noqa: S105 - the name of a field
CONF_SERVER: Final = "server"

DEFAULT_PORT: Final = 32400
HOST: Final = re.compile(r"[\w.:-]+")

# A form that only has a button.
EMPTY_SCHEMA: Final = vol.Schema({})

ADDRESS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
        ),
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)

# Hidden like a password: dialogs end up in screenshots. The field has a button that shows its text.
PASTE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(Secret(CONF_ADDRESS_OR_TOKEN)): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
        )
    }
)


def server_schema(names: Mapping[str, str]) -> vol.Schema:
    """Return the schema of a form that selects a server; names are by machine identifier."""
    options = [SelectOptionDict(value=value, label=label) for value, label in names.items()]
    return vol.Schema(
        {vol.Required(CONF_SERVER): SelectSelector(SelectSelectorConfig(options=options))}
    )


def parse_address(user_input: Mapping[str, Any]) -> Address:
    """Return the address of a submitted form, without anything after the port.

    Without a scheme it is read as plain http, with Plex's own port where none is given.
    """
    text = user_input[CONF_URL].strip()
    bare = "://" not in text
    try:
        origin = URL(f"http://{text}" if bare else text).origin()
        host = origin.host or ""
    except ValueError:
        raise StepError("invalid_url", field=CONF_URL) from None
    if origin.scheme not in {"http", "https"} or not HOST.fullmatch(host):
        raise StepError("invalid_url", field=CONF_URL)
    if bare and origin.explicit_port is None:
        origin = origin.with_port(DEFAULT_PORT)
    return Address(url=str(origin), verify_ssl=user_input[CONF_VERIFY_SSL])
