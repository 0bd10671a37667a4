"""The story that the demo tells: do something, look at what came of it, and insist."""

import time

from tests.real import HomeAssistantClient, HomeAssistantProcess
from tests.real.client import Json, until

from .console import Console
from .plex import DemoPlex

DOMAIN = "plex_monitor"

# One poll with a healthy push channel, and room for a slow machine.
NEXT_POLL = 90
# The one place where Home Assistant keeps the data of its integrations.
STORE = ".storage/core.config_entries"

# What shows best that the token is gone, and that all is well again.
TELLING = (
    "binary_sensor.home_server",
    "binary_sensor.home_token_problem",
    "sensor.home_movies_items",
    "sensor.home_streams",
    "sensor.home_token_status",
    "update.home_server_update",
)
# Platforms whose entities say when something happened, or nothing.
STATELESS = {"button", "event", "image"}

# What the design promises from the first refusal to the repair.
PROMISED = 30

# What the log has to say about a token that is revoked.
EXPECTED_LOG_LINES = (
    r"\[custom_components\.plex_monitor\] Error fetching Home data: Home refuses the sign-in",
    r"\[custom_components\.plex_monitor\] Authentication failed while fetching Home data",
)


class StoryError(Exception):
    """A step of the story did not hold."""


def insist(condition: object, what: str) -> None:
    """End the story unless the condition holds."""
    if not condition:
        raise StoryError(what)


