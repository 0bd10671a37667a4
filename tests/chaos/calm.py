"""It always recovers: what is lifted is over within the calm, and all that is shown is true.

The calm begins with the end of all faults. Where a token is dead in truth, that has to be told (the
alarms say by when), and the user then follows the repair. From then on 35 min are enough, or 20 min
more than the longest wish to be left alone: ten for Home Assistant's own last attempt at a set-up,
a quarter of an hour for plex.tv, eight for the push channel. Then every entry is set up, no repair
and no prompt is left, and every state equals the truth; in the ten minutes after it the entries ask
for no more than a quiet entry asks for.
"""

from collections.abc import Iterator

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.helpers import device_registry as dr

from custom_components.plex_monitor.auth.issues import Issue
from custom_components.plex_monitor.const import CONF_TOKEN_SOURCE, TokenSource
from custom_components.plex_monitor.plex.token_health import Verdict
from tests.simulator import Delivery, Kind, PlexServer, PlexTv

from .alarms import SIGN_IN_ISSUES, TOLD_WITHIN_IF_ACCEPTED, prompted, shown, state_of
from .cast import SHARED, Resident, Role
from .faults import rules_of, wish_of
from .growth import Growth
from .invariant import FRESH, RECOVERY, STORM, Violation
from .secrecy import Secrecy
from .stage import Stage
from .truth import USUAL_KNOBS, Truth
from .user import close_dialogs, follow_repair, move
from .wire import Wire

MINUTE = 60.0
CALM, AFTER_A_WISH = 35 * MINUTE, 20 * MINUTE
QUIET = 10 * MINUTE
# One identity and one look at the sessions a minute, and once each what is read every ten minutes
# and more seldom; the ping of the push channel is no request.
QUIET_REQUESTS = 2 * 11 + 6
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


