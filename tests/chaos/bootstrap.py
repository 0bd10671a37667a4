"""Set up outside of pytest what its plugins set up for a test.

Import this before anything of Home Assistant: the plugin replaces functions that a frozen clock
would not affect. From then on, connections to other hosts than this one are refused.
"""

from pytest_homeassistant_custom_component import plugins
import pytest_socket


def prepare() -> None:
    """Make the clocks freezable, and allow sockets on loopback only."""
    plugins.pytest_runtest_setup()
    pytest_socket.enable_socket()
