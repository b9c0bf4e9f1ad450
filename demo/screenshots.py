"""The pictures of the README, taken in a real browser: ``script/screenshots``."""

import asyncio
import logging
import sys
from typing import Final

from playwright.async_api import Error as BrowserError, Page

from .browser import browser, button, field
from .children import ROOT
from .devices import DemoDevice
from .errors import DemoError
from .flows import DOMAIN, place
from .stage import Stage, stage

IMAGES: Final = ROOT / "docs" / "images"
WIDTH: Final = 1360
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
        async with browser(running) as page:
            await _to_the_preview(running, page, device)
            await _picture(page, "preview", 1100)
            await button(page, "Create").click()
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


async def _to_the_preview(running: Stage, page: Page, device: DemoDevice) -> None:
    """Add a device as a user does, up to the preview."""
    await page.goto(f"{running.url}/config/integrations/dashboard/add?domain={DOMAIN}")
    await button(page, "OK").click()
    await page.get_by_text("CoAP endpoint", exact=True).click()
    for name, value in device.connection_form.items():
        if not isinstance(value, bool):
            await field(page, name.title()).fill(str(value))
    await button(page, "Submit").click()
    await page.get_by_text("Choose one from the library").click()
    await page.get_by_text("Room climate controller · ").click()
    await button(page, "Submit").click()
    await field(page, "Name").fill(device.name)
    await field(page, "Base path").fill(device.base)
    await button(page, "Submit").click()
    await page.get_by_text("What will be created").first.wait_for()


async def _press(running: Stage, device: DemoDevice, name: str) -> None:
    """Give the device page some activity to show."""
    for entity in running.picture.device(device.name).entities:
        if entity.domain == "button" and entity.name == name:
            await running.live.call("button.press", entity.entity_id)


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
