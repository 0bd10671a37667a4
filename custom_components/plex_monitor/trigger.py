"""Triggers of Plex Monitor."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Final, override

from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DEVICE_ID,
    CONF_ABOVE,
    CONF_FOR,
)
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

from .automation.filters import MEDIA_OPTIONS, STREAM_OPTIONS, DevicesOf, Filter
from .automation.targets import (
    ServerFollower,
    async_device_id,
    async_devices_of_library,
    async_validated,
)
from .events.data import NAMED_AT_MOST, event_data, stream_data
from .events.models import (
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
    ServerEventType,
    TokenEventType,
)
from .plex.models import Session
from .runtime import PlexMonitorConfigEntry

ATTR_COUNT: Final = "count"
ATTR_SERVER: Final = "server"
ATTR_STREAMS: Final = "streams"

_FOR: Final[dict[Any, Any]] = {vol.Optional(CONF_FOR, default=timedelta): cv.positive_time_period}
_ABOVE = vol.All(vol.Coerce(int), vol.Range(min=0))

type Run = Callable[[Mapping[str, Any]], None]


class PlexMonitorTrigger(Trigger):
    """A trigger of some servers, all where no target is given."""

    options_schema: ClassVar[dict[Any, Any]] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate what is special to the trigger."""
        return async_validated(hass, config, cls.options_schema)

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Read what is wanted."""
        super().__init__(hass, config)
        self._target = config.target
        self._options = config.options or {}
        self._filter = Filter.from_options(self._options)
        # What happened, as its key says it.
        self._what = config.key.rpartition(".")[2].replace("_", " ")

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        """Attach the trigger to an action."""

        @callback
        def attach(entry: PlexMonitorConfigEntry) -> CALLBACK_TYPE:
            @callback
            def run(data: Mapping[str, Any]) -> None:
                run_action(
                    {
                        ATTR_CONFIG_ENTRY_ID: entry.entry_id,
                        ATTR_DEVICE_ID: async_device_id(self._hass, entry),
                        ATTR_SERVER: entry.title,
                        **data,
                    },
                    f"{self._what} ({entry.title})",
                )

            return self._async_attach(entry, run)

        return ServerFollower(self._hass, self._target, attach).async_start()

    @abstractmethod
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run: Run) -> CALLBACK_TYPE:
        """Run the action when it happens at a server, until the returned is called."""


class PlexEventTrigger(PlexMonitorTrigger):
    """A trigger that waits for an event."""

    _event_type: ClassVar[StrEnum]

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run: Run) -> CALLBACK_TYPE:
        devices_of = partial(async_devices_of_library, self._hass, entry)

        @callback
        def told(event: PlexEvent) -> None:
            if event.event_type is self._event_type and self._wants(event, devices_of):
                run(event_data(event))

        return entry.runtime_data.server.async_add_event_listener(told)

    def _wants(self, event: PlexEvent, devices_of: DevicesOf) -> bool:
        """Say whether the filters of the trigger let an event pass."""
        match event:
            case PlaybackEvent():
                return self._filter.wants_stream(event.session, devices_of)
            case LibraryEvent():
                return self._filter.wants_added(event, devices_of)
            case _:
                return True


class PlaybackTrigger(PlexEventTrigger):
    """A trigger that waits for something to happen to a stream."""

    options_schema = STREAM_OPTIONS


class PlaybackStartedTrigger(PlaybackTrigger):
    """Somebody began to watch or to listen."""

    _event_type = PlaybackEventType.STARTED


class PlaybackPausedTrigger(PlaybackTrigger):
    """Somebody paused."""

    _event_type = PlaybackEventType.PAUSED


class PlaybackResumedTrigger(PlaybackTrigger):
    """Somebody went on after a pause."""

    _event_type = PlaybackEventType.RESUMED


class PlaybackStoppedTrigger(PlaybackTrigger):
    """A stream ended, wherever it was."""

    _event_type = PlaybackEventType.STOPPED


class PlaybackFinishedTrigger(PlaybackTrigger):
    """A stream ended near the end of what it played."""

    _event_type = PlaybackEventType.FINISHED


class CreditsReachedTrigger(PlaybackTrigger):
    """A film or an episode came to its final credits."""

    _event_type = PlaybackEventType.CREDITS_REACHED


class MediaAddedTrigger(PlexEventTrigger):
    """Something is new in a library."""

    options_schema = MEDIA_OPTIONS
    _event_type = LibraryEventType.ADDED


class ServerCameBackTrigger(PlexEventTrigger):
    """A server answers again."""

    _event_type = ServerEventType.CAME_BACK


class TokenBecameInvalidTrigger(PlexEventTrigger):
    """The token needs somebody's attention."""

    _event_type = TokenEventType.BECAME_INVALID


