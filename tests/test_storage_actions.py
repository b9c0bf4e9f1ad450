"""Contents of devices, in sync with files of Home Assistant."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.device_models import storage as storage_module
from custom_components.device_models.const import (
    DOMAIN,
)
from custom_components.device_models.iot import storage
from custom_components.device_models.storage import EVENT_STORAGE_SYNC

from .acting import attributes_of, until
from .camera import CONTENT, SHA, Files, camera
from .iot.disk import content_of, names_in, written

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")


@pytest.fixture
def folder(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a folder that Home Assistant lets be used."""
    path = (tmp_path / "media").resolve()
    path.mkdir()
    hass.config.allowlist_external_dirs = {str(path)}
    return path


@pytest.fixture
def events(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return what is told of transfers."""
    heard: list[dict[str, Any]] = []

    @callback
    def hear(event: Event) -> None:
        heard.append(dict(event.data))

    hass.bus.async_listen(EVENT_STORAGE_SYNC, hear)
    return heard


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long before it is tried again."""
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.01)


async def sync(hass: HomeAssistant, device: str, attribute: str, **data: Any) -> Any:
    """Have a content moved."""
    return await hass.services.async_call(
        DOMAIN,
        "sync_storage_object",
        {"device_id": device, "attribute": attribute, **data},
        blocking=True,
        return_response=True,
    )


