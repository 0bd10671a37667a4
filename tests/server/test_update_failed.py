"""A failed update raises the exception that fits its cause."""

from homeassistant.exceptions import ConfigEntryAuthFailed
import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexResponseError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from custom_components.plex_monitor.plex.token_health import Verdict
from custom_components.plex_monitor.server.update_failed import (
    exception_for_error,
    exception_for_verdict,
)
from tests.support.translation_check import english


@pytest.mark.parametrize(
    ("err", "key"),
    [
        (PlexWrongServerError("x"), "wrong_server"),
        (PlexCertificateError("x"), "certificate"),
        (PlexConnectionError("x"), "cannot_connect"),
        (PlexUnavailableError("x", status=503), "server_busy"),
        (PlexResponseError("x"), "unexpected_answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_error_has_its_message(err: PlexError, key: str) -> None:
    """It names the server, and says what failed."""
    failure = exception_for_error("Home", err)
    assert failure.translation_key == key
    assert key in english()["exceptions"]
    assert failure.translation_placeholders == {"server": "Home", "error": "x"}
    assert failure.retry_after is None


@pytest.mark.parametrize(("retry_after", "wait"), [(30.0, 30.0), (86_400.0, 300.0)])
def test_retry_after_is_limited(retry_after: float, wait: float) -> None:
    """To five minutes."""
    err = PlexUnavailableError("x", status=503, retry_after=retry_after)
    assert exception_for_error("Home", err).retry_after == wait


@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("verdict", Verdict)
def test_sign_in_is_requested_where_only_a_new_token_helps(
    verdict: Verdict, *, has_token: bool
) -> None:
    """Otherwise the server is polled again."""
    failure = exception_for_verdict("Home", verdict, has_token=has_token)
    assert isinstance(failure, ConfigEntryAuthFailed) is verdict.needs_sign_in
    assert failure.translation_key in english()["exceptions"]


def test_message_for_an_entry_without_a_token_asks_for_a_first_sign_in() -> None:
    """It does not say that a sign-in has become invalid."""
    keys = {
        has_token: exception_for_verdict(
            "Home", Verdict.INVALID, has_token=has_token
        ).translation_key
        for has_token in (True, False)
    }
    assert keys == {True: "invalid", False: "token_wanted"}
