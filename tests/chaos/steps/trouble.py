"""What goes wrong: on the way, with a server, with a token."""

from dataclasses import dataclass
from typing import Any, override

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN
from tests.chaos import faults
from tests.chaos.cast import SHARED, Resident
from tests.chaos.stage import Stage

from .base import OfRole, Step


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
