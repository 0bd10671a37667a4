"""No token is sent to any host except the one it is for.

A token may be sent in a header only, and only to plex.tv and to a server whose /identity has named
the right machine at this address a minute ago at most. It is never sent to a host that only claims
to be a server, in an announcement or with its machine identifier; nor is the token of an entry ever
sent to the server of another one. No entry follows such a host either, and no cookie is kept, which
would be sent with the tokens of other accounts.
"""

from typing import override

from aiohttp import hdrs
from homeassistant.const import CONF_URL

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from tests.simulator.plex_tv import HOST_NAME as PLEX_TV
from tests.simulator.request_log import RequestRecord

from .environment import STEP, STRANGERS, Environment
from .invariant import NO_COOKIE, SECRET, STRANGER, Invariant, Violation
from .sites import Role
from .token_evidence import IDENTITY, RequestLogReader

TRUSTED_FOR = 60.0


class Strangers(Invariant):
    """Follows each token to the host that it is sent to."""

    def __init__(self, env: Environment, request_log: RequestLogReader) -> None:
        """Initialize without any request."""
        self._env = env
        self._identified: dict[str, float] = {}
        # The name of the server that each token of an entry is for.
        self._servers: dict[str, str] = {}
        self._open: list[RequestRecord] = []
        request_log.request_listeners.append(self._handle_request)

    @override
    def check(self) -> None:
        """Check the requests and the addresses."""
        env = self._env
        strangers = {env.world.server(name).url for name in STRANGERS}
        for role, site in env.sites.items():
            data = env.entry(site).data
            for key in (CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN):
                if token := data.get(key):
                    self._servers[token] = role
            if data[CONF_URL] in strangers:
                raise Violation(STRANGER, f"{role}: the entry follows another machine")
        for record in self._open:
            self._check_request(record)
        self._open.clear()

    def _handle_request(self, _role: Role | None, record: RequestRecord) -> None:
        self._open.append(record)

    def _check_request(self, record: RequestRecord) -> None:
        where = f"{record.method} {record.path} of {record.host}"
        if record.token_in_query:
            raise Violation(SECRET, f"a token in the address of {where}")
        if hdrs.COOKIE in record.headers:
            raise Violation(NO_COOKIE, f"a cookie was sent with {where}")
        if record.host == PLEX_TV:
            return
        server = self._env.world.server(record.host)
        if record.path == IDENTITY and server.identifies_as is None:
            self._identified[record.host] = record.at
        if record.token_sent is None:
            return
        if record.host in STRANGERS:
            raise Violation(STRANGER, f"a token was sent with {where}")
        identified = self._identified.get(record.host)
        if identified is None or record.at - identified > TRUSTED_FOR + STEP:
            raise Violation(STRANGER, f"a token was sent with {where} before it identified itself")
        if (name := self._servers.get(record.token_sent, record.host)) != record.host:
            raise Violation(STRANGER, f"the token for {name} was sent with {where}")
