"""The pictures of the README, taken in a real browser: ``script/screenshots``."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import logging
import re
import shutil
import sys
import time
from typing import Final

from playwright.async_api import Error as BrowserError, Locator, Page, async_playwright

from .children import ROOT
from .devices import DemoDevice
from .errors import DemoError
from .flows import DOMAIN, place
from .stage import Stage, stage

IMAGES: Final = ROOT / "docs" / "images"
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
WIDTH: Final = 1360
SEEN_WITHIN: Final = 30
SESSION: Final = 1800

SETTLES_IN: Final = 1000
"""Milliseconds in which the page has moved everything to its place."""


async def take() -> None:
    """Start the demo, add a device in the browser and take the pictures.

    Raises:
        DemoError: there is no browser, or the demo does not start.

    """
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with stage(_tell, left_to_the_user={"coap"}) as running:
        device = next(one for one in running.devices if one.system == "coap")
        async with _browser(running) as page:
            await _to_the_preview(running, page, device)
            await _picture(page, "preview", 1100)
            await _button(page, "Create").click()
            await page.get_by_text("Success").first.wait_for()
            await running.wait_until_live()
            await place(running.live, device)
            await page.goto(f"{running.url}/config/devices/dashboard?domain={DOMAIN}")
            await page.get_by_text(device.name).first.wait_for()
            await _picture(page, "devices", 480)
            pump = next(one for one in running.devices if one is not device)
            await _press(running, pump, "Start")
            await page.get_by_text(pump.name).first.click()
            await page.get_by_text("Controls").first.wait_for()
            await page.get_by_text("Pressed").first.wait_for()
            await _picture(page, "device", 1085)


@asynccontextmanager
async def _browser(running: Stage) -> AsyncGenerator[Page]:
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


async def _to_the_preview(running: Stage, page: Page, device: DemoDevice) -> None:
    """Add a device as a user does, up to the preview."""
    await page.goto(f"{running.url}/config/integrations/dashboard/add?domain={DOMAIN}")
    await _button(page, "OK").click()
    await page.get_by_text("CoAP endpoint", exact=True).click()
    for name, value in device.connection_form.items():
        if not isinstance(value, bool):
            await _field(page, name.title()).fill(str(value))
    await _button(page, "Submit").click()
    await page.get_by_text("Choose one from the library").click()
    await page.get_by_text("Room climate controller · ").click()
    await _button(page, "Submit").click()
    await _field(page, "Name").fill(device.name)
    await _field(page, "Base path").fill(device.base)
    await _button(page, "Submit").click()
    await page.get_by_text("What will be created").first.wait_for()


async def _press(running: Stage, device: DemoDevice, name: str) -> None:
    """Give the device page some activity to show."""
    for entity in running.picture.device(device.name).entities:
        if entity.domain == "button" and entity.name == name:
            await running.live.call("button.press", entity.entity_id)


def _button(page: Page, name: str) -> Locator:
    """Return a button of the topmost dialog."""
    return page.get_by_role("button", name=name).last


def _field(page: Page, label: str) -> Locator:
    """Return the field whose label begins so."""
    named = page.locator("slot[name=label]", has_text=re.compile(rf"^\s*{label}"))
    return page.locator("ha-input").filter(has=named).locator("input").first


async def _picture(page: Page, name: str, height: int) -> None:
    """Take a picture, once nothing moves any more."""
    await page.set_viewport_size({"width": WIDTH, "height": height})
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(SETTLES_IN)
    path = IMAGES / f"{name}.png"
    await page.screenshot(path=path)
    _tell(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB")


def _tell(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"screenshots: {text}\n")


def main() -> int:
    """Run the command and return its exit code."""
    logging.basicConfig(level=logging.ERROR)
    try:
        asyncio.run(take())
    except (DemoError, BrowserError) as err:
        _tell(str(err))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
