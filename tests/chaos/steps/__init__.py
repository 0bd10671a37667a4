"""The steps of a run, as data: any part of a list of steps is a valid run as well.

A step that does not apply does nothing.
"""

from .base import Recover, Step, Wait, from_json, to_json
from .household import RestartHomeAssistant, SetUpWithout, User
from .life import Media, Stream, Work
from .network import Announce, ListStranger, ListToken
from .sign_in import HalfSignIn
from .trouble import (
    ClearFaults,
    Knob,
    Move,
    NewCertificate,
    Push,
    Restart,
    Revoke,
    SetFault,
    Share,
    StartHost,
    StopHost,
)

__all__ = [
    "Announce",
    "ClearFaults",
    "HalfSignIn",
    "Knob",
    "ListStranger",
    "ListToken",
    "Media",
    "Move",
    "NewCertificate",
    "Push",
    "Recover",
    "Restart",
    "RestartHomeAssistant",
    "Revoke",
    "SetFault",
    "SetUpWithout",
    "Share",
    "StartHost",
    "Step",
    "StopHost",
    "Stream",
    "User",
    "Wait",
    "Work",
    "from_json",
    "to_json",
]
