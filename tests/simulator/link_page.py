"""The page at plex.tv/link, and its QR code."""

from collections.abc import Sequence
from html import escape
from io import BytesIO

from aiohttp import web
import segno

from .accounts import Account

STYLE = """
body { font-family: sans-serif; background: #1f2326; color: #eee }
body { display: grid; place-items: center; height: 90vh }
main { background: #2c3136; padding: 2rem 3rem; border-radius: .5rem; text-align: center }
input, select, button { font-size: 1.4rem; padding: .4rem .8rem; margin: .4rem }
input, select, button { border-radius: .3rem; border: 0 }
input { width: 6ch; text-align: center; text-transform: uppercase; letter-spacing: .2ch }
button { background: #e5a00d; color: #000; cursor: pointer }
"""


def qr_picture(address: str) -> bytes:
    """Return a PNG with the QR code of an address."""
    out = BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="png", scale=8, border=4)
    return out.getvalue()


def link_page(
    accounts: Sequence[Account],
    *,
    code: str,
    linked: str | None = None,
    problem: bool = False,
) -> web.Response:
    """Return the page: a form, or the confirmation that an app is linked."""
    if linked is not None:
        content = f"<h1>Account linked</h1><p>{escape(linked)} is signed in now.</p>"
    else:
        options = "".join(f"<option>{escape(account.username)}</option>" for account in accounts)
        wrong = "<p>This code is not known, or it has expired.</p>" if problem else ""
        content = (
            "<h1>Link account</h1><p>Enter the code that your app shows.</p>"
            f'{wrong}<form method="post" action="/link/">'
            f'<input name="code" value="{escape(code)}" maxlength="4" required autofocus>'
            f'<select name="account">{options}</select><br>'
            '<button type="submit">Link</button></form>'
        )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Link account</title>'
        f"<style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    )
    return web.Response(text=page, content_type="text/html")
