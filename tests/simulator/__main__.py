"""Run a demo world until Ctrl-C: python -m tests.simulator."""

import argparse
import asyncio
import json
import signal
import sys

from .demo import demo_world
from .world import World


def addresses(world: World) -> dict[str, object]:
    """Return the addresses of all hosts."""
    return {
        "plex_tv": world.plex_tv.url,
        "link": f"{world.plex_tv.url}/link/",
        "control": world.control_url,
        "accounts": [account.username for account in world.plex_tv.book.accounts],
        "servers": {
            server.name: {
                "url": server.url,
                "machine_identifier": server.machine_identifier,
                "owner": server.owner.username,
            }
            for server in world.servers
        },
    }


async def run(arguments: argparse.Namespace) -> None:
    """Run the world, and print its addresses as one line of JSON."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    async with demo_world(
        plex_tv_port=arguments.plex_tv_port,
        control_port=arguments.control_port,
        tower_port=arguments.tower_port,
        cinema_port=arguments.cinema_port,
        cabin_port=arguments.cabin_port,
        attic_port=arguments.attic_port,
        lively=not arguments.quiet,
    ) as world:
        sys.stdout.write(json.dumps(addresses(world)) + "\n")
        sys.stdout.flush()
        await over.wait()


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    for name in ("plex-tv", "control", "tower", "cinema", "cabin", "attic"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--quiet", action="store_true", help="start no streams by itself")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
