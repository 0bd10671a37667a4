"""The guard of one entry's token: gathers the evidence, keeps the verdict, tells the user."""

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
from ..plex.token_health import Evidence, Question, TokenHealth, Verdict
from ..runtime import PlexMonitorConfigEntry
from ..tokens import tokens_of
from .issues import ISSUE_OF_VERDICT, Issue, async_delete_issues, async_show_issue
from .memory import async_token_memory
from .reauth import async_start_reauth, async_stop_reauth

# What proves something about the token, as against silence and circumstances.
_PROOFS = {
    Evidence.SERVER_ACCEPTS,
    Evidence.SERVER_REFUSES,
    Evidence.PLEX_TV_ACCEPTS,
    Evidence.PLEX_TV_REFUSES,
}
# How exactly it is told when the token was last checked: each change of it is a row in the history.
TELL_CHECKED_EVERY = timedelta(minutes=10)
_HEALTHY = {Verdict.VALID, Verdict.NOT_ENFORCED}


class TokenGuard:
    """Know whether the token of an entry is good, and say so once when it is not.

    The coordinator brings what the server says; the guard itself asks plex.tv when that is due,
    on a timer of its own, so that nobody waits for plex.tv.
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
        """Know nothing yet.

        `on_change` is called with every new verdict; `request_refresh` is awaited when an answer
        of plex.tv changed something, so that the server is read again.
        """
        self.hass = hass
        self.entry = entry
        self.server = server
        self.plex_tv = plex_tv
        self._memory = async_token_memory(hass, entry)
        self._on_change = on_change
        self._request_refresh = request_refresh
        self._version: str | None = None
        self._timer: CALLBACK_TYPE | None = None
        self._asking = False
        self._started = False

    @property
    def health(self) -> TokenHealth:
        """Return all that the evidence amounts to."""
        return self._memory.health

    @property
    def since(self) -> datetime:
        """Return when it became what it is."""
        return self._memory.since

    @property
    def last_checked(self) -> datetime | None:
        """Return when the token was put to the test last, to about ten minutes."""
        return self._memory.last_checked

    @property
    def verdict(self) -> Verdict:
        """Return what is known about the token."""
        return self.health.verdict

    @property
    def is_healthy(self) -> bool:
        """Say whether there is nothing against the token."""
        return self.verdict in _HEALTHY

    @property
    def has_token(self) -> bool:
        """Say whether there is a token at all: a server may need none."""
        return CONF_SERVER_TOKEN in self.entry.data

    @callback
    def async_start(self) -> None:
        """Begin to ask plex.tv when it is due."""
        self._started = True
        self._schedule()

    @callback
    def async_stop(self) -> None:
        """Ask nothing any more."""
        self._started = False
        self._cancel_timer()

    async def async_identified(self, identity: ServerIdentity) -> None:
        """Take in what the right server says without a token."""
        if self._version not in {None, identity.version}:
            await self._async_see(Evidence.SERVER_RESTARTED)
        self._version = identity.version
        # A server without an owner is just what an entry without a token was set up for.
        claimed = identity.claimed or not self.has_token
        await self._async_see(Evidence.SERVER_CLAIMED if claimed else Evidence.SERVER_UNCLAIMED)

    async def async_enforcement(self, *, enforced: bool) -> None:
        """Take in whether the server refuses a request without a token."""
        await self._async_see(Evidence.ENFORCED if enforced else Evidence.NOT_ENFORCED)

    async def async_server_accepts(self) -> None:
        """Take in that the server accepts the token."""
        await self._async_see(Evidence.SERVER_ACCEPTS)

    async def async_server_refuses(self) -> None:
        """Take in that the server refuses the token."""
        await self._async_see(Evidence.SERVER_REFUSES)

    async def async_server_silent(self) -> None:
        """Take in that the server said nothing about the token."""
        await self._async_see(Evidence.SERVER_SILENT)

    async def async_wrong_server(self) -> None:
        """Take in that another server answers at the address."""
        await self._async_see(Evidence.WRONG_SERVER)

    async def async_replaced(self, server: PlexServer, plex_tv: PlexTv) -> None:
        """Go on with another token, which the server and plex.tv have just accepted."""
        self.server = server
        self.plex_tv = plex_tv
        self._memory.tokens = tokens_of(self.entry)
        self._memory.health = TokenHealth(askable=True, enforced=self.health.enforced).after(
            Evidence.PLEX_TV_ACCEPTS, monotonic()
        )
        self._memory.heard_of_plex_tv = True
        self._show_healthy()
        await self.async_server_accepts()

    async def async_prompt(self) -> None:
        """Have a sign-in prompt on the integration's card, again where somebody closed it."""
        await async_start_reauth(self.hass, self.entry)

    async def _async_see(self, evidence: Evidence, *, retry_after: float = 0.0) -> None:
        """Let evidence change the verdict, and tell the user where it does."""
        before = self.verdict
        self._memory.health = self.health.after(evidence, monotonic(), retry_after=retry_after)
        if self.verdict is not before:
            self._changed(before)
        elif evidence in _PROOFS:
            self._checked()
        await self._async_tell()
        await self._async_hear(evidence)
        self._schedule()

    async def _async_hear(self, evidence: Evidence) -> None:
        """Act on what plex.tv says beyond a change of the verdict."""
        if evidence is Evidence.PLEX_TV_REFUSES and self.verdict.needs_sign_in:
            # Whoever closed the prompt is asked again, as long as nothing has changed.
            await self.async_prompt()
        if evidence in {Evidence.PLEX_TV_ACCEPTS, Evidence.PLEX_TV_SILENT} and (
            not self._memory.heard_of_plex_tv
        ):
            self._memory.heard_of_plex_tv = True
            # A server that is away does not contradict plex.tv.
            accepted = evidence is Evidence.PLEX_TV_ACCEPTS and self.verdict is Verdict.UNKNOWN
            if self.is_healthy or accepted:
                self._show_healthy()

    def _checked(self) -> None:
        """Keep when the token was last put to the test, without telling that every minute."""
        now = dt_util.utcnow()
        if self.last_checked is None or now - self.last_checked >= TELL_CHECKED_EVERY:
            self._memory.last_checked = now
            self._on_change()

    def _changed(self, before: Verdict) -> None:
        """Keep since when the token is what it is."""
        self._memory.since = self._memory.last_checked = dt_util.utcnow()
        LOGGER.debug("%s: the token was %s and is %s", self.entry.title, before, self.verdict)

    async def _async_tell(self) -> None:
        """Show and take back what the verdict means for the user, where that is new."""
        before, verdict = self._memory.told, self.verdict
        if verdict is before:
            return
        self._memory.told = verdict
        if issue := ISSUE_OF_VERDICT.get(verdict):
            if issue is Issue.TOKEN_INVALID and not self.has_token:
                issue = Issue.TOKEN_WANTED
            async_show_issue(self.hass, self.entry, issue)
        elif self.is_healthy:
            self._show_healthy()
        elif before.is_problem:
            async_delete_issues(self.hass, self.entry.entry_id)
        if verdict.needs_sign_in:
            await self.async_prompt()
        elif before.needs_sign_in:
            async_stop_reauth(self.hass, self.entry)
        self._on_change()

    def _show_healthy(self) -> None:
        """Leave no issue but the one about a token that works today and not for long.

        After a start nothing is taken back before plex.tv was asked, where it can be: the server
        may accept what plex.tv has refused.
        """
        if not self._memory.heard_of_plex_tv:
            return
        async_stop_reauth(self.hass, self.entry)
        if TokenSource(self.entry.data[CONF_TOKEN_SOURCE]).is_lasting:
            async_delete_issues(self.hass, self.entry.entry_id)
        else:
            async_show_issue(self.hass, self.entry, Issue.TOKEN_TEMPORARY)

    def _schedule(self) -> None:
        """Set the timer to the next question."""
        self._cancel_timer()
        due = self.health.next_question_at
        if due is None or self._asking or not self._started:
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
        """Ask plex.tv in the background."""
        self._timer = None
        self.entry.async_create_background_task(
            self.hass, self._async_ask_for_news(), f"plex_monitor token {self.entry.entry_id}"
        )

    async def _async_ask_for_news(self) -> None:
        """Ask plex.tv, and have the server looked at where that changed something."""
        before = self.verdict, self.server.token
        await self.async_check_plex_tv()
        if (self.verdict, self.server.token) != before:
            await self._request_refresh()

    async def async_check_plex_tv(self) -> None:
        """Ask plex.tv all that is due."""
        self._asking = True
        try:
            while (question := self.health.question(monotonic())) is not None:
                if question is Question.ACCOUNT:
                    await self._async_ask_account()
                else:
                    await self._async_ask_resources()
        finally:
            self._asking = False
            self._schedule()

    async def _async_ask_account(self) -> None:
        """Ask plex.tv whether the account token is good."""
        if await self._async_answer(self.plex_tv.account) is not None:
            await self._async_see(Evidence.PLEX_TV_ACCEPTS)

    async def _async_answer[AnswerT](
        self, question: Callable[[str], Awaitable[AnswerT]]
    ) -> AnswerT | None:
        """Return what plex.tv answers about the account token, `None` where it does not.

        What it says of a token that was replaced meanwhile is no evidence on the new one.
        """
        token = self.entry.data[CONF_ACCOUNT_TOKEN]
        answer: AnswerT | PlexError
        try:
            answer = await question(token)
        except PlexError as err:
            answer = err
        if self.entry.data.get(CONF_ACCOUNT_TOKEN) != token:
            return None
        if isinstance(answer, PlexError):
            await self._async_plex_tv_error(answer)
            return None
        return answer

    async def _async_ask_resources(self) -> None:
        """Ask plex.tv for the server's token, and adopt another one than ours."""
        resources = await self._async_answer(self.plex_tv.resources)
        if resources is None:
            return
        resource = next(
            (one for one in resources if one.machine_identifier == self.entry.unique_id), None
        )
        if resource is None:
            await self._async_see(Evidence.NOT_LISTED)
        elif resource.access_token in {None, self.server.token}:
            await self._async_see(Evidence.LISTED_SAME)
        else:
            await self._async_see(Evidence.LISTED_OTHER)
            await self._async_adopt(resource.access_token)

    async def _async_plex_tv_error(self, err: PlexError) -> None:
        """Take in that plex.tv refused, or did not answer."""
        if isinstance(err, PlexUnauthorizedError):
            await self._async_see(Evidence.PLEX_TV_REFUSES)
            return
        LOGGER.debug("%s: plex.tv does not tell: %s", self.entry.title, err)
        wait = err.retry_after if isinstance(err, PlexUnavailableError) else None
        await self._async_see(Evidence.PLEX_TV_SILENT, retry_after=wait or 0.0)

    async def _async_adopt(self, token: str | None) -> None:
        """Use the server token that plex.tv lists from now on."""
        before = self.verdict
        self.hass.config_entries.async_update_entry(
            self.entry, data={**self.entry.data, CONF_SERVER_TOKEN: token}
        )
        self.server.use_token(token)
        self._memory.tokens = tokens_of(self.entry)
        self._memory.health = self.health.with_new_server_token()
        LOGGER.debug("%s: adopted the server token that plex.tv lists", self.entry.title)
        self._changed(before)
        await self._async_tell()
