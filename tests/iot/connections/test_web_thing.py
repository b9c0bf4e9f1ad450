"""A Web Thing of an independent implementation: its WebSocket, and its resources."""

from collections.abc import AsyncGenerator
from pathlib import Path
import sys
from typing import Any

import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.connections.http import HttpConnection
from custom_components.device_models.iot.device import Certainty
from custom_components.device_models.iot.errors import UnreachableError
from tests.acting import is_open

from .http_server import http_connection
from .programs import Program
from .things import free_port, model_of, shown, thing, until

SERVER = Path(__file__).parent / "web_thing.py"

MODEL = model_of(
    {"name": "on", "type": "BOOLEAN", "writable": True},
    {"name": "level", "type": "INTEGER", "writable": True},
    actions=[{"name": "fade", "arguments": [{"name": "level", "type": "INTEGER"}]}],
    formats=[
        {
            "name": "hot",
            "type": "ALERT",
            "value": {"fields": [{"name": "value", "type": "NUMBER"}]},
        }
    ],
)


@pytest.fixture
async def server() -> AsyncGenerator[int]:
    """Run the thing; gives its port."""
    port = free_port()
    program = Program(sys.executable, SERVER, str(port))
    program.start()
    try:
        # It announces itself first, which takes its time.
        await until(lambda: is_open(port), 60)
        yield port
    finally:
        program.kill()


def layout_of(port: int, *, written: bool) -> dict[str, Any]:
    """Return where everything is; what is written goes to the WebSocket, if so."""
    socket = f"ws://127.0.0.1:{port}/"
    told = {"observe": "webthing", "observe_url": socket}
    write = {"write": socket} if written else {}
    return {
        "state": False,
        "attributes": {
            name: {"url": f"properties/{name}", "pointer": f"/{name}", **told, **write}
            for name in ("on", "level")
        },
        "actions": {"fade": socket},
        "alerts": {"hot": {"url": socket, "observe": "webthing"}},
    }


@pytest.mark.timeout(120)
async def test_web_thing(server: int) -> None:
    async with http_connection(f"http://127.0.0.1:{server}") as connection:
        device = await attached(connection, server, written=False)
        alerts: list[Alert] = []
        device.on_alert("hot", alerts.append)
        await until(lambda: connection.pushed(device) == {"on", "level"})
        assert shown(device) == {"on": True, "level": 50}
        await device.set("level", 20)
        await until(lambda: device.values["level"].certainty is Certainty.LIVE)
        await device.call("fade", {"level": 80})
        await until(lambda: shown(device)["level"] == 80 and alerts)
        assert alerts[0].fields == {"value": 102}
        assert not device.dropped
        await connection.detach(device)
        device = await attached(connection, server, written=True)
        await until(lambda: connection.pushed(device) == {"on", "level"})
        await device.set("level", 30)
        # It says so itself, on the way by which it was told.
        await until(lambda: device.values["level"].certainty is Certainty.LIVE)
        assert shown(device) == {"on": True, "level": 30}


async def attached(connection: HttpConnection, port: int, *, written: bool) -> Any:
    """Return the device, which tells by itself."""
    device = thing(connection, model=MODEL, http=layout_of(port, written=written))
    with pytest.raises(UnreachableError, match="not connected"):
        await device.call("fade", {"level": 1})
    await connection.attach(device)
    return device
