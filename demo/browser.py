"""A real browser that shows the demo's Home Assistant."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import re
import shutil
import time
from typing import Final

from playwright.async_api import Locator, Page, async_playwright

from .errors import DemoError
from .stage import Stage

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
SEEN_WITHIN: Final = 30
"""Seconds for whatever is waited for on the page."""

SESSION: Final = 1800


@asynccontextmanager
async def browser(running: Stage) -> AsyncGenerator[Page]:
    """Open a browser that is logged in.

    Raises:
        DemoError: there is none.

    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise DemoError("needs Chromium (Debian: apt-get install chromium)")
    tokens = {
        **running.api.tokens,
        "hassUrl": running.url,
        "clientId": running.api.client_id,
        "expires": int((time.time() + SESSION) * 1000),
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS
        )
        context = await browser.new_context(locale="en-GB")
        # Logged in, and with a narrow sidebar
        for key, value in (("hassTokens", tokens), ("dockedSidebar", "auto")):
            text = json.dumps(json.dumps(value))
            await context.add_init_script(f"localStorage.setItem('{key}', {text})")
        page = await context.new_page()
        page.set_default_timeout(SEEN_WITHIN * 1000)
        yield page
        await browser.close()


def button(page: Page, name: str) -> Locator:
    """Return a button of the topmost dialog."""
    return page.get_by_role("button", name=name).last


def field(page: Page, label: str) -> Locator:
    """Return the field whose label begins so."""
    named = page.locator("slot[name=label]", has_text=re.compile(rf"^\s*{label}"))
    return page.locator("ha-input").filter(has=named).locator("input").first
