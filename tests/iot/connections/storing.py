"""Storage objects of tests: what is sent and received, and what comes of it."""

from pathlib import Path
from typing import Any, Final

from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.storage import StorageObject, Store

CONTENT: Final = bytes(range(251)) * 1200
"""About 300 kB; no block of it is like another one."""


async def sent(
    store: Store, device: VirtualDevice, place: str, path: Path, **more: Any
) -> StorageObject:
    """Send a file; returns the object when nothing is moved any more."""
    one = StorageObject(store, device, place, **more)
    await one.set_input_path(path)
    one.sync()
    await one.finished()
    return one


async def received(
    store: Store, device: VirtualDevice, place: str, path: Path, **more: Any
) -> StorageObject:
    """Receive a file; returns the object when nothing is moved any more."""
    one = StorageObject(store, device, place, **more)
    await one.set_output_path(path)
    one.sync()
    await one.finished()
    return one