class Lasting:
    """Run something when what began has lasted for some time."""

    def __init__(self, hass: HomeAssistant, duration: timedelta) -> None:
        """Wait for nothing yet."""
        self._hass = hass
        self._duration = duration
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_begin(self, action: CALLBACK_TYPE) -> None:
        """Run the action when this has lasted."""
        if not self._duration:
            action()
            return

        @callback
        def lasted(_now: datetime) -> None:
            self._cancel = None
            action()

        self._cancel = async_call_later(
            self._hass, self._duration, HassJob(lasted, cancel_on_shutdown=True)
        )

    @callback
    def async_end(self) -> bool:
        """Do not run it, as this is over, and say whether it was waited for."""
        if self._cancel is None:
            return False
        self._cancel()
        self._cancel = None
        return True


class ServerWentDownTrigger(PlexMonitorTrigger):
    """A server does not answer any more, and did not for some time."""

    options_schema = _FOR

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run: Run) -> CALLBACK_TYPE:
        down = Lasting(self._hass, self._options[CONF_FOR])

        @callback
        def told(event: PlexEvent) -> None:
            if event.event_type is ServerEventType.WENT_DOWN:
                down.async_begin(lambda: run(event_data(event)))
            elif event.event_type is ServerEventType.CAME_BACK:
                down.async_end()

        remove = entry.runtime_data.server.async_add_event_listener(told)

        @callback
        def detach() -> None:
            remove()
            down.async_end()

        return detach


class StreamsAboveTrigger(PlexMonitorTrigger):
    """More streams than a number run at a server, and did for some time."""

    options_schema: ClassVar[dict[Any, Any]] = {
        vol.Required(CONF_ABOVE): _ABOVE,
        **_FOR,
        **STREAM_OPTIONS,
    }

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run: Run) -> CALLBACK_TYPE:
        coordinator = entry.runtime_data.server
        devices_of = partial(async_devices_of_library, self._hass, entry)
        above = self._options[CONF_ABOVE]
        lasting = Lasting(self._hass, self._options[CONF_FOR])
        seen: Mapping[str, Session] | None = None
        # Not known until the streams are; what was above then did not just get there.
        was_above: bool | None = None

        def wanted() -> list[Session]:
            return [
                each
                for each in (seen or {}).values()
                if self._filter.wants_stream(each, devices_of)
            ]

        @callback
        def lasted() -> None:
            streams = wanted()
            run(
                {
                    ATTR_COUNT: len(streams),
                    CONF_ABOVE: above,
                    ATTR_STREAMS: [stream_data(each) for each in streams[:NAMED_AT_MOST]],
                }
            )

        @callback
        def updated() -> None:
            nonlocal seen, was_above
            data = coordinator.data
            if not coordinator.last_update_success or data is None or data.sessions is None:
                seen = None
                if lasting.async_end():
                    # It has not been told, so it begins anew when it is seen again.
                    was_above = False
                return
            if data.sessions is seen:
                return
            seen = data.sessions
            is_above = len(wanted()) > above
            if is_above and was_above is False:
                lasting.async_begin(lasted)
            elif not is_above:
                lasting.async_end()
            was_above = is_above

        updated()
        remove = coordinator.async_add_listener(updated)

        @callback
        def detach() -> None:
            remove()
            lasting.async_end()

        return detach


TRIGGERS: dict[str, type[Trigger]] = {
    "credits_reached": CreditsReachedTrigger,
    "media_added": MediaAddedTrigger,
    "playback_finished": PlaybackFinishedTrigger,
    "playback_paused": PlaybackPausedTrigger,
    "playback_resumed": PlaybackResumedTrigger,
    "playback_started": PlaybackStartedTrigger,
    "playback_stopped": PlaybackStoppedTrigger,
    "server_came_back": ServerCameBackTrigger,
    "server_went_down": ServerWentDownTrigger,
    "streams_above": StreamsAboveTrigger,
    "token_became_invalid": TokenBecameInvalidTrigger,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:  # noqa: ARG001 - Home Assistant's signature
    """Return the triggers of Plex Monitor."""
    return TRIGGERS