async def test_a_file_is_sent_and_the_attribute_says_where_it_is(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    files, path = Files(), written(folder / "a.png", CONTENT)
    async with camera(hass, files) as (server, device):
        answer = await sync(
            hass,
            device,
            "picture",
            upload=str(path),
            url="files/1",
            content_type="image/png",
        )
        url = f"{server.url}/files/1"
        assert answer == {
            "status": "in_sync",
            "bytes": len(CONTENT),
            "content_type": "image/png",
            "checksum": SHA,
            "url": url,
        }
        assert files.kept["/files/1"] == CONTENT
        picture: Any = server.handlers["/picture"]
        assert picture.payload == f'"{url}"'.encode()
        attributes = attributes_of(hass, "text.camera_picture")
        assert attributes["sync_state"] == "in_sync"
        assert "sync_progress" not in attributes
    assert [one["status"] for one in events] == ["sync_pending", "in_sync"]
    assert events[-1] == {
        "device_id": device,
        "attribute": "picture",
        "direction": "upload",
        "path": str(path),
        "total": len(CONTENT),
        **answer,
    }


async def test_a_file_is_received_from_where_the_attribute_says(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    async with camera(hass, Files()) as (server, device):
        entity = "sensor.camera_log"
        assert attributes_of(hass, entity)["sync_state"] == "not_in_sync"
        answer = await sync(hass, device, "log", download=str(folder / "log.csv"))
        assert answer["status"] == "in_sync"
        assert answer["checksum"] == SHA
        assert answer["content_type"] == "text/csv"
        assert answer["url"] == f"{server.url}/files/log"
        assert attributes_of(hass, entity)["sync_state"] == "in_sync"
    assert content_of(folder / "log.csv") == CONTENT
    assert names_in(folder) == ["log.csv"]
    assert events[-1]["direction"] == "download"


async def test_where_a_secret_content_is_is_not_told(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    async with camera(hass, Files()) as (_server, device):
        answer = await sync(hass, device, "key", download=str(folder / "key"))
    assert answer["url"] is None
    assert "hunter2" not in str(events)


@pytest.mark.parametrize("status", [403, 503, 0])
async def test_where_a_secret_content_is_is_not_told_in_an_error(
    hass: HomeAssistant,
    folder: Path,
    events: list[dict[str, Any]],
    status: int,
) -> None:
    files = Files()
    files.status = status
    files.kept.clear()  # it fails
    state = {"key": "files/0?token=hunter2"}
    async with camera(hass, files, state=state) as (_server, device):
        with pytest.raises(HomeAssistantError) as raised:
            await sync(hass, device, "key", download=str(folder / "key"))
    assert events[-1]["error"]
    told = str(events) + str(raised.value.translation_placeholders)
    assert "hunter2" not in told
    assert "files/0" not in told


async def test_only_a_content_has_a_state(hass: HomeAssistant) -> None:
    async with camera(hass, Files()):
        assert "sync_state" not in attributes_of(hass, "text.camera_title")


async def test_how_it_goes_is_told_now_and_then(
    hass: HomeAssistant,
    folder: Path,
    events: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage_module, "APART", 0)
    files, path = Files(), written(folder / "a.png", bytes(900_000))
    states: list[Any] = []

    @callback
    def note(event: Event) -> None:
        states.append(event.data["new_state"].attributes.get("sync_progress"))

    hass.bus.async_listen("state_changed", note)
    async with camera(hass, files) as (_server, device):
        await sync(hass, device, "picture", upload=str(path), url="files/1")
    told = [one["bytes"] for one in events]
    assert told == sorted(told)
    assert len(told) > 10
    assert {0, 100} < {one for one in states if one is not None}


async def test_one_content_is_moved_once_at_a_time(
    hass: HomeAssistant, folder: Path
) -> None:
    files, path = Files(), str(folder / "log.csv")
    files.going_on.clear()
    async with camera(hass, files) as (_server, device):
        first = asyncio.create_task(sync(hass, device, "log", download=path))
        await until(lambda: files.asked)
        entity = "sensor.camera_log"
        assert attributes_of(hass, entity)["sync_state"] == "sync_pending"
        with pytest.raises(ServiceValidationError) as raised:
            await sync(hass, device, "log", download=path)
        assert raised.value.translation_key == "sync_state"
        files.going_on.set()
        assert (await first)["status"] == "in_sync"
        assert (await sync(hass, device, "log", download=path))["status"] == "in_sync"


async def test_a_failure_is_told_everywhere(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    files, path = Files(), written(folder / "a.png", CONTENT)
    files.status = 403
    async with camera(hass, files) as (server, device):
        before = attributes_of(hass, "text.camera_picture")
        with pytest.raises(HomeAssistantError) as raised:
            await sync(hass, device, "picture", upload=str(path), url="files/1")
        assert raised.value.translation_key == "content_sync_failed"
        assert "PUT /picture" not in server.asked  # the value has waited in vain
        with pytest.raises(HomeAssistantError) as raised:
            await sync(hass, device, "log", download=str(folder / "log"))
        assert raised.value.translation_key == "rejected"
        attributes = attributes_of(hass, "text.camera_picture")
    assert "problem" not in before
    assert "content sync failed: picture: " in attributes["problem"]
    assert attributes["sync_state"] == "sync_failed"
    assert [one["status"] for one in events] == ["sync_pending", "sync_failed"] * 2
    assert "403" in events[-1]["error"]
    assert names_in(folder) == ["a.png"]


async def test_a_transfer_ends_with_its_device(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    files = Files()
    files.going_on.clear()
    async with camera(hass, files) as (_server, device):
        path = str(folder / "log.csv")
        moving = asyncio.create_task(sync(hass, device, "log", download=path))
        await until(lambda: files.asked)
    with pytest.raises(HomeAssistantError):
        await moving
    assert events[-1]["status"] == "sync_failed"
    assert names_in(folder) == []


async def test_a_transfer_ends_with_whoever_wants_it(
    hass: HomeAssistant, folder: Path, events: list[dict[str, Any]]
) -> None:
    files = Files()
    files.going_on.clear()
    async with camera(hass, files) as (_server, device):
        path = str(folder / "log.csv")
        moving = asyncio.create_task(sync(hass, device, "log", download=path))
        await until(lambda: files.asked)
        moving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await moving
        await until(lambda: events[-1]["status"] == "sync_failed")
        files.going_on.set()
        await sync(hass, device, "log", download=path)


# What may be used


@pytest.mark.parametrize(
    "path",
    [
        "{folder}/../secret",
        "{folder}/out/secret",
        "{folder}/file",
        "{folder}",
        "/etc/passwd",
        "secrets.yaml",
        "{folder}/nul\0",
        "{folder}/none/below/it",
    ],
)
@pytest.mark.parametrize("way", ["upload", "download"])
async def test_what_is_outside_of_the_folders_is_not_touched(
    hass: HomeAssistant, folder: Path, tmp_path: Path, path: str, way: str
) -> None:
    secret = written(tmp_path / "secret", b"secret")
    (folder / "out").symlink_to(tmp_path)
    (folder / "file").symlink_to(secret)
    before = names_in(tmp_path)
    async with camera(hass, Files()) as (server, device):
        with pytest.raises(ServiceValidationError) as raised:
            await sync(
                hass, device, "log", url="files/1", **{way: path.format(folder=folder)}
            )
        usable = path in {"{folder}", "{folder}/none/below/it"}
        key = "file_unusable" if usable else "path_not_allowed"
        assert raised.value.translation_key == key
        assert not [one for one in server.asked if "files" in one]
    assert content_of(secret) == b"secret"
    assert names_in(tmp_path) == before


async def test_a_link_that_stays_inside_is_followed(
    hass: HomeAssistant, folder: Path
) -> None:
    written(folder / "a.png", CONTENT)
    (folder / "link").symlink_to(folder / "a.png")
    files = Files()
    async with camera(hass, files) as (_server, device):
        await sync(hass, device, "picture", upload=str(folder / "link"), url="files/1")
    assert files.kept["/files/1"] == CONTENT


@pytest.mark.parametrize(
    ("attribute", "data", "key"),
    [
        ("title", {"download": "a"}, "not_offered"),
        ("nothing", {"download": "a"}, "unknown_element"),
        ("empty", {"download": "a"}, "sync_state"),
        ("log", {"download": "a", "url": "http://localhost:8123/api"}, "foreign_host"),
        ("log", {"download": "a", "url": "file:///etc/passwd"}, "value_refused"),
        ("log", {"upload": "none", "url": "files/1"}, "file_unusable"),
        ("log", {"upload": "large", "max_megabytes": 1}, "too_large"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    hass: HomeAssistant,
    folder: Path,
    attribute: str,
    data: dict[str, Any],
    key: str,
) -> None:
    written(folder / "large", bytes(1024 * 1024 + 1))
    for way in ("upload", "download"):
        if way in data:
            data = {**data, way: str(folder / data[way])}
    async with camera(hass, Files()) as (_server, device):
        with pytest.raises(ServiceValidationError) as raised:
            await sync(hass, device, attribute, **data)
    assert raised.value.translation_key == key


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"upload": "/media/a", "download": "/media/b"},
        {"upload": "/media/a", "content_type": "a\r\nb: c"},
        {"upload": "/media/a", "max_megabytes": 0},
    ],
)
async def test_the_fields_have_to_fit_together(
    hass: HomeAssistant, data: dict[str, Any]
) -> None:
    async with camera(hass, Files()) as (_server, device):
        with pytest.raises(vol.Invalid):
            await sync(hass, device, "log", **data)
