"""Triggers of Plex Monitor."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, Final, override

from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_DEVICE_ID,
    CONF_ABOVE,
    CONF_FOR,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
import voluptuous as vol

from .automation.config import ValidatedConfig
from .automation.duration import DurationTimer
from .automation.filters import MEDIA_OPTIONS, STREAM_OPTIONS, Filter, GetDeviceIds
from .automation.numbers import number_of, valid_duration
from .automation.stream_count import StreamCountTracker
from .automation.targets import (
    TargetedServersTracker,
    async_get_device_id,
    async_get_library_device_ids,
)
from .events.data import MAX_NAMED_ITEMS, event_data, stream_data
from .events.models import (
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
    ServerEvent,
    ServerEventType,
    TokenEventType,
)
from .plex.models import Session
from .runtime import PlexMonitorConfigEntry

ATTR_COUNT: Final = "count"
ATTR_SERVER: Final = "server"
ATTR_STREAMS: Final = "streams"

_FOR: Final[dict[Any, Any]] = {vol.Optional(CONF_FOR, default=timedelta): valid_duration}
_ABOVE = number_of(int, least=0)

type RunAction = Callable[[Mapping[str, Any]], None]


class PlexMonitorTrigger(ValidatedConfig, Trigger):
    """Base of triggers for the targeted servers, or for all without a target."""

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Initialize with the target and the options."""
        super().__init__(hass, config)
        self._target = config.target
        self._options = config.options or {}
        self._filter = Filter.from_options(self._options)
        # The key of a trigger describes what happened: "playback started".
        self._description = config.key.rpartition(".")[2].replace("_", " ")

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
            def run_for_server(data: Mapping[str, Any]) -> None:
                run_action(
                    {
                        ATTR_CONFIG_ENTRY_ID: entry.entry_id,
                        ATTR_DEVICE_ID: async_get_device_id(self._hass, entry),
                        ATTR_SERVER: entry.title,
                        **data,
                    },
                    f"{self._description} ({entry.title})",
                )

            return self._async_attach(entry, run_for_server)

        return TargetedServersTracker(self._hass, self._target, attach).async_start()

    @abstractmethod
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run_action: RunAction) -> CALLBACK_TYPE:
        """Attach the trigger to one server, and return how to detach it."""


class PlexEventTrigger(PlexMonitorTrigger):
    """Base of triggers for one type of event."""

    _event_type: ClassVar[StrEnum]

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run_action: RunAction) -> CALLBACK_TYPE:
        get_device_ids = partial(async_get_library_device_ids, self._hass, entry)

        links = entry.runtime_data.links

        @callback
        def handle_event(event: PlexEvent) -> None:
            if event.event_type is self._event_type and self._matches(event, get_device_ids):
                run_action({**event_data(event), **links.of_event(event)})

        return entry.runtime_data.server.async_add_event_listener(handle_event)

    def _matches(self, event: PlexEvent, get_device_ids: GetDeviceIds) -> bool:
        """Return whether an event matches the filter of the trigger."""
        match event:
            case PlaybackEvent():
                return self._filter.matches_session(event.session, get_device_ids)
            case LibraryEvent():
                return self._filter.matches_library_event(event, get_device_ids)
            case _:
                return True


class PlaybackTrigger(PlexEventTrigger):
    """Base of triggers for playback events."""

    options_schema = STREAM_OPTIONS


class PlaybackStartedTrigger(PlaybackTrigger):
    """Trigger when playback starts."""

    _event_type = PlaybackEventType.STARTED


class PlaybackPausedTrigger(PlaybackTrigger):
    """Trigger when playback is paused."""

    _event_type = PlaybackEventType.PAUSED


class PlaybackResumedTrigger(PlaybackTrigger):
    """Trigger when playback is resumed after a pause."""

    _event_type = PlaybackEventType.RESUMED


class PlaybackStoppedTrigger(PlaybackTrigger):
    """Trigger when playback stops, at any position."""

    _event_type = PlaybackEventType.STOPPED


class PlaybackFinishedTrigger(PlaybackTrigger):
    """Trigger when playback stops near the end of the media."""

    _event_type = PlaybackEventType.FINISHED


class CreditsReachedTrigger(PlaybackTrigger):
    """Trigger when the final credits of a movie or an episode start."""

    _event_type = PlaybackEventType.CREDITS_REACHED


class MediaAddedTrigger(PlexEventTrigger):
    """Trigger when media are added to a library."""

    options_schema = MEDIA_OPTIONS
    _event_type = LibraryEventType.ADDED


class ServerCameBackTrigger(PlexEventTrigger):
    """Trigger when a server is online again."""

    _event_type = ServerEventType.CAME_BACK


class TokenBecameInvalidTrigger(PlexEventTrigger):
    """Trigger when the token of a server becomes invalid."""

    _event_type = TokenEventType.BECAME_INVALID


class ServerWentDownTrigger(PlexMonitorTrigger):
    """Trigger when a server has been offline for some time."""

    options_schema = _FOR

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run_action: RunAction) -> CALLBACK_TYPE:
        duration = self._options[CONF_FOR]
        timer = DurationTimer(self._hass, duration)
        coordinator = entry.runtime_data.server

        @callback
        def handle_event(event: PlexEvent) -> None:
            if event.event_type is ServerEventType.WENT_DOWN:
                # The event may have waited for Home Assistant to start.
                elapsed = coordinator.dispatcher.downtime or timedelta()
                timer.async_start(lambda: run_action(event_data(event)), elapsed=elapsed)
            elif event.event_type is ServerEventType.CAME_BACK:
                timer.async_cancel()

        remove_listener = coordinator.async_add_event_listener(handle_event)
        if (downtime := coordinator.dispatcher.downtime) is not None and downtime < duration:
            # The automation or the entry was reloaded during the time to wait.
            data = coordinator.data
            event = ServerEvent(
                event_type=ServerEventType.WENT_DOWN,
                version=None if data is None else data.version,
            )
            timer.async_start(lambda: run_action(event_data(event)), elapsed=downtime)

        @callback
        def detach() -> None:
            remove_listener()
            timer.async_cancel()

        return detach


class StreamsAboveTrigger(PlexMonitorTrigger):
    """Trigger when a server has had more streams than a limit for some time."""

    options_schema: ClassVar[dict[Any, Any]] = {
        vol.Required(CONF_ABOVE): _ABOVE,
        **_FOR,
        **STREAM_OPTIONS,
    }

    @override
    @callback
    def _async_attach(self, entry: PlexMonitorConfigEntry, run_action: RunAction) -> CALLBACK_TYPE:
        get_device_ids = partial(async_get_library_device_ids, self._hass, entry)
        above = self._options[CONF_ABOVE]
        links = entry.runtime_data.links

        @callback
        def run_for_streams(sessions: list[Session]) -> None:
            run_action(
                {
                    ATTR_COUNT: len(sessions),
                    CONF_ABOVE: above,
                    ATTR_STREAMS: [
                        {**stream_data(session), **links.of(session)}
                        for session in sessions[:MAX_NAMED_ITEMS]
                    ],
                }
            )

        return StreamCountTracker(
            entry.runtime_data.server,
            DurationTimer(self._hass, self._options[CONF_FOR]),
            limit=above,
            matches=lambda session: self._filter.matches_session(session, get_device_ids),
            action=run_for_streams,
        ).async_start()


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
