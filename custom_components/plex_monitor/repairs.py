"""The repairs of Plex Monitor that lead into a sign-in."""

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .coordinator import PlexMonitorConfigEntry
from .issues import Issue
from .reauth import async_start_reauth, async_start_replacement


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the flow that repairs an issue."""
    entry_id = str((data or {})["entry_id"])
    entry = hass.config_entries.async_get_known_entry(entry_id)
    return SignInRepairFlow(entry, replaces=issue_id.startswith(Issue.TOKEN_TEMPORARY))


class SignInRepairFlow(RepairsFlow):
    """Explain, then hand over to the sign-in.

    The issue is not deleted here: it goes when the new token has worked.
    """

    def __init__(self, entry: PlexMonitorConfigEntry, *, replaces: bool) -> None:
        """Repair an entry, whose token still works where it is to be replaced."""
        self._entry = entry
        self._replaces = replaces

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - no input of the user's
    ) -> RepairsFlowResult:
        """Begin with the explanation; the input is the id of the issue."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Explain what happened, and go on to the sign-in."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders={"server": self._entry.title},
            )
        start = async_start_replacement if self._replaces else async_start_reauth
        flow_id = await start(self.hass, self._entry)
        return self.async_abort(
            reason="continue_with_sign_in",
            next_flow=(FlowType.CONFIG_FLOW, flow_id),
        )
