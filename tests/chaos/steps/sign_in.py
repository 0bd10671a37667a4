"""A sign-in that is left half done: closed, reloaded, interrupted by a restart, approved late."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigFlowContext
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow

from custom_components.plex_monitor.const import DOMAIN
from tests.chaos.environment import Environment
from tests.chaos.sites import Site

from .base import SiteStep


@dataclass(frozen=True, kw_only=True)
class HalfSignIn(SiteStep):
    """A user begins to sign in for a new entry, or for another token, and does not go on.

    The PIN is shown for `shown` seconds. Then the dialog is `closed`, or left open by a page that
    is reloaded, and Home Assistant is perhaps off for some seconds. The PIN is approved never, "at
    once" while it is shown, "while off", or "late" as many seconds after that; with the account of
    the user, or with another one that has no server.
    """

    new: bool
    closed: bool
    shown: float = 0.0
    off: float | None = None
    approved: str = "never"
    late: float = 0.0
    as_visitor: bool = False

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        env.report_sign_in(site.role)
        flow_id, code = await self._open(env, site)
        if code is None:
            return
        if self.approved == "at once":
            self._approve(env, code)
        await env.wait(self.shown)
        if self.closed and any(
            flow["flow_id"] == flow_id for flow in env.hass.config_entries.flow.async_progress()
        ):
            env.hass.config_entries.flow.async_abort(flow_id)
        if self.off is not None:
            await env.stop_home_assistant()
            env.freezer.tick(self.off)
            if self.approved == "while off":
                self._approve(env, code)
            await env.start_home_assistant()
        if self.approved == "late":
            await env.wait(self.late)
            env.report_sign_in(site.role)
            self._approve(env, code)

    async def _open(self, env: Environment, site: Site) -> tuple[str, str | None]:
        """Open the dialog, and return its flow and the code that it shows, None without one."""
        flows = env.hass.config_entries.flow
        context = (
            ConfigFlowContext(source=SOURCE_USER)
            if self.new
            else ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=site.entry_id)
        )
        result: Any = await env.perform(flows.async_init(DOMAIN, context=context))
        flow_id = result["flow_id"]
        try:
            result = await env.perform(flows.async_configure(flow_id, {"next_step_id": "sign_in"}))
        except UnknownFlow:
            return flow_id, None
        if result["type"] is not FlowResultType.SHOW_PROGRESS:
            # plex.tv gives no PIN.
            return flow_id, None
        return flow_id, result["description_placeholders"]["code"]

    def _approve(self, env: Environment, code: str) -> None:
        plex_tv = env.world.plex_tv
        account = env.visitor if self.as_visitor else env.owner
        if plex_tv.running and any(pin.code == code for pin in plex_tv.waiting_pins()):
            plex_tv.approve_pin(code, account)
