"""No device of ours is left at plex.tv, beyond the one that each entry uses.

A sign-in that was closed, reloaded or interrupted by a restart, and a token that was replaced, may
leave a device for a while only:

- a dialog that is open may hold its token for an hour;
- a token is signed out at once where plex.tv works, and `SIGNED_OUT_WITHIN` is enough;
- where plex.tv has failed meanwhile, the next attempt is at most three times as late as the failure
  was long, and six hours after it at the latest; 75 min after it where plex.tv refused tokens.

That a PIN was approved can be noticed until it ends, by a poll each minute. Nothing is expected
where plex.tv fails, or Home Assistant is stopped, for all of that time; nor where a sign-out was
answered with 200 in the place of plex.tv, which nothing distinguishes from its own answer.
"""

from dataclasses import dataclass
from typing import override

from custom_components.plex_monitor.clients import PRODUCT
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN
from tests.simulator.faults import Kind
from tests.simulator.pins import Pin
from tests.simulator.request_log import RequestRecord

from .environment import STEP, Environment
from .faults import retry_after_of, rules_of
from .freshness import Timer
from .invariant import DEVICE_LEFT, Invariant, Violation
from .sites import Role
from .token_evidence import RequestLogReader

SIGN_OUT = "/api/v2/users/signout"
NOTICED_WITHIN = 75.0
SIGNED_OUT_WITHIN = 120.0
HELD_BY_DIALOG = 3600.0
NEXT_ATTEMPT, NEXT_ATTEMPT_AT_LATEST = 3.0, 6 * 3600.0
AFTER_REFUSAL = 75 * 60.0
TOLERANCE = 2 * STEP


@dataclass(kw_only=True)
class _Unused:
    """A token of ours that no entry uses.

    `since` is when that began in this run of Home Assistant, and `due_from` until when a dialog may
    hold it or plex.tv has failed. It is `noticed` where the integration could learn of it.
    """

    since: float
    due_from: float
    noticed: bool
    noticeable: Timer


class Devices(Invariant):
    """Compares the devices at plex.tv with the entries."""

    def __init__(self, env: Environment, request_log: RequestLogReader) -> None:
        """Initialize without any device."""
        self._env = env
        self._sign_outs: list[RequestRecord] = []
        # The tokens whose sign-out was answered with 200 without being handled.
        self._answered: set[str] = set()
        request_log.request_listeners.append(self._handle_request)
        self._used: set[str] = set()
        self._unused: dict[str, _Unused] = {}
        self._failed_until = self._refused_until = self._polled_from = 0.0

    @property
    def left(self) -> bool:
        """Return whether a device is left that is to be signed out."""
        return any(one.noticed for one in self._unused.values())

    @override
    def home_assistant_started(self) -> None:
        """Start over: the attempts do as well."""
        now = self._env.now
        for one in self._unused.values():
            one.since = one.due_from = now
            one.noticeable = Timer()

    @override
    def check(self) -> None:
        """Check all devices of ours."""
        env, now = self._env, self._env.now
        plex_tv = env.world.plex_tv
        rules = rules_of(plex_tv)
        if rules or not plex_tv.running:
            self._failed_until = now
            if any(rule.fault.kind is Kind.UNAUTHORIZED for rule in rules):
                self._refused_until = now
            self._polled_from = max(
                self._polled_from, now + max(map(retry_after_of, rules), default=0.0)
            )
        entries = env.hass.config_entries.async_entries(DOMAIN)
        in_use = {entry.data.get(CONF_ACCOUNT_TOKEN) for entry in entries}
        ours = {device.token for device in plex_tv.book.devices if device.product == PRODUCT}
        for record in self._sign_outs:
            if record.status == 200 and record.fault is not None and record.token_sent:
                self._answered.add(record.token_sent)
        self._sign_outs = [record for record in self._sign_outs if record.status is None]
        self._used |= {token for token in ours if token in in_use}
        pins = {pin.token: pin for pin in plex_tv.pins.approved()}
        unused = ours - in_use - self._answered
        self._unused = {
            token: self._unused.get(token)
            or _Unused(since=now, due_from=now, noticed=token in self._used, noticeable=Timer())
            for token in unused
        }
        for token, one in self._unused.items():
            self._check_device(one, pins.get(token), now)

    def _handle_request(self, _role: Role | None, record: RequestRecord) -> None:
        if record.path == SIGN_OUT:
            self._sign_outs.append(record)

    def _check_device(self, one: _Unused, pin: Pin | None, now: float) -> None:
        env = self._env
        if pin is not None and not one.noticed:
            polled = self._failed_until < now >= self._polled_from and now < pin.expires_at
            one.noticed = one.noticeable.lasts(now, holds=polled) >= NOTICED_WITHIN
            one.due_from = now
            return
        if any(env.hass.config_entries.flow.async_progress_by_handler(DOMAIN)):
            one.due_from = max(one.due_from, min(now, one.since + HELD_BY_DIALOG))
        patience = SIGNED_OUT_WITHIN
        if self._failed_until > one.since:
            one.due_from = max(one.due_from, self._failed_until)
            failed_for = NEXT_ATTEMPT * (self._failed_until - one.since)
            if self._refused_until > one.since:
                failed_for = max(failed_for, AFTER_REFUSAL)
            patience += min(NEXT_ATTEMPT_AT_LATEST, failed_for)
        if now > one.due_from + patience + TOLERANCE:
            raise Violation(
                DEVICE_LEFT,
                f"a device that no entry uses is left, {now - one.due_from:.0f} s after it was due",
            )
