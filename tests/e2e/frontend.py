"""Home Assistant's frontend with the actions of a user."""

import re
from typing import Final

from playwright.async_api import Locator, Page, expect

BRAND: Final = "Plex Monitor"
FINISH: Final = re.compile("^(Skip and finish|Finish)$")

# All text on the page, or only that of the topmost dialogs if any is open. The content of a
# field is not part of any text, so it is added.
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
    """The dialog of a flow that adds, reconfigures, signs in again, or repairs."""

    def __init__(self, page: Page) -> None:
        """Initialize for the tab in which it is open."""
        self._page = page
        self._root = page.locator("dialog-data-entry-flow")

    async def says(self, text: str) -> None:
        """Wait until it shows a text that contains this one."""
        await self._root.get_by_text(text).first.wait_for()

    async def choose(self, option: str) -> None:
        """Choose an option of a menu."""
        await self._root.get_by_text(option, exact=True).click()

    async def choices(self) -> list[str]:
        """Wait for a form with radio buttons, and return their labels."""
        radios = self._root.locator("ha-form").get_by_role("radio")
        await radios.first.wait_for()
        return [str(text).strip() for text in await radios.all_inner_texts()]

    async def pick(self, choice: str) -> None:
        """Select a radio button of a form."""
        await self._root.locator("ha-form").get_by_role("radio", name=choice).click()

    async def add(self, choice: str, to: str) -> None:
        """Add an option to a list of a form."""
        # In Home Assistant 2026.10 the button has the name of the list.
        button = re.compile(f"^(Add|{re.escape(to)})$")
        await self._root.get_by_role("button", name=button).first.click()
        await self._page.get_by_text(choice).last.click()
        await self._root.get_by_role("button", name="Remove").wait_for()

    async def take_out(self) -> None:
        """Remove the only option from the list of a form."""
        await self._root.get_by_role("button", name="Remove").click()

    async def fill(self, text: str, field: int = 0) -> None:
        """Fill a text field of a form in, by its number; it may be there after the switches."""
        await self._root.locator("ha-form input:not([type=checkbox])").nth(field).fill(text)

    async def submit(self) -> None:
        """Submit the form."""
        await self._button("Submit").click()

    async def finish(self) -> None:
        """Keep the names of the new devices, and close it after a success."""
        await self._root.get_by_role("button", name=FINISH).click()
        await self.is_gone()

    async def close(self) -> None:
        """Close it after its last step."""
        await self._button("Close").last.click()
        await self.is_gone()

    async def is_gone(self) -> None:
        """Wait until it is closed, which a page that is opened next needs."""
        await self._page.locator("dialog[open]").wait_for(state="detached")

    def _button(self, name: str) -> Locator:
        return self._root.get_by_role("button", name=name, exact=True)

    # The sign-in

    async def code(self) -> str:
        """Return the code that it shows as a heading."""
        return str(await self._root.locator("ha-markdown h1").inner_text())

    async def qr_code(self) -> str:
        """Wait until the QR code is loaded, and return its URL."""
        picture = self._root.locator("ha-markdown img")
        await self._page.wait_for_function(
            "image => image.naturalWidth > 0", arg=await picture.element_handle()
        )
        return str(await picture.get_attribute("src"))

    async def approve_at_plex(self, account: str) -> str:
        """Follow the link that it shows, approve in the new tab, and return the URL of that tab."""
        async with self._page.expect_popup() as opened:
            await self._root.locator("ha-markdown a").click()
        plex = await opened.value
        address = str(plex.url)
        await plex.locator("select").select_option(account)
        await plex.get_by_role("button", name="Link").click()
        await plex.get_by_text("Account linked").wait_for()
        await plex.close()
        return address


class Frontend:
    """One tab."""

    # In ms, with a large margin for slow machines.
    PATIENCE: Final = 120_000

    def __init__(self, page: Page, url: str) -> None:
        """Initialize for a tab and the URL of Home Assistant."""
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
        """Return all text on the page, or in the dialog that covers it."""
        text: str = await self.page.evaluate(VISIBLE_TEXT)
        return text

    async def says(self, text: str) -> None:
        """Wait until the page shows a text that contains this one."""
        await self.page.get_by_text(text).first.wait_for()

    async def says_no_more(self, text: str) -> None:
        """Wait until the page does not show a text."""
        await expect(self.page.get_by_text(text)).to_have_count(0, timeout=self.PATIENCE)

    async def begin_to_add(self) -> Dialog:
        """Start to add the integration as a user does for the first time."""
        await self.open("/config/integrations/dashboard")
        await self.page.get_by_role("button", name="Add integration").first.click()
        await self.page.get_by_placeholder("Search for a brand name").fill(BRAND)
        await self.page.get_by_text(BRAND, exact=True).first.click()
        return self.dialog

    async def open_integration(self) -> None:
        """Open the page of the integration, and wait for its entries."""
        await self.open("/config/integrations/integration/plex_monitor")
        await self.page.locator("ha-config-entry-row").first.wait_for()

    async def add_another(self) -> Dialog:
        """Start to add another server on the page of the integration."""
        await self.open_integration()
        await self.page.get_by_role("button", name="Add service").click()
        return self.dialog

    async def use_menu(self, entry: str, item: str) -> None:
        """Use the menu of an entry, on the page of the integration."""
        row = self._entry(entry)
        await row.locator("ha-row-item [slot=trigger]").first.click()
        await row.get_by_role("menuitem", name=item, exact=True).first.click()

    async def configure(self, entry: str) -> Dialog:
        """Open the options of an entry, on the page of the integration."""
        await self._entry(entry).get_by_role("button", name="Configure").first.click()
        return self.dialog

    def _entry(self, title: str) -> Locator:
        return self.page.locator("ha-config-entry-row").filter(
            has=self.page.locator("[slot=headline]").get_by_text(title, exact=True)
        )

    async def confirm(self, button: str) -> None:
        """Confirm a dialog by the name of the button."""
        await self.page.get_by_role("button", name=button, exact=True).last.click()
        await self.dialog.is_gone()

    async def open_device(self, device_id: str) -> None:
        """Open the page of a device."""
        await self.open(f"/config/devices/device/{device_id}")

    async def shows(self, entity: str, state: str) -> None:
        """Wait until a row of a device's page shows an entity with a state."""
        # An event entity may have the same name as another entity.
        begins = re.compile(rf"^\s*{re.escape(state)}\b")
        await self._row(entity).filter(has_text=begins).first.wait_for()

    async def press(self, button: str) -> None:
        """Press a button in its row of a device's page."""
        await self._row(button).get_by_role("button", name="Press").click()

    def _row(self, entity: str) -> Locator:
        return self.page.locator("hui-generic-entity-row").filter(
            has=self.page.locator(f'[title="{entity}"]')
        )

    async def open_repairs(self) -> None:
        """Open the page of the repairs."""
        await self.open("/config/repairs")

    async def repair(self, title: str) -> Dialog:
        """Select a repair, on their page."""
        await self.page.get_by_text(title, exact=True).click()
        return self.dialog
