"""What pytest sets up for a test, for a run that no pytest started.

It has to be imported before anything of Home Assistant: the plugin replaces what a frozen clock
would not reach. Connections to anything but this machine are refused from then on.
"""

from pytest_homeassistant_custom_component import plugins
import pytest_socket


def prepare() -> None:
    """Let time be frozen, and sockets lead to this machine alone."""
    plugins.pytest_runtest_setup()
    pytest_socket.enable_socket()
