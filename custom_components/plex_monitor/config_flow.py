"""Config flow of the Plex Monitor integration: how it begins, for every reason it can have."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .auth.issues import Issue, async_is_shown
from .const import CONF_SERVER_TOKEN, DOMAIN
from .flow.models import DEFAULT_PORT, Address, KnownServer, StepError, address_from
from .flow.options import PlexMonitorOptionsFlow
from .flow.token import TokenFlow
from .flow.verify import INSECURE_ADDRESS
from .plex.connection import is_private_or_encrypted
from .runtime import PlexMonitorConfigEntry

# What is said of the token where it was not Plex that ended the sign-in.
_REAUTH_STEPS = {
    Issue.ACCESS_REMOVED: "reauth_access_removed",
    Issue.TOKEN_WANTED: "reauth_token_wanted",
}


def known_server(entry: PlexMonitorConfigEntry) -> KnownServer:
    """Return the server of an entry."""
    if TYPE_CHECKING:
        assert entry.unique_id is not None
    return KnownServer(
        machine_identifier=entry.unique_id,
        name=entry.title,
        address=Address(url=entry.data[CONF_URL], verify_ssl=entry.data[CONF_VERIFY_SSL]),
    )


class PlexMonitorConfigFlow(TokenFlow, domain=DOMAIN):
    """Set a Plex server up, sign in to it again, or change how it is reached."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PlexMonitorConfigEntry) -> PlexMonitorOptionsFlow:
        """Return the flow of what can be chosen."""
        return PlexMonitorOptionsFlow()

    @override
    async def async_step_user(
        self,
        user_input: dict[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """Ask how Home Assistant is to get access."""
        return self._show_menu("user", self._ways)

    @property
    def _ways(self) -> list[str]:
        """Return the ways to a token, the best one first."""
        ways = ["sign_in", "paste", "plex_integration", "no_token"]
        if not self._plex_integration_servers:
            ways.remove("plex_integration")
        return ways

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Offer a server that was found in the network, or follow one that has moved."""
        name = discovery_info.name.removesuffix(f".{discovery_info.type}")
        self.context["title_placeholders"] = {"name": name}
        found = await self._async_discovered(discovery_info, name)
        if found is None:
            return self.async_abort(reason="cannot_connect")
        await self.async_set_unique_id(found.machine_identifier)
        self._abort_if_unique_id_configured(updates=await self._async_moved(found))
        self._known = found
        self._address = found.address
        return await self.async_step_discovery_confirm()

    async def _async_discovered(self, info: ZeroconfServiceInfo, name: str) -> KnownServer | None:
        """Return the server behind an announcement, None if it does not answer.

        A server that insists on encryption has no certificate for a bare IP address. To learn its
        name no token is sent, so that certificate matters only later.
        """
        host = f"[{info.host}]" if isinstance(info.ip_address, IPv6Address) else info.host
        for scheme in ("http", "https"):
            address = Address(
                url=f"{scheme}://{host}:{info.port or DEFAULT_PORT}", verify_ssl=False
            )
            try:
                identity = await self._async_identify(address)
            except StepError:
                continue
            return KnownServer(
                machine_identifier=identity.machine_identifier,
                name=name,
                address=replace(address, verify_ssl=True),
            )
        return None

    async def _async_moved(self, found: KnownServer) -> dict[str, str] | None:
        """Return what changes for an entry whose server is found at another address.

        An announcement proves nothing. So an address that is encrypted, or at which the server
        still answers, is not given up for it; nor is a token sent out of the private network.
        """
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, found.machine_identifier
        )
        url = entry.data.get(CONF_URL, "") if entry else ""
        if not (url.startswith("http://") and found.address.url.startswith("http://")):
            return None
        if not await is_private_or_encrypted(found.address.url):
            return None
        try:
            await self._async_identify(Address(url=url), found.machine_identifier)
        except StepError as err:
            # A server that starts is still there.
            return None if err.key == "server_starting" else {CONF_URL: found.address.url}
        return None

    async def async_step_discovery_confirm(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how Home Assistant is to get access to a server that was found."""
        return self._show_menu("discovery_confirm", self._ways)

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin because the token of an entry is no longer good."""
        self._known = known_server(self._get_reauth_entry())
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what is wrong with the token, and ask how to get another one."""
        entry = self._get_reauth_entry()
        step_id = next(
            (
                step
                for issue, step in _REAUTH_STEPS.items()
                if async_is_shown(self.hass, entry, issue)
            ),
            "reauth_confirm",
        )
        return self._show_menu(step_id, ["sign_in", "paste"])

    async def async_step_reauth_access_removed(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say the same anew, as what is wrong may have changed."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_token_wanted(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say the same anew, as what is wrong may have changed."""
        return await self.async_step_reauth_confirm()

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what is to be changed."""
        self._known = known_server(self._get_reconfigure_entry())
        return self._show_menu("reconfigure", ["reconfigure_address", "sign_in"])

    async def async_step_reconfigure_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change where the server is reached."""
        entry = self._get_reconfigure_entry()
        known = known_server(entry)
        error: StepError | None = None
        if user_input is not None:
            try:
                address = address_from(user_input[CONF_URL], verify_ssl=user_input[CONF_VERIFY_SSL])
                await self._async_identify(address, known.machine_identifier)
            except StepError as err:
                error = err
            else:
                if CONF_SERVER_TOKEN not in entry.data or await is_private_or_encrypted(
                    address.url
                ):
                    self._raise_if_closed()
                    return self.async_update_reload_and_abort(
                        entry,
                        data_updates={CONF_URL: address.url, CONF_VERIFY_SSL: address.verify_ssl},
                    )
                error = INSECURE_ADDRESS
        self._address = known.address
        return self._show_address_form("reconfigure_address", error, user_input)
