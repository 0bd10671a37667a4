"""The integration always recovers: once all faults are over, everything shown is true again.

The recovery phase begins with the end of all faults. Where a token is really revoked, that has to
be reported (the alarms say by when), and the user then follows the repair. From then on 35 min are
enough, or 20 min more than the longest Retry-After: ten for Home Assistant's own last attempt at a
setup, a quarter of an hour for plex.tv, eight for the push channel. Then every entry is loaded, no
repair and no prompt is left, and every state is true; in the ten minutes after that the entries
send no more requests than an idle entry does.
"""

from collections.abc import Iterator

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.helpers import device_registry as dr

from custom_components.plex_monitor.auth.issues import Issue
from custom_components.plex_monitor.const import CONF_TOKEN_SOURCE, TokenSource
from custom_components.plex_monitor.plex.token_health import Verdict
from tests.simulator import Delivery, Kind, PlexServer, PlexTv

from .alarms import REPORTED_WITHIN_IF_ACCEPTED, SIGN_IN_ISSUES, prompted, shown, state_of
from .devices import Devices
from .environment import Environment
from .faults import retry_after_of, rules_of
from .growth import Growth
from .invariant import FRESH, RECOVERY, STORM, Violation
from .secrecy import Secrecy
from .sites import SHARED, Role, Site
from .token_evidence import RequestLogReader
from .truth import USUAL_KNOBS, Truth
from .user import change_address, close_dialogs, follow_repair

MINUTE = 60.0
RECOVERY_TIME, AFTER_RETRY_AFTER = 35 * MINUTE, 20 * MINUTE
IDLE = 10 * MINUTE
# One request for the identity and one for the sessions each minute, and one each of what is read
# every ten minutes or less often; the ping of the push channel is no request.
IDLE_REQUESTS = 2 * 11 + 6
ATTEMPTS = 3
HEALTHY = {Verdict.VALID, Verdict.NOT_ENFORCED}

_COUNTED = {
    Kind.MOVIE: {"items": Kind.MOVIE},
    Kind.SHOW: {"items": Kind.SHOW, "episodes": Kind.EPISODE},
    Kind.ARTIST: {"items": Kind.ARTIST},
}
_DELIVERED = {
    "transcoding": Delivery.TRANSCODE,
    "direct_play": Delivery.DIRECT_PLAY,
    "direct_stream": Delivery.DIRECT_STREAM,
}


