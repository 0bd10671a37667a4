"""Checks of hassfest and HACS on the files around the code.

Both run as GitHub actions only; these tests find the same problems before a push.
"""

from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.util import slugify
from homeassistant.util.yaml import load_yaml_dict
from PIL import Image
import pytest

from .support.translation_check import flatten, placeholders

REPOSITORY = Path(__file__).parents[1]
INTEGRATION = REPOSITORY / "custom_components" / "plex_monitor"
QUALITY_SCALE = INTEGRATION / "quality_scale.yaml"

MANIFEST_KEYS = {
    "after_dependencies",
    "codeowners",
    "config_flow",
    "dependencies",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "loggers",
    "name",
    "quality_scale",
    "requirements",
    "version",
    "zeroconf",
}
HACS_KEYS = {
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "name",
    "persistent_directory",
    "render_readme",
    "zip_release",
}
TRANSLATION_CATEGORIES = {
    "common",
    "conditions",
    "config",
    "config_subentries",
    "device",
    "entity",
    "exceptions",
    "issues",
    "options",
    "selector",
    "services",
    "system_health",
    "title",
    "triggers",
}
FLOW_KEYS = {"abort", "create_entry", "error", "flow_title", "progress", "step"}
STEP_KEYS = {
    "data",
    "data_description",
    "description",
    "menu_option_descriptions",
    "menu_options",
    "sections",
    "submit",
    "title",
}
QUALITY_SCALE_RULES = {
    # Bronze
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    # Silver
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    # Gold
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    # Platinum
    "async-dependency",
    "inject-websession",
    "strict-typing",
}


def load(path: Path) -> dict[str, Any]:
    """Return a JSON file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@pytest.fixture(name="manifest")
def manifest_fixture() -> dict[str, Any]:
    """Return the manifest."""
    return load(INTEGRATION / "manifest.json")


@pytest.fixture(name="english")
def english_fixture() -> dict[str, Any]:
    """Return the English texts."""
    return load(INTEGRATION / "translations" / "en.json")


@pytest.fixture(name="icons")
def icons_fixture() -> dict[str, Any]:
    """Return the icons."""
    return load(INTEGRATION / "icons.json")


def test_manifest_keys_are_known_and_sorted(manifest: dict[str, Any]) -> None:
    """Domain and name come first, the others in alphabetical order."""
    assert manifest.keys() <= MANIFEST_KEYS
    assert list(manifest) == ["domain", "name", *sorted(manifest.keys() - {"domain", "name"})]


def test_manifest_has_what_home_assistant_and_hacs_need(manifest: dict[str, Any]) -> None:
    """A custom integration needs a version, owners and a place for issues."""
    assert manifest["domain"] == INTEGRATION.name
    assert manifest["config_flow"] is True
    assert (INTEGRATION / "config_flow.py").is_file()
    assert manifest["integration_type"] == "service"
    assert manifest["iot_class"] == "local_push"
    assert AwesomeVersion(manifest["version"]).simple
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert manifest["codeowners"]
    assert manifest["documentation"].startswith("https://github.com/")
    assert manifest["issue_tracker"] == f"{manifest['documentation']}/issues"


def test_integration_has_no_requirements(manifest: dict[str, Any]) -> None:
    """No requirement can conflict with one of another integration; pictures need the web server."""
    assert not manifest.get("requirements")
    assert manifest.get("dependencies") == ["http"]
    assert not manifest.get("after_dependencies")


def test_hacs_json(manifest: dict[str, Any]) -> None:
    """HACS shows the same name, and requires a Home Assistant version that the code runs on."""
    hacs = load(REPOSITORY / "hacs.json")
    assert hacs.keys() <= HACS_KEYS
    assert hacs["name"] == manifest["name"]
    assert AwesomeVersion(hacs["homeassistant"]) >= AwesomeVersion("2026.10.0")
    for name in ("LICENSE", "README.md"):
        assert (REPOSITORY / name).is_file()


def test_every_json_file_parses() -> None:
    """Otherwise only users would find a broken file."""
    for path in INTEGRATION.rglob("*.json"):
        load(path)


def test_english_texts_are_clean(english: dict[str, Any]) -> None:
    """No text has outer spaces, HTML or quoted placeholders, which the frontend escapes."""
    for key, text in flatten(english).items():
        assert text == text.strip(), key
        assert text, key
        assert not re.search(r"</?[a-z][^>]*>", text), key
        assert not re.search(r"'\{\w+\}'", text), key
        for name in placeholders(text):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name), key


def test_english_keys_are_slugs(english: dict[str, Any]) -> None:
    """The categories are those of Home Assistant, and all keys are slugs."""
    assert english.keys() <= TRANSLATION_CATEGORIES
    for dotted in flatten(english):
        for key in dotted.split("."):
            assert key == slugify(key), dotted


def flows(english: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return every flow with its name."""
    for category in ("config", "options"):
        if category in english:
            yield category, english[category]
    for name, issue in english.get("issues", {}).items():
        if "fix_flow" in issue:
            yield f"issues.{name}.fix_flow", issue["fix_flow"]


