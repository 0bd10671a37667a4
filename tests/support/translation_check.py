"""Check that everything the integration shows in a test has an English text.

Home Assistant core does the same for its own integrations; the test plugin for custom integrations
does not. While `checked_translations` is entered, flow results, repair issues, exceptions, actions,
triggers and conditions of the integration are looked up in its `translations/en.json`, with every
`{placeholder}`.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import string
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import (
    DISCOVERY_SOURCES,
    SOURCE_REAUTH,
    ConfigEntriesFlowManager,
    OptionsFlowManager,
)
from homeassistant.const import CONF_CONDITION, CONF_OPTIONS, CONF_PLATFORM
from homeassistant.core import HomeAssistant, ServiceRegistry
from homeassistant.data_entry_flow import FlowHandler, FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.condition import Condition
from homeassistant.helpers.selector import SelectSelector
from homeassistant.helpers.trigger import Trigger
from homeassistant.helpers.typing import ConfigType

from custom_components.plex_monitor import const
from custom_components.plex_monitor.const import DOMAIN

ENGLISH = Path(const.__file__).parent / "translations" / "en.json"

# Sources of flows that are listed by their title before they are opened.
LISTED_SOURCES = {*DISCOVERY_SOURCES, SOURCE_REAUTH}

type Flow = FlowHandler[Any, Any, Any]
type FlowResult = Mapping[str, Any]


def flatten(strings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested strings as one mapping with dotted keys."""
    flat: dict[str, str] = {}
    for key, value in strings.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


