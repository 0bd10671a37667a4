"""What all steps of the config flow share: the state, its helpers, and how a step is shown."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import callback
import voluptuous as vol

from .access import AccessHolder
from .errors import StepError
from .forms import ADDRESS_SCHEMA, EMPTY_SCHEMA
from .models import FlowState, Step
from .sign_in import SignIn
from .token import TokenExchange

type UserInput = dict[str, Any] | None


class BaseFlow(ConfigFlow):
    """Config flow without steps."""

    def __init__(self) -> None:
        """Initialize without access and without a server."""
        self._state = FlowState()

    # Home Assistant sets `hass` and `flow_id` after the flow is created.

    @cached_property
    def _access(self) -> AccessHolder:
        return AccessHolder(self.hass, self.flow_id, self._state)

    @cached_property
    def _sign_in(self) -> SignIn:
        return SignIn(self.hass, self.flow_id, self._state, self._access)

    @cached_property
    def _exchange(self) -> TokenExchange:
        return TokenExchange(self.hass, self._state, self._access)

    @callback
    @override
    def async_remove(self) -> None:
        """Leave no token behind, whether the flow has reached its end or was closed."""
        self._access.async_close()
        self._sign_in.async_close()

    async def _async_go_to(self, step: Step) -> ConfigFlowResult:
        """Continue with a step."""
        handler: Callable[[], Awaitable[ConfigFlowResult]] = getattr(self, f"async_step_{step}")
        return await handler()

    def _show_form(
        self, step_id: str, schema: vol.Schema = EMPTY_SCHEMA, error: StepError | None = None
    ) -> ConfigFlowResult:
        """Show a form with what is wrong with its last input, which itself is not repeated."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=error.errors if error else None,
            description_placeholders={
                **self._state.placeholders,
                **(error.placeholders if error else {}),
            },
        )

    def _show_address_form(
        self, step_id: str, error: StepError | None, user_input: UserInput
    ) -> ConfigFlowResult:
        """Show a form for an address, with the last input or the address that is known."""
        suggested = user_input
        if suggested is None and self._state.address:
            suggested = self._state.address.as_data
        schema = self.add_suggested_values_to_schema(ADDRESS_SCHEMA, suggested)
        return self._show_form(step_id, schema, error)

    def _show_menu(self, step_id: str, options: list[str]) -> ConfigFlowResult:
        """Show a menu with every placeholder that its text may use."""
        return self.async_show_menu(
            step_id=step_id,
            menu_options=options,
            description_placeholders=self._state.placeholders,
        )