class Recovery:
    """Runs the recovery phase, and checks that everything works after it."""

    def __init__(
        self,
        env: Environment,
        request_log: RequestLogReader,
        secrecy: Secrecy,
        devices: Devices,
    ) -> None:
        """Initialize without a measurement."""
        self._env = env
        self._request_log = request_log
        self._secrecy = secrecy
        self._devices = devices
        self.growth = Growth(env)

    async def run(self) -> None:
        """End all faults, follow all repairs, and compare everything with the truth."""
        env = self._env
        retry_after = await self._end_faults()
        await self._enable()
        for site in env.sites.values():
            await self._enter_new_address(site)
        await self._wait_until_reported()
        for site in env.sites.values():
            await self._sign_in(site)
        close_dialogs(env)
        recovery_time = max(RECOVERY_TIME, retry_after + AFTER_RETRY_AFTER)
        await env.wait(recovery_time / 2)
        await self._add_media()
        await env.wait(recovery_time / 2)
        await self._wait_until_signed_out()
        for invariant in env.invariants:
            invariant.recovered()
        await env.wait(IDLE)
        self._expect_idle()
        for site in env.sites.values():
            self._expect_well(site)
        await self._secrecy.check_everything()
        self.growth.measure()

    async def _end_faults(self) -> float:
        """End all faults, and return the longest Retry-After that may still be respected."""
        env = self._env
        servers = [site.server for site in env.sites.values()]
        hosts: list[PlexServer | PlexTv] = [env.world.plex_tv, *servers]
        retry_after = max(
            (retry_after_of(rule) for host in hosts for rule in rules_of(host)), default=0.0
        )
        retry_after = max(
            retry_after, *(invariant.back_off_until - env.now for invariant in env.invariants)
        )
        for host in hosts:
            host.faults.clear()
            await host.start()
        env.annex.claimed = True
        env.impostor.identifies_as = None
        for role, site in env.sites.items():
            server = site.server
            for name, value in USUAL_KNOBS.items():
                setattr(server, name, value)
            truth = Truth(env.world, site, env.entry(site))
            server.claimed = role is not Role.ATTIC or truth.account_token is not None
            server.connections = [server.own_connection()]
            server.notifier.mute = False
            server.end_maintenance()
            server.lists_token(site.account, None)
            env.report_activity(role, 5)
            if role in SHARED and server.access_token_for(site.account) is None:
                server.share_with(site.account)
            await server.jobs.finish()
            await server.remote_access.check()
        return retry_after

    async def _enable(self) -> None:
        env = self._env
        for site in env.sites.values():
            entry = env.entry(site)
            if entry.disabled_by is not None:
                await env.perform(
                    env.hass.config_entries.async_set_disabled_by(entry.entry_id, None)
                )

    async def _wait_until_reported(self) -> None:
        """Wait until all dead tokens are reported; the alarms check that this is in time."""
        env = self._env
        deadline = env.now + REPORTED_WITHIN_IF_ACCEPTED + RECOVERY_TIME
        while unreported := [s.role for s in env.sites.values() if self._is_unreported(s)]:
            if env.now > deadline:
                states = [str(env.entry(env.sites[role]).state) for role in unreported]
                raise Violation(RECOVERY, f"{unreported}, {states}: a dead token is not reported")
            await env.wait(MINUTE)

    async def _wait_until_signed_out(self) -> None:
        """Wait until no device is left at plex.tv; the invariant checks that this is in time."""
        while self._devices.left:
            await self._env.wait(10 * MINUTE)

    def _is_unreported(self, site: Site) -> bool:
        return self._is_dead(site) and not shown(self._env, site) & SIGN_IN_ISSUES

    def _is_dead(self, site: Site) -> bool:
        truth = Truth(self._env.world, site, self._env.entry(site))
        return truth.account_is_dead or (truth.account_token is None and truth.server_token_is_dead)

    async def _enter_new_address(self, site: Site) -> None:
        """Enter a server's new address as the user if the entry cannot get it from plex.tv."""
        env = self._env
        truth = Truth(env.world, site, env.entry(site))
        if not truth.at_address and (truth.account_token is None or truth.account_is_dead):
            env.report_sign_in(site.role)
            if not await change_address(env, site):
                raise Violation(RECOVERY, f"{site.role}: its new address is not accepted")

    async def _sign_in(self, site: Site) -> None:
        """Follow the repair as the user if a token is dead."""
        env = self._env
        for _ in range(ATTEMPTS):
            if not self._is_dead(site):
                return
            env.report_sign_in(site.role)
            await follow_repair(env, site)
            await env.wait(MINUTE)
        if self._is_dead(site):
            raise Violation(RECOVERY, f"{site.role}: the repair leads to no valid token")

    async def _add_media(self) -> None:
        """Add media to each server: a removed library is noticed with the next notification."""
        for site in self._env.sites.values():
            self._env.report_activity(site.role, 5)
            await site.server.add_media(f"The last but {self._env.passed:.0f}")

    # What has to be true after the recovery

    def _expect_idle(self) -> None:
        sent = len(self._env.world.requests)
        allowed = IDLE_REQUESTS * len(self._env.sites)
        if sent > allowed:
            paths = sorted({record.path for record in self._env.world.requests})
            raise Violation(STORM, f"{sent} requests in {IDLE:.0f} s of idling: {paths}")

    def _expect_well(self, site: Site) -> None:
        env, role = self._env, site.role
        entry = env.entry(site)
        if not env.is_loaded(site):
            raise Violation(RECOVERY, f"{role}: the entry is {entry.state}: {entry.reason}")
        lasting = TokenSource(entry.data[CONF_TOKEN_SOURCE]).is_lasting
        issues = shown(env, site)
        if issues != (set() if lasting else {Issue.TOKEN_TEMPORARY}):
            raise Violation(RECOVERY, f"{role}: {sorted(issues)} is shown after the recovery")
        if not site.server.notifier.listeners:
            raise Violation(RECOVERY, f"{role}: the push channel is not open after the recovery")
        if prompted(env, site):
            raise Violation(RECOVERY, f"{role}: a sign-in prompt is left after the recovery")
        # Whether a server enforces tokens at all is checked during the setup.
        if (status := state_of(env, site, "sensor", "token_status")) not in HEALTHY:
            raise Violation(RECOVERY, f"{role}: Token status is {status} after the recovery")
        wrong = {
            f"{platform} {key}": f"{state} instead of {value}"
            for platform, key, value in self._expected(site)
            if (state := state_of(env, site, platform, key)) != value
        }
        if wrong:
            raise Violation(FRESH, f"{role}: after the recovery {wrong}")
        self._expect_libraries(site)

    def _expected(self, site: Site) -> Iterator[tuple[str, str, str]]:
        """Yield the platform, the key and the expected state of each entity of a server."""
        server = site.server
        truth = Truth(self._env.world, site, self._env.entry(site))
        yield "binary_sensor", "server", STATE_ON
        yield "binary_sensor", "token_problem", STATE_OFF
        yield "sensor", "version", server.version
        yield "binary_sensor", "plex_pass", _on(is_on=server.plex_pass)
        for section in server.library.sections:
            for key, kind in _COUNTED[section.kind].items():
                count = len(server.library.of(section, kind))
                yield "sensor", f"{section.id}_{key}", str(count)
            yield "binary_sensor", f"{section.id}_scanning", STATE_OFF
        if not truth.is_owner:
            return
        streams = server.streams
        yield "sensor", "streams", str(len(streams))
        for key, delivery in _DELIVERED.items():
            yield "sensor", key, str(sum(s.delivery is delivery for s in streams))
        yield "sensor", "bandwidth", str(sum(stream.kbits for stream in streams) / 1000)
        yield "sensor", "users_watching", str(len({stream.user_title for stream in streams}))
        yield "sensor", "activities", str(len(server.activities.running))
        if server.claimed:
            yield "binary_sensor", "remote_access", _on(is_on=server.remote_access.reachable)

    def _expect_libraries(self, site: Site) -> None:
        registry = dr.async_get(self._env.hass)
        children = dr.async_child_entries_for_config_entry(registry, site.entry_id)
        names = sorted(str(device.name) for device in children)
        titles = sorted(section.title for section in site.server.library.sections)
        if names != titles:
            raise Violation(FRESH, f"{site.role}: devices {names}, and libraries {titles}")


def _on(*, is_on: bool) -> str:
    return STATE_ON if is_on else STATE_OFF


async def unload_all(env: Environment, growth: Growth) -> None:
    """Unload all entries, and expect nothing to be left of them."""
    for site in env.sites.values():
        await env.perform(env.hass.config_entries.async_unload(site.entry_id))
    await env.wait(2 * MINUTE)
    before = len(env.world.requests)
    await env.wait(IDLE)
    if len(env.world.requests) > before:
        raise Violation(STORM, "requests after the unload")
    growth.expect_nothing()
