"""The steps of the demo: each does something, prints the result, and checks it."""

import re
import time

from tests.real import HomeAssistantClient, HomeAssistantProcess
from tests.real.client import Json, until

from .console import Console
from .plex import DemoPlex

DOMAIN = "plex_monitor"

# The poll interval with a working push connection, plus a margin for a slow machine.
NEXT_POLL = 90
# The only file in which Home Assistant stores the data of config entries.
STORE = ".storage/core.config_entries"

# The entities that show best that the token is invalid, and that everything works again.
SIGNIFICANT = (
    "binary_sensor.tower_server",
    "binary_sensor.tower_token_problem",
    "sensor.tower_movies_items",
    "sensor.tower_streams",
    "sensor.tower_token_status",
    "update.tower_server_update",
)
# Platforms whose state is a time or unknown.
STATELESS = {"button", "event", "image"}

# The maximum number of seconds from the first rejection of the token to the repair.
MAXIMUM_DELAY = 30

# The log messages that a revoked token causes.
EXPECTED_LOG_LINES = (
    r"\[custom_components\.plex_monitor\] Error fetching Tower data: Tower rejected the token",
    r"\[custom_components\.plex_monitor\] Authentication failed while fetching Tower data",
)


LINK = re.compile(r"\[(.+?)\]\((.+?)\)")


class StoryError(Exception):
    """A step of the demo failed."""


def check(condition: object, problem: str) -> None:
    """Fail the step unless the condition is true."""
    if not condition:
        raise StoryError(problem)


