"""What can happen, as data: a run is a list of these, and any part of the list is a run as well.

A step that finds nothing to do does nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
import json
from typing import Any, ClassVar, override

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN
from custom_components.plex_monitor.issues import issue_id
from tests.simulator import Account, Delivery, Find, Item, Kind, PlexServer, State

from . import faults
from .alarms import shown
from .cast import SHARED, Resident, Role
from .stage import Stage
from .user import close_prompt, follow_repair

MOST_STREAMS = 4
BURST = 40
OFTEN = 5


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One thing that happens."""

    kinds: ClassVar[dict[str, type[Step]]] = {}

    def __init_subclass__(cls) -> None:
        """Be found by name."""
        Step.kinds[cls.__name__] = cls

    @abstractmethod
    async def play(self, stage: Stage) -> None:
        """Let it happen."""

    @override
    def __str__(self) -> str:
        details = ", ".join(f"{key}={value!r}" for key, value in self._details().items())
        return f"{type(self).__name__}({details})"

    def _details(self) -> dict[str, Any]:
        return {
            key: value.value if isinstance(value, Role) else value
            for key, value in asdict(self).items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {"step": type(self).__name__, **self._details()}


def to_json(steps: Iterable[Step]) -> str:
    """Return a list of steps as text, one in a line."""
    lines = ",\n".join(f"  {json.dumps(step.as_json())}" for step in steps)
    return f"[\n{lines}\n]\n"


def from_json(text: str) -> list[Step]:
    """Return a list of steps that was stored."""
    steps = []
    for data in json.loads(text):
        kind = Step.kinds[data.pop("step")]
        if "role" in data:
            data["role"] = Role(data["role"])
        if "roles" in data:
            data["roles"] = tuple(map(Role, data["roles"]))
        steps.append(kind(**data))
    return steps


@dataclass(frozen=True, kw_only=True)
class OfRole(Step):
    """Something that happens to a server or its entry."""

    role: Role

    @override
    async def play(self, stage: Stage) -> None:
        if resident := stage.residents.get(self.role):
            await self.happen(stage, resident)

    @abstractmethod
    async def happen(self, stage: Stage, resident: Resident) -> None:
        """Let it happen to somebody on the stage."""


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Time passes."""

    seconds: float

    @override
    async def play(self, stage: Stage) -> None:
        await stage.wait(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Calm(Step):
    """All faults are lifted, the user does what is asked for, and all has to be well."""

    @override
    async def play(self, stage: Stage) -> None:
        await stage.calm()


# What goes wrong


@dataclass(frozen=True, kw_only=True)
class Trouble(Step):
    """Requests to a host begin to fail."""

    host: str
    fault: str
    paths: str = ""
    times: int | None = None
    with_token: bool | None = None

    @override
    async def play(self, stage: Stage) -> None:
        if host := stage.host(self.host):
            host.faults.set(
                faults.named(self.fault, stage.decoy),
                paths=self.paths,
                times=self.times,
                with_token=self.with_token,
            )


@dataclass(frozen=True, kw_only=True)
class Lift(Step):
    """A host answers as it should."""

    host: str

    @override
    async def play(self, stage: Stage) -> None:
        if host := stage.host(self.host):
            host.faults.clear()


@dataclass(frozen=True, kw_only=True)
class Down(Step):
    """A host is switched off."""

    host: str

    @override
    async def play(self, stage: Stage) -> None:
        if host := stage.host(self.host):
            await host.stop()


@dataclass(frozen=True, kw_only=True)
class Up(Step):
    """A host is switched on."""

    host: str

    @override
    async def play(self, stage: Stage) -> None:
        if host := stage.host(self.host):
            await host.start()


@dataclass(frozen=True, kw_only=True)
class Restart(OfRole):
    """A server restarts, perhaps as another version, perhaps with a database to migrate."""

    update: bool = False
    maintenance: int | None = None

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server = resident.server
        version = f"1.43.4.{int(stage.passed) + 1}-abc" if self.update else None
        await server.restart(version=version, maintenance=self.maintenance)


@dataclass(frozen=True, kw_only=True)
class Move(OfRole):
    """A server comes up at another port; plex.tv may hear of it late."""

    known: bool = True

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        await resident.server.move()
        if self.known:
            resident.server.connections = [resident.server.own_connection()]


@dataclass(frozen=True, kw_only=True)
class NewCertificate(OfRole):
    """A server with TLS gets another certificate, with another plex.direct name."""

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        resident.server.renew_certificate()
        await resident.server.restart()


@dataclass(frozen=True, kw_only=True)
class Knob(OfRole):
    """A server begins to be other than usual, or ends."""

    knob: str
    value: Any

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        setattr(resident.server, self.knob, self.value)


@dataclass(frozen=True, kw_only=True)
class Push(OfRole):
    """Something becomes of the push channel."""

    what: str

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        notifier = resident.server.notifier
        stage.told(resident.role, 2)
        match self.what:
            case "mute":
                notifier.mute = True
                await notifier.drop()
            case "unmute":
                notifier.mute = False
            case "close":
                await notifier.drop()
            case "cut":
                await notifier.drop(abruptly=True)
            case "rubbish":
                await notifier.send_text("{ no JSON")
                await notifier.send_text("[" * 50_000)
                await notifier.send_text('{"NotificationContainer": {"type": "playing"}}')
            case "unknown":
                await notifier.notify("playing", "PlaySessionStateNotification", {"sessionKey": 7})
                await notifier.notify("never.heard.of", "Whatever", {"a": 1}, {"b": []})
                await notifier.notify("timeline", "TimelineEntry", {"state": "5", "sectionID": 99})


@dataclass(frozen=True, kw_only=True)
class Death(OfRole):
    """A token is ended at plex.tv."""

    how: str

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        plex_tv = stage.world.plex_tv
        token = stage.entry(resident).data.get(CONF_ACCOUNT_TOKEN)
        match self.how:
            case "revoked" if token is not None and plex_tv.is_valid(token):
                plex_tv.revoke(token)
            case "password":
                plex_tv.change_password(resident.account)
            case "password and servers":
                plex_tv.change_password(resident.account, servers=True)


@dataclass(frozen=True, kw_only=True)
class Share(OfRole):
    """The owner of a shared server changes their mind."""

    what: str

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server, account = resident.server, resident.account
        shared = server.access_token_for(account) is not None
        match self.what:
            case "ends" if resident.role in SHARED:
                server.unshare(account)
            case "begins" if resident.role in SHARED and not shared:
                server.share_with(account)
            case "token renewed" if shared or resident.role not in SHARED:
                server.regenerate_token(account)


# What goes on


@dataclass(frozen=True, kw_only=True)
class Stream(OfRole):
    """Somebody plays something."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server = resident.server
        if not server.running:
            return
        stage.told(resident.role, BURST if self.what == "burst" else 2)
        streams = server.streams
        match self.what:
            case "start" if len(streams) < MOST_STREAMS:
                await self._start(stage, server)
            case "burst":
                for turn in range(BURST):
                    stream = await server.start_stream(title=f"Film {turn % 5}")
                    await stream.pause()
                    await stream.stop()
            case "crash" if streams:
                stream = streams[self.dice % len(streams)]
                await stream.crash()
                await stream.stop()
            case _ if streams:
                stream = streams[self.dice % len(streams)]
                match self.what:
                    case "pause":
                        await stream.pause()
                    case "resume" if stream.state is not State.PLAYING:
                        await stream.resume()
                    case "seek":
                        await stream.seek(self.dice * 60_000 % stream.item.duration)
                    case "deliver":
                        await stream.deliver(list(Delivery)[self.dice % len(Delivery)])
                    case "stop":
                        await stream.stop()

    async def _start(self, stage: Stage, server: PlexServer) -> None:
        people: list[Account] = [stage.owner, stage.friend]
        await server.start_stream(
            user=people[self.dice % 2],
            title=f"Film {self.dice % 5}",
            player=f"Player {self.dice % 3}",
            delivery=list(Delivery)[self.dice % len(Delivery)],
            video="copy" if self.dice % 4 == 0 else None,
        )


@dataclass(frozen=True, kw_only=True)
class Media(OfRole):
    """The libraries of a server grow or shrink."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server, library = resident.server, resident.server.library
        if not server.running:
            return
        stage.told(resident.role, 3)
        kinds = {section.kind for section in library.sections}
        match self.what:
            case "film" if Kind.MOVIE in kinds:
                await server.add_media(f"Found {self.dice}")
            case "season" if Kind.SHOW in kinds:
                await server.add_season("Small Hours", 1 + self.dice % 4, episodes=6)
            case "album" if Kind.ARTIST in kinds:
                await server.add_album("Low Tide", f"Album {self.dice % 4}", tracks=5)
            case "removal":
                playable = [item for item in library.items if item.playable]
                idle = [item for item in playable if item not in _played(server)]
                if len(idle) > len(kinds):
                    await server.remove_media(idle[self.dice % len(idle)])
            case "new library" if len(library.sections) < 6:
                section = library.add_section(f"Films {self.dice}", Kind.MOVIE)
                await server.discover(Find(title=f"First of {self.dice}", section=section))
            case "library gone" if len(library.sections) > 3:
                section = library.sections[-1]
                if not any(item.section is section for item in _played(server)):
                    library.remove_section(section)
            case "scan":
                section = library.sections[self.dice % len(library.sections)]
                await server.jobs.finish()
                await server.scan(section)


def _played(server: PlexServer) -> list[Item]:
    return [stream.item for stream in server.streams]


@dataclass(frozen=True, kw_only=True)
class Work(OfRole):
    """A server is busy with something, or its state changes."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server = resident.server
        if not server.running:
            return
        stage.told(resident.role, 2)
        match self.what:
            case "begin" if len(server.activities.running) < MOST_STREAMS:
                activity = await server.activities.start("media.generate", f"Work {self.dice}")
                await activity.update(self.dice % 100)
            case "end" if server.activities.running:
                await server.jobs.finish()
                for activity in list(server.activities.running):
                    await activity.end()
            case "task":
                await server.butler.start("BackupDatabase")
            case "remote access lost":
                await server.remote_access.become("failed", "unreachable")
            case "remote access back":
                await server.remote_access.become()
            case "update offered":
                server.updater.offer(f"1.99.{self.dice}.1-abc")


# What the user does


@dataclass(frozen=True, kw_only=True)
class User(OfRole):
    """The user does something to an entry."""

    what: str

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        hass, entries = stage.hass, stage.hass.config_entries
        entry = stage.entry(resident)
        stage.told(resident.role, 2)
        match self.what:
            case "reload" if entry.disabled_by is None:
                stage.set_up(resident.role)
                await stage.perform(entries.async_reload(entry.entry_id))
            case "reload often" if entry.disabled_by is None:
                stage.set_up(resident.role, OFTEN)
                for _ in range(OFTEN):
                    await stage.perform(entries.async_reload(entry.entry_id))
            case "disable" if entry.disabled_by is None:
                disable = entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
                await stage.perform(disable)
            case "enable" if entry.disabled_by is not None:
                await stage.perform(entries.async_set_disabled_by(entry.entry_id, None))
            case "sign in" if entry.disabled_by is None:
                stage.signed_in(resident.role)
                await follow_repair(stage, resident)
            case "close prompt":
                close_prompt(stage, resident)
            case "ignore repair":
                for issue in shown(stage, resident):
                    name = issue_id(issue, resident.entry_id)
                    ir.async_ignore_issue(hass, DOMAIN, name, ignore=True)
            case "replace token":
                stage.signed_in(resident.role)
                await self._press(stage, resident, "replace_token")
            case "scan":
                await self._press(stage, resident, "scan_all")
            case "ask":
                await self._call(stage, resident, "list_streams")
                await self._call(stage, resident, "recently_added")

    async def _press(self, stage: Stage, resident: Resident, key: str) -> None:
        registry = er.async_get(stage.hass)
        unique_id = f"{resident.server.machine_identifier}_{key}"
        entity_id = registry.async_get_entity_id("button", DOMAIN, unique_id)
        state = stage.hass.states.get(entity_id) if entity_id else None
        if state is not None and state.state != STATE_UNAVAILABLE:
            with suppress(HomeAssistantError):
                await stage.perform(
                    stage.hass.services.async_call(
                        "button", "press", {"entity_id": entity_id}, blocking=True
                    )
                )

    async def _call(self, stage: Stage, resident: Resident, action: str) -> None:
        with suppress(HomeAssistantError):
            await stage.perform(
                stage.hass.services.async_call(
                    DOMAIN,
                    action,
                    {"config_entry_id": resident.entry_id},
                    blocking=True,
                    return_response=True,
                )
            )


@dataclass(frozen=True, kw_only=True)
class RestartHomeAssistant(Step):
    """Home Assistant is off for a while."""

    seconds_off: float = 0.0

    @override
    async def play(self, stage: Stage) -> None:
        await stage.stop_home_assistant()
        stage.freezer.tick(self.seconds_off)
        await stage.start_home_assistant()
