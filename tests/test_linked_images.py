"""Images to which the values of attributes lead."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models import image as image_module
from custom_components.device_models.const import DOMAIN
from custom_components.device_models.iot.connections import content as content_module
from simulators.picture import picture

from .acting import state_of, until
from .camera import Files, camera
from .iot.connections.http_server import value

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

ENTITY: Final = "image.camera_log"
PROXY: Final = f"/api/image_proxy/{ENTITY}"
ONE, TWO = picture("one"), picture("two")

OVERLAY: Final[Mapping[str, Any]] = {"attributes": {"log": {"platform": "image"}}}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long."""
    monkeypatch.setattr(image_module, "FIRST_AFTER", 0.05)
    monkeypatch.setattr(image_module, "APART", 0.05)


def files_with(content: bytes, media_type: str = "image/png") -> Files:
    """Return the files of a camera."""
    files = Files()
    files.kept = dict.fromkeys(("/files/log", "/files/0"), content)
    files.media_type = media_type
    return files


async def test_a_link_is_shown_as_the_image_that_is_there(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    async with camera(hass, files_with(ONE), overlay=OVERLAY):
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        client = await hass_client()
        response = await client.get(PROXY)
        assert response.status == HTTPStatus.OK
        assert response.content_type == "image/png"
        assert await response.read() == ONE


async def test_a_link_that_changes_leads_to_another_image(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    files = files_with(ONE)
    async with camera(hass, files, overlay=OVERLAY) as (server, _device):
        await until(lambda: state_of(hass, ENTITY) != STATE_UNKNOWN)
        before = state_of(hass, ENTITY)
        files.kept["/files/0"] = TWO
        server.handlers["/state"] = value({"log": "/files/0"})
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        await refreshed(entry)
        await until(lambda: state_of(hass, ENTITY) != before)
        client = await hass_client()
        assert await (await client.get(PROXY)).read() == TWO


async def refreshed(entry: ConfigEntry[Any]) -> None:
    """Have the devices of an entry asked for their values."""
    for coordinator in entry.runtime_data.coordinators.values():
        await coordinator.async_refresh()


@pytest.mark.parametrize(
    ("link", "media_type", "said"),
    [
        ("http://localhost:8123/api/camera", "image/png", "not the device's own"),
        ("http://169.254.169.254/latest", "image/png", "not the device's own"),
        ("file:///etc/passwd", "image/png", "expected a URL"),
        ("files/log", "image/svg+xml", "it is called 'image/svg+xml'"),
        ("files/log", "text/html", "it is called 'text/html'"),
        ("", "image/png", "not offered"),
    ],
)
async def test_a_link_to_something_else_is_not_followed(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    link: str,
    media_type: str,
    said: str,
) -> None:
    files = files_with(ONE, media_type)
    async with camera(hass, files, overlay=OVERLAY, state={"log": link}):
        await until(lambda: "cannot be fetched" in caplog.text)
        assert state_of(hass, ENTITY) == STATE_UNKNOWN
    assert said in caplog.text


async def test_no_image_is_larger_than_it_may_be(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(content_module, "MAX_LINKED_BYTES", len(ONE) - 1)
    async with camera(hass, files_with(ONE), overlay=OVERLAY):
        await until(lambda: "cannot be fetched" in caplog.text)
    assert f"log is larger than {len(ONE) - 1} bytes" in caplog.text


async def test_an_image_that_does_not_come_is_given_up(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(content_module, "LINKED_SECONDS", 0.1)
    files = files_with(ONE)
    files.going_on.clear()
    async with camera(hass, files, overlay=OVERLAY):
        await until(lambda: "cannot be fetched" in caplog.text)
    assert "log: the transfer did not go on for 0.1 s" in caplog.text
