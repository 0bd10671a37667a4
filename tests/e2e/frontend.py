"""Home Assistant's frontend by what a person does and sees there."""

from typing import Final

from playwright.async_api import Locator, Page, expect

BRAND: Final = "Plex Monitor"

# All text that is on the page, with that of the topmost dialogs only where there are any. What a
# field holds is not part of any text, so it is added.
VISIBLE_TEXT: Final = """() => {
  const parts = [];
  const collect = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim();
      if (text) parts.push(text);
    } else if (node instanceof Element || node instanceof DocumentFragment) {
      if (["STYLE", "SCRIPT", "TEMPLATE"].includes(node.nodeName)) return;
      if (["INPUT", "TEXTAREA"].includes(node.nodeName)) parts.push(`[${node.value}]`);
      if (node.shadowRoot) collect(node.shadowRoot);
      node.childNodes.forEach(collect);
    }
  };
  const dialogs = (root) => [...root.querySelectorAll("*")].flatMap((element) => [
    ...(element.nodeName === "DIALOG" && element.open ? [element.getRootNode().host] : []),
    ...(element.shadowRoot ? dialogs(element.shadowRoot) : []),
  ]);
  const open = dialogs(document).map((host) => host?.getRootNode().host ?? host);
  (open.length ? open : [document.body]).forEach(collect);
  return parts.join("\\n");
}"""


class Dialog:
    """The dialog of a flow: of one that adds, reconfigures, signs in again, or repairs."""

    def __init__(self, page: Page) -> None:
        """Take the tab in which it is open."""
        self._page = page
        self._root = page.locator("dialog-data-entry-flow")

    async def says(self, text: str) -> None:
        """Wait until it shows a text, or a part of one."""
        await self._root.get_by_text(text).first.wait_for()

    async def choose(self, option: str) -> None:
        """Choose an option of a menu."""
        await self._root.get_by_text(option, exact=True).click()

    async def select(self, option: str) -> None:
        """Choose from the one list of a form."""
        await self._root.get_by_text(option).click()

    async def fill(self, text: str, field: int = 0) -> None:
        """Fill a field of a form in, by its number."""
        await self._root.locator("ha-form input").nth(field).fill(text)

    async def submit(self) -> None:
        """Submit the form."""
        await self._button("Submit").click()

    async def finish(self) -> None:
        """Close it after a success."""
        await self._button("Finish").click()
        await self.is_gone()

    async def close(self) -> None:
        """Close it after it has said its last word."""
        await self._button("Close").last.click()
        await self.is_gone()

    async def is_gone(self) -> None:
        """Wait until it is closed; a page that is opened earlier fails."""
        await self._page.locator("dialog[open]").wait_for(state="detached")

    def _button(self, name: str) -> Locator:
        return self._root.get_by_role("button", name=name, exact=True)


class Frontend:
    """One tab."""

    # In ms: nobody waits that long on a machine that is fast enough.
    PATIENCE: Final = 120_000

    def __init__(self, page: Page, url: str) -> None:
        """Take the tab, and the address of Home Assistant."""
        self.page = page
        self.dialog = Dialog(page)
        self._url = url

    async def open(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(self._url + path)
        await self.page.locator("home-assistant-main").wait_for()

    async def version(self) -> str:
        """Return the version of Home Assistant that it shows."""
        version: str = await self.page.evaluate(
            "document.querySelector('home-assistant').hass.config.version"
        )
        return version

    async def text(self) -> str:
        """Return all that is written on the page, or in the dialog that covers it."""
        text: str = await self.page.evaluate(VISIBLE_TEXT)
        return text

    async def says(self, text: str) -> None:
        """Wait until the page shows a text, or a part of one."""
        await self.page.get_by_text(text).first.wait_for()

    async def says_no_more(self, text: str) -> None:
        """Wait until the page does not show a text."""
        await expect(self.page.get_by_text(text)).to_have_count(0, timeout=self.PATIENCE)

    async def begin_to_add(self) -> Dialog:
        """Begin to add the integration, the way somebody does it for the first time."""
        await self.open("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").first.click()
        await self.page.get_by_placeholder("Search for a brand name").fill(BRAND)
        await self.page.get_by_text(BRAND, exact=True).first.click()
        return self.dialog
