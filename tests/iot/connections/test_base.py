"""What every connection has."""

from collections.abc import Mapping
from pathlib import Path
from typing import override

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.base import (
    Capability,
    Connection,
    Watcher,
)
from custom_components.device_models.iot.device import Certainty, VirtualDevice
from custom_components.device_models.iot.errors import NotOfferedError
from custom_components.device_models.iot.files import Sink, Source
from custom_components.device_models.iot.model import Action, DeviceModel
from custom_components.device_models.iot.values import EPOCH, JsonValue, Scalar

from .things import thing


class Plain(Connection):
    """A connection that can do no more than it must."""

    capabilities = Capability(0)
    address = "plain:"

    @override
    async def open(self) -> None:
        pass

    @override
    async def close(self) -> None:
        pass

    @override
    def check(self, model: DeviceModel, binding: Binding) -> None:
        pass

    @override
    async def attach(self, device: VirtualDevice) -> None:
        pass

    @override
    async def detach(self, device: VirtualDevice) -> None:
        pass

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        return Certainty.ASSUMED

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        return None


async def test_what_a_connection_does_not_have_it_says() -> None:
    connection = Plain()
    device = thing(connection)
    assert connection.pushed(device) == set()
    for asking in (
        connection.read(device, {"level"}),
        connection.discover(),
        connection.watch(Watcher()),
        connection.describe("x"),
        connection.history(device, {"level"}, EPOCH, EPOCH),
        connection.upload(device, "x", Source(Path("x"))),
        connection.download(device, "x", Sink(Path("x"))),
    ):
        with pytest.raises(NotOfferedError):
            await asking
    await device.set("level", 1)
    assert device.values["level"].certainty is Certainty.ASSUMED
