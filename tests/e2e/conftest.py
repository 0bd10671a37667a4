"""Real Home Assistants and a real browser with a simulated Plex world: run by scripts/e2e.

Each test runs once on each version (`--home-assistant 2026.10` for one of them), with a new
installation. The fixtures:

home_assistant   A Home Assistant process of that version, onboarded, with the integration installed
                 and nothing added yet. `.client` is a signed-in user of its REST and websocket
                 interfaces (tests/real/client.py), `.process` the process (tests/real/process.py);
                 `.add_by_sign_in()`, `.state_is()`, `.one_issue()`, `.restart()` and the like are
                 in tests/e2e/instance.py.
world            The Plex world that it lives in, as in the other tests (tests/simulator). It runs
                 in the test's own process and loop: use it directly.
owner, home      An account with a Plex Pass, and its server *Home*, with three films.
entry            The entry of *Home*, added by sign-in without the frontend, for tests of what
                 follows.
page             A tab of Chromium (playwright.async_api.Page), signed in to that Home Assistant and
                 still empty: `await page.goto(f"{home_assistant.url}/config/repairs")`.
frontend         The same tab with the actions of a user (tests/e2e/frontend.py).
shot             `await shot("name")` saves a screenshot of the tab in artefacts/e2e/<version>.

Nothing can be patched, as the integration runs in another process. Wait for a condition, with
`wait_until` of tests/e2e/instance.py or Playwright's own waiting, and never for a fixed time.

After every test Home Assistant is stopped, and the test fails

- if its log has a warning or an error that no `@pytest.mark.allowed_logs("regex", ...)`
  allows,
- if a token that was ever used is in a file other than .storage/core.config_entries,
- if a token was sent in a URL,
- if a page had an error.

The log, a screenshot and the text of the page of a failed test are in artefacts/e2e/<version>.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
import json
import os
from pathlib import Path
import re
import sys

from playwright.async_api import Browser, Error, Page, async_playwright
import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .frontend import Frontend
from .instance import STORE, HomeAssistant

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts" / "e2e"

# The interpreter of each version: that of the other tests, and the newest, which runs these tests.
VERSIONS = {
    "2026.10": ROOT / ".venv" / "bin" / "python",
    "2026.11": Path(sys.executable),
}

# Logged when a token is refused.
REFUSED = (
    r"\[custom_components\.plex_monitor\] Error fetching Home data: Home rejected the token",
    r"\[custom_components\.plex_monitor\] Authentication failed while fetching Home data",
)
# Logged when a server is down.
DOWN = (r"\[custom_components\.plex_monitor\] Error fetching Home data: ",)

# Harmless errors of the frontend: a resize that is reported a frame late, and a list
# (@lit-labs/virtualizer) that is removed before its layout.
NOT_OURS = re.compile(r"ResizeObserver|^(Error: )?disconnected$")

type Shot = Callable[[str], Awaitable[None]]

FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the version."""
    parser.addoption(
        "--home-assistant",
        choices=[*VERSIONS, "both"],
        default="both",
        help="the version of Home Assistant to run on (default: both)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on each selected version."""
    if "version" in metafunc.fixturenames:
        selected = metafunc.config.getoption("--home-assistant")
        versions = VERSIONS if selected == "both" else [selected]
        metafunc.parametrize("version", versions, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record a failure for the fixtures that save its artefacts."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture
def artefacts(request: pytest.FixtureRequest, version: str) -> Path:
    """Return the path of a test's artefacts, without suffix."""
    folder = ARTEFACTS / version
    folder.mkdir(parents=True, exist_ok=True)
    name: str = request.node.originalname.removeprefix("test_").replace("_", "-")
    for old in folder.glob(f"{name}.*"):
        old.unlink()
    return folder / name


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """Run a plex.tv that the integration takes for the real one, and Plex servers as selected."""
    async with World() as world:
        yield world


@pytest.fixture
def owner(world: World) -> Account:
    """Return the account that owns the server."""
    return world.plex_tv.add_account("owner", plex_pass=True)


@pytest.fixture
async def home(world: World, owner: Account) -> PlexServer:
    """Return the owner's server."""
    return await world.add_server("Home", owner=owner)


@pytest.fixture
async def home_assistant(
    request: pytest.FixtureRequest, version: str, world: World, tmp_path: Path, artefacts: Path
) -> AsyncGenerator[HomeAssistant]:
    """Run a Home Assistant, and check afterwards what it has written."""
    home_assistant = HomeAssistant(
        tmp_path / "config",
        version=version,
        python=VERSIONS[version],
        plex_tv_url=world.plex_tv.url,
    )
    home_assistant.process.prepare()
    try:
        await home_assistant.start()
        yield home_assistant
    finally:
        await home_assistant.stop()
        log = home_assistant.process.log
        if request.node.stash.get(FAILED, False):
            artefacts.with_suffix(".log").write_text(log, encoding="utf-8")
    allowed = [
        pattern for marker in request.node.iter_markers("allowed_logs") for pattern in marker.args
    ]
    lines = home_assistant.process.unexpected_log_lines(allowed)
    assert not lines, "unexpected in the log:\n" + "\n".join(lines)
    tokens = tokens_of(world)
    found = home_assistant.process.files_with(tokens) - {STORE}
    assert not found, f"a token is in {', '.join(sorted(found))}"
    in_url = [record.path for record in world.requests if record.token_in_query]
    assert not in_url, f"a token was in the URL of {', '.join(in_url)}"


def tokens_of(world: World) -> set[str]:
    """Return all tokens that were ever sent or are valid, including revoked ones."""
    sent = {record.token_sent for record in world.requests if record.token_sent}
    accounts = world.plex_tv.book.accounts
    return sent | {token for account in accounts for token in world.plex_tv.tokens_of(account)}


@pytest.fixture
async def entry(
    home_assistant: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> Json:
    """Return the entry of the owner's server."""
    return await home_assistant.add_by_sign_in(
        lambda code: world.plex_tv.approve_pin(code, owner), "Home"
    )


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """Run the browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"),
            args=[
                "--no-sandbox",  # Without it, it does not start as root or in most containers.
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        await browser.close()


@pytest.fixture
async def page(
    request: pytest.FixtureRequest,
    browser: Browser,
    home_assistant: HomeAssistant,
    artefacts: Path,
) -> AsyncGenerator[Page]:
    """Return a tab that is signed in."""
    url = home_assistant.url
    signed_in = {
        "hassUrl": url,
        "clientId": f"{url}/",
        "access_token": home_assistant.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 10**9,
        "expires": 4102444800000,
    }
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900}, service_workers="block", reduced_motion="reduce"
    )
    context.set_default_timeout(Frontend.PATIENCE)
    await context.add_init_script(
        f"if (location.origin === {json.dumps(url)})"
        f" localStorage.setItem('hassTokens', {json.dumps(json.dumps(signed_in))});"
    )
    page = await context.new_page()
    errors: list[str] = []

    def note(error: Error) -> None:
        # A page that is open while Home Assistant restarts has errors.
        if home_assistant.running and not NOT_OURS.search(str(error)):
            errors.append(str(error))

    page.on("pageerror", note)
    yield page
    if request.node.stash.get(FAILED, False):
        await page.screenshot(path=artefacts.with_suffix(".failed.png"))
        text = "\n".join([*errors, "", await Frontend(page, url).text()])
        artefacts.with_suffix(".failed.txt").write_text(text, encoding="utf-8")
    # Errors of a page that is closed while it loads do not count.
    seen = [*errors]
    await context.close()
    assert not seen, "errors in the page:\n" + "\n".join(seen)


@pytest.fixture
def frontend(page: Page, home_assistant: HomeAssistant) -> Frontend:
    """Return the same tab with the actions of a user."""
    return Frontend(page, home_assistant.url)


@pytest.fixture
def shot(page: Page, artefacts: Path) -> Shot:
    """Return a function that saves a screenshot of the tab."""
    number = 0

    async def take(name: str) -> None:
        nonlocal number
        number += 1
        await page.screenshot(path=artefacts.with_suffix(f".{number}-{name}.png"))

    return take
