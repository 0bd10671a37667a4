"""Deliberate bugs in what happens to tokens: see `planted`."""

from functools import partial
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.const import CONF_URL

from custom_components.plex_monitor import config_flow
from custom_components.plex_monitor.auth.guard import TokenGuard
from custom_components.plex_monitor.auth.pins import OpenPins, async_forget_pin
from custom_components.plex_monitor.auth.sign_out import SignOuts
from custom_components.plex_monitor.auth.unfinished import SignOut
from custom_components.plex_monitor.const import LOGGER
from custom_components.plex_monitor.flow import sign_in
from custom_components.plex_monitor.flow.discovery import async_get_moved_entry
from custom_components.plex_monitor.plex import (
    plex_tv,
    token_health,
    verified_requests,
)
from custom_components.plex_monitor.plex.token_health import Evidence, TokenHealth
from custom_components.plex_monitor.plex.verified_requests import VerifiedAddress, VerifiedRequests
from custom_components.plex_monitor.server.reader import ServerReader

from .bug import Bug, around, false, method, nothing, numbers, true
from .invariant import (
    DEVICE_LEFT,
    FALSE_ALARM,
    MISSED_ALARM,
    NO_COOKIE,
    ONE_REPAIR,
    PART,
    RECOVERY,
    SECRET,
    STORM,
    STRANGER,
    UNTRIED,
)
from .scenario import SIGN_IN_DRAWS

_is_signed_out = SignOuts._async_is_done


async def _sign_out_once(sign_outs: SignOuts, sign_out: SignOut) -> bool:
    await _is_signed_out(sign_outs, sign_out)
    return True


async def _follow_announcement(hass: Any, state: Any, discovered: Any) -> Any:
    moved = await async_get_moved_entry(hass, state, discovered)
    if moved is not None:
        data = {**moved.data, CONF_URL: discovered.address.url}
        hass.config_entries.async_update_entry(moved, data=data)
        hass.config_entries.async_schedule_reload(moved.entry_id)
    return moved


async def _any_error_is_refusal(guard: TokenGuard, _err: Exception) -> None:
    await guard._async_add_evidence(Evidence.PLEX_TV_REFUSES)


def _not_sooner(health: TokenHealth, _now: float, _distance: float) -> float:
    return health.account_due


async def _with_token_in_url(
    requests: VerifiedRequests, path: str, params: Any = None, **_: Any
) -> Any:
    async with requests.verified_address() as address:
        token = {"X-Plex-Token": requests.token or ""}
        return await address.transport.get_json(path, params={**(params or {}), **token})


PLANTED_IN_TOKENS = (
    Bug(
        name="an error of plex.tv counts as a refused token",
        invariant=FALSE_ALARM,
        plant=method(TokenGuard, "_async_handle_plex_tv_error", _any_error_is_refusal),
    ),
    Bug(
        name="refusals of the server alone are believed too early",
        invariant=FALSE_ALARM,
        plant=numbers(token_health, SERVER_ALONE_REFUSALS=2, SERVER_ALONE_SPAN=30.0),
    ),
    Bug(
        name="plex.tv is not asked to confirm a refusal",
        invariant=MISSED_ALARM,
        plant=method(TokenHealth, "_next_account_check", _not_sooner),
    ),
    Bug(
        name="plex.tv is asked about the token once a day",
        invariant=MISSED_ALARM,
        plant=numbers(token_health, ROUTINE_INTERVAL=24 * 3600.0),
    ),
    Bug(
        name="the guard opens no sign-in prompt",
        invariant=ONE_REPAIR,
        also=MISSED_ALARM,
        plant=method(TokenGuard, "async_prompt_sign_in", nothing),
    ),
    Bug(
        name="plex.tv is asked every second while it fails",
        invariant=STORM,
        plant=numbers(token_health, RETRY_MIN=1.0, RETRY_MAX=1.0),
    ),
    Bug(
        name="the token is logged",
        invariant=SECRET,
        plant=around(
            TokenGuard,
            "async_handle_identity",
            lambda self, _: LOGGER.debug("requests with %s", self.server.token),
        ),
    ),
    Bug(
        name="the token is sent in the URL",
        invariant=SECRET,
        plant=method(VerifiedRequests, "get", _with_token_in_url),
    ),
    Bug(
        name="the identity of the server is not checked",
        invariant=STRANGER,
        plant=method(VerifiedAddress, "check_machine", lambda *_: None),
    ),
    Bug(
        name="an announcement moves an entry",
        invariant=STRANGER,
        draws=SIGN_IN_DRAWS,
        plant=lambda: patch.object(config_flow, "async_get_moved_entry", _follow_announcement),
    ),
    Bug(
        name="cookies are kept",
        invariant=NO_COOKIE,
        plant=lambda: patch.object(
            aiohttp, "DummyCookieJar", partial(aiohttp.CookieJar, unsafe=True)
        ),
    ),
    Bug(
        name="a 401 in front of a server counts as its own",
        invariant=FALSE_ALARM,
        also=PART,
        draws=SIGN_IN_DRAWS,
        plant=lambda: patch.object(verified_requests, "is_refusal", lambda *_: True),
    ),
    Bug(
        name="a 401 or 404 in front of plex.tv counts as its own",
        invariant=FALSE_ALARM,
        also=DEVICE_LEFT,
        draws=SIGN_IN_DRAWS,
        plant=lambda: patch.object(plex_tv, "has_error_body", lambda *_: True),
    ),
    Bug(
        name="only / is a witness of a dead token",
        invariant=MISSED_ALARM,
        draws=SIGN_IN_DRAWS,
        plant=method(ServerReader, "_async_check_token", false),
    ),
    Bug(
        name="a listed token is adopted without being tried",
        invariant=UNTRIED,
        draws=SIGN_IN_DRAWS,
        plant=method(TokenGuard, "_async_accepts", true),
    ),
    Bug(
        name="a PIN is forgotten when its dialog is closed",
        invariant=DEVICE_LEFT,
        draws=SIGN_IN_DRAWS,
        plant=lambda: patch.object(sign_in, "async_release_pin", async_forget_pin),
    ),
    Bug(
        name="a PIN is forgotten when Home Assistant stops",
        invariant=DEVICE_LEFT,
        draws=SIGN_IN_DRAWS,
        plant=method(OpenPins, "_async_continue", nothing),
    ),
    Bug(
        name="a token is signed out once, or not at all",
        invariant=DEVICE_LEFT,
        draws=SIGN_IN_DRAWS,
        plant=method(SignOuts, "_async_is_done", _sign_out_once),
    ),
    Bug(
        name="repairs are not removed when the token is valid",
        invariant=RECOVERY,
        plant=method(TokenGuard, "_clear_problem", lambda _: None),
    ),
)