def test_flow_texts_have_the_keys_of_a_flow(english: dict[str, Any]) -> None:
    """Home Assistant does not show the text of an unknown key."""
    for name, flow in flows(english):
        assert flow.keys() <= FLOW_KEYS, name
        for step, texts in flow["step"].items():
            assert texts.keys() <= STEP_KEYS, f"{name}.{step}"


def test_every_field_has_a_name_and_a_description(english: dict[str, Any]) -> None:
    """The rule config-flow requires a description for each field."""
    for name, flow in flows(english):
        for step, texts in flow["step"].items():
            for part in (texts, *texts.get("sections", {}).values()):
                fields, descriptions = part.get("data", {}), part.get("data_description", {})
                assert fields.keys() == descriptions.keys(), f"{name}.{step}"


def test_every_issue_has_either_a_description_or_a_fix_flow(english: dict[str, Any]) -> None:
    """It has a title as well, and a fix flow has steps."""
    for name, issue in english.get("issues", {}).items():
        assert issue.keys() in ({"title", "description"}, {"title", "fix_flow"}), name
        if "fix_flow" in issue:
            assert issue["fix_flow"]["step"], name


def test_icons_are_material_design_icons_and_differ_by_state(icons: dict[str, Any]) -> None:
    """A state icon that equals the default is superfluous."""
    for key, icon in flatten(icons).items():
        assert icon.startswith("mdi:"), key
    for platform, entities in icons.get("entity", {}).items():
        for name, entity in entities.items():
            for state, icon in entity.get("state", {}).items():
                assert icon != entity["default"], f"{platform}.{name}.{state}"


def test_every_icon_belongs_to_a_named_entity(
    icons: dict[str, Any], english: dict[str, Any]
) -> None:
    """Icons and names use the same translation keys and states."""
    for platform, entities in icons.get("entity", {}).items():
        for name, entity in entities.items():
            texts = english["entity"][platform][name]
            if "state" in texts:
                assert entity.get("state", {}).keys() <= texts["state"].keys(), name


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_icons_have_the_required_sizes(name: str, size: int) -> None:
    """Icons are square, and have a fixed size."""
    with Image.open(INTEGRATION / "brand" / name) as image:
        assert image.size == (size, size)


@pytest.mark.parametrize("prefix", ["", "dark_"])
def test_brand_logos_have_the_required_sizes(prefix: str) -> None:
    """The shorter side of a logo is 128 to 256 pixels, twice that for high-density displays."""
    for suffix, low, high in (("", 128, 256), ("@2x", 256, 512)):
        with Image.open(INTEGRATION / "brand" / f"{prefix}logo{suffix}.png") as image:
            assert low <= min(image.size) <= high


def test_quality_scale_covers_every_rule() -> None:
    """An exemption has a comment with the reason."""
    rules = load_yaml_dict(str(QUALITY_SCALE))["rules"]
    assert isinstance(rules, dict)
    assert rules.keys() == QUALITY_SCALE_RULES
    for name, rule in rules.items():
        status = rule if isinstance(rule, str) else rule["status"]
        assert status in {"done", "exempt", "todo"}, name
        if status == "exempt":
            assert rule["comment"], name


def test_workflows_pin_their_actions_and_have_no_permissions() -> None:
    """Unlike a tag, a commit cannot be moved."""
    workflows = list((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    assert workflows
    for path in workflows:
        text = path.read_text(encoding="utf-8")
        assert "\npermissions: {}\n" in text, path.name
        for use in re.findall(r"uses: (.*)", text):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # \S+", use), f"{path.name}: {use}"
