"""A Plex world to test against: a plex.tv and any number of servers, over real HTTP on loopback.

    async with World() as world:
        owner = world.plex_tv.add_account("owner", plex_pass=True)
        home = await world.add_server("Home", owner=owner)
        token = world.plex_tv.sign_in(owner, client_identifier="browser-1")
        stream = await home.start_stream(title="Winter Light", player="Kitchen")
        world.plex_tv.revoke(token)

`python -m tests.simulator` runs a world by itself, in which streams start now and then. It
prints its addresses as one line of JSON. Everything below can also be done over HTTP, at
`world.control_url`; the modules `control` and `control_media` list how.

Libraries change with what a scan finds, and a scan or a task can take a while:

    await home.add_season("Harbour Street", 3, episodes=10)
    await home.remove_media(home.library.titled("Winter Light"))
    endless = home.library.add_section("Endless", Kind.MOVIE, claims={Kind.MOVIE: 1_000_000})
    home.share_with(friend, sections=[endless])
    home.job_seconds = None          # scans and tasks go on until `await home.jobs.finish()`
    await home.butler.start("BackupDatabase")
    await home.remote_access.become("mapped", "unreachable")

The class `Knobs` lists the attributes that change how a server behaves.

Faults of requests are set with `host.faults.set(fault, paths=..., methods=..., times=...)` for
plex.tv or a server, and end with `host.faults.clear()`. `paths` is a regular expression that is
searched for in the path; of several matching faults, the newest applies.

    Fault.HANG                     never responds
    Fault.RESET                    cuts the connection
    Fault.slow(seconds)            sends the right response late
    Fault.status(503, retry_after=5)  any status: 429, 5xx, 403 ...
    Fault.MAINTENANCE              503 as a server sends it while it starts
    Fault.UNAUTHORIZED             401 although the token is valid
    Fault.redirect(url)            redirects to another address
    Fault.TRUNCATED                cuts the right response in its middle
    Fault.GARBLED                  200 with a body that is not JSON
    Fault.MISENCODED               the right response with bytes that are not UTF-8
    Fault.MISTYPED                 the right names with values of other types
    Fault.OVERSIZED                a response that never ends; Fault.endless("image/jpeg") likewise
    Fault.body(text), Fault.json(value)  exactly this response

A client may repeat a request by itself when a connection that it used before is cut, as aiohttp
does once: let RESET hit more than once.

A host that is stopped refuses connections: `await host.stop()`, and `await host.start()` on the
same port. `await server.restart(version=..., maintenance=seconds)` does what an update does.

`world.requests` is the log of all requests. `await world.idle()` waits until no request is open.
The clock of the world is the time of day, which a test may freeze, or any other function; PINs,
starts, grace periods of revoked tokens, and the positions of streams follow it.
"""

from .access import Connection
from .accounts import Account
from .faults import Fault
from .items import HD, MUSIC, SD, UHD, Find, Item, Kind, Quality, Section
from .plex_tv import PlexTv
from .server import PlexServer
from .streams import Delivery, Player, State, Stream
from .world import World

__all__ = [
    "HD",
    "MUSIC",
    "SD",
    "UHD",
    "Account",
    "Connection",
    "Delivery",
    "Fault",
    "Find",
    "Item",
    "Kind",
    "Player",
    "PlexServer",
    "PlexTv",
    "Quality",
    "Section",
    "State",
    "Stream",
    "World",
]
