"""Steps that cause faults: of requests, of a server, of a token."""

from dataclasses import dataclass
from typing import Any, override

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN
from tests.chaos import faults
from tests.chaos.environment import Environment
from tests.chaos.sites import SHARED, Site
from tests.simulator.websocket import Notifier

from .base import SiteStep, Step

CROWD, FRAME = 2_000, 1_500_000


@dataclass(frozen=True, kw_only=True)
class SetFault(Step):
    """Requests to a host begin to fail."""

    host: str
    fault: str
    paths: str = ""
    times: int | None = None
    with_token: bool | None = None

    @override
    async def execute(self, env: Environment) -> None:
        if host := env.host(self.host):
            host.faults.set(
                faults.named(self.fault, env.decoy),
                paths=self.paths,
                times=self.times,
                with_token=self.with_token,
            )


@dataclass(frozen=True, kw_only=True)
class ClearFaults(Step):
    """All faults of a host end."""

    host: str

    @override
    async def execute(self, env: Environment) -> None:
        if host := env.host(self.host):
            host.faults.clear()


@dataclass(frozen=True, kw_only=True)
class StopHost(Step):
    """A host is stopped."""

    host: str

    @override
    async def execute(self, env: Environment) -> None:
        if host := env.host(self.host):
            await host.stop()


@dataclass(frozen=True, kw_only=True)
class StartHost(Step):
    """A host is started."""

    host: str

    @override
    async def execute(self, env: Environment) -> None:
        if host := env.host(self.host):
            await host.start()


@dataclass(frozen=True, kw_only=True)
class Restart(SiteStep):
    """A server restarts, perhaps as another version, perhaps with a database to migrate."""

    update: bool = False
    maintenance: int | None = None

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        server = site.server
        version = f"1.43.4.{int(env.passed) + 1}-abc" if self.update else None
        await server.restart(version=version, maintenance=self.maintenance)


@dataclass(frozen=True, kw_only=True)
class Move(SiteStep):
    """A server moves to another port, which plex.tv may not know yet."""

    known: bool = True

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        await site.server.move()
        if self.known:
            site.server.connections = [site.server.own_connection()]


@dataclass(frozen=True, kw_only=True)
class NewCertificate(SiteStep):
    """A server with TLS gets another certificate, with another plex.direct name."""

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        site.server.renew_certificate()
        await site.server.restart()


@dataclass(frozen=True, kw_only=True)
class Knob(SiteStep):
    """A knob of a server is set or reset."""

    knob: str
    value: Any

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        setattr(site.server, self.knob, self.value)


@dataclass(frozen=True, kw_only=True)
class Push(SiteStep):
    """The push channel is muted, closed, or sends what no server would, also far too much."""

    what: str

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        notifier = site.server.notifier
        env.report_activity(site.role, 2)
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
            case "crowd":
                await _announce_crowd(notifier)
            case "unknown":
                await notifier.notify("playing", "PlaySessionStateNotification", {"sessionKey": 7})
                await notifier.notify("never.evidence.of", "Whatever", {"a": 1}, {"b": []})
                await notifier.notify("timeline", "TimelineEntry", {"state": "5", "sectionID": 99})


async def _announce_crowd(notifier: Notifier) -> None:
    """Send many streams, activities and items of libraries, and a frame that is too large."""
    numbers = range(CROWD)
    streams = ({"sessionKey": str(one), "state": "playing"} for one in numbers)
    await notifier.notify("playing", "PlaySessionStateNotification", *streams)
    work = ({"event": "started", "uuid": f"crowd-{one}", "Activity": {}} for one in numbers)
    await notifier.notify("activity", "ActivityNotification", *work)
    items = ({"itemID": one, "sectionID": 1, "state": 5, "type": 1} for one in numbers)
    await notifier.notify("timeline", "TimelineEntry", *items)
    await notifier.send_text('{"NotificationContainer": {"type": "' + "x" * FRAME + '"}}')


@dataclass(frozen=True, kw_only=True)
class Revoke(SiteStep):
    """A token is revoked at plex.tv."""

    how: str

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        plex_tv = env.world.plex_tv
        token = env.entry(site).data.get(CONF_ACCOUNT_TOKEN)
        match self.how:
            case "revoked" if token is not None and plex_tv.is_valid(token):
                plex_tv.revoke(token)
            case "password":
                plex_tv.change_password(site.account)
            case "password and servers":
                plex_tv.change_password(site.account, servers=True)


@dataclass(frozen=True, kw_only=True)
class Share(SiteStep):
    """A share begins or ends, or its token is renewed."""

    what: str

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        server, account = site.server, site.account
        shared = server.access_token_for(account) is not None
        match self.what:
            case "ends" if site.role in SHARED:
                server.unshare(account)
            case "begins" if site.role in SHARED and not shared:
                server.share_with(account)
            case "token renewed" if shared or site.role not in SHARED:
                server.regenerate_token(account)
