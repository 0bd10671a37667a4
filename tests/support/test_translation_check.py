"""The check of translations finds missing texts and placeholders."""

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
    "selector": {"method": {"options": {"local": "Local"}}},
}


def problems_of(
    result: Mapping[str, Any],
    *,
    source: str = SOURCE_USER,
    title_placeholders: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the problems of the first result of a config flow."""
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
        pytest.param(form("form", {"url": str}, server="Home", example="…"), [], id="complete"),
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
                        SelectSelectorConfig(options=["local", "remote"], translation_key="method")
                    )
                },
                server="Home",
                example="…",
            ),
            ["selector.method.options.remote is missing"],
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
def test_flow_result_needs_its_texts_and_placeholders(
    result: Mapping[str, Any], problems: list[str]
) -> None:
    """Each part of a step needs a text, and each text its placeholders."""
    assert problems_of(result) == problems


def test_discovery_that_ends_in_its_first_step_needs_no_text() -> None:
    """The reason is never shown."""
    ended = {"type": FlowResultType.ABORT, "reason": "other"}
    assert not problems_of(ended, source=SOURCE_ZEROCONF, title_placeholders={"name": "Home"})


@pytest.mark.parametrize("source", [SOURCE_REAUTH, SOURCE_ZEROCONF])
def test_listed_flow_needs_the_placeholders_of_its_title(source: str) -> None:
    """Flows of some sources are listed by their title before they are opened."""
    assert problems_of(form("form", {}, server="Home"), source=source) == [
        "config.flow_title uses {name}, which is not supplied"
    ]


def test_exception_needs_its_text_and_placeholders() -> None:
    """Exceptions with the translation domain of the integration are checked."""
    check = TranslationCheck(STRINGS)
    for domain, key in ((DOMAIN, "refused"), (DOMAIN, "other"), ("light", "third")):
        check.error(ServiceValidationError(translation_domain=domain, translation_key=key))
    assert check.problems == [
        "exceptions.refused.message uses {server}, which is not supplied",
        "exceptions.other.message is missing",
    ]


def test_action_needs_a_name_and_translated_exceptions() -> None:
    """An exception of an action is shown to the user."""
    check = TranslationCheck(STRINGS)
    check.action(DOMAIN, "scan", None)
    check.action("light", "turn_on", None)
    check.action_error(DOMAIN, "scan", ServiceValidationError("plain words"))
    assert check.problems == [
        "services.scan.name is missing",
        "services.scan.description is missing",
        "plex_monitor.scan raised an error without a text: ServiceValidationError('plain words')",
    ]


def test_trigger_condition_and_fields_need_name_and_description() -> None:
    """Triggers and conditions of other integrations are not checked."""
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