class Story:
    """One run through everything."""

    def __init__(
        self,
        console: Console,
        plex: DemoPlex,
        process: HomeAssistantProcess,
        client: HomeAssistantClient,
    ) -> None:
        """Take the world and the Home Assistant to tell the story with."""
        self._console = console
        self._plex = plex
        self._process = process
        self._client = client
        self._entry_id = ""
        self._client_identifier = ""
        self._secrets: set[str] = set()

    async def tell(self) -> None:
        """Tell all of it."""
        with self._console.step("Add the integration, as the frontend does"):
            await self._add()
        with self._console.step("The entities of the server"):
            await self._entities()
        with self._console.step("A stream starts, and the state follows"):
            await self._stream()
        with self._console.step("A player gets a device"):
            await self._player()
        with self._console.step("The token is revoked at plex.tv"):
            issue, name = await self._revoke()
        with self._console.step("Fix it: from the repair straight to the sign-in"):
            await self._fix(issue)
        with self._console.step("Everything recovers"):
            await self._recover(name)
        with self._console.step("What Home Assistant wrote down"):
            await self._written_down()

    # 1

    async def _add(self) -> None:
        texts = await self._client.texts("config", DOMAIN)
        step = await self._client.start_flow(DOMAIN)
        insist(step["type"] == "menu", f"the first step is no menu but {step}")
        options = [
            texts[f"config.step.{step['step_id']}.menu_options.{option}"]
            for option in step["menu_options"]
        ]
        self._console.fact("menu", "\n".join(options))
        step = await self._sign_in(step)
        insist(step["step_id"] == "choose_server", f"no choice of a server but {step}")
        field = step["data_schema"][0]
        servers = field["selector"]["select"]["options"]
        self._console.fact("servers", ", ".join(server["label"] for server in servers))
        step = await self._client.submit(
            step["flow_id"], **{field["name"]: self._plex.home.machine_identifier}
        )
        insist(step.get("step_id") == "verify", f"the server was not verified but {step}")
        verified = texts["config.step.verify.description"].format(
            **step["description_placeholders"]
        )
        self._console.fact("verify", plain(verified.split("\n\n")[0]))
        step = await self._client.submit(step["flow_id"])
        insist(step["type"] == "create_entry", f"no entry was made but {step}")
        self._entry_id = step["result"]["entry_id"]
        entry = await self._loaded_entry()
        self._console.fact("entry", f"{entry['title']}, {entry['state']}")

    async def _sign_in(self, step: Json) -> Json:
        """Choose the sign-in in a menu, approve its PIN at plex.tv, and go on from there."""
        step = await self._client.choose(step["flow_id"], "sign_in")
        insist(step["type"] == "progress", f"no PIN is shown but {step}")
        shown = step["description_placeholders"]
        self._console.fact("PIN", f"{shown['code']}, {shown['link']}")
        self._plex.world.plex_tv.approve_pin(shown["code"], self._plex.owner)
        started = time.monotonic()
        step = await self._client.after_progress(step["flow_id"])
        self._console.fact(
            "approved", f"the dialog went on by itself after {time.monotonic() - started:.1f} s"
        )
        self._client_identifier = self._plex.world.plex_tv.devices_of(self._plex.owner)[
            -1
        ].client_identifier
        self._secrets.add(self._token())
        return step

    def _token(self) -> str:
        """Return the good token of Home Assistant."""
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
        insist(entry, "the entry is loaded")
        return entry or {}

    # 2

    async def _entities(self) -> None:
        states = await until(self._known_states, what="all entities have a state")
        self._show(states)
        insist(
            self._state(states, "binary_sensor.server") == "on",
            "the server is not shown as connected",
        )
        insist(
            self._state(states, "binary_sensor.token_problem") == "off", "a token problem is shown"
        )
        insist(
            self._state(states, "sensor.token_status") == "valid", "the token is not shown as valid"
        )
        insist(self._state(states, "sensor.streams") == "1", "the friend's stream is not seen")
        insist(
            self._state(states, "sensor.version") == self._plex.home.version,
            "the version is another",
        )

    @staticmethod
    def _line(entity_id: str, state: Json) -> tuple[str, str]:
        name = state["attributes"].get("friendly_name", entity_id).removeprefix("Home ")
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
        """Return the states once each entity is there, the libraries' as well."""
        states = await self._states()
        there = all(state["state"] != "unavailable" for state in states.values())
        return states if there and "sensor.home_movies_items" in states else {}

    def _show(self, states: dict[str, Json]) -> None:
        """Print the states; what only happens, or is pressed, has none worth printing."""
        for entity_id, state in sorted(states.items()):
            if entity_id.split(".")[0] not in STATELESS:
                self._console.fact(*self._line(entity_id, state))
        quiet = [entity_id for entity_id in states if entity_id.split(".")[0] in STATELESS]
        if quiet:
            self._console.fact("and", f"{len(quiet)} events, pictures and buttons")

    @staticmethod
    def _state(states: dict[str, Json], entity: str) -> str | None:
        """Return the state of an entity of the server, by its platform and name."""
        platform, _, name = entity.partition(".")
        state = states.get(f"{platform}.home_{name}")
        return None if state is None else state["state"]

    # 3

    async def _stream(self) -> None:
        started = time.monotonic()
        stream = await self._plex.home.start_stream(
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
        insist(step["type"] == "form", f"there is nothing to choose but {step}")
        field = step["data_schema"][0]
        self._console.fact("choose", texts[f"options.step.{step['step_id']}.data.{field['name']}"])
        players = field["selector"]["select"]["options"]
        self._console.fact("players", ", ".join(player["label"] for player in players))
        player = self._plex.bedroom
        step = await self._client.submit_options(
            step["flow_id"], **{field["name"]: [player.machine_identifier]}
        )
        insist(step["type"] == "create_entry", f"the choice was not stored but {step}")
        await self._loaded_entry()

        async def shown() -> Json | None:
            state = (await self._states()).get("media_player.bedroom_tv")
            return state if state and state["state"] == "playing" else None

        state = await until(shown, what="the player is shown to play")
        told = state["attributes"] if state else {}
        self._console.fact(player.title, f"{told['media_title']}, for {told['user']}")
        insist(told["user"] == self._plex.friend.title, "it is not the friend who watches")

    # 5

    async def _revoke(self) -> tuple[Json, str]:
        world = self._plex.world
        token = self._token()
        revoked_at = time.time()
        world.plex_tv.remove_device(self._client_identifier)
        self._console.fact("revoked", "Home Assistant was removed under Authorized devices")
        self._console.fact("wait", "Home Assistant looks after its token about once a minute")

        async def shown() -> list[Json]:
            return [issue for issue in await self._client.issues() if self._is_ours(issue)]

        issues = await until(shown, what="a repair appears", timeout=NEXT_POLL + PROMISED)
        appeared_at = time.time()
        refused_at = min(
            request.at
            for request in world.requests
            if request.token_sent == token and request.status in {401, None}
        )
        after = appeared_at - refused_at
        self._console.fact("first refusal", f"{refused_at - revoked_at:.1f} s after that")
        self._console.fact("repair", f"{after:.1f} s after the first refusal")
        insist(after <= PROMISED, f"the repair took {after:.1f} s, more than {PROMISED} s")
        insist(len(issues) == 1, f"one problem has {len(issues)} rows: {issues}")
        (issue,) = issues
        title, text = await self._issue_texts(issue)
        self._console.fact("title", title)
        self._console.fact("text", text)

        async def told() -> dict[str, Json]:
            states = await self._states()
            return states if self._state(states, "sensor.streams") == "unavailable" else {}

        states = await until(told, what="the streams are unavailable")
        self._show({name: states[name] for name in TELLING})
        insist(
            self._state(states, "binary_sensor.server") == "on", "the server is up and not shown so"
        )
        insist(
            self._state(states, "binary_sensor.token_problem") == "on", "no token problem is shown"
        )
        flows = await self._reauth_flows()
        insist(len(flows) == 1, f"there are {len(flows)} sign-in prompts")
        return issue, title

    def _is_ours(self, issue: Json) -> bool:
        """Return whether the issue is about the entry, be it ours or Home Assistant's own."""
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
        insist(step["type"] == "form", f"the repair does not explain itself but {step}")
        step = await self._client.submit_fix(step["flow_id"])
        kind, flow_id = step.get("next_flow") or (None, "")
        insist(kind == "config_flow", f"the repair does not lead to the sign-in but {step}")
        step = await self._client.flow(flow_id)
        texts = await self._client.texts("config", DOMAIN)
        self._console.fact("next dialog", texts[f"config.step.{step['step_id']}.title"])
        step = await self._sign_in(step)
        insist(
            step["type"] == "abort" and step["reason"] == "reauth_successful",
            f"the sign-in did not succeed: {step}",
        )
        self._console.fact("result", step["reason"])

    # 7

    async def _recover(self, title: str) -> None:
        await self._loaded_entry()
        states = await until(self._known_states, what="all entities have a state again")
        self._show({name: states[name] for name in TELLING})
        insist(
            self._state(states, "binary_sensor.token_problem") == "off",
            "the token problem is still shown",
        )

        async def gone() -> bool:
            return not any(self._is_ours(issue) for issue in await self._client.issues())

        await until(gone, what="the repair is gone")
        self._console.fact("repair", f"gone: {title}")
        insist(not await self._reauth_flows(), "a sign-in prompt is left")
        self._console.fact("prompt", "gone")

    # 8

    async def _written_down(self) -> None:
        unexpected = self._process.unexpected_log_lines(EXPECTED_LOG_LINES)
        insist(not unexpected, "unexpected in the log:\n" + "\n".join(unexpected))
        self._console.fact("log", "no warning but of the revoked token")
        requests = self._plex.world.requests
        in_address = sum(request.token_in_query for request in requests)
        insist(not in_address, f"a token stood in {in_address} addresses")
        self._console.fact("requests", f"{len(requests)}, none with a token in its address")
        found: set[str] = set()

        async def stored() -> bool:
            found.update(self._process.files_with([self._token()]))
            return STORE in found

        await until(stored, what=f"the token is in {STORE}")
        found |= self._process.files_with(self._secrets)
        insist(found == {STORE}, f"a token stands in {', '.join(sorted(found - {STORE}))}")
        self._console.fact("tokens", f"{len(self._secrets)} so far, in no file but {STORE}")


def since(started: float) -> str:
    """Return how long ago something was, by the monotonic clock."""
    return f"{(time.monotonic() - started) * 1000:.0f} ms"


def plain(text: str) -> str:
    """Return a text without its markup."""
    return text.replace("**", "")
