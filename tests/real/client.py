"""A client of a Home Assistant that uses the interfaces of its frontend."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
import itertools
from typing import Any, Self

import aiohttp

type Json = dict[str, Any]

STEP_TIMEOUT = 30


class HomeAssistantError(Exception):
    """Home Assistant responded with an error."""


async def until[T](
    condition: Callable[[], Awaitable[T]],
    *,
    what: str,
    timeout: float = STEP_TIMEOUT,  # noqa: ASYNC109 - the error says what did not happen.
    interval: float = 0.1,
) -> T:
    """Wait until the condition returns something true, and return that."""
    try:
        async with asyncio.timeout(timeout):
            while not (result := await condition()):  # noqa: ASYNC110 - there is no event to wait for.
                await asyncio.sleep(interval)
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {timeout:g} s") from None
    return result


class HomeAssistantClient:
    """One signed-in user of one Home Assistant."""

    def __init__(self, url: str) -> None:
        """Initialize for the Home Assistant at this URL."""
        self.url = url
        self._session: aiohttp.ClientSession
        self._websocket: aiohttp.ClientWebSocketResponse
        self._reader: asyncio.Task[None] | None = None
        self._results: dict[int, asyncio.Future[Json]] = {}
        self._listeners: dict[int, Callable[[Json], None]] = {}
        self._ids = itertools.count(1)
        self._access_token = ""

    async def __aenter__(self) -> Self:
        """Open the session."""
        self._session = aiohttp.ClientSession(self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close everything."""
        if self._reader:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            await self._websocket.close()
        await self._session.close()

    async def onboard(self, *, name: str, username: str, password: str) -> None:
        """Create the first user, sign in as that, and wait until Home Assistant is running."""
        client_id = f"{self.url}/"
        created = await self.request(
            "POST",
            "/api/onboarding/users",
            json={
                "client_id": client_id,
                "name": name,
                "username": username,
                "password": password,
                "language": "en",
            },
        )
        tokens = await self.request(
            "POST",
            "/auth/token",
            data={
                "client_id": client_id,
                "code": created["auth_code"],
                "grant_type": "authorization_code",
            },
        )
        await self.sign_in(tokens["access_token"])

    async def sign_in(self, access_token: str) -> None:
        """Use an access token, and wait until Home Assistant is running."""
        self._access_token = access_token
        self._websocket = await self._session.ws_connect("/api/websocket", max_msg_size=0)
        await self._receive()
        await self._websocket.send_json({"type": "auth", "access_token": access_token})
        response = await self._receive()
        if response["type"] != "auth_ok":
            raise HomeAssistantError(f"signing in: {response.get('message')}")
        self._reader = asyncio.create_task(self._read())

        async def running() -> bool:
            return bool((await self.get("/api/config"))["state"] == "RUNNING")

        await until(running, what="Home Assistant is running", timeout=120)

    async def long_lived_token(self, name: str) -> str:
        """Return an access token that is valid for a year."""
        token: str = await self.command(
            "auth/long_lived_access_token", client_name=name, lifespan=365
        )
        return token

    async def request(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send a request, and return the JSON of the response."""
        headers = {"Authorization": f"Bearer {self._access_token}"} if self._access_token else {}
        try:
            async with self._session.request(method, path, headers=headers, **kwargs) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    text = await response.text()
                    raise HomeAssistantError(f"{method} {path}: {response.status} {text}")
                return await response.json()
        except aiohttp.ClientError as error:
            raise HomeAssistantError(f"{method} {path}: {error}") from error

    async def get(self, path: str) -> Any:
        """Send a GET request, and return the JSON of the response."""
        return await self.request("GET", path)

    async def command(self, kind: str, **arguments: Any) -> Any:
        """Send a websocket command, and return its result."""
        return await self._command(next(self._ids), kind, arguments)

    @asynccontextmanager
    async def listening(
        self, event_type: str, listener: Callable[[Json], None]
    ) -> AsyncGenerator[None]:
        """Call a listener with each event of a type while entered."""
        number = next(self._ids)
        self._listeners[number] = listener
        await self._command(number, "subscribe_events", {"event_type": event_type})
        yield
        await self.command("unsubscribe_events", subscription=number)
        del self._listeners[number]

    async def _command(self, number: int, kind: str, arguments: Json) -> Any:
        answer = self._results[number] = asyncio.get_running_loop().create_future()
        try:
            if self._reader is None or self._reader.done():
                raise HomeAssistantError(f"{kind}: not connected")
            await self._websocket.send_json({"id": number, "type": kind, **arguments})
            message = await answer
        except aiohttp.ClientError as error:
            raise HomeAssistantError(f"{kind}: {error}") from error
        finally:
            del self._results[number]
        if not message["success"]:
            raise HomeAssistantError(f"{kind}: {message['error']}")
        return message["result"]

    async def _read(self) -> None:
        """Read all messages, also so that Home Assistant's pings get their pongs."""
        try:
            while True:
                self._handle_message(await self._receive())
        except HomeAssistantError as error:
            for answer in self._results.values():
                if not answer.done():
                    answer.set_exception(error)

    def _handle_message(self, message: Json) -> None:
        """Dispatch a message to the command or the listener that waits for it."""
        number = message.get("id", 0)
        answer = self._results.get(number)
        if message["type"] == "result" and answer and not answer.done():
            answer.set_result(message)
        elif message["type"] == "event" and number in self._listeners:
            self._listeners[number](message["event"])

    async def _receive(self) -> Json:
        """Return the next message on the websocket."""
        message = await self._websocket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise HomeAssistantError("Home Assistant closed the connection")
        content: Json = message.json()
        return content

    # Flows

    async def start_flow(self, domain: str, **extra: Any) -> Json:
        """Start a config flow; with an `entry_id` it is the one that reconfigures the entry."""
        step: Json = await self.request(
            "POST", "/api/config/config_entries/flow", json={"handler": domain, **extra}
        )
        return step

    async def flow(self, flow_id: str) -> Json:
        """Return the current step of a config flow."""
        step: Json = await self.get(f"/api/config/config_entries/flow/{flow_id}")
        return step

    async def submit(self, flow_id: str, **fields: Any) -> Json:
        """Submit a step of a config flow."""
        step: Json = await self.request(
            "POST", f"/api/config/config_entries/flow/{flow_id}", json=fields
        )
        return step

    async def choose(self, flow_id: str, option: str) -> Json:
        """Choose an option of a menu of a config flow."""
        return await self.submit(flow_id, next_step_id=option)

    async def after_progress(self, flow_id: str) -> Json:
        """Wait until a config flow leaves its progress step, and return the next step."""
        step: Json = {}

        async def moved_on() -> bool:
            step.clear()
            step.update(await self.flow(flow_id))
            return bool(step["type"] != "progress")

        await until(moved_on, what="the end of the progress step")
        return step

    async def start_options(self, entry_id: str) -> Json:
        """Start the options flow of a config entry."""
        step: Json = await self.request(
            "POST", "/api/config/config_entries/options/flow", json={"handler": entry_id}
        )
        return step

    async def submit_options(self, flow_id: str, **fields: Any) -> Json:
        """Submit a step of an options flow."""
        step: Json = await self.request(
            "POST", f"/api/config/config_entries/options/flow/{flow_id}", json=fields
        )
        return step

    async def start_fix(self, issue: Mapping[str, Any]) -> Json:
        """Start the fix flow of a repair issue."""
        step: Json = await self.request(
            "POST",
            "/api/repairs/issues/fix",
            json={"handler": issue["domain"], "issue_id": issue["issue_id"]},
        )
        return step

    async def submit_fix(self, flow_id: str, **fields: Any) -> Json:
        """Submit a step of a fix flow."""
        step: Json = await self.request("POST", f"/api/repairs/issues/fix/{flow_id}", json=fields)
        return step

    # What there is

    async def entries(self, domain: str) -> list[Json]:
        """Return the config entries of an integration."""
        entries: list[Json] = await self.command("config_entries/get", domain=domain)
        return entries

    async def flows_in_progress(self) -> list[Json]:
        """Return the config flows that wait for the user."""
        flows: list[Json] = await self.command("config_entries/flow/progress")
        return flows

    async def issues(self) -> list[Json]:
        """Return the repair issues as the page Repairs lists them."""
        result: Json = await self.command("repairs/list_issues")
        return list(result["issues"])

    async def entities(self, entry_id: str) -> list[Json]:
        """Return the registry entries of the entities of a config entry."""
        entities: list[Json] = await self.command("config/entity_registry/list")
        return [entity for entity in entities if entity["config_entry_id"] == entry_id]

    async def states(self) -> dict[str, Json]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.command("get_states")}

    async def texts(self, category: str, domain: str) -> dict[str, str]:
        """Return English texts of an integration, without the leading `component.<domain>.`."""
        result = await self.command(
            "frontend/get_translations", language="en", category=category, integration=[domain]
        )
        prefix = f"component.{domain}."
        return {key.removeprefix(prefix): text for key, text in result["resources"].items()}