class Calm:
    """Brings the calm, and expects all to be well after it."""

    def __init__(self, stage: Stage, wire: Wire, secrecy: Secrecy) -> None:
        """Measure nothing yet."""
        self._stage = stage
        self._wire = wire
        self._secrecy = secrecy
        self.growth = Growth(stage)

    async def bring(self) -> None:
        """Lift all faults, let the user do what is asked for, and hold all against the truth."""
        stage = self._stage
        wish = await self._lift()
        await self._enable()
        for resident in stage.residents.values():
            await self._say_where_it_is(resident)
        await self._wait_until_told()
        for resident in stage.residents.values():
            await self._sign_in(resident)
        close_dialogs(stage)
        await stage.wait(max(CALM, wish + AFTER_A_WISH) / 2)
        await self._let_something_be_added()
        await stage.wait(max(CALM, wish + AFTER_A_WISH) / 2)
        for invariant in stage.invariants:
            invariant.calmed()
        await stage.wait(QUIET)
        self._expect_quiet()
        for resident in stage.residents.values():
            self._expect_well(resident)
        await self._secrecy.read_everything()
        self.growth.measure()

    async def _lift(self) -> float:
        """End all that is wrong, and return the longest wish that may still be kept."""
        stage = self._stage
        servers = [resident.server for resident in stage.residents.values()]
        hosts: list[PlexServer | PlexTv] = [stage.world.plex_tv, *servers]
        wish = max((wish_of(rule) for host in hosts for rule in rules_of(host)), default=0.0)
        wish = max(wish, *(invariant.wish_until - stage.now for invariant in stage.invariants))
        for host in hosts:
            host.faults.clear()
            await host.start()
        for role, resident in stage.residents.items():
            server = resident.server
            for name, value in USUAL_KNOBS.items():
                setattr(server, name, value)
            truth = Truth(stage.world, resident, stage.entry(resident))
            server.claimed = role is not Role.ATTIC or truth.account_token is not None
            server.connections = [server.own_connection()]
            server.notifier.mute = False
            server.end_maintenance()
            stage.told(role, 5)
            if role in SHARED and server.access_token_for(resident.account) is None:
                server.share_with(resident.account)
            await server.jobs.finish()
            await server.remote_access.check()
        return wish

    async def _enable(self) -> None:
        stage = self._stage
        for resident in stage.residents.values():
            entry = stage.entry(resident)
            if entry.disabled_by is not None:
                await stage.perform(
                    stage.hass.config_entries.async_set_disabled_by(entry.entry_id, None)
                )

    async def _wait_until_told(self) -> None:
        """Let time pass until all that is dead is told; the alarms see that it is in time."""
        stage = self._stage
        deadline = stage.now + TOLD_WITHIN_IF_ACCEPTED + CALM
        while untold := [r.role for r in stage.residents.values() if self._is_untold(r)]:
            if stage.now > deadline:
                states = [str(stage.entry(stage.residents[role]).state) for role in untold]
                raise Violation(RECOVERY, f"{untold}, {states}: what is dead is never told")
            await stage.wait(MINUTE)

    def _is_untold(self, resident: Resident) -> bool:
        return self._is_dead(resident) and not shown(self._stage, resident) & SIGN_IN_ISSUES

    def _is_dead(self, resident: Resident) -> bool:
        truth = Truth(self._stage.world, resident, self._stage.entry(resident))
        return truth.account_is_dead or (truth.account_token is None and truth.server_token_is_dead)

    async def _say_where_it_is(self, resident: Resident) -> None:
        """Let the user tell where a server has moved to, where plex.tv does not tell the entry."""
        stage = self._stage
        truth = Truth(stage.world, resident, stage.entry(resident))
        if not truth.at_address and (truth.account_token is None or truth.account_is_dead):
            stage.signed_in(resident.role)
            if not await move(stage, resident):
                raise Violation(RECOVERY, f"{resident.role}: its new address is not taken")

    async def _sign_in(self, resident: Resident) -> None:
        """Let the user follow the repair where a token is dead."""
        stage = self._stage
        for _ in range(ATTEMPTS):
            if not self._is_dead(resident):
                return
            stage.signed_in(resident.role)
            await follow_repair(stage, resident)
            await stage.wait(MINUTE)
        if self._is_dead(resident):
            raise Violation(RECOVERY, f"{resident.role}: the repair leads to no working token")

    async def _let_something_be_added(self) -> None:
        """Let each server tell a change: with the next one a removed library is noticed."""
        for resident in self._stage.residents.values():
            self._stage.told(resident.role, 5)
            await resident.server.add_media(f"The last but {self._stage.passed:.0f}")

    # What has to be true then

    def _expect_quiet(self) -> None:
        asked = len(self._stage.world.requests)
        allowed = QUIET_REQUESTS * len(self._stage.residents)
        if asked > allowed:
            paths = sorted({record.path for record in self._stage.world.requests})
            raise Violation(STORM, f"{asked} requests in a quiet {QUIET:.0f} s: {paths}")

    def _expect_well(self, resident: Resident) -> None:
        stage, role = self._stage, resident.role
        entry = stage.entry(resident)
        if not stage.is_loaded(resident):
            raise Violation(RECOVERY, f"{role}: the entry is {entry.state}: {entry.reason}")
        lasting = TokenSource(entry.data[CONF_TOKEN_SOURCE]).is_lasting
        issues = shown(stage, resident)
        if issues != (set() if lasting else {Issue.TOKEN_TEMPORARY}):
            raise Violation(RECOVERY, f"{role}: {sorted(issues)} is shown after the calm")
        if not resident.server.notifier.listeners:
            raise Violation(RECOVERY, f"{role}: the push channel is not open after the calm")
        if prompted(stage, resident):
            raise Violation(RECOVERY, f"{role}: a sign-in prompt is left after the calm")
        # Whether a server wants a token at all is learned when it is set up.
        if (status := state_of(stage, resident, "sensor", "token_status")) not in HEALTHY:
            raise Violation(RECOVERY, f"{role}: Token status is {status} after the calm")
        wrong = {
            f"{platform} {key}": f"{state} instead of {value}"
            for platform, key, value in self._expected(resident)
            if (state := state_of(stage, resident, platform, key)) != value
        }
        if wrong:
            raise Violation(FRESH, f"{role}: after the calm {wrong}")
        self._expect_libraries(resident)

    def _expected(self, resident: Resident) -> Iterator[tuple[str, str, str]]:
        """Return what has to be shown of a server, by platform and key."""
        server = resident.server
        truth = Truth(self._stage.world, resident, self._stage.entry(resident))
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
        yield "sensor", "bandwidth", str(sum(stream.kbits for stream in streams))
        yield "sensor", "users_watching", str(len({stream.user_title for stream in streams}))
        yield "sensor", "activities", str(len(server.activities.running))
        if server.claimed:
            yield "binary_sensor", "remote_access", _on(is_on=server.remote_access.reachable)

    def _expect_libraries(self, resident: Resident) -> None:
        registry = dr.async_get(self._stage.hass)
        children = dr.async_child_entries_for_config_entry(registry, resident.entry_id)
        names = sorted(str(device.name) for device in children)
        titles = sorted(section.title for section in resident.server.library.sections)
        if names != titles:
            raise Violation(FRESH, f"{resident.role}: devices {names}, and libraries {titles}")


def _on(*, is_on: bool) -> str:
    return STATE_ON if is_on else STATE_OFF


async def leave(stage: Stage, growth: Growth) -> None:
    """Unload all entries, and expect nothing to be left of them."""
    for resident in stage.residents.values():
        await stage.perform(stage.hass.config_entries.async_unload(resident.entry_id))
    await stage.wait(2 * MINUTE)
    before = len(stage.world.requests)
    await stage.wait(QUIET)
    if len(stage.world.requests) > before:
        raise Violation(STORM, "requests after the unload")
    growth.expect_nothing()
