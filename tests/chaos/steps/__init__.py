"""What can happen, as data: a run is a list of these, and any part of the list is a run as well.

A step that finds nothing to do does nothing.
"""

from .base import Calm, Step, Wait, from_json, to_json
from .household import RestartHomeAssistant, User
from .life import Media, Stream, Work
from .trouble import (
    Death,
    Down,
    Knob,
    Lift,
    Move,
    NewCertificate,
    Push,
    Restart,
    Share,
    Trouble,
    Up,
)

__all__ = [
    "Calm",
    "Death",
    "Down",
    "Knob",
    "Lift",
    "Media",
    "Move",
    "NewCertificate",
    "Push",
    "Restart",
    "RestartHomeAssistant",
    "Share",
    "Step",
    "Stream",
    "Trouble",
    "Up",
    "User",
    "Wait",
    "Work",
    "from_json",
    "to_json",
]
