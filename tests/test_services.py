"""The description of the actions in the user interface."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.util.yaml import load_yaml_dict
import voluptuous as vol

from custom_components.plex_monitor import const
from custom_components.plex_monitor.actions.models import LIMIT_DEFAULT
from custom_components.plex_monitor.actions.tasks import TASKS
from custom_components.plex_monitor.services import ACTIONS

from .simulator import PlexServer
from .support.translation_check import english

INTEGRATION = Path(const.__file__).parent


def descriptions() -> Mapping[str, Any]:
    """Return services.yaml."""
    return load_yaml_dict(str(INTEGRATION / "services.yaml"))


def test_every_action_and_field_is_described() -> None:
    """Fields are required as in the schema, all have texts, and every action has an icon."""
    described = descriptions()
    texts = english()["services"]
    icons = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))["services"]
    assert described.keys() == texts.keys() == icons.keys() == ACTIONS.keys()
    for name, action in ACTIONS.items():
        fields = described[name]["fields"]
        assert fields.pop(ATTR_CONFIG_ENTRY_ID)["required"] is True
        required = {str(field): isinstance(field, vol.Required) for field in action.fields}
        assert {key: field.get("required", False) for key, field in fields.items()} == required
        defaults = {key: field["default"] for key, field in fields.items() if "default" in field}
        assert defaults == ({"limit": LIMIT_DEFAULT} if "limit" in fields else {})
        assert texts[name]["fields"].keys() == {ATTR_CONFIG_ENTRY_ID, *required}
        assert all(
            field["name"] and field["description"] for field in texts[name]["fields"].values()
        )


def test_every_background_task_is_described() -> None:
    """The actions offer all tasks, and each has a name."""
    for action in ("run_task", "stop_task"):
        select = descriptions()[action]["fields"]["task"]["selector"]["select"]
        assert select["options"] == list(TASKS)
    assert english()["selector"]["task"]["options"].keys() == TASKS.keys()


def test_every_background_task_of_a_server_is_offered(home: PlexServer) -> None:
    """The actions offer exactly the tasks that a server has."""
    assert set(home.butler.tasks) == set(TASKS.values())
