"""A Home Assistant process with its own configuration folder."""

import asyncio
from collections.abc import Iterable, Mapping
import contextlib
import json
import os
from pathlib import Path
import re
import sys
from typing import Any

import aiohttp
from homeassistant.const import RESTART_EXIT_CODE

LAUNCHER = Path(__file__).with_name("launcher.py")
INTEGRATION = Path(__file__).parents[2] / "custom_components" / "plex_monitor"

START_TIMEOUT = 120
STOP_TIMEOUT = 30

# No `default_config`: it brings integrations that need hardware, clouds and more packages.
CONFIGURATION = """\
homeassistant:
  name: Home
  country: US
  time_zone: UTC
  unit_system: metric
  internal_url: "{url}"
api:
config:
diagnostics:
frontend:
history:
logbook:
logger:
  default: info
my:
recorder:
repairs:
system_health:
"""

# Logged at every start of a Home Assistant without voice, video and the pinned wheels.
USUAL_NOISE = (
    r"\[haffmpeg\.",
    r"Error loading libturbojpeg",
    r"Skipping pip installation",
    r"zlib_ng and isal are not available",
    r"We found a custom integration plex_monitor which has not been tested",
)
# Logged when a browser leaves a page, or Home Assistant stops, while the other still sends.
CUT_OFF = re.compile(
    r"\[(homeassistant|aiohttp\.\w+|asyncio|homeassistant\.components\.(http|websocket_api)\S*)\]"
    r".*(ClientConnectionReset|ConnectionReset|BrokenPipe|ClientDisconnected|closing transport)"
)
DOMAIN = "plex_monitor"


class StartError(Exception):
    """Home Assistant did not start. The message has the reason and the end of the log."""


class HomeAssistantProcess:
    """One Home Assistant, listening on 127.0.0.1 only."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        plex_tv_url: str | None = None,
        components: Iterable[str] = (),
        python: Path | None = None,
        own_clock: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Initialize with the folder, which is created if needed, and the port.

        `plex_tv_url` replaces the real plex.tv. `components` are set up as well. `python` is the
        interpreter whose Home Assistant is started, by default this one. With `own_clock` its clock
        can run faster, see the module clock. `environment` is added to that of this process.
        """
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._plex_tv_url = plex_tv_url
        self._components = tuple(components)
        self._python = python or Path(sys.executable)
        self._own_clock = own_clock
        self._environment = dict(environment or {})
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """Return the output of the process so far."""
        return (self.folder / "process.log").read_text(encoding="utf-8", errors="replace")

    def unexpected_log_lines(self, expected: Iterable[str] = ()) -> list[str]:
        """Return the warnings and errors that no regular expression matches.

        Each is returned with its traceback. Lines of the loop and the web server about a connection
        that was cut do not count, unless the integration is in the traceback.
        """
        known = re.compile("|".join((*USUAL_NOISE, *expected)))
        found = []
        for record in re.split(r"^(?=\d{4}-\d{2}-\d{2} )", self.log, flags=re.MULTILINE):
            line, _, rest = record.partition("\n")
            if not re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ", line) or known.search(line):
                continue
            if CUT_OFF.search(line) and DOMAIN not in rest:
                continue
            found.append(record.rstrip())
        return found

    def files_with(self, secrets: Iterable[str]) -> set[str]:
        """Return the relative paths of the files in the folder that contain one of the texts."""
        wanted = [secret.encode() for secret in secrets]
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and any(text in path.read_bytes() for text in wanted)
        }

    def prepare(self) -> None:
        """Write the configuration folder, in which only the first user is missing."""
        storage = self.folder / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(url=self.url)
        text += "".join(f"{component}:\n" for component in self._components)
        (self.folder / "configuration.yaml").write_text(text, encoding="utf-8")
        custom = self.folder / "custom_components"
        custom.mkdir(exist_ok=True)
        (custom / "plex_monitor").symlink_to(INTEGRATION, target_is_directory=True)
        # A port in configuration.yaml would open a dialog over every page, and be reverted.
        self._store(
            storage / "http",
            version=2,
            minor_version=2,
            data={
                "stable": {
                    "server_host": ["127.0.0.1"],
                    "server_port": self._port,
                    "cors_allowed_origins": ["https://cast.home-assistant.io"],
                    "login_attempts_threshold": -1,
                    "ip_ban_enabled": True,
                    "ssl_profile": "modern",
                    "use_x_frame_options": True,
                    "created_at": "2026-01-01T00:00:00+00:00",
                    "error": None,
                    "error_message": None,
                },
                "pending": None,
                "yaml_migration_done": True,
            },
        )
        # The other steps of the onboarding would add integrations that need the internet.
        self._store(
            storage / "onboarding",
            version=4,
            minor_version=1,
            data={"done": ["core_config", "analytics", "integration"]},
        )

    @staticmethod
    def _store(path: Path, *, version: int, minor_version: int, data: dict[str, Any]) -> None:
        content = {"version": version, "minor_version": minor_version, "key": path.name}
        path.write_text(json.dumps({**content, "data": data}), encoding="utf-8")

    async def start(self) -> None:
        """Start the process and wait until it responds."""
        plex_tv = ["--plex-tv", self._plex_tv_url] if self._plex_tv_url else []
        clock = ["--own-clock"] if self._own_clock else []
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with (self.folder / "process.log").open("ab") as log:
            # In its own session it does not receive Ctrl-C, and so is stopped regularly.
            self._process = await asyncio.create_subprocess_exec(
                self._python,
                LAUNCHER,
                *plex_tv,
                *clock,
                "--config",
                self.folder,
                "--skip-pip",
                "--ignore-os-check",
                "--log-no-color",
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=environment | self._environment,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._wait_for_response()
        except TimeoutError:
            await self.stop()
            raise StartError(self._because(f"did not respond in {START_TIMEOUT} s")) from None
        except BaseException:
            await self.stop()
            raise

    async def _wait_for_response(self) -> None:
        """Wait for the first response, or for the end of the process."""
        assert self._process is not None
        async with aiohttp.ClientSession() as session:
            while self._process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/manifest.json") as response:
                        if response.ok:
                            return
                await asyncio.sleep(0.1)
        raise StartError(self._because(f"ended with code {self._process.returncode}"))

    def _because(self, what: str) -> str:
        tail = "\n".join(self.log.splitlines()[-15:])
        return f"Home Assistant {what}:\n{tail}"

    async def run_until_stopped(self) -> int:
        """Wait for the end of the process, and perform restarts requested in Home Assistant."""
        assert self._process is not None
        while (code := await self._process.wait()) == RESTART_EXIT_CODE:
            await self.start()
        return code

    async def stop(self) -> None:
        """Terminate the process, or kill it if it does not react."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
