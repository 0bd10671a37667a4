"""Sign-out of a token at plex.tv."""

import logging

from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.auth.sign_out import async_sign_out
from tests.simulator import Account, World

CLIENT_IDENTIFIER = "home-assistant-1"
WARNING = r"Attic is removed, but could not be signed out of plex\.tv"


@pytest.fixture
def token(world: World, owner: Account) -> str:
    """Return a token of our own."""
    return world.plex_tv.sign_in(owner, client_identifier=CLIENT_IDENTIFIER, product="x")


@pytest.mark.parametrize("subject", [None, "Attic is removed, but"])
async def test_token_is_signed_out_without_a_warning(
    hass: HomeAssistant, world: World, token: str, subject: str | None
) -> None:
    """A token that plex.tv refuses has been signed out before."""
    for _ in range(2):
        await async_sign_out(hass, CLIENT_IDENTIFIER, token, subject=subject)
        assert not world.plex_tv.is_valid(token)


@pytest.mark.allowed_logs(WARNING)
@pytest.mark.parametrize(
    ("subject", "level"), [(None, logging.DEBUG), ("Attic is removed, but", logging.WARNING)]
)
async def test_failure_is_logged_at_the_level_that_the_caller_needs(
    hass: HomeAssistant,
    world: World,
    token: str,
    caplog: pytest.LogCaptureFixture,
    subject: str | None,
    level: int,
) -> None:
    """The user can only remove a device of which they know."""
    caplog.set_level(logging.DEBUG)
    await world.plex_tv.stop()
    await async_sign_out(hass, CLIENT_IDENTIFIER, token, subject=subject)
    [record] = [one for one in caplog.records if "could not be signed out" in one.getMessage()]
    assert record.levelno == level
    assert record.getMessage().startswith(subject or "A token")
    assert ("remove the device" in record.getMessage()) == (level == logging.WARNING)
    assert token not in caplog.text
