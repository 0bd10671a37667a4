# Home Assistant puts probatio in the place of voluptuous, so that is what type checkers are to see.
from probatio import *  # noqa: F403 - all of it is the point
