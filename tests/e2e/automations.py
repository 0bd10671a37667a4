"""Automations of a real Home Assistant, saved as its editor does, and what they report."""

from collections import Counter
from collections.abc import Collection, Mapping
import itertools
import json
from pathlib import Path
from typing import Any

from homeassistant.util.yaml import load_yaml_dict

from tests.real import HomeAssistantError
from tests.real.client import Json, until

from .instance import DOMAIN, PATIENCE, HomeAssistant

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / DOMAIN
BLUEPRINTS = ROOT / "blueprints" / "automation" / DOMAIN

# Logged when a server is down or a token is refused.
UNREADABLE = r"\[custom_components\.plex_monitor\] (Error|Authentication failed while) fetching "

# A message with this prefix is always a string, whatever the template renders to.
PREFIX = "reported: "


def described(file: str) -> dict[str, Any]:
    """Return the descriptions in a YAML file of the integration, by name."""
    descriptions = load_yaml_dict(str(INTEGRATION / file))
    return {name: each for name, each in descriptions.items() if not name.startswith(".")}


def report(name: str, template: str) -> Json:
    """Return an action that reports the result of a template with a notification."""
    data = {"title": name, "message": f"{PREFIX}{template}"}
    return {"action": "persistent_notification.create", "data": data}


async def libraries_of(home_assistant: HomeAssistant, entry: Json) -> dict[str, str]:
    """Wait for the libraries of a server, and return their devices by their names."""

    async def present() -> dict[str, str]:
        devices = await home_assistant.client.command("config/device_registry/list")
        return {
            device["name"]: device["id"]
            for device in devices
            if device["config_entry_id"] == entry["entry_id"] and device.get("parent_device_id")
        }

    return await until(present, what="the libraries", timeout=PATIENCE)


class Automations:
    """The automations of a Home Assistant, each of which reports with a notification."""

    def __init__(self, home_assistant: HomeAssistant) -> None:
        """Initialize without automations."""
        self._home_assistant = home_assistant
        self._ids = itertools.count(1)
        folder = home_assistant.folder
        (folder / "automations.yaml").write_text("[]\n", encoding="utf-8")
        with (folder / "configuration.yaml").open("a", encoding="utf-8") as configuration:
            configuration.write("automation: !include automations.yaml\n")

    async def call(self, action: str, *, returns_response: bool = False, **data: Any) -> Any:
        """Perform an action, as the developer tools do, and return its response."""
        domain, _, service = action.partition(".")
        result = await self._home_assistant.client.command(
            "call_service",
            domain=domain,
            service=service,
            service_data=data,
            return_response=returns_response,
        )
        return result.get("response")

    async def error_of(self, action: str, *, returns_response: bool = False, **data: Any) -> str:
        """Perform an action that fails, and return the error that the user sees."""
        try:
            await self.call(action, returns_response=returns_response, **data)
        except HomeAssistantError as error:
            return str(error)
        raise AssertionError(f"{action} did not fail")

    async def add(self, name: str, **config: Any) -> str:
        """Save an automation, and return its entity."""
        number = f"test{next(self._ids)}"
        if "use_blueprint" not in config:
            config = {"mode": "parallel", "triggers": [], **config}
        await self._home_assistant.client.request(
            "POST",
            f"/api/config/automation/config/{number}",
            json={"alias": name, **config},
        )

        async def present() -> str | None:
            states = await self._home_assistant.client.states()
            return next(
                (
                    entity
                    for entity, state in states.items()
                    if state["attributes"].get("id") == number and state["state"] == "on"
                ),
                None,
            )

        entity = await until(present, what=f"the automation {name} is on", timeout=PATIENCE)
        assert entity is not None
        return entity

    async def run(self, entity: str) -> None:
        """Run an automation to its end if its conditions are met."""
        await self.call("automation.trigger", entity_id=entity, skip_condition=False)

    async def update(self, entity: str = "binary_sensor.home_server") -> None:
        """Request an update of a server."""
        await self.call("homeassistant.update_entity", entity_id=[entity])

    async def notifications(self) -> list[Json]:
        """Return the notifications, the oldest first."""
        listed: list[Json] = await self._home_assistant.client.command(
            "persistent_notification/get"
        )
        return sorted(listed, key=lambda notification: str(notification["created_at"]))

    async def counts(self) -> Counter[str]:
        """Return the number of notifications of each automation."""
        return Counter(notification["title"] for notification in await self.notifications())

    async def notification(self, title: str) -> Json:
        """Wait for a notification, and return it."""

        async def present() -> Json | None:
            return next((one for one in await self.notifications() if one["title"] == title), None)

        notification = await until(present, what=f"the notification {title}", timeout=PATIENCE)
        assert notification is not None
        return notification

    async def reported(self, name: str) -> Any:
        """Wait until an automation has reported, and return its report, parsed as JSON."""
        notification = await self.notification(name)
        return json.loads(notification["message"].removeprefix(PREFIX))

    async def dismiss(self) -> None:
        """Dismiss all notifications."""
        await self.call("persistent_notification.dismiss_all")


def expect_all_covered(used: Collection[str], defined: Mapping[str, Any]) -> None:
    """Expect the table of a test to cover everything that is defined."""
    assert sorted(used) == sorted(defined)