class Story:
    """One run through all steps."""

    def __init__(
        self,
        console: Console,
        plex: DemoPlex,
        process: HomeAssistantProcess,
        client: HomeAssistantClient,
    ) -> None:
        """Initialize with the simulated Plex and the Home Assistant to use."""
        self._console = console
        self._plex = plex
        self._process = process
        self._client = client
        self._entry_id = ""
        self._client_identifier = ""
        self._secrets: set[str] = set()

    async def run(self) -> None:
        """Run all steps."""
        with self._console.step("Add the integration"):
            await self._add()
        with self._console.step("See the entities of the server"):
            await self._entities()
        with self._console.step("Start and stop a stream"):
            await self._stream()
        with self._console.step("Select a player"):
            await self._player()
        with self._console.step("Revoke the token at plex.tv"):
            issue, name = await self._revoke()
        with self._console.step("Fix the repair by signing in again"):
            await self._fix(issue)
        with self._console.step("See everything recover"):
            await self._recover(name)
        with self._console.step("Check the log and the stored tokens"):
            await self._written_down()

    # 1

    async def _add(self) -> None:
        texts = await self._client.texts("config", DOMAIN)
        step = await self._client.start_flow(DOMAIN)
        check(step["type"] == "menu", f"the first step is not a menu: {step}")
        options = [
            texts[f"config.step.{step['step_id']}.menu_options.{option}"]
            for option in step["menu_options"]
        ]
        self._console.fact("menu", "\n".join(options))
        step = await self._sign_in(step)
        check(step["step_id"] == "choose_server", f"no server can be selected: {step}")
        field = step["data_schema"][0]
        servers = field["selector"]["select"]["options"]
        self._console.fact("servers", ", ".join(server["label"] for server in servers))
        step = await self._client.submit(
            step["flow_id"], **{field["name"]: self._plex.tower.machine_identifier}
        )
        check(step.get("step_id") == "verify", f"the server was not verified: {step}")
        verified = texts["config.step.verify.description"].format(
            **step["description_placeholders"]
        )
        self._console.fact("found", plain(verified.split("\n\n")[0]))
        step = await self._client.submit(step["flow_id"])
        check(step["type"] == "create_entry", f"no entry was created: {step}")
        self._entry_id = step["result"]["entry_id"]
        entry = await self._loaded_entry()
        self._console.fact("entry", f"{entry['title']}, {entry['state']}")

    async def _sign_in(self, step: Json) -> Json:
        """Select the sign-in, approve its PIN at plex.tv, and return the next step."""
        step = await self._client.choose(step["flow_id"], "sign_in")
        check(step["type"] == "progress", f"no PIN is shown: {step}")
        shown = step["description_placeholders"]
        self._console.fact("PIN", f"{shown['code']}, {shown['link']}")
        self._plex.world.plex_tv.approve_pin(shown["code"], self._plex.owner)
        started = time.monotonic()
        step = await self._client.after_progress(step["flow_id"])
        self._console.fact(
            "approved", f"the dialog continued after {time.monotonic() - started:.1f} s"
        )
        self._client_identifier = self._plex.world.plex_tv.devices_of(self._plex.owner)[
            -1
        ].client_identifier
        self._secrets.add(self._token())
        return step

    def _token(self) -> str:
        """Return the valid token of Home Assistant."""
        (token,) = (
            device.token
            for device in self._plex.world.plex_tv.devices_of(self._plex.owner)
            if device.client_identifier == self._client_identifier
        )
        return token

    async def _loaded_entry(self) -> Json:
        async def loaded() -> Json | None:
            entries = await self._client.entries(DOMAIN)
            return next(
                (
                    entry
                    for entry in entries
                    if entry["entry_id"] == self._entry_id and entry["state"] == "loaded"
                ),
                None,
            )

        entry = await until(loaded, what="the entry is loaded")
        check(entry, "the entry is not loaded")
        return entry or {}

    # 2

    async def _entities(self) -> None:
        states = await until(self._known_states, what="all entities have a state")
        self._show(states)
        check(
            self._state(states, "binary_sensor.server") == "on",
            "the server is not shown as connected",
        )
        check(
            self._state(states, "binary_sensor.token_problem") == "off", "a token problem is shown"
        )
        check(
            self._state(states, "sensor.token_status") == "valid", "the token is not shown as valid"
        )
        check(
            self._state(states, "sensor.streams") == "1", "the stream of the friend is not counted"
        )
        check(
            self._state(states, "sensor.version") == self._plex.tower.version,
            "the version is wrong",
        )

    @staticmethod
    def _line(entity_id: str, state: Json) -> tuple[str, str]:
        name = state["attributes"].get("friendly_name", entity_id).removeprefix("Tower ")
        return name, f"{state['state']:<25} {entity_id}"

    async def _states(self) -> dict[str, Json]:
        """Return the states of the entry's entities."""
        entities = await self._client.entities(self._entry_id)
        states = await self._client.states()
        return {
            entity["entity_id"]: states[entity["entity_id"]]
            for entity in entities
            if entity["entity_id"] in states
        }

    async def _known_states(self) -> dict[str, Json]:
        """Return the states once all entities are available, including those of the libraries."""
        states = await self._states()
        available = all(state["state"] != "unavailable" for state in states.values())
        return states if available and "sensor.tower_movies_items" in states else {}

    def _show(self, states: dict[str, Json]) -> None:
        """Print the states, except those of events, images and buttons."""
        for entity_id, state in sorted(states.items()):
            if entity_id.split(".")[0] not in STATELESS:
                self._console.fact(*self._line(entity_id, state))
        others = [entity_id for entity_id in states if entity_id.split(".")[0] in STATELESS]
        if others:
            self._console.fact("and", f"{len(others)} events, images, and buttons")

    @staticmethod
    def _state(states: dict[str, Json], entity: str) -> str | None:
        """Return the state of an entity of the server, by its platform and name."""
        platform, _, name = entity.partition(".")
        state = states.get(f"{platform}.tower_{name}")
        return None if state is None else state["state"]

    # 3

    async def _stream(self) -> None:
        started = time.monotonic()
        stream = await self._plex.tower.start_stream(
            user=self._plex.owner, title="Night Train", player="Living room TV"
        )
        await self._streams_become("2")
        self._console.fact("started", f"Streams 1 -> 2 after {since(started)}")
        started = time.monotonic()
        await stream.stop()
        await self._streams_become("1")
        self._console.fact("stopped", f"Streams 2 -> 1 after {since(started)}")

    async def _streams_become(self, number: str) -> None:
        async def reached() -> bool:
            return self._state(await self._states(), "sensor.streams") == number

        await until(reached, what=f"Streams is {number}", interval=0.02)

    # 4

    async def _player(self) -> None:
        texts = await self._client.texts("options", DOMAIN)
        step = await self._client.start_options(self._entry_id)
        check(step["type"] == "form", f"no player can be selected: {step}")
        field = step["data_schema"][0]
        self._console.fact("option", texts[f"options.step.{step['step_id']}.data.{field['name']}"])
        players = field["selector"]["select"]["options"]
        self._console.fact("players", ", ".join(player["label"] for player in players))
        player = self._plex.bedroom
        step = await self._client.submit_options(
            step["flow_id"], **{field["name"]: [player.machine_identifier]}
        )
        check(step["type"] == "create_entry", f"the selection was not stored: {step}")
        await self._loaded_entry()

        async def shown() -> Json | None:
            state = (await self._states()).get("media_player.bedroom_tv")
            return state if state and state["state"] == "playing" else None

        state = await until(shown, what="the player is playing")
        attributes = state["attributes"] if state else {}
        self._console.fact(
            player.title, f"plays {attributes['media_title']} for {attributes['user']}"
        )
        check(attributes["user"] == self._plex.friend.title, "the user is not the friend")

    # 5

    async def _revoke(self) -> tuple[Json, str]:
        world = self._plex.world
        token = self._token()
        revoked_at = time.time()
        world.plex_tv.remove_device(self._client_identifier)
        self._console.fact("revoked", "Home Assistant was removed from the authorized devices")
        self._console.fact("wait", "Home Assistant polls the server about once a minute")

        async def shown() -> list[Json]:
            return [issue for issue in await self._client.issues() if self._is_ours(issue)]

        issues = await until(shown, what="a repair appears", timeout=NEXT_POLL + MAXIMUM_DELAY)
        appeared_at = time.time()
        refused_at = min(
            request.at
            for request in world.requests
            if request.token_sent == token and request.status in {401, None}
        )
        after = appeared_at - refused_at
        self._console.fact("first rejection", f"{refused_at - revoked_at:.1f} s after that")
        self._console.fact("repair", f"{after:.1f} s after the first rejection")
        check(after <= MAXIMUM_DELAY, f"the repair took {after:.1f} s, more than {MAXIMUM_DELAY} s")
        check(len(issues) == 1, f"one problem has {len(issues)} repairs: {issues}")
        (issue,) = issues
        title, text = await self._issue_texts(issue)
        self._console.fact("title", title)
        self._console.fact("text", text)

        async def unavailable() -> dict[str, Json]:
            states = await self._states()
            return states if self._state(states, "sensor.streams") == "unavailable" else {}

        states = await until(unavailable, what="the streams are unavailable")
        self._show({name: states[name] for name in SIGNIFICANT})
        check(
            self._state(states, "binary_sensor.server") == "on",
            "the server is not shown as connected",
        )
        check(
            self._state(states, "binary_sensor.token_problem") == "on", "no token problem is shown"
        )
        flows = await self._reauth_flows()
        check(len(flows) == 1, f"there are {len(flows)} sign-in prompts")
        return issue, title

    def _is_ours(self, issue: Json) -> bool:
        """Return whether the issue is about the entry, including those of Home Assistant itself."""
        return issue["domain"] == DOMAIN or DOMAIN in str(issue["issue_id"])

    async def _issue_texts(self, issue: Json) -> tuple[str, str]:
        texts = await self._client.texts("issues", DOMAIN)
        prefix = f"issues.{issue['translation_key']}"
        placeholders = issue["translation_placeholders"] or {}
        title = texts[f"{prefix}.title"].format(**placeholders)
        text = texts[f"{prefix}.fix_flow.step.confirm.description"].format(**placeholders)
        return title, plain(text)

    async def _reauth_flows(self) -> list[Json]:
        return [
            flow
            for flow in await self._client.flows_in_progress()
            if flow["handler"] == DOMAIN and flow["context"]["source"] == "reauth"
        ]

    # 6

    async def _fix(self, issue: Json) -> None:
        step = await self._client.start_fix(issue)
        check(step["type"] == "form", f"the repair does not show a form: {step}")
        step = await self._client.submit_fix(step["flow_id"])
        kind, flow_id = step.get("next_flow") or (None, "")
        check(kind == "config_flow", f"the repair does not continue with the sign-in: {step}")
        step = await self._client.flow(flow_id)
        texts = await self._client.texts("config", DOMAIN)
        self._console.fact("next dialog", texts[f"config.step.{step['step_id']}.title"])
        step = await self._sign_in(step)
        check(
            step["type"] == "abort" and step["reason"] == "reauth_successful",
            f"the sign-in did not succeed: {step}",
        )
        self._console.fact("result", step["reason"])

    # 7

    async def _recover(self, title: str) -> None:
        await self._loaded_entry()
        states = await until(self._known_states, what="all entities have a state again")
        self._show({name: states[name] for name in SIGNIFICANT})
        check(
            self._state(states, "binary_sensor.token_problem") == "off",
            "the token problem is still shown",
        )

        async def gone() -> bool:
            return not any(self._is_ours(issue) for issue in await self._client.issues())

        await until(gone, what="the repair is gone")
        self._console.fact("repair", f"resolved: {title}")
        check(not await self._reauth_flows(), "a sign-in prompt is still shown")
        self._console.fact("sign-in prompt", "gone")

    # 8

    async def _written_down(self) -> None:
        unexpected = self._process.unexpected_log_lines(EXPECTED_LOG_LINES)
        check(not unexpected, "unexpected log messages:\n" + "\n".join(unexpected))
        self._console.fact("log", "no warnings except about the revoked token")
        requests = self._plex.world.requests
        in_address = sum(request.token_in_query for request in requests)
        check(not in_address, f"{in_address} addresses contain a token")
        self._console.fact("requests", f"{len(requests)}, no token in any address")
        found: set[str] = set()

        async def stored() -> bool:
            found.update(self._process.files_with([self._token()]))
            return STORE in found

        await until(stored, what=f"the token is in {STORE}")
        found |= self._process.files_with(self._secrets)
        check(found == {STORE}, f"a token is stored in {', '.join(sorted(found - {STORE}))}")
        self._console.fact("tokens", f"{len(self._secrets)} so far, only stored in {STORE}")


def since(started: float) -> str:
    """Return the time since a moment of the monotonic clock."""
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def plain(text: str) -> str:
    """Return a text without its Markdown."""
    return LINK.sub(r"\1: \2", text.replace("**", ""))
