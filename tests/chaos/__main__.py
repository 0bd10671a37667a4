"""The command, after what has to come before Home Assistant is imported."""

import sys

from .kit import prepare

prepare()

if __name__ == "__main__":
    from .command import main

    sys.exit(main())
