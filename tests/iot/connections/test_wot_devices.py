"""Devices as their Thing Descriptions say, over both connections."""

import asyncio
import json
from typing import Any, Final, override

from aiocoap import Code, Message
import aiomqtt
import cbor2
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap import CoapConnection
from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.device import Availability, VirtualDevice
from custom_components.device_models.iot.errors import NotOfferedError
from custom_components.device_models.iot.formats import Loaded, load_document

from .coap_server import Content, bare_server
from .conftest import Connect
from .mosquitto import tell
from .things import shown, until

BOTH: Final = ["readproperty", "observeproperty"]


def described(base: str, **affordances: Any) -> Loaded:
    """Return what a Thing Description says."""
    return load_document(
        {
            "@context": "https://www.w3.org/2022/wot/td/v1.1",
            "title": "Thing",
            "securityDefinitions": {"none": {"scheme": "nosec"}},
            "security": "none",
            "base": base,
            **affordances,
        },
        "thing.json",
    )


def device_of(
    found: Loaded, connection: CoapConnection | MqttConnection
) -> VirtualDevice:
    """Return the device, without a base: all of its places are absolute."""
    return VirtualDevice(
        key="key",
        name="Thing",
        model=found.model,
        binding=Binding(layouts=found.layouts),
        port=connection,
    )


class Flexible(Content):
    """A resource that takes the methods of RFC 8132, too."""

    async def render_fetch(self, request: Message) -> Message:
        """Answer FETCH as if it were GET."""
        return await self.render_get(request)

    async def render_ipatch(self, request: Message) -> Message:
        """Answer iPATCH as if it were PUT."""
        return await self.render_put(request)

    @override
    async def render_put(self, request: Message) -> Message:
        """Take another content; an action has a result."""
        answer = await super().render_put(request)
        answer.payload = self.result
        return answer


GREENHOUSE: Final = described(
    "coap://greenhouse.local/bay/",
    properties={
        "temperature": {
            "type": "number",
            "readOnly": True,
            "forms": [
                {"href": "air", "op": BOTH, "contentType": "application/cbor"},
            ],
        },
        "vent": {
            "type": "object",
            "properties": {
                "angle": {"type": "integer"},
                "until": {"type": "string", "format": "date-time"},
                "stuck": {"type": "boolean", "readOnly": True},
            },
            "forms": [
                {"href": "vent", "op": "readproperty", "cov:method": "FETCH"},
                {"href": "vent", "op": "writeproperty", "cov:method": "iPATCH"},
            ],
        },
        "note": {"type": "string", "forms": [{"href": "http://greenhouse.local/n"}]},
    },
    actions={
        "water": {
            "input": {"type": "integer"},
            "output": {"type": "number"},
            "forms": [{"href": "water", "cov:method": "PUT"}],
        },
        "mix": {
            "input": {
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                "required": ["a"],
            },
            "forms": [{"href": "mix"}],
        },
        "call": {"forms": [{"href": "http://greenhouse.local/call"}]},
    },
    events={"frost": {"data": {"type": "number"}, "forms": [{"href": "frost"}]}},
)


async def test_greenhouse_over_coap(connect: Connect) -> None:
    air = Content(cbor2.dumps(21.5), 60)
    vent = Flexible(b'{"angle": 3, "stuck": false, "until": "2026-01-02T03:04:05Z"}')
    water, mix = Flexible(), Content()
    frost = Content(b"0")
    water.result = b"1.5"
    async with bare_server(
        bay__air=air, bay__vent=vent, bay__water=water, bay__mix=mix, bay__frost=frost
    ) as server:
        connection = await connect(server.port)
        device = device_of(GREENHOUSE, connection)
        alerts: list[Any] = []
        device.on_alert("frost", alerts.append)
        await connection.attach(device)
        await connection.read(device, device.model.readable)
        assert shown(device).keys() == {
            "temperature",
            "vent.angle",
            "vent.until",
            "vent.stuck",
        }
        assert air.requests[0].opt.accept == 60
        assert {request.code for request in vent.requests} == {Code.FETCH}
        await device.set("vent.angle", 7)
        (written,) = vent.asked(Code.iPATCH)
        assert json.loads(written.payload) == {
            "angle": 7,
            "until": "2026-01-02T03:04:05+00:00",
        }
        assert await device.call("water", {"value": 5}) == 1.5
        assert [one.payload for one in water.asked(Code.PUT)] == [b"5"]
        await device.call("mix", {"a": 1})
        assert json.loads(mix.asked(Code.POST)[0].payload) == {"a": 1}
        with pytest.raises(NotOfferedError):
            await device.set("note", "x")
        with pytest.raises(NotOfferedError):
            await device.call("call")
        await until(lambda: air.observers and frost.observers)
        assert connection.pushed(device) >= {"temperature"}
        air.notify(cbor2.dumps(22.5))
        frost.notify(b"-1.5")
        await until(lambda: shown(device)["temperature"] == 22.5 and alerts)
        assert alerts[0].fields == {"value": -1.5}


METER: Final = described(
    "mqtt://broker.local",
    properties={
        "power": {
            "type": "number",
            "readOnly": True,
            "forms": [{"href": "/", "mqv:filter": "meter/power", "op": BOTH}],
        },
        "pin": {
            "type": "string",
            "writeOnly": True,
            "forms": [{"href": "/", "mqv:topic": "meter/pin"}],
        },
        "note": {"type": "string", "forms": [{"href": "http://meter.local/n"}]},
    },
    actions={
        "limit": {
            "input": {"type": "integer"},
            "forms": [{"href": "/", "mqv:topic": "meter/limit"}],
        },
        "call": {"forms": [{"href": "http://meter.local/call"}]},
    },
)


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True)
async def test_meter_over_mqtt(
    connection: MqttConnection, wire: aiomqtt.Client
) -> None:
    device = device_of(METER, connection)
    await connection.attach(device)
    await wire.subscribe("meter/#")
    await tell(wire, "meter/power", "12.5")
    await until(lambda: shown(device) == {"power": 12.5})
    await device.call("limit", {"value": 900})
    await device.set("pin", "1234")
    heard: dict[str, Any] = {}
    async with asyncio.timeout(5):
        async for message in wire.messages:
            heard[message.topic.value] = message.payload
            if len(heard) == 3:
                break
    assert heard == {
        "meter/power": b"12.5",
        "meter/limit": b"900",
        "meter/pin": b'"1234"',
    }
    with pytest.raises(NotOfferedError):
        await device.set("note", "x")
    with pytest.raises(NotOfferedError):
        await device.call("call")


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [("mosquitto",)], indirect=True)
async def test_device_that_publishes_nothing_is_there(
    connection: MqttConnection,
) -> None:
    found = described(
        "mqtt://broker.local",
        properties={"note": {"type": "string", "forms": [{"href": "http://x/n"}]}},
        actions={"go": {"forms": [{"href": "/", "mqv:topic": "x/go"}]}},
    )
    device = device_of(found, connection)
    await connection.attach(device)
    assert device.availability is Availability.ONLINE
