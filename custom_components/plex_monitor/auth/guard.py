"""Gather the evidence on the token of an entry, and notify the user of the verdict.

What the evidence amounts to is decided in `plex/token_health.py`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN, CONF_TOKEN_SOURCE, LOGGER, TokenSource
from ..plex.errors import PlexError, PlexUnauthorizedError, PlexUnavailableError
from ..plex.models import ServerIdentity
from ..plex.plex_tv import PlexTv
from ..plex.server import PlexServer
from ..plex.token_health import Evidence, PlexTvCheck, TokenHealth, Verdict
from ..runtime import PlexMonitorConfigEntry
from ..tokens import stored_tokens
from .issues import (
    ISSUE_OF_VERDICT,
    Issue,
    async_create_issue,
    async_delete_issue,
    async_delete_issues,
)
from .memory import async_get_token_memory
from .reauth import async_abort_reauth_flows, async_ensure_reauth_flow

# Evidence that counts as a check of the token: the others say nothing about it by themselves.
_CONCLUSIVE = {
    Evidence.SERVER_ACCEPTS,
    Evidence.SERVER_REFUSES,
    Evidence.PLEX_TV_ACCEPTS,
    Evidence.PLEX_TV_REFUSES,
}
# The resolution of `last_checked`: each change of the attribute is a row in the history.
LAST_CHECKED_RESOLUTION = timedelta(minutes=10)
# Another server may respond at the address for a moment, such as in a network with DHCP.
REPLACED_AFTER = 24 * 3600.0
_HEALTHY = {Verdict.VALID, Verdict.NOT_ENFORCED}


class TokenGuard:
    """Keep the verdict on the token of an entry, with its repair issue and sign-in prompt.

    The coordinator reports how the server responds. The guard itself checks the token with plex.tv
    on a timer of its own, so that no poll waits for plex.tv.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexServer,
        plex_tv: PlexTv,
        *,
        on_change: Callable[[], None],
        request_refresh: Callable[[], Awaitable[None]],
    ) -> None:
        """Initialize the guard with what is known of the stored tokens.

        `on_change` is called with every new verdict; `request_refresh` is awaited when a response
        of plex.tv changed something, so that the server is polled again.
        """
        self.hass = hass
        self.entry = entry
        self.server = server
        self.plex_tv = plex_tv
        self._memory = async_get_token_memory(hass, entry)
        self._on_change = on_change
        self._request_refresh = request_refresh
        self._version: str | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._is_checking = False
        self._is_started = False

    @property
    def health(self) -> TokenHealth:
        """Return the state of the token, derived from all evidence."""
        return self._memory.health

    @property
    def since(self) -> datetime:
        """Return when the verdict last changed."""
        return self._memory.since

    @property
    def last_checked(self) -> datetime | None:
        """Return when the token was last checked, to about ten minutes."""
        return self._memory.last_checked

    @property
    def verdict(self) -> Verdict:
        """Return the verdict on the token."""
        return self.health.verdict

    @property
    def is_healthy(self) -> bool:
        """Return whether the token works."""
        return self.verdict in _HEALTHY

    @property
    def has_token(self) -> bool:
        """Return whether the entry has a token: some servers need none."""
        return CONF_SERVER_TOKEN in self.entry.data

    @callback
    def async_start(self) -> None:
        """Start to check the token with plex.tv when that is due."""
        self._is_started = True
        self._schedule()

    @callback
    def async_stop(self) -> None:
        """Stop the checks."""
        self._is_started = False
        self._cancel_timer()

    async def async_handle_identity(self, identity: ServerIdentity) -> None:
        """Handle the identity of the right server, which needs no token."""
        if self._memory.replaced_since is not None:
            self._memory.replaced_since = None
            async_delete_issue(self.hass, self.entry, Issue.SERVER_REPLACED)
        if self._version not in {None, identity.version}:
            await self._async_add_evidence(Evidence.SERVER_RESTARTED)
        self._version = identity.version
        # An entry without a token may have been set up for a server without an owner.
        claimed = identity.claimed or not self.has_token
        await self._async_add_evidence(
            Evidence.SERVER_CLAIMED if claimed else Evidence.SERVER_UNCLAIMED
        )

    async def async_handle_enforcement(self, *, enforced: bool) -> None:
        """Handle whether the server refuses a request without a token."""
        await self._async_add_evidence(Evidence.ENFORCED if enforced else Evidence.NOT_ENFORCED)

    async def async_handle_token_accepted(self) -> None:
        """Handle that the server accepts the token."""
        await self._async_add_evidence(Evidence.SERVER_ACCEPTS)

    async def async_handle_token_refused(self) -> None:
        """Handle that the server refuses the token."""
        await self._async_add_evidence(Evidence.SERVER_REFUSES)

    async def async_handle_server_error(self) -> None:
        """Handle that the response of the server, or the lack of one, says nothing of the token."""
        await self._async_add_evidence(Evidence.SERVER_INCONCLUSIVE)

    async def async_handle_wrong_server(self) -> None:
        """Handle that another server responds at the address: after a day, it is there to stay."""
        await self._async_add_evidence(Evidence.WRONG_SERVER)
        now = monotonic()
        if self._memory.replaced_since is None:
            self._memory.replaced_since = now
        elif now - self._memory.replaced_since >= REPLACED_AFTER and not self.verdict.is_problem:
            async_create_issue(self.hass, self.entry, Issue.SERVER_REPLACED)

    async def async_use_new_token(self, server: PlexServer, plex_tv: PlexTv) -> None:
        """Switch to a new token, which the server and plex.tv have just accepted."""
        self.server = server
        self.plex_tv = plex_tv
        self._memory.tokens = stored_tokens(self.entry)
        self._memory.health = TokenHealth(
            has_account_token=True, enforced=self.health.enforced
        ).after(Evidence.PLEX_TV_ACCEPTS, monotonic())
        self._memory.has_checked_plex_tv = True
        self._clear_problem()
        await self.async_handle_token_accepted()

    async def async_prompt_sign_in(self) -> None:
        """Ensure that a sign-in prompt is open, also after the user has closed one."""
        await async_ensure_reauth_flow(self.hass, self.entry)

    async def _async_add_evidence(self, evidence: Evidence, *, retry_after: float = 0.0) -> None:
        """Update the verdict, and notify the user where it changes."""
        before = self.verdict
        self._memory.health = self.health.after(evidence, monotonic(), retry_after=retry_after)
        if self.verdict is not before:
            self._record_verdict_change(before)
        elif evidence in _CONCLUSIVE:
            self._update_last_checked()
        await self._async_update_issues()
        await self._async_handle_plex_tv_evidence(evidence)
        self._schedule()

    async def _async_handle_plex_tv_evidence(self, evidence: Evidence) -> None:
        """Act on evidence of plex.tv also where it did not change the verdict."""
        if evidence is Evidence.PLEX_TV_REFUSES and self.verdict.needs_sign_in:
            # The user may have closed the prompt, and the problem persists.
            await self.async_prompt_sign_in()
        if evidence in {Evidence.PLEX_TV_ACCEPTS, Evidence.PLEX_TV_INCONCLUSIVE} and (
            not self._memory.has_checked_plex_tv
        ):
            self._memory.has_checked_plex_tv = True
            # A server that is unavailable does not contradict plex.tv.
            accepted = evidence is Evidence.PLEX_TV_ACCEPTS and self.verdict is Verdict.UNKNOWN
            if self.is_healthy or accepted:
                self._clear_problem()

    def _update_last_checked(self) -> None:
        """Record when the token was last checked, without a state change for every poll."""
        now = dt_util.utcnow()
        if self.last_checked is None or now - self.last_checked >= LAST_CHECKED_RESOLUTION:
            self._memory.last_checked = now
            self._on_change()

    def _record_verdict_change(self, before: Verdict) -> None:
        """Record when the verdict changed."""
        self._memory.since = self._memory.last_checked = dt_util.utcnow()
        LOGGER.debug("%s: the token was %s and is %s", self.entry.title, before, self.verdict)

    async def _async_update_issues(self) -> None:
        """Create or delete the issue and the prompt if the verdict is not the reported one."""
        before, verdict = self._memory.reported_verdict, self.verdict
        if verdict is before:
            return
        self._memory.reported_verdict = verdict
        if issue := ISSUE_OF_VERDICT.get(verdict):
            if issue is Issue.TOKEN_INVALID and not self.has_token:
                issue = Issue.TOKEN_WANTED
            async_create_issue(self.hass, self.entry, issue)
        elif self.is_healthy:
            self._clear_problem()
        elif before.is_problem:
            async_delete_issues(self.hass, self.entry.entry_id)
        if verdict.needs_sign_in:
            await self.async_prompt_sign_in()
        elif before.needs_sign_in:
            async_abort_reauth_flows(self.hass, self.entry)
        self._on_change()

    def _clear_problem(self) -> None:
        """Abort the prompt and delete the issues, but for the one of a temporary token.

        Does nothing before plex.tv was asked once, if it can be: the server may accept a token
        that plex.tv has refused.
        """
        if not self._memory.has_checked_plex_tv:
            return
        async_abort_reauth_flows(self.hass, self.entry)
        if TokenSource(self.entry.data[CONF_TOKEN_SOURCE]).is_lasting:
            async_delete_issues(self.hass, self.entry.entry_id)
        else:
            async_create_issue(self.hass, self.entry, Issue.TOKEN_TEMPORARY)

    def _schedule(self) -> None:
        """Schedule the next check with plex.tv."""
        self._cancel_timer()
        due = self.health.next_check_at
        if due is None or self._is_checking or not self._is_started:
            return
        self._timer = async_call_later(
            self.hass,
            max(0.0, due - monotonic()),
            HassJob(self._async_timer, cancel_on_shutdown=True),
        )

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _async_timer(self, _now: datetime) -> None:
        """Check the token with plex.tv in the background."""
        self._timer = None
        self.entry.async_create_background_task(
            self.hass,
            self._async_check_plex_tv_and_refresh(),
            f"plex_monitor token {self.entry.entry_id}",
        )

    async def _async_check_plex_tv_and_refresh(self) -> None:
        """Check the token with plex.tv, and poll the server where that changed something."""
        before = self.verdict, self.server.token
        await self.async_check_plex_tv()
        if (self.verdict, self.server.token) != before:
            await self._request_refresh()

    async def async_check_plex_tv(self) -> None:
        """Send all requests to plex.tv that are due."""
        self._is_checking = True
        try:
            while (check := self.health.due_check(monotonic())) is not None:
                if check is PlexTvCheck.ACCOUNT:
                    await self._async_check_account()
                else:
                    await self._async_check_resources()
        finally:
            self._is_checking = False
            self._schedule()

    async def _async_check_account(self) -> None:
        """Check the account token."""
        if await self._async_request(self.plex_tv.account) is not None:
            await self._async_add_evidence(Evidence.PLEX_TV_ACCEPTS)

    async def _async_request[ResponseT](
        self, request: Callable[[str], Awaitable[ResponseT]]
    ) -> ResponseT | None:
        """Return the response of plex.tv to the account token, `None` if there is none.

        A response to a token that was replaced meanwhile is no evidence on the new one.
        """
        token = self.entry.data[CONF_ACCOUNT_TOKEN]
        response: ResponseT | PlexError
        try:
            response = await request(token)
        except PlexError as err:
            response = err
        if self.entry.data.get(CONF_ACCOUNT_TOKEN) != token:
            return None
        if isinstance(response, PlexError):
            await self._async_handle_plex_tv_error(response)
            return None
        return response

    async def _async_check_resources(self) -> None:
        """Fetch the server token that plex.tv lists, and adopt it if it is a new one."""
        resources = await self._async_request(self.plex_tv.resources)
        if resources is None:
            return
        resource = next(
            (one for one in resources if one.machine_identifier == self.entry.unique_id), None
        )
        if resource is None:
            await self._async_add_evidence(Evidence.NOT_LISTED)
        elif (listed := resource.access_token) is None or listed == self.server.token:
            await self._async_add_evidence(Evidence.LISTED_WITH_SAME_TOKEN)
        elif resource.allows(self.server.url) and await self._async_accepts(listed):
            await self._async_add_evidence(Evidence.LISTED_WITH_NEW_TOKEN)
            await self._async_adopt_server_token(listed)
        else:
            await self._async_add_evidence(Evidence.LISTED_WITH_SAME_TOKEN)

    async def _async_accepts(self, token: str) -> bool:
        """Return whether the server accepts a listed token, which may be an outdated one."""
        before = self.server, self.server.token
        try:
            accepts = await self.server.accepts_token(token)
        except PlexError as err:
            LOGGER.debug("%s: the listed token could not be tried: %s", self.entry.title, err)
            return False
        return accepts and (self.server, self.server.token) == before

    async def async_handle_plex_tv_refusal(self, token: str) -> None:
        """Handle that plex.tv refused the account token in a request of another module."""
        if self.entry.data.get(CONF_ACCOUNT_TOKEN) == token:
            await self._async_add_evidence(Evidence.PLEX_TV_REFUSES)

    async def _async_handle_plex_tv_error(self, err: PlexError) -> None:
        """Handle that plex.tv refused the token, or did not say whether it is valid."""
        if isinstance(err, PlexUnauthorizedError):
            await self._async_add_evidence(Evidence.PLEX_TV_REFUSES)
            return
        LOGGER.debug(
            "%s: plex.tv does not say whether the token is valid: %s", self.entry.title, err
        )
        wait = err.retry_after if isinstance(err, PlexUnavailableError) else None
        await self._async_add_evidence(Evidence.PLEX_TV_INCONCLUSIVE, retry_after=wait or 0.0)

    async def _async_adopt_server_token(self, token: str) -> None:
        """Switch to the server token that plex.tv lists, and store it."""
        before = self.verdict
        self.hass.config_entries.async_update_entry(
            self.entry, data={**self.entry.data, CONF_SERVER_TOKEN: token}
        )
        self.server.use_token(token)
        self._memory.tokens = stored_tokens(self.entry)
        self._memory.health = self.health.with_new_server_token()
        LOGGER.debug("%s: adopted the server token that plex.tv lists", self.entry.title)
        self._record_verdict_change(before)
        await self._async_update_issues()
