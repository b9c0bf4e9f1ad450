"""Setting up a connection and its device through Home Assistant's config flows."""

import re
from typing import Any, Final

from .api import Api
from .described import DescribedDevice, HomieDevice
from .devices import DemoDevice
from .errors import DemoError, until
from .live import LiveApi

DOMAIN: Final = "device_models"
CONNECTIONS: Final = "/api/config/config_entries/flow"
DEVICES: Final = "/api/config/config_entries/subentries/flow"
APPEARS_WITHIN: Final = 20


OFFER_TAKES: Final = 40
"""Seconds for a device to say what it is."""


async def add(api: Api, device: DemoDevice) -> None:
    """Add a device as a user does: its connection, then the device behind it.

    The device notes how many entities the preview promises.

    Raises:
        DemoError: a step does not do what it should.

    """
    start = await api.post(CONNECTIONS, {"handler": DOMAIN})
    path = f"{CONNECTIONS}/{start['flow_id']}"
    created = await _walk(
        api, path, {"next_step_id": device.system}, device.connection_form, ends=None
    )
    if created.get("step_id") == "offer":
        # What it says of itself is less than what its model in the library says.
        created = await _walk(api, path, {"name": device.name, "connection_only": True})
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
    _promise(device, preview)
    await _walk(api, path, {})


async def accept(api: Api, device: DescribedDevice) -> None:
    """Add a device as it offers itself when its address has been entered.

    Raises:
        DemoError: it does not, or a step does not do what it should.

    """
    start = await api.post(CONNECTIONS, {"handler": DOMAIN})
    path = f"{CONNECTIONS}/{start['flow_id']}"
    offer = await _walk(
        api, path, {"next_step_id": device.system}, device.connection_form, ends="form"
    )
    if offer["step_id"] != "offer":
        raise DemoError(f"{device.name}: nothing is offered, but {offer}")
    _promise(device, offer)
    await _walk(api, path, {"name": device.name, "connection_only": False})


async def accept_found(api: Api, live: LiveApi, device: HomieDevice) -> None:
    """Add a device as it is offered by the connection that has found it.

    Raises:
        DemoError: it is not, or a step does not do what it should.

    """
    found: list[str] = []

    async def offered() -> bool:
        for flow in await live.command("config_entries/flow/progress"):
            said = flow["context"].get("title_placeholders", {})
            if flow["handler"] == DOMAIN and said.get("address") == device.base:
                found.append(flow["flow_id"])
        return bool(found)

    await until(offered, OFFER_TAKES, f"{device.name} is offered")
    path = f"{CONNECTIONS}/{found[0]}"
    _promise(device, await api.get(path))
    ended = await _walk(api, path, {"name": device.name}, ends="abort")
    if ended["reason"] != "device_added":
        raise DemoError(f"{device.name} was not added: {ended}")


def _promise(device: DemoDevice, preview: Any) -> None:
    """Note how many entities a preview promises: ``11 × sensor, 5 × number``."""
    summary = preview["description_placeholders"]["summary"]
    device.promised = sum(map(int, re.findall(r"(\d+) ×", summary)))


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
    api: Api, path: str, *answers: dict[str, Any], ends: str | None = "create_entry"
) -> Any:
    """Give one answer after the other; returns what the last one leads to.

    That is of the kind ``ends``, or of any if that is None.

    Raises:
        DemoError: an answer is refused, or the flow ends in another way.

    """
    result: Any = {}
    for answer in answers:
        result = await api.post(path, answer)
        if errors := result.get("errors"):
            told = result.get("description_placeholders") or {}
            raise DemoError(f"{path}: {answer} is refused: {errors} {told}")
    if ends is not None and result["type"] != ends:
        raise DemoError(f"{path}: expected {ends}, got {result}")
    return result
