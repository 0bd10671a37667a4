"""The doctor: see scripts/doctor."""

import argparse
import asyncio
import getpass
import os
import sys

from custom_components.plex_monitor.plex.errors import PlexError

from .examination import examine
from .report import report
from .simulated import examine_simulated


def parse() -> argparse.Namespace:
    """Return the parsed arguments; address and token are none, as other users can read those."""
    parser = argparse.ArgumentParser(
        prog="scripts/doctor", description="Print how a Plex server answers. Only reads."
    )
    parser.add_argument("--listen", type=float, default=15.0, help="seconds (default 15)")
    parser.add_argument("--no-verify", action="store_true", help="do not verify the certificate")
    return parser.parse_args()


async def main(arguments: argparse.Namespace, url: str, token: str | None) -> int:
    """Examine the server, print the report, and return the exit code."""
    try:
        patient = await examine(
            url, token, listen=arguments.listen, verify_ssl=not arguments.no_verify
        )
    except PlexError as error:
        # The message has the address in it.
        print(f"No Plex Media Server answers at this address ({type(error).__name__}).")
        return 1
    print("\n".join(report(patient, await examine_simulated())))
    return 0


if __name__ == "__main__":
    parsed = parse()
    address = os.environ.get("PLEX_URL") or input("Address of the server: ")
    secret = os.environ.get("PLEX_TOKEN")
    if secret is None:
        secret = getpass.getpass("Token (not shown; empty for none): ")
    sys.exit(asyncio.run(main(parsed, address.strip(), secret.strip() or None)))
