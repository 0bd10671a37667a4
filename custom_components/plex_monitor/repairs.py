"""Repairs of the Plex Monitor integration that lead into a sign-in."""

from typing import TYPE_CHECKING

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .auth.issues import Issue, async_is_issue_active, issue_placeholders
from .auth.reauth import async_ensure_reauth_flow, async_ensure_reconfigure_flow
from .runtime import PlexMonitorConfigEntry


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,  # noqa: ARG001 - Home Assistant's signature
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Create the fix flow of an issue."""
    if TYPE_CHECKING:
        assert data is not None
    entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
    return SignInRepairFlow(entry, Issue(str(data["issue"])))


class SignInRepairFlow(RepairsFlow):
    """Fix flow that explains the issue, and continues with the sign-in.

    The issue is not deleted here, but when the new token has worked.
    """

    def __init__(self, entry: PlexMonitorConfigEntry, issue: Issue) -> None:
        """Initialize for an issue of an entry."""
        self._entry = entry
        self._issue = issue

    async def async_step_init(
        self,
        user_input: dict[str, str] | None = None,  # noqa: ARG002 - no input of the user's
    ) -> RepairsFlowResult:
        """Start with the explanation; the input is the id of the issue."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Explain what happened, and continue with the sign-in."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=vol.Schema({}),
                description_placeholders=issue_placeholders(self._entry, self._issue),
            )
        if not async_is_issue_active(self.hass, self._entry, self._issue):
            # The issue was resolved while the dialog was open.
            return self.async_abort(reason="already_solved")
        # A temporary token still works, and is replaced by one that lasts.
        is_replaced = self._issue is Issue.TOKEN_TEMPORARY
        start = async_ensure_reconfigure_flow if is_replaced else async_ensure_reauth_flow
        flow_id = await start(self.hass, self._entry)
        return self.async_abort(
            reason="continue_with_sign_in",
            next_flow=(FlowType.CONFIG_FLOW, flow_id),
        )
