"""Entry point of the command; `prepare` has to run before Home Assistant is imported."""

import sys

from .bootstrap import prepare

prepare()

if __name__ == "__main__":
    from .command import main

    sys.exit(main())
