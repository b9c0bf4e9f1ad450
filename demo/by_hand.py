"""What a person does with the entities of a device, in a browser."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from playwright.async_api import Error as BrowserError, Page

from .browser import browser
from .described import DescribedDevice
from .errors import DemoError, until
from .flows import DOMAIN
from .picture import Entity
from .stage import Stage, Tell

REACTS_WITHIN: Final = 15


async def _heated(page: Page) -> None:
    """Have it heat: the dialog of a thermostat has a menu of its modes."""
    await page.locator("hui-climate-entity-row").first.click()
    await page.locator("ha-more-info-dialog").get_by_text("Mode").first.click()
    await page.get_by_role("menuitem", name="Heat").first.click()


async def _switched(page: Page) -> None:
    """Switch it on or off."""
    await page.locator("hui-toggle-entity-row ha-entity-toggle").first.click()


async def _moved(page: Page) -> None:
    """Move it: the dialog of a cover has a slider."""
    await page.locator("hui-cover-entity-row .info").first.click()
    slider = page.locator("ha-state-control-cover-position [role=slider]").first
    await slider.focus()
    await slider.press("PageUp")


HANDS: Final[Mapping[str, tuple[Callable[[Page], Awaitable[None]], str]]] = {
    "climate": (_heated, "state"),
    "light": (_switched, "state"),
    "cover": (_moved, "current_position"),
}
"""By the kind of entity: what is done with it, and what of it changes then."""


async def operate(stage: Stage, tell: Tell) -> None:
    """Operate what describes itself, on the pages of the devices.

    Raises:
        DemoError: there is no browser, or nothing changes.

    """
    described = [one for one in stage.devices if isinstance(one, DescribedDevice)]
    async with browser(stage) as page:
        for device in described:
            for entity in stage.picture.device(device.name).entities:
                if entity.domain in HANDS:
                    await _by_hand(stage, page, device, entity)
                    tell(f"{device.name}: {entity.domain} operated in the browser")
                    break


async def _by_hand(
    stage: Stage, page: Page, device: DescribedDevice, entity: Entity
) -> None:
    """Operate an entity, and see that the device has confirmed it.

    Raises:
        DemoError: the page does not show it, or nothing changes.

    """
    act, shows = HANDS[entity.domain]

    def shown() -> Any:
        return entity.state if shows == "state" else entity.attributes.get(shows)

    before = shown()
    try:
        await page.goto(f"{stage.url}/config/devices/dashboard?domain={DOMAIN}")
        await page.get_by_text(device.name, exact=True).first.click()
        await page.get_by_text("Controls").first.wait_for()
        await act(page)
    except BrowserError as err:
        raise DemoError(f"{device.name} on the page: {err}") from err
    await until(
        lambda: shown() != before,
        REACTS_WITHIN,
        f"{entity.entity_id} changes its {shows}",
        lambda: f"it is {shown()}",
    )
