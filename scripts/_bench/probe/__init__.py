"""Measures the Home Assistant process that it runs in, for the benchmark: see scripts/bench.

It does nothing before it is asked to over the websocket, so that it costs every contender the same.
"""

from asyncio import TimerHandle
from collections.abc import Callable
import ctypes
import gc
import importlib
from pathlib import Path
import time
from typing import Any

from homeassistant.components import websocket_api
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

DOMAIN = "bench_probe"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)

TICK = 0.005
PLEX_TV_NAMES = ("https://plex.tv", "https://clients.plex.tv", "https://sonos.plex.tv")


class Lateness:
    """How late the event loop calls what is due every few milliseconds, and the executor's jobs."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Count the jobs from now on."""
        self._loop = hass.loop
        self._due = 0.0
        self._timer: TimerHandle | None = None
        self._late: list[float] = []
        self.jobs = 0
        run_in_executor = hass.loop.run_in_executor

        def counted(*arguments: Any) -> Any:
            self.jobs += 1
            return run_in_executor(*arguments)

        setattr(hass.loop, "run_in_executor", counted)  # noqa: B010 - a method, but for this.

    def start(self) -> None:
        """Begin to look."""
        self._late = []
        self._wait()

    def _wait(self) -> None:
        self._due = self._loop.time() + TICK
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._late.append(self._loop.time() - self._due)
        self._wait()

    def stop(self) -> list[float]:
        """Look no more, and return the seconds of each time."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        return self._late


class Setups:
    """When entries were set up last, and how long that took, by their id."""

    def __init__(self) -> None:
        """Time all setups from now on."""
        self.last: dict[str, tuple[float, float]] = {}
        set_up = ConfigEntry.async_setup

        async def timed(entry: ConfigEntry[Any], *arguments: Any, **options: Any) -> None:
            started = time.monotonic()
            await set_up(entry, *arguments, **options)
            self.last[entry.entry_id] = started, time.monotonic() - started

        setattr(ConfigEntry, "async_setup", timed)  # noqa: B010 - a method, but for this.


async def async_setup(
    hass: HomeAssistant,
    config: ConfigType,  # noqa: ARG001 - Home Assistant's signature
) -> bool:
    """Offer the commands."""
    lateness = Lateness(hass)
    setups = Setups()

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/read"})
    @callback
    def read(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Return the CPU seconds of the process so far, and the executor jobs."""
        connection.send_result(
            message["id"],
            {"cpu": time.process_time(), "at": time.perf_counter(), "jobs": lateness.jobs},
        )

    @websocket_api.websocket_command(
        {vol.Required("type"): "bench_probe/setup", vol.Required("entry_id"): str}
    )
    @callback
    def setup(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Return when an entry was set up last, and how many seconds it took."""
        connection.send_result(message["id"], setups.last[message["entry_id"]])

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/memory"})
    @callback
    def memory(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Return the bytes that the process has to itself, after tidying up."""
        connection.send_result(message["id"], _tidied_memory())

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/lateness/start"})
    @callback
    def start(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        lateness.start()
        connection.send_result(message["id"])

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/lateness/stop"})
    @callback
    def stop(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        connection.send_result(message["id"], lateness.stop())

    @websocket_api.websocket_command(
        {
            vol.Required("type"): "bench_probe/lead",
            vol.Required("domain"): str,
            vol.Required("plex_tv"): str,
        }
    )
    @websocket_api.async_response
    async def lead(
        hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Have an integration take another plex.tv for the real one."""
        await hass.async_add_import_executor_job(LEADERS[message["domain"]], message["plex_tv"])
        connection.send_result(message["id"])

    @websocket_api.websocket_command(
        {vol.Required("type"): "bench_probe/clock", vol.Required("speed"): vol.Coerce(float)}
    )
    @callback
    def run_clock(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Let the time pass so many times as fast from now on."""
        importlib.import_module("clock").run(message["speed"])
        connection.send_result(message["id"])

    for command in (read, setup, memory, start, stop, lead, run_clock):
        websocket_api.async_register_command(hass, command)
    return True


def _tidied_memory() -> dict[str, int]:
    """Return the proportional and the resident size in bytes (Linux only)."""
    for _ in range(3):
        gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    sizes = {}
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, value, *_ = line.split()
        sizes[name.removesuffix(":")] = int(value) * 1024
    return {"pss": sizes["Pss"], "rss": sizes["Rss"]}


def _lead_plex_monitor(plex_tv: str) -> None:
    clients = importlib.import_module("custom_components.plex_monitor.clients")
    setattr(clients, "PLEX_TV_URL", plex_tv)  # noqa: B010 - a constant, but for this.


def _lead_core_plex(plex_tv: str) -> None:
    """Lead PlexAPI, and keep it from looking for players in the network of whoever measures."""
    clock = importlib.import_module("clock")
    requests = importlib.import_module("requests")
    real_request = requests.Session.request

    def request(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        for name in PLEX_TV_NAMES:
            if url.startswith(f"{name}/"):
                url = plex_tv + url.removeprefix(name)
        # The timeouts of a thread do not follow a clock that was quickened.
        if isinstance(timeout := kwargs.get("timeout"), (int, float)):
            kwargs["timeout"] = timeout / clock.speed()
        return real_request(self, method, url, *args, **kwargs)

    requests.Session.request = request
    gdm = importlib.import_module("plexapi.gdm")
    gdm.GDM.scan = lambda _self, scan_for_clients=False: None  # noqa: ARG005 - its signature.


LEADERS: dict[str, Callable[[str], None]] = {
    "plex_monitor": _lead_plex_monitor,
    "plex": _lead_core_plex,
}
