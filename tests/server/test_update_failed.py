"""What a poll that failed means to Home Assistant."""

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
def test_each_has_its_text(err: PlexError, key: str) -> None:
    """It names the server, and says what went wrong."""
    failure = exception_for_error("Home", err)
    assert failure.translation_key == key
    assert key in english()["exceptions"]
    assert failure.translation_placeholders == {"server": "Home", "error": "x"}
    assert failure.retry_after is None


@pytest.mark.parametrize(("wished", "wait"), [(30.0, 30.0), (86_400.0, 300.0)])
def test_server_is_left_alone_within_reason(wished: float, wait: float) -> None:
    """A day is not."""
    assert (
        exception_for_error(
            "Home", PlexUnavailableError("x", status=503, retry_after=wished)
        ).retry_after
        == wait
    )


@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("verdict", Verdict)
def test_token_is_asked_for_where_only_a_new_one_helps(
    verdict: Verdict, *, has_token: bool
) -> None:
    """Else it is polled again."""
    failure = exception_for_verdict("Home", verdict, has_token=has_token)
    assert isinstance(failure, ConfigEntryAuthFailed) is verdict.needs_sign_in
    assert failure.translation_key in english()["exceptions"]


def test_nobody_was_signed_out_who_had_no_token() -> None:
    """It says that the server wants one now."""
    said = {
        has_token: exception_for_verdict(
            "Home", Verdict.INVALID, has_token=has_token
        ).translation_key
        for has_token in (True, False)
    }
    assert said == {True: "invalid", False: "token_wanted"}
