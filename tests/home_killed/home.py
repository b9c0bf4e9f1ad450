"""Home Assistant with nothing but the integration, which is told by lines what to do.

Each line that it reads is a call of an action: an object with ``id``, ``action`` and
``data``. It answers each with a line that has the ``id`` once the call has returned.

One that is killed is followed by the next, which has all modules loaded already.
"""

import asyncio
from importlib import import_module
import json
import os
import sys
from typing import Any

from homeassistant import auth, bootstrap, config_entries, loader
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component

from custom_components.device_models.const import PLATFORMS

DOMAIN = "device_models"


def tell(**content: Any) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(content, default=str) + "\n")
    sys.stdout.flush()


async def call(hass: HomeAssistant, wanted: dict[str, Any]) -> None:
    """Call an action, and tell when it has returned."""
    data = wanted["data"]
    if "device_id" in data:  # of the only one
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        (device,) = dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        data["device_id"] = device.id
    try:
        answer = await hass.services.async_call(
            DOMAIN,
            wanted["action"],
            data,
            blocking=True,
            return_response=hass.services.supports_response(DOMAIN, wanted["action"])
            != "none",
        )
    except HomeAssistantError as err:
        tell(id=wanted["id"], error=str(err))
    else:
        tell(id=wanted["id"], answer=answer)


async def started(folder: str, port: int) -> HomeAssistant:
    """Return a Home Assistant that runs from a folder."""
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    loader.async_setup(hass)
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth.auth_manager_from_config(
        hass, [{"type": "homeassistant"}], []
    )
    http = {"server_host": "127.0.0.1", "server_port": port}
    assert await async_setup_component(hass, DOMAIN, {"http": http})
    await hass.async_start()
    return hass


async def main(folder: str, port: int) -> None:
    """Run until nobody tells anything any more."""
    hass = await started(folder, port)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    tell(ready=True)
    async with asyncio.TaskGroup() as calls:
        while line := await reader.readline():
            calls.create_task(call(hass, json.loads(line)))
    await hass.async_stop()


def preload() -> None:
    """Load the modules that the integration needs, once for all."""
    for name in ("binary_sensor", "http", "file_upload", "sensor"):
        import_module(f"homeassistant.components.{name}")
    import_module(f"custom_components.{DOMAIN}")
    for platform in PLATFORMS:
        import_module(f"custom_components.{DOMAIN}.{platform}")


if __name__ == "__main__":
    preload()
    status = -1
    while status:
        child = os.fork()
        if not child:
            asyncio.run(main(sys.argv[1], int(sys.argv[2])))
            os._exit(0)
        tell(child=child)
        _child, status = os.waitpid(child, 0)
