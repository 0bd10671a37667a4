"""Steps in which others claim to be a server, or plex.tv lists what is not true."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import override

from homeassistant.config_entries import SOURCE_ZEROCONF, ConfigFlowContext
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from custom_components.plex_monitor.const import DOMAIN
from tests.chaos.environment import Environment
from tests.chaos.sites import Site
from tests.simulator.access import Connection
from tests.simulator.accounts import new_token

from .base import SiteStep

LOOPBACK = "127.0.0.1"
TYPE = "_plexmediasvr._tcp.local."


@dataclass(frozen=True, kw_only=True)
class Announce(SiteStep):
    """A server announces itself in the network, or an impostor with its machine identifier.

    The user confirms the new address of a server, and never that of an impostor.
    """

    impostor: bool

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        env.report_activity(site.role, 2)
        server = env.impostor if self.impostor else site.server
        if self.impostor:
            server.identifies_as = site.server.machine_identifier
        info = ZeroconfServiceInfo(
            ip_address=ip_address(LOOPBACK),
            ip_addresses=[ip_address(LOOPBACK)],
            port=server.port,
            hostname="plex.local.",
            type=TYPE,
            name=f"{site.server.name}.{TYPE}",
            properties={},
        )
        flows = env.hass.config_entries.flow
        context = ConfigFlowContext(source=SOURCE_ZEROCONF)
        result = await env.perform(flows.async_init(DOMAIN, context=context, data=info))
        if result["type"] is FlowResultType.FORM and not self.impostor:
            env.report_setup(site.role)
            await env.perform(flows.async_configure(result["flow_id"], {}))


@dataclass(frozen=True, kw_only=True)
class ListToken(SiteStep):
    """plex.tv lists another token of a server than the valid one, which the server refuses."""

    other: bool

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        site.server.lists_token(site.account, new_token() if self.other else None)


@dataclass(frozen=True, kw_only=True)
class ListStranger(SiteStep):
    """plex.tv still lists an address of a server at which another machine answers now."""

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        decoy = env.decoy
        stranger = Connection(uri=decoy.url, address=LOOPBACK, port=decoy.port)
        site.server.connections = [stranger, *site.server.connections[-1:]]
