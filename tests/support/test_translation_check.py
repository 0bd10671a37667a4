"""The check that fails a test when something is shown without a text must itself catch it."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, SOURCE_ZEROCONF
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import pytest
import voluptuous as vol

from custom_components.plex_monitor.const import DOMAIN

from .translation_check import Flow, TranslationCheck

STRINGS = {
    "config": {
        "abort": {"known": "Known"},
        "flow_title": "{name}",
        "progress": {"waiting": "Enter {code}"},
        "step": {
            "form": {
                "title": "Server {server}",
                "data": {"url": "Address"},
                "data_description": {"url": "Like {example}"},
            },
            "menu": {"title": "How?", "menu_options": {"paste": "Paste"}},
        },
    },
    "exceptions": {"refused": {"message": "{server} refused"}},
    "selector": {"way": {"options": {"local": "Local"}}},
}


def shown(
    result: Mapping[str, Any],
    *,
    source: str = SOURCE_USER,
    title_placeholders: Mapping[str, str] | None = None,
) -> list[str]:
    """Return what the check has against this first result of a config flow."""
    context = {"source": source, "title_placeholders": title_placeholders or {}}
    flow = SimpleNamespace(flow_id="1", handler=DOMAIN, context=context)
    check = TranslationCheck(STRINGS)
    check.flow_result(cast(Flow, flow), "config", None, result)
    return check.problems


def form(step_id: str, schema: Mapping[Any, Any], **placeholders: str) -> dict[str, Any]:
    """Return the result of a step that shows a form."""
    return {
        "type": FlowResultType.FORM,
        "step_id": step_id,
        "data_schema": vol.Schema(schema),
        "description_placeholders": placeholders,
    }


@pytest.mark.parametrize(
    ("result", "problems"),
    [
        pytest.param(form("form", {"url": str}, server="Home", example="…"), [], id="all there"),
        pytest.param(
            form("form", {"url": str}, server="Home"),
            ["config.step.form.data_description.url uses {example}, which is not supplied"],
            id="placeholder not supplied",
        ),
        pytest.param(
            form("other", {}),
            ["config.step.other has neither title nor description"],
            id="step without text",
        ),
        pytest.param(
            form("form", {"port": int}, server="Home"),
            [
                "config.step.form.data.port is missing",
                "config.step.form.data_description.port is missing",
            ],
            id="field without text",
        ),
        pytest.param(
            {**form("form", {}, server="Home"), "errors": {"base": "boom"}},
            ["config.error.boom is missing"],
            id="error without text",
        ),
        pytest.param(
            form(
                "form",
                {
                    "url": SelectSelector(
                        SelectSelectorConfig(options=["local", "remote"], translation_key="way")
                    )
                },
                server="Home",
                example="…",
            ),
            ["selector.way.options.remote is missing"],
            id="option of a field without text",
        ),
        pytest.param(
            {"type": FlowResultType.MENU, "step_id": "menu", "menu_options": ["paste", "borrow"]},
            ["config.step.menu.menu_options.borrow is missing"],
            id="option of a menu without text",
        ),
        pytest.param(
            {"type": FlowResultType.SHOW_PROGRESS, "step_id": "pin", "progress_action": "waiting"},
            ["config.progress.waiting uses {code}, which is not supplied"],
            id="progress without its placeholder",
        ),
        pytest.param(
            {"type": FlowResultType.ABORT, "reason": "known"}, [], id="reason with a text"
        ),
        pytest.param(
            {"type": FlowResultType.ABORT, "reason": "other"},
            ["config.abort.other is missing"],
            id="reason without text",
        ),
        pytest.param(
            {
                "type": FlowResultType.ABORT,
                "reason": "already_in_progress",
                "translation_domain": "homeassistant",
            },
            [],
            id="reason of Home Assistant's own",
        ),
    ],
)
def test_what_a_flow_shows(result: Mapping[str, Any], problems: list[str]) -> None:
    """Every part of a step needs its text, and each text its placeholders."""
    assert shown(result) == problems


def test_a_discovery_that_ends_at_once_is_seen_by_nobody() -> None:
    """Its reason needs no text."""
    ended = {"type": FlowResultType.ABORT, "reason": "other"}
    assert not shown(ended, source=SOURCE_ZEROCONF, title_placeholders={"name": "Home"})


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_ZEROCONF])
def test_a_listed_flow_needs_what_its_title_uses(source: str) -> None:
    """Flows that nobody has opened yet are listed by their title."""
    assert shown(form("form", {}, server="Home"), source=source) == [
        "config.flow_title uses {name}, which is not supplied"
    ]


def test_an_error_needs_its_text_and_placeholders() -> None:
    """Only errors that name the integration are its own."""
    check = TranslationCheck(STRINGS)
    for domain, key in ((DOMAIN, "refused"), (DOMAIN, "other"), ("light", "third")):
        check.error(ServiceValidationError(translation_domain=domain, translation_key=key))
    assert check.problems == [
        "exceptions.refused.message uses {server}, which is not supplied",
        "exceptions.other.message is missing",
    ]


def test_an_action_needs_a_name_and_translated_errors() -> None:
    """An error that leaves an action is shown to the user."""
    check = TranslationCheck(STRINGS)
    check.action(DOMAIN, "scan", None)
    check.action("light", "turn_on", None)
    check.action_error(DOMAIN, "scan", ServiceValidationError("plain words"))
    assert check.problems == [
        "services.scan.name is missing",
        "services.scan.description is missing",
        "plex_monitor.scan raised an error without a text: ServiceValidationError('plain words')",
    ]


def test_a_trigger_needs_a_name_and_a_description_and_so_do_its_fields() -> None:
    """A condition as well."""
    check = TranslationCheck(STRINGS)
    check.automation("triggers", f"{DOMAIN}.started", {"user": ["owner"]})
    check.automation("conditions", f"{DOMAIN}.is_up", {})
    check.automation("triggers", "light.turned_on", {})
    assert check.problems == [
        "triggers.started.name is missing",
        "triggers.started.description is missing",
        "triggers.started.fields.user.name is missing",
        "triggers.started.fields.user.description is missing",
        "conditions.is_up.name is missing",
        "conditions.is_up.description is missing",
    ]
