"""Setting up a connection and its device through Home Assistant's config flows."""

from typing import Any, Final

from .api import Api
from .devices import DemoDevice
from .errors import DemoError, until
from .live import LiveApi

DOMAIN: Final = "device_models"
CONNECTIONS: Final = "/api/config/config_entries/flow"
DEVICES: Final = "/api/config/config_entries/subentries/flow"
APPEARS_WITHIN: Final = 20


async def add(api: Api, device: DemoDevice) -> None:
    """Add a device as a user does: its connection, then the device behind it.

    The device notes how many entities the preview promises.

    Raises:
        DemoError: a step does not do what it should.

    """
    start = await api.post(CONNECTIONS, {"handler": DOMAIN})
    created = await _walk(
        api,
        f"{CONNECTIONS}/{start['flow_id']}",
        {"next_step_id": device.system},
        device.connection_form,
    )
    kind, flow_id = created["next_flow"]
    if kind != "config_subentries_flow":
        raise DemoError(f"{device.name}: no device is asked for, but a {kind}")
    path = f"{DEVICES}/{flow_id}"
    preview = await _walk(
        api,
        path,
        {"next_step_id": "library"},
        {"model": device.model},
        device.device_form,
        ends="form",
    )
    if preview["step_id"] != "preview":
        raise DemoError(f"{device.name}: no preview, but {preview}")
    device.promised = preview["description_placeholders"]["rows"].count("\n") + 1
    await _walk(api, path, {})


async def place(live: LiveApi, device: DemoDevice) -> None:
    """Put a device into its area, as a user is asked to do at the end.

    Raises:
        DemoError: the device does not appear.

    """
    areas = {
        listed["name"]: listed["area_id"]
        for listed in await live.command("config/area_registry/list")
    }
    if device.area not in areas:
        made = await live.command("config/area_registry/create", name=device.area)
        areas[device.area] = made["area_id"]
    found: list[str] = []

    async def find() -> bool:
        found[:] = [
            listed["id"]
            for listed in await live.command("config/device_registry/list")
            if listed["name"] == device.name
        ]
        return bool(found)

    await until(find, APPEARS_WITHIN, f"{device.name} appears")
    await live.command(
        "config/device_registry/update",
        device_id=found[0],
        area_id=areas[device.area],
    )


async def _walk(
    api: Api, path: str, *answers: dict[str, Any], ends: str = "create_entry"
) -> Any:
    """Give one answer after the other; returns what the last one leads to.

    Raises:
        DemoError: an answer is refused, or the flow ends in another way.

    """
    result: Any = {}
    for answer in answers:
        result = await api.post(path, answer)
        if errors := result.get("errors"):
            told = result.get("description_placeholders") or {}
            raise DemoError(f"{path}: {answer} is refused: {errors} {told}")
    if result["type"] != ends:
        raise DemoError(f"{path}: expected {ends}, got {result}")
    return result
