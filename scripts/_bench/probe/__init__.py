"""An integration that measures its Home Assistant process for the benchmark: see scripts/bench.

It only acts on websocket commands, so that its cost is the same for each contender.
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
    """Measures how late the event loop runs timers, and counts the executor's jobs."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize, and count the jobs from now on."""
        self._loop = hass.loop
        self._due = 0.0
        self._timer: TimerHandle | None = None
        self._cpu = 0.0
        self._late: list[float] = []
        self.held = 0.0
        self.jobs = 0
        run_in_executor = hass.loop.run_in_executor

        def counted(*arguments: Any) -> Any:
            self.jobs += 1
            return run_in_executor(*arguments)

        setattr(hass.loop, "run_in_executor", counted)  # noqa: B010 - a method, but for this.

    def start(self) -> None:
        """Start measuring."""
        self._late = []
        self.held = 0.0
        self._wait()

    def _wait(self) -> None:
        self._due = self._loop.time() + TICK
        self._cpu = time.process_time()
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        late = self._loop.time() - self._due
        self._late.append(late)
        # Other processes may have had the core meanwhile: what this one used is its own.
        self.held = max(self.held, min(late, time.process_time() - self._cpu))
        self._wait()

    def stop(self) -> list[float]:
        """Stop measuring, and return the seconds of each delay."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        return self._late


class Setups:
    """The start and the duration of each entry's last setup, by its id."""

    def __init__(self) -> None:
        """Initialize, and time all setups from now on."""
        self.last: dict[str, tuple[float, float]] = {}
        set_up = ConfigEntry.async_setup

        async def timed(entry: ConfigEntry[Any], *arguments: Any, **options: Any) -> None:
            started = time.monotonic()
            await set_up(entry, *arguments, **options)
            self.last[entry.entry_id] = started, time.monotonic() - started

        setattr(ConfigEntry, "async_setup", timed)  # noqa: B010 - a method, but for this.


class Peak:
    """Measures the longest delay of the event loop, and the most memory (Linux only)."""

    def __init__(self, lateness: Lateness) -> None:
        """Initialize without measuring."""
        self._lateness = lateness
        self._before = 0

    def start(self) -> None:
        """Start measuring."""
        self._before = _collected_memory()["rss"]
        # A full collection goes through all objects of the process, and stops it for as long. Those
        # that are there already are left out: they are Home Assistant's.
        gc.freeze()
        # Resets the most memory of the process to what it has now (man 5 proc).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self._lateness.start()

    def stop(self) -> dict[str, float]:
        """Stop measuring, and return the seconds and the bytes."""
        self._lateness.stop()
        gc.unfreeze()
        [most] = (
            int(line.split()[1]) * 1024
            for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines()
            if line.startswith("VmHWM:")
        )
        return {"held": self._lateness.held, "memory": most - self._before}


async def async_setup(
    hass: HomeAssistant,
    config: ConfigType,  # noqa: ARG001 - Home Assistant's signature
) -> bool:
    """Register the commands."""
    lateness = Lateness(hass)
    setups = Setups()
    peak = Peak(lateness)

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
        """Return the start of an entry's last setup, and its seconds."""
        connection.send_result(message["id"], setups.last[message["entry_id"]])

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/memory"})
    @callback
    def memory(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Return the memory of the process in bytes, after a garbage collection."""
        connection.send_result(message["id"], _collected_memory())

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

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/peak/start"})
    @callback
    def start_peak(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Measure from now on how late the event loop is, and the most memory of the process."""
        peak.start()
        connection.send_result(message["id"])

    @websocket_api.websocket_command({vol.Required("type"): "bench_probe/peak/stop"})
    @callback
    def stop_peak(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Return the longest delay of the event loop, and the bytes that were added at most."""
        connection.send_result(message["id"], peak.stop())

    @websocket_api.websocket_command(
        {
            vol.Required("type"): "bench_probe/plex_tv",
            vol.Required("domain"): str,
            vol.Required("plex_tv"): str,
        }
    )
    @websocket_api.async_response
    async def use_plex_tv(
        hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Make an integration use another plex.tv."""
        await hass.async_add_import_executor_job(REDIRECTS[message["domain"]], message["plex_tv"])
        connection.send_result(message["id"])

    @websocket_api.websocket_command(
        {vol.Required("type"): "bench_probe/clock", vol.Required("speed"): vol.Coerce(float)}
    )
    @callback
    def run_clock(
        _: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
    ) -> None:
        """Run the clock this many times as fast from now on."""
        importlib.import_module("clock").run(message["speed"])
        connection.send_result(message["id"])

    for command in (
        read,
        setup,
        memory,
        start,
        stop,
        start_peak,
        stop_peak,
        use_plex_tv,
        run_clock,
    ):
        websocket_api.async_register_command(hass, command)
    return True


def _collected_memory() -> dict[str, int]:
    """Return the proportional and the resident size in bytes (Linux only)."""
    for _ in range(3):
        gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    sizes = {}
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, value, *_ = line.split()
        sizes[name.removesuffix(":")] = int(value) * 1024
    return {"pss": sizes["Pss"], "rss": sizes["Rss"]}


def _redirect_plex_monitor(plex_tv: str) -> None:
    clients = importlib.import_module("custom_components.plex_monitor.clients")
    setattr(clients, "PLEX_TV_URL", plex_tv)  # noqa: B010 - a constant, but for this.


def _redirect_core_plex(plex_tv: str) -> None:
    """Redirect PlexAPI, and keep it from searching the local network for players."""
    clock = importlib.import_module("clock")
    requests = importlib.import_module("requests")
    real_request = requests.Session.request

    def request(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        for name in PLEX_TV_NAMES:
            if url.startswith(f"{name}/"):
                url = plex_tv + url.removeprefix(name)
        # The timeouts of a thread do not follow the faster clock.
        if isinstance(timeout := kwargs.get("timeout"), (int, float)):
            kwargs["timeout"] = timeout / clock.speed()
        return real_request(self, method, url, *args, **kwargs)

    requests.Session.request = request
    gdm = importlib.import_module("plexapi.gdm")
    gdm.GDM.scan = lambda _self, scan_for_clients=False: None  # noqa: ARG005 - its signature.


REDIRECTS: dict[str, Callable[[str], None]] = {
    "plex_monitor": _redirect_plex_monitor,
    "plex": _redirect_core_plex,
}