class TranslationCheck:
    """Compares what is shown with the English texts."""

    def __init__(self, strings: Mapping[str, Any]) -> None:
        """Initialize with the English texts."""
        self._strings = flatten(strings)
        self._seen_flows: set[str] = set()
        self.problems: list[str] = []

    def _report(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _require(self, key: str, supplied: Mapping[str, Any] | None) -> None:
        if key not in self._strings:
            self._report(f"{key} is missing")
        self._check_placeholders(key, supplied)

    def _check_placeholders(self, key: str, supplied: Mapping[str, Any] | None) -> None:
        text = self._strings.get(key, "")
        for name in sorted(placeholders(text) - set(supplied or ())):
            self._report(f"{key} uses {{{name}}}, which is not supplied")

    def issue(self, issue: ir.IssueEntry) -> None:
        """Check a repair issue; the steps of its fix flow are checked when they are shown."""
        if issue.domain != DOMAIN or issue.translation_key is None:
            return
        prefix = f"issues.{issue.translation_key}"
        self._require(f"{prefix}.title", issue.translation_placeholders)
        if not issue.is_fixable:
            self._require(f"{prefix}.description", issue.translation_placeholders)

    def error(self, error: HomeAssistantError) -> None:
        """Check an exception with a translation key."""
        if error.translation_domain == DOMAIN:
            self._require(
                f"exceptions.{error.translation_key}.message", error.translation_placeholders
            )

    def action_error(self, domain: str, action: str, error: HomeAssistantError) -> None:
        """Check that an exception of an action has a translation key."""
        if isinstance(error, Unauthorized):
            # Home Assistant itself refuses an action that only administrators may perform.
            return
        if domain == DOMAIN and error.translation_key is None:
            self._report(f"{DOMAIN}.{action} raised an error without a text: {error!r}")

    def action(self, domain: str, action: str, supplied: Mapping[str, str] | None) -> None:
        """Check a registered action."""
        if domain != DOMAIN:
            return
        prefix = f"services.{action}."
        self._require(f"{prefix}name", supplied)
        self._require(f"{prefix}description", supplied)
        for key in self._strings:
            if key.startswith(prefix):
                self._check_placeholders(key, supplied)

    def automation(self, kind: str, name: str, options: Mapping[str, Any]) -> None:
        """Check a trigger or a condition, and the fields that its configuration has."""
        domain, _, key = name.partition(".")
        if domain != DOMAIN:
            return
        prefix = f"{kind}.{key}"
        for part in (prefix, *(f"{prefix}.fields.{option}" for option in options)):
            self._require(f"{part}.name", None)
            self._require(f"{part}.description", None)

    def flow_result(
        self, flow: Flow, category: str, issue: ir.IssueEntry | None, result: FlowResult
    ) -> None:
        """Check the result of a flow; `category` is the key of its texts."""
        supplied = dict(result.get("description_placeholders") or {})
        if issue is not None:
            # The frontend also fills the placeholders of the issue into each step of its fix flow.
            supplied = {**(issue.translation_placeholders or {}), **supplied}
        source = flow.context.get("source")
        if source in LISTED_SOURCES:
            self._check_placeholders("config.flow_title", flow.context.get("title_placeholders"))
        first = flow.flow_id not in self._seen_flows
        self._seen_flows.add(flow.flow_id)

        step = f"{category}.step.{result.get('step_id')}"
        match result["type"]:
            case FlowResultType.FORM:
                self._heading(step, supplied)
                if (schema := result.get("data_schema")) is not None:
                    self._fields(step, schema.schema, supplied)
                for error in (result.get("errors") or {}).values():
                    self._require(f"{category}.error.{error}", supplied)
            case FlowResultType.MENU:
                self._heading(step, supplied)
                for option in result["menu_options"]:
                    self._require(f"{step}.menu_options.{option}", supplied)
                    self._check_placeholders(f"{step}.menu_option_descriptions.{option}", supplied)
            case FlowResultType.SHOW_PROGRESS:
                self._check_placeholders(f"{step}.title", supplied)
                self._require(f"{category}.progress.{result['progress_action']}", supplied)
            case FlowResultType.CREATE_ENTRY if description := result.get("description"):
                self._require(f"{category}.create_entry.{description}", supplied)
            case FlowResultType.ABORT if result.get("translation_domain", DOMAIN) == DOMAIN:
                # A discovery that ends in its first step is not shown.
                if not (first and source in DISCOVERY_SOURCES):
                    self._require(f"{category}.abort.{result['reason']}", supplied)

    def _heading(self, step: str, supplied: Mapping[str, Any]) -> None:
        if not {f"{step}.title", f"{step}.description"} & self._strings.keys():
            self._report(f"{step} has neither title nor description")
        self._check_placeholders(f"{step}.title", supplied)
        self._check_placeholders(f"{step}.description", supplied)

    def _fields(self, step: str, fields: Mapping[Any, Any], supplied: Mapping[str, Any]) -> None:
        for field, kind in fields.items():
            if isinstance(kind, section):
                self._require(f"{step}.sections.{field}.name", supplied)
                self._fields(f"{step}.sections.{field}", kind.schema.schema, supplied)
                continue
            self._require(f"{step}.data.{field}", supplied)
            self._require(f"{step}.data_description.{field}", supplied)
            if isinstance(kind, SelectSelector) and (key := kind.config.get("translation_key")):
                for option in kind.config["options"]:
                    value = option if isinstance(option, str) else option["value"]
                    self._require(f"selector.{key}.options.{value}", supplied)


def category_of(
    manager: FlowManager[Any, Any, Any], flow: Flow, issue: ir.IssueEntry | None
) -> str | None:
    """Return the key of a flow's texts, or None for a flow of another domain."""
    if isinstance(manager, OptionsFlowManager):
        entry = flow.hass.config_entries.async_get_known_entry(flow.handler)
        return "options" if entry.domain == DOMAIN else None
    if flow.handler != DOMAIN:
        return None
    if isinstance(manager, ConfigEntriesFlowManager):
        return "config"
    return f"issues.{issue.translation_key}.fix_flow" if issue else None


@contextmanager
def checked_translations(strings: Mapping[str, Any]) -> Generator[TranslationCheck]:
    """Check what Home Assistant shows of the integration while entered."""
    check = TranslationCheck(strings)
    handle_step = FlowManager._async_handle_step  # noqa: SLF001 - Every step goes through it.
    create_issue = ir.IssueRegistry.async_get_or_create
    call = ServiceRegistry.async_call
    register = ServiceRegistry.async_register
    create_error = HomeAssistantError.__init__

    def issue_of(flow: Flow) -> ir.IssueEntry | None:
        if not isinstance(flow, RepairsFlow):
            return None
        return ir.async_get(flow.hass).async_get_issue(flow.handler, flow.issue_id)

    async def checked_handle_step(
        self: FlowManager[Any, Any, Any], flow: Flow, *args: Any
    ) -> FlowResult:
        issue = issue_of(flow)
        result: FlowResult = await handle_step(self, flow, *args)
        if category := category_of(self, flow, issue):
            check.flow_result(flow, category, issue, result)
        return result

    def checked_create_issue(self: ir.IssueRegistry, *args: Any, **kwargs: Any) -> ir.IssueEntry:
        issue = create_issue(self, *args, **kwargs)
        check.issue(issue)
        return issue

    async def checked_call(
        self: ServiceRegistry, domain: str, service: str, *args: Any, **kwargs: Any
    ) -> Any:
        try:
            return await call(self, domain, service, *args, **kwargs)
        except HomeAssistantError as error:
            check.action_error(domain, service, error)
            raise

    def checked_register(
        self: ServiceRegistry,
        domain: str,
        service: str,
        service_func: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        check.action(domain, service, kwargs.get("description_placeholders"))
        register(self, domain, service, service_func, *args, **kwargs)

    def checked_create_error(self: HomeAssistantError, *args: object, **kwargs: Any) -> None:
        create_error(self, *args, **kwargs)
        check.error(self)

    def checked_validate(of: type[Trigger | Condition], kind: str, name_key: str) -> Any:
        validate = of.async_validate_complete_config.__func__  # type: ignore[attr-defined]  # A class method has it.

        async def checked(cls: Any, hass: HomeAssistant, config: ConfigType) -> ConfigType:
            valid: ConfigType = await validate(cls, hass, config)
            check.automation(kind, valid[name_key], valid.get(CONF_OPTIONS, {}))
            return valid

        return patch.object(of, "async_validate_complete_config", classmethod(checked))

    with (
        checked_validate(Trigger, "triggers", CONF_PLATFORM),
        checked_validate(Condition, "conditions", CONF_CONDITION),
        patch.object(FlowManager, "_async_handle_step", checked_handle_step),
        patch.object(ir.IssueRegistry, "async_get_or_create", checked_create_issue),
        patch.object(ServiceRegistry, "async_call", checked_call),
        patch.object(ServiceRegistry, "async_register", checked_register),
        patch.object(HomeAssistantError, "__init__", checked_create_error),
    ):
        yield check


def english() -> Mapping[str, Any]:
    """Return the integration's English texts."""
    strings: Mapping[str, Any] = json.loads(ENGLISH.read_text(encoding="utf-8"))
    return strings
