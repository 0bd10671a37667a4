"""A running Home Assistant with the requests of the tests."""

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
import socket
from typing import Any

from tests.real import HomeAssistantClient, HomeAssistantProcess
from tests.real.client import Json, until
from tests.simulator import Account, World

DOMAIN = "plex_monitor"
# The one place where Home Assistant keeps the data of its integrations.
STORE = ".storage/core.config_entries"
# In seconds, with a large margin for slow machines.
PATIENCE = 120

USERNAME = "person"
PASSWORD = "plex-monitor"


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# The id and the name of each entity and device, by their unique id or identifiers.
type Registered = dict[str, tuple[str, str]]


def registered(entities: Iterable[Json], devices: Iterable[Json]) -> Registered:
    """Return the content of both registries. A unique id is unique in its domain only."""
    found = {
        f"{entity['entity_id'].split('.')[0]} {entity['unique_id']}": (
            entity["id"],
            entity["entity_id"],
        )
        for entity in entities
    }
    return found | {
        str(device["identifiers"]): (device["id"], device["name_by_user"] or device["name"])
        for device in devices
    }


async def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds; `what` names it in the error."""

    async def holds() -> bool:
        return bool(condition())

    await until(holds, what=what, timeout=PATIENCE)


def revoke_token(world: World, account: Account) -> None:
    """Remove the only device of an account, which revokes its token."""
    (device,) = world.plex_tv.devices_of(account)
    world.plex_tv.remove_device(device.client_identifier)


class HomeAssistant:
    """One Home Assistant with one signed-in user, which can be stopped and started.

    `process` is the process, `client` the user's connection, a new one after each start.
    """

    client: HomeAssistantClient

    def __init__(self, folder: Path, *, version: str, python: Path, plex_tv_url: str) -> None:
        """Initialize with the interpreter of the version and the configuration folder."""
        self.version = version
        self.process = HomeAssistantProcess(
            folder, port=free_port(), plex_tv_url=plex_tv_url, python=python
        )
        self.token = ""
        self.running = False
        self._connection = AsyncExitStack()

    @property
    def url(self) -> str:
        """Return the address."""
        return self.process.url

    @property
    def folder(self) -> Path:
        """Return the configuration folder."""
        return self.process.folder

    async def start(self) -> None:
        """Start, the first time with a new user, and wait until it is running."""
        await self.process.start()
        self.client = await self._connection.enter_async_context(HomeAssistantClient(self.url))
        if self.token:
            await self.client.sign_in(self.token)
        else:
            await self.client.onboard(name="Person", username=USERNAME, password=PASSWORD)
            self.token = await self.client.long_lived_token("End to end")
        # The first request of the frontend, which does not load if a package for it is missing.
        await self.client.command("get_services")
        self.running = True

    async def stop(self) -> None:
        """Stop regularly, so that everything is stored."""
        self.running = False
        await self._connection.aclose()
        await self.process.stop()

    async def restart(self) -> None:
        """Stop and start."""
        await self.stop()
        await self.start()

    # The entry

    async def entries(self) -> list[Json]:
        """Return the entries of the integration."""
        return await self.client.entries(DOMAIN)

    async def entry(self, title: str = "Home", state: str | None = "loaded") -> Json:
        """Wait for an entry with this title and state, and return it."""

        async def present() -> Json | None:
            return next(
                (
                    entry
                    for entry in await self.entries()
                    if entry["title"] == title and state in {None, entry["state"]}
                ),
                None,
            )

        entry = await until(present, what=f"an entry {title}, {state}", timeout=PATIENCE)
        assert entry is not None
        return entry

    async def add_by_sign_in(self, approve: Callable[[str], None], server: str) -> Json:
        """Add a server without the frontend, and return its entry.

        `approve` is called with the code that a user would enter at plex.tv; `server` is the name
        of the server to select if there are several.
        """
        step = await self.client.start_flow(DOMAIN)
        step = await self.client.choose(step["flow_id"], "sign_in")
        approve(step["description_placeholders"]["code"])
        step = await self.client.after_progress(step["flow_id"])
        if step["step_id"] == "choose_server":
            field = step["data_schema"][0]
            (choice,) = (
                option["value"]
                for option in field["selector"]["select"]["options"]
                if option["label"].startswith(server)
            )
            step = await self.client.submit(step["flow_id"], **{field["name"]: choice})
        if step["step_id"] == "verify_limited":
            step = await self.client.choose(step["flow_id"], "finish")
        else:
            assert step["step_id"] == "verify", step
            step = await self.client.submit(step["flow_id"])
        assert step["type"] == "create_entry", step
        return await self.entry(server)

    # States, repairs and prompts

    async def state(self, entity_id: str) -> Json | None:
        """Return the state of an entity, or None if it has none."""
        return (await self.client.states()).get(entity_id)

    async def state_is(self, entity_id: str, expected: str, **attributes: Any) -> Json:
        """Wait until an entity has a state, with these attributes, and return it."""
        seen: Json | None = None

        async def reached() -> Json | None:
            nonlocal seen
            seen = await self.state(entity_id)
            if seen is None or seen["state"] != expected:
                return None
            own = seen["attributes"]
            return seen if attributes.items() <= own.items() else None

        try:
            state = await until(reached, what=f"{entity_id} is {expected}", timeout=PATIENCE)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {seen}") from None
        assert state is not None
        return state

    async def states_of(self, entry_id: str) -> dict[str, str]:
        """Return the states of the entities of an entry."""
        states = await self.client.states()
        return {
            entity["entity_id"]: states[entity["entity_id"]]["state"]
            for entity in await self.client.entities(entry_id)
            if entity["entity_id"] in states
        }

    async def issues(self) -> list[Json]:
        """Return the repairs about the integration, its own and Home Assistant's."""
        return [
            issue
            for issue in await self.client.issues()
            if issue["domain"] == DOMAIN or DOMAIN in str(issue["issue_id"])
        ]

    async def one_issue(self) -> Json:
        """Wait for a repair, expect it to be the only one, and return it."""
        issues = await until(self.issues, what="a repair", timeout=PATIENCE)
        (issue,) = issues
        return issue

    async def no_issue(self) -> None:
        """Wait until there is no repair."""

        async def none() -> bool:
            return not await self.issues()

        await until(none, what="no repair", timeout=PATIENCE)

    async def prompts(self) -> list[Json]:
        """Return the sign-in prompts of the integration."""
        return [
            flow
            for flow in await self.client.flows_in_progress()
            if flow["handler"] == DOMAIN and flow["context"]["source"] == "reauth"
        ]

    async def one_prompt(self) -> Json:
        """Wait for a sign-in prompt, expect it to be the only one, and return it."""
        prompts = await until(self.prompts, what="a sign-in prompt", timeout=PATIENCE)
        (prompt,) = prompts
        return prompt

    async def registered(self, entry_id: str) -> Registered:
        """Return the entities and devices of an entry."""
        devices = await self.client.command("config/device_registry/list")
        return registered(
            await self.client.entities(entry_id),
            [device for device in devices if device["config_entry_id"] == entry_id],
        )

    async def device_id(self, name: str = "Home") -> str:
        """Return the id of a device."""
        devices = await self.client.command("config/device_registry/list")
        (found,) = (device["id"] for device in devices if device["name"] == name)
        return str(found)

    # Storage

    async def wait_for_store(self, text: str) -> None:
        """Wait until a text is in the store of the entries, which is written with a delay."""

        async def stored() -> bool:
            with suppress(FileNotFoundError):
                return text in (self.folder / STORE).read_text(encoding="utf-8")
            return False

        await until(stored, what="the entry is stored", timeout=PATIENCE)
