"""The demo: see scripts/demo."""

import argparse
import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
import signal
import socket
import sys
import tempfile
import time

from homeassistant.const import __version__ as HA_VERSION

from tests.real import (
    HomeAssistantClient,
    HomeAssistantError,
    HomeAssistantProcess,
    StartError,
)

from .console import Console
from .plex import DemoPlex, simulated_plex
from .story import Story, StoryError

PORT = 8199
USERNAME = "demo"
PASSWORD = "plex-monitor"  # noqa: S105 - it is printed, and opens a Home Assistant on loopback.


def parse() -> argparse.Namespace:
    """Return the parsed arguments."""
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Show Plex Monitor in a real Home Assistant."
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--once", action="store_true", help="stop after the last step")
    what.add_argument(
        "--real", action="store_true", help="without the simulated Plex, for your own"
    )
    parser.add_argument(
        "--port", type=int, help=f"port on 127.0.0.1 (default {PORT}, or any if that is in use)"
    )
    return parser.parse_args()


def free_port(wanted: int | None) -> int:
    """Return the requested port, or else the default one, or any free one if that is in use."""
    for port in (wanted,) if wanted else (PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            number: int = probe.getsockname()[1]
            return number
    raise StartError(f"Port {wanted} is in use; choose another with --port.")


@asynccontextmanager
async def home_assistant(
    console: Console, port: int, plex: DemoPlex | None
) -> AsyncGenerator[tuple[HomeAssistantProcess, HomeAssistantClient]]:
    """Run an onboarded Home Assistant in a temporary folder."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="plex-monitor-demo-"))
        process = HomeAssistantProcess(
            Path(folder),
            port=port,
            plex_tv_url=plex.world.plex_tv.url if plex else None,
            # Discovers the user's own servers.
            components=() if plex else ("zeroconf",),
        )
        process.prepare()
        started = time.monotonic()
        stack.push_async_callback(process.stop)
        await process.start()
        client = await stack.enter_async_context(HomeAssistantClient(process.url))
        await client.onboard(name="Demo", username=USERNAME, password=PASSWORD)
        # The frontend requests this first, and does not load if a package is missing for it.
        await client.command("get_services")
        console.fact(
            "Home Assistant",
            f"{HA_VERSION} at {process.url}, ready after {time.monotonic() - started:.1f} s",
        )
        console.fact("sign in as", f"{USERNAME}, password {PASSWORD}")
        yield process, client


async def demo(arguments: argparse.Namespace, console: Console) -> None:
    """Run the demo that the arguments select."""
    console.title("Plex Monitor in a real Home Assistant")
    port = free_port(arguments.port)
    async with AsyncExitStack() as stack:
        if arguments.real:
            process, _ = await stack.enter_async_context(home_assistant(console, port, None))
            console.say()
            console.say(
                "Add Plex Monitor under Settings > Devices & services. Before you stop this with"
                " Ctrl-C,\ndelete the entry, so that its token is signed out at Plex."
            )
            await process.run_until_stopped()
            return
        plex = await stack.enter_async_context(simulated_plex())
        console.fact("plex.tv", f"{plex.world.plex_tv.url}, simulated")
        console.fact(
            "Plex servers",
            "Tower; Cinema, shared by a friend; Cabin, without Plex Pass; and Attic, which is not"
            " claimed; all simulated",
        )
        process, client = await stack.enter_async_context(home_assistant(console, port, plex))
        try:
            await Story(console, plex, process, client).run()
        except BaseException:
            for line in process.unexpected_log_lines():
                console.say(line)
            raise
        console.say()
        console.say("Every step succeeded.")
        if arguments.once:
            return
        console.say()
        console.say(f"Try it yourself at {process.url}. Stop with Ctrl-C.")
        console.say(f"Approve codes as owner, friend, or visitor at {plex.world.plex_tv.url}/link/")
        console.say(f"Cabin belongs to visitor. Attic does not require a token: {plex.attic.url}")
        console.say(f"Simulate problems with Plex at {plex.world.control_url}/")
        await stack.enter_async_context(plex.life_on(plex.tower))
        await process.run_until_stopped()


async def main(arguments: argparse.Namespace) -> int:
    """Run the demo, stop everything in any case, and return the exit code."""
    console = Console()
    task = asyncio.ensure_future(demo(arguments, console))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        console.say("\nStopped.")
        return 128 + signal.SIGINT if arguments.once else 0
    except (HomeAssistantError, StartError, StoryError, TimeoutError) as error:
        console.failed(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parse())))
