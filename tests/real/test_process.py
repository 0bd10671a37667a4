"""Unexpected lines in the log of a real Home Assistant are found."""

from pathlib import Path

import pytest

from .process import HomeAssistantProcess

RESET = "[homeassistant] Error doing job: ClientConnectionResetError in shielded future"
OURS = '  File "/config/custom_components/plex_monitor/server/push.py", line 81, in _async_listen'


@pytest.mark.parametrize(
    ("level", "text", "unexpected"),
    [
        ("INFO", "[custom_components.plex_monitor] moved to https://home", False),
        ("WARNING", "[custom_components.plex_monitor] closing transport", True),
        ("ERROR", "[homeassistant] Error doing job: Task exception was never retrieved", True),
        ("WARNING", "[custom_components.plex_monitor] was expected", False),
        ("ERROR", RESET, False),
        ("ERROR", f"{RESET}\n{OURS}", True),
    ],
)
def test_warnings_and_errors_are_unexpected(
    tmp_path: Path, level: str, text: str, *, unexpected: bool
) -> None:
    """Expected lines, and those about a closed connection of a browser, are not returned."""
    process = HomeAssistantProcess(tmp_path, port=1)
    lines = [f"2026-11-24 14:04:58.042+00:00 {level} (MainThread) {text}"]
    lines.append("2026-11-24 14:04:59.042+00:00 INFO (MainThread) [homeassistant] goes on")
    (tmp_path / "process.log").write_text("\n".join(lines), encoding="utf-8")
    assert process.unexpected_log_lines([r"was expected"]) == ([lines[0]] if unexpected else [])
