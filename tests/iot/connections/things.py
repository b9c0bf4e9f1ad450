"""A model with every kind of attribute, devices of it, and what tests wait for."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
import random
import socket
from typing import Any, Final

import pytest

from custom_components.device_models.iot.alert_rules import AlertRules
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.base import Connection
from custom_components.device_models.iot.connections.coap import (
    CoapEndpoint,
    transports,
)
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import DeviceModel
from custom_components.device_models.iot.values import JsonValue

THING: Final[Mapping[str, Any]] = {
    "urn": "urn:test:thing",
    "name": "Thing",
    "attributes": [
        {"name": "temperature", "type": "NUMBER", "range": "-40,100"},
        {"name": "level", "type": "INTEGER", "writable": True},
        {"name": "power", "type": "BOOLEAN", "writable": True},
        {"name": "label", "type": "STRING", "writable": True},
        {
            "name": "night",
            "type": "OBJECT",
            "members": [
                {"name": "hour", "type": "INTEGER", "writable": True},
                {"name": "dim", "type": "NUMBER", "writable": True},
                {"name": "until", "type": "STRING"},
            ],
        },
    ],
    "actions": [
        {"name": "reset"},
        {"name": "move", "arguments": [{"name": "x", "type": "NUMBER"}]},
    ],
    "formats": [
        {
            "urn": "urn:test:thing:hot",
            "name": "hot",
            "type": "ALERT",
            "value": {"fields": [{"name": "temperature", "type": "NUMBER"}]},
        }
    ],
}

STATE: Final[Mapping[str, Any]] = {
    "temperature": 21.5,
    "level": 3,
    "power": False,
    "label": "hall",
    "night": {"hour": 22, "dim": 0.5, "until": "dawn"},
}
"""What a device of the model says at first."""

FLAT: Final[dict[str, Any]] = {
    "temperature": 21.5,
    "level": 3,
    "power": False,
    "label": "hall",
    "night.hour": 22,
    "night.dim": 0.5,
    "night.until": "dawn",
}
"""What the device has when it has received STATE."""

ALL: Final = FLAT.keys()

SECONDS: Final = 8.0
"""How long anything may take that a test waits for."""


def model_of(*attributes: Mapping[str, Any], **more: Any) -> DeviceModel:
    """Return a model with these attributes."""
    document = {"urn": "urn:test", "name": "Test", "attributes": [*attributes], **more}
    loaded = load_document(document, "test")
    assert not loaded.remarks
    return loaded.model


def thing(
    connection: Connection,
    *,
    base: str = "",
    model: DeviceModel | None = None,
    key: str = "key",
    quiet: bool = False,
    **binding: Any,
) -> VirtualDevice:
    """Return a device behind a connection; ``coap``, ``mqtt`` … are its layouts."""
    alert_rules: AlertRules | None = binding.pop("alert_rules", None)
    layouts: dict[str, JsonValue] = {
        name: binding.pop(name)
        for name in ("coap", "coap_listener", "http", "mqtt")
        if name in binding
    }
    return VirtualDevice(
        key=key,
        name="Thing",
        model=model or load_document(THING, "thing").model,
        binding=Binding(base=base, layouts=layouts, **binding),
        port=connection,
        quiet=quiet,
        alert_rules=alert_rules,
    )


def shown(device: VirtualDevice) -> dict[str, Any]:
    """Return the values of a device, without their times."""
    return {name: reading.value for name, reading in device.values.items()}


async def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until something is so; fail if it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (of any kind, none has an event)
            await asyncio.sleep(0.005)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody has, and that no socket gets by chance.

    Nor does the one that is 2,623 beyond it, which aiocoap takes for WebSockets.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with socket.socket(socket.AF_INET, kind) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _timers() -> set[asyncio.TimerHandle]:
    loop: Any = asyncio.get_running_loop()
    return {timer for timer in loop._scheduled if not timer.cancelled()}


@asynccontextmanager
async def nothing_left(*, timers: bool = True) -> AsyncGenerator[None]:
    """Fail if what happens inside leaves a task, a socket or a timer behind.

    An aiocoap server in the same event loop keeps timers of its own.
    """
    tasks, files, before = asyncio.all_tasks(), _open_files(), _timers()
    yield
    async with asyncio.timeout(SECONDS):
        # aiocoap and aiomqtt need some passes of the event loop to end.
        for _ in range(20):
            await asyncio.sleep(0)
        while asyncio.all_tasks() - tasks:  # noqa: ASYNC110  (whosever they are)
            await asyncio.sleep(0)
        while _open_files() > files:  # noqa: ASYNC110  (a peer has to notice, too)
            await asyncio.sleep(0.005)
    if timers:
        assert not _timers() - before


def exchanges_of(endpoint: CoapEndpoint) -> Any:
    """Return the layer that keeps what is under way, of the context of all."""
    access: Any = endpoint._access
    return access._context.request_interfaces[0].token_interface


def lacking(
    monkeypatch: pytest.MonkeyPatch, transport: transports.Transport, module: str
) -> None:
    """Have a transport need a module that nobody has."""
    table: Any = transports.TRANSPORTS
    changed = replace(table[transport], requirements=(module,))
    monkeypatch.setitem(table, transport, changed)
