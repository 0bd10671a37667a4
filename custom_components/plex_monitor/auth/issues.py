"""Repair issues: at most one for each entry."""

from dataclasses import dataclass
from enum import StrEnum

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOCUMENTATION_URL, DOMAIN
from ..plex.token_health import Verdict
from ..runtime import PlexMonitorConfigEntry


class Issue(StrEnum):
    """Repair issue of an entry."""

    TOKEN_INVALID = "token_invalid"  # noqa: S105 - the name of a repair
    TOKEN_WANTED = "token_wanted"  # noqa: S105 - the name of a repair
    ACCESS_REMOVED = "access_removed"
    SERVER_REFUSES_TOKEN = "server_refuses_token"  # noqa: S105 - the name of a repair
    SERVER_UNCLAIMED = "server_unclaimed"
    SERVER_REPLACED = "server_replaced"
    TOKEN_TEMPORARY = "token_temporary"  # noqa: S105 - the name of a repair


@dataclass(frozen=True, kw_only=True)
class _IssueProperties:
    """Properties of an issue in the issue registry."""

    fixable: bool
    severity: ir.IssueSeverity


# A sign-in fixes the fixable ones. The others are fixed at the server, and deleted then.
_PROPERTIES = {
    Issue.TOKEN_INVALID: _IssueProperties(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.TOKEN_WANTED: _IssueProperties(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.ACCESS_REMOVED: _IssueProperties(fixable=True, severity=ir.IssueSeverity.ERROR),
    Issue.SERVER_REFUSES_TOKEN: _IssueProperties(fixable=False, severity=ir.IssueSeverity.ERROR),
    Issue.SERVER_UNCLAIMED: _IssueProperties(fixable=False, severity=ir.IssueSeverity.ERROR),
    Issue.SERVER_REPLACED: _IssueProperties(fixable=False, severity=ir.IssueSeverity.ERROR),
    Issue.TOKEN_TEMPORARY: _IssueProperties(fixable=True, severity=ir.IssueSeverity.WARNING),
}

ISSUE_OF_VERDICT = {
    Verdict.INVALID: Issue.TOKEN_INVALID,
    Verdict.ACCESS_REMOVED: Issue.ACCESS_REMOVED,
    Verdict.SERVER_REFUSES: Issue.SERVER_REFUSES_TOKEN,
    Verdict.UNCLAIMED: Issue.SERVER_UNCLAIMED,
}


def learn_more_url(issue: Issue) -> str:
    """Return the address of the documentation of an issue."""
    return f"{DOCUMENTATION_URL}#{issue.replace('_', '-')}"


def issue_id(issue: Issue, entry_id: str) -> str:
    """Return the issue ID of an issue of an entry."""
    return f"{issue}_{entry_id}"


def issue_placeholders(entry: PlexMonitorConfigEntry, issue: Issue) -> dict[str, str]:
    """Return the translation placeholders of an issue."""
    # The frontend shows the link of an issue itself only if the issue is not fixable.
    return {"learn_more_url": learn_more_url(issue), "server": entry.title}


@callback
def async_create_issue(hass: HomeAssistant, entry: PlexMonitorConfigEntry, issue: Issue) -> None:
    """Create an issue, and delete any other of the entry."""
    properties = _PROPERTIES[issue]
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(issue, entry.entry_id),
        data={"entry_id": entry.entry_id, "issue": issue.value},
        is_fixable=properties.fixable,
        learn_more_url=learn_more_url(issue),
        severity=properties.severity,
        translation_key=issue,
        translation_placeholders=issue_placeholders(entry, issue),
    )
    for other in Issue:
        if other is not issue:
            ir.async_delete_issue(hass, DOMAIN, issue_id(other, entry.entry_id))


@callback
def async_is_issue_active(hass: HomeAssistant, entry: PlexMonitorConfigEntry, issue: Issue) -> bool:
    """Return whether an issue of an entry is active."""
    registered = ir.async_get(hass).async_get_issue(DOMAIN, issue_id(issue, entry.entry_id))
    return registered is not None and registered.active


@callback
def async_delete_issue(hass: HomeAssistant, entry: PlexMonitorConfigEntry, issue: Issue) -> None:
    """Delete one issue of an entry."""
    ir.async_delete_issue(hass, DOMAIN, issue_id(issue, entry.entry_id))


@callback
def async_delete_issues(hass: HomeAssistant, entry_id: str) -> None:
    """Delete all issues of an entry."""
    for issue in Issue:
        ir.async_delete_issue(hass, DOMAIN, issue_id(issue, entry_id))
