"""Start Home Assistant as `hass` does, optionally with another plex.tv for the integration.

    python launcher.py [--plex-tv URL] [--own-clock] <arguments of hass, with --config>

The integration itself has no setting for plex.tv. With its own clock the process can run faster,
see the module clock. Home Assistant is stopped when standard input is closed, so that it never
outlives the program that started it.
"""

import argparse
import importlib
import os
from pathlib import Path
import signal
import sys
import threading


def main() -> int:
    """Prepare the process and become Home Assistant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--plex-tv")
    parser.add_argument("--own-clock", action="store_true")
    parser.add_argument("--config", type=Path, required=True)
    own, others = parser.parse_known_args()
    if own.own_clock:
        importlib.import_module("clock").install()
    if own.plex_tv:
        sys.path.insert(0, str(own.config))
        clients = importlib.import_module("custom_components.plex_monitor.clients")
        setattr(clients, "PLEX_TV_URL", own.plex_tv)  # noqa: B010 - the only assignment of a constant.
    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    sys.argv = ["hass", "--config", str(own.config), *others]
    # Home Assistant binds the functions of the clock when it is imported.
    code: int = importlib.import_module("homeassistant.__main__").main()
    return code


def stop_at_end_of_input() -> None:
    """Wait until standard input is closed, then stop."""
    # Not with sys.stdin, whose lock would be held when the interpreter ends.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
