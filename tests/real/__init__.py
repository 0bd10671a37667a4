"""A real Home Assistant process, driven over the same interfaces as its frontend uses."""

from .client import HomeAssistantClient, HomeAssistantError
from .process import HomeAssistantProcess, StartError

__all__ = ["HomeAssistantClient", "HomeAssistantError", "HomeAssistantProcess", "StartError"]
