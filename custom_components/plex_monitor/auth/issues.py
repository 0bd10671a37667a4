"""The repairs of an entry: one row for one problem."""

from dataclasses import dataclass
from enum import StrEnum

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOCUMENTATION_URL, DOMAIN
from ..plex.token_health import Verdict
from ..runtime import PlexMonitorConfigEntry


class Issue(StrEnum):
    """What can be wrong, and is shown under repairs."""

    TOKEN_INVALID = "token_invalid"  # noqa: S105 - the name of a repair
    TOKEN_WANTED = "token_wanted"  # noqa: S105 - the name of a repair
    ACCESS_REMOVED = "access_removed"
    SERVER_REFUSES_TOKEN = "server_refuses_token"  # noqa: S105 - the name of a repair
    SERVER_UNCLAIMED = "server_unclaimed"
    TOKEN_TEMPORARY = "token_temporary"  # noqa: S105 - the name of a repair


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How an issue is shown."""

    fixable: bool
    severity: ir.IssueSeverity


# Fixable is what signing in repairs. The others are repaired at the server, and go by themselves.
_KINDS = {
    Issue.TOKEN_INVALID: _Kind(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.TOKEN_WANTED: _Kind(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.ACCESS_REMOVED: _Kind(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.SERVER_REFUSES_TOKEN: _Kind(fixable=False, severity=ir.IssueSeverity.ERROR),
    Issue.SERVER_UNCLAIMED: _Kind(fixable=False, severity=ir.IssueSeverity.ERROR),
    Issue.TOKEN_TEMPORARY: _Kind(fixable=True, severity=ir.IssueSeverity.WARNING),
}

ISSUE_OF_VERDICT = {
    Verdict.INVALID: Issue.TOKEN_INVALID,
    Verdict.ACCESS_REMOVED: Issue.ACCESS_REMOVED,
    Verdict.SERVER_REFUSES: Issue.SERVER_REFUSES_TOKEN,
    Verdict.UNCLAIMED: Issue.SERVER_UNCLAIMED,
}


def learn_more_url(issue: Issue) -> str:
    """Return where the documentation explains an issue."""
    return f"{DOCUMENTATION_URL}#{issue.replace('_', '-')}"


def issue_id(issue: Issue, entry_id: str) -> str:
    """Return the id of an entry's issue."""
    return f"{issue}_{entry_id}"


def issue_placeholders(entry: PlexMonitorConfigEntry, issue: Issue) -> dict[str, str]:
    """Return what is filled into the texts of an issue."""
    # The frontend shows an issue's own link only where there is nothing to fix.
    return {"learn_more_url": learn_more_url(issue), "server": entry.title}


@callback
def async_show_issue(hass: HomeAssistant, entry: PlexMonitorConfigEntry, issue: Issue) -> None:
    """Show one issue in the place of any other of the entry."""
    kind = _KINDS[issue]
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(issue, entry.entry_id),
        data={"entry_id": entry.entry_id, "issue": issue.value},
        is_fixable=kind.fixable,
        learn_more_url=learn_more_url(issue),
        severity=kind.severity,
        translation_key=issue,
        translation_placeholders=issue_placeholders(entry, issue),
    )
    for other in Issue:
        if other is not issue:
            ir.async_delete_issue(hass, DOMAIN, issue_id(other, entry.entry_id))


@callback
def async_is_shown(hass: HomeAssistant, entry: PlexMonitorConfigEntry, issue: Issue) -> bool:
    """Say whether an issue of an entry is there now."""
    shown = ir.async_get(hass).async_get_issue(DOMAIN, issue_id(issue, entry.entry_id))
    return shown is not None and shown.active


@callback
def async_delete_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Take back all issues of an entry."""
    for issue in Issue:
        ir.async_delete_issue(hass, DOMAIN, issue_id(issue, entry_id))
