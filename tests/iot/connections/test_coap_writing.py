"""Values are written to a CoAP device, and its actions called."""

import json
from typing import override

from aiocoap import Code
import cbor2
import pytest

from custom_components.device_models.iot.device import Certainty
from custom_components.device_models.iot.errors import (
    PartlyWrittenError,
    PayloadError,
    RejectedError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType, JsonValue

from .coap_server import Content, bare_server, state
from .conftest import Connect
from .things import ALL, FLAT, STATE, shown, thing

# Writing


@pytest.mark.parametrize(
    ("content_format", "expected"),
    [(None, b"7"), (0, b"7"), (50, b"7"), (60, cbor2.dumps(7))],
)
async def test_write_is_in_the_format_that_the_device_speaks(
    connect: Connect, content_format: int | None, expected: bytes
) -> None:
    level = Content(cbor2.dumps(3) if content_format == 60 else b"3", content_format)
    async with bare_server(level=level) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"level"})
        await device.set("level", 7)
        put = level.asked(Code.PUT)[0]
        assert put.payload == expected
        spoken = 0 if content_format is None else content_format
        assert put.opt.content_format == spoken
        assert device.values["level"].certainty is Certainty.LIVE


async def test_write_to_a_device_that_was_never_read_is_json(connect: Connect) -> None:
    label = Content(b"")
    async with bare_server(label=label) as server:
        device = thing(await connect(server.port))
        await device.set("label", "attic")
        assert label.asked(Code.PUT)[0].payload == b'"attic"'
        assert label.asked(Code.PUT)[0].opt.content_format == 50


async def test_refused_write_says_why_and_leaves_the_old_value(
    connect: Connect,
) -> None:
    level = Content(b"3")
    async with bare_server(level=level) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"level"})
        level.failure = Code.BAD_REQUEST
        with pytest.raises(RejectedError, match=r"/level answered 4\.00 no such luck"):
            await device.set("level", 7)
        assert shown(device) == {"level": 3}


async def test_values_of_which_some_are_refused_are_told_apart(
    connect: Connect,
) -> None:
    level, label = Content(b"3"), Content(b"hall")
    async with bare_server(level=level, label=label) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"level", "label"})
        level.failure = Code.FORBIDDEN
        with pytest.raises(PartlyWrittenError) as caught:
            await device.change({"level": 7, "label": "attic"})
        assert str(caught.value).startswith("label was set, but not level: ")
        assert "4.03" in str(caught.value)
        assert isinstance(caught.value.__cause__, RejectedError)
        assert shown(device) == {"level": 3, "label": "attic"}


async def test_value_that_is_not_taken_over_shows_with_the_next_poll(
    connect: Connect,
) -> None:
    class Stubborn(Content):
        @override
        def change(self, payload: bytes) -> None:
            """Say yes and do nothing."""

    shared = Stubborn(json.dumps(STATE).encode(), tagged=True)
    level = Stubborn(b"3", tagged=True)
    async with bare_server(state=shared, level=level) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        await device.set("level", 7)
        assert shown(device)["level"] == 7
        await connection.read(device, ALL)
        assert shown(device)["level"] == 3


async def test_write_that_was_not_answered_may_have_been_done(connect: Connect) -> None:
    async with bare_server(state=state(tagged=True)) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        await server.stop()
        with pytest.raises(UnreachableError):
            await device.set("level", 7)
        await server.start()
        await connection.read(device, ALL)
        assert server.resources["state",].requests[-1].opt.etags == ()


async def test_member_is_written_with_its_whole_object(connect: Connect) -> None:
    night = Content(json.dumps(STATE["night"]).encode())
    async with bare_server(state=state(), night=night) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        await device.set("night.hour", 23)
        assert json.loads(night.payload) == {"hour": 23, "dim": 0.5}
        assert shown(device)["night.hour"] == 23


async def test_members_that_are_not_known_are_asked_for_first(connect: Connect) -> None:
    night = Content(json.dumps(STATE["night"]).encode())
    async with bare_server(night=night) as server:
        device = thing(await connect(server.port))
        await device.set("night.hour", 23)
        assert json.loads(night.payload) == {"hour": 23, "dim": 0.5}


async def test_attributes_of_one_resource_are_written_together(
    connect: Connect,
) -> None:
    config = Content(b'{"l": 3, "p": false, "t": 20}')
    coap = {
        "state": False,
        "attributes": {
            "level": {"path": "config", "pointer": "/l"},
            "power": {"path": "config", "pointer": "/p"},
            "temperature": {"path": "config", "pointer": "/t"},
        },
    }
    async with bare_server(config=config) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        await connection.read(device, {"level", "power", "temperature"})
        assert shown(device) == {"level": 3, "power": False, "temperature": 20}
        assert len(config.requests) == 1
        await device.set("level", 4)
        assert json.loads(config.payload) == {"l": 4, "p": False}


async def test_several_are_written_singly_where_the_device_has_no_more(
    connect: Connect,
) -> None:
    level, label = Content(b"3"), Content(b"hall")
    async with bare_server(level=level, label=label) as server:
        coap = {"state": {"path": "all", "writable": True}}
        device = thing(await connect(server.port), coap=coap)
        for number in (7, 8):
            device.update()
            await device.set("level", number)
            await device.set("label", "attic")
            await device.finish()
            assert level.payload == b"%d" % number
        assert shown(device) == {"level": 8, "label": "attic"}


async def test_resource_of_its_own_for_writing(connect: Connect) -> None:
    command = Content(b"")
    coap = {
        "attributes": {
            "level": {"path": "config", "pointer": "/l", "write": "/command"},
            "power": {"path": "config", "pointer": "/p", "write": "/command"},
        }
    }
    async with bare_server(
        base__config=Content(b'{"l": 3, "p": false}'), command=command
    ) as server:
        device = thing(connection := await connect(server.port), base="base", coap=coap)
        await connection.read(device, {"level", "power"})
        await device.set("level", 4)
        assert json.loads(command.payload) == {"l": 4}
        device.update()
        await device.set("level", 5)
        await device.set("power", True)
        await device.finish()
        assert json.loads(command.payload) == {"l": 5, "p": True}
        assert len(command.requests) == 2


async def test_transaction_goes_in_one_message_where_the_device_takes_it(
    connect: Connect,
) -> None:
    shared = state()
    coap = {"state": {"path": "state", "writable": True}}
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        await connection.read(device, ALL)
        device.update()
        await device.set("level", 4)
        await device.set("night.dim", 0.25)
        await device.finish()
        assert json.loads(shared.asked(Code.PUT)[0].payload) == {
            "level": 4,
            "night": {"hour": 22, "dim": 0.25},
        }
        assert shown(device) == FLAT | {"level": 4, "night.dim": 0.25}


async def test_single_attribute_goes_to_the_state_if_it_has_no_resource(
    connect: Connect,
) -> None:
    shared = state()
    coap = {"state": {"path": "state", "writable": True}}
    async with bare_server(state=shared) as server:
        device = thing(await connect(server.port), coap=coap)
        await device.set("level", 4)
        assert json.loads(shared.asked(Code.PUT)[0].payload) == {"level": 4}
        shared.failure = Code.FORBIDDEN
        with pytest.raises(RejectedError, match=r"/state answered 4\.03"):
            await device.set("level", 5)


async def test_transaction_of_a_device_that_takes_one_at_a_time(
    connect: Connect,
) -> None:
    level, power = Content(b"3"), Content(b"false")
    async with bare_server(level=level, power=power) as server:
        device = thing(await connect(server.port))
        device.update()
        await device.set("level", 4)
        await device.set("power", True)
        await device.finish()
        assert (level.payload, power.payload) == (b"4", b"true")


async def test_value_that_no_payload_can_hold(connect: Connect) -> None:
    coap = {"attributes": {"label": {"path": "label", "format": "octets"}}}
    async with bare_server(label=Content(b"")) as server:
        device = thing(await connect(server.port), coap=coap)
        with pytest.raises(PayloadError):
            await device.set("label", "no hexadecimal")


# Calling


async def test_action_and_its_result(connect: Connect) -> None:
    move = Content(b"")
    move.result = b'{"y": [1, 2]}'
    async with bare_server(move=move, reset=Content(b"")) as server:
        device = thing(await connect(server.port))
        assert await device.call("move", {"x": 1.5}) == {"y": [1, 2]}
        assert move.requests[0].payload == b'{"x":1.5}'
        assert move.requests[0].opt.content_format == 50
        assert await device.call("reset") is None
        reset = server.resources["reset",].requests[0]
        assert (reset.payload, reset.opt.content_format) == (b"", None)
        assert device.online


async def test_action_in_the_format_of_the_binding(connect: Connect) -> None:
    go = Content(b"", None)
    go.result = cbor2.dumps(b"\x01")
    coap = {"actions": {"move": {"path": "go", "format": "cbor"}}}
    async with bare_server(go=go) as server:
        device = thing(await connect(server.port), coap=coap)
        assert await device.call("move", {"x": 1.5}) == "AQ=="
        assert cbor2.loads(go.requests[0].payload) == {"x": 1.5}


async def test_unreadable_result_is_no_failure(connect: Connect) -> None:
    reset = Content(b"")
    reset.result = b"\xff{"
    async with bare_server(reset=reset) as server:
        device = thing(await connect(server.port))
        assert await device.call("reset") is None
        assert device.dropped.total() == 1


async def test_refused_action_says_why(connect: Connect) -> None:
    reset = Content(b"")
    reset.failure = Code.CONFLICT
    async with bare_server(reset=reset) as server:
        device = thing(await connect(server.port))
        with pytest.raises(RejectedError, match=r"/reset answered 4\.09 no such luck"):
            await device.call("reset")


async def test_attributes_that_are_parts_of_one_number(connect: Connect) -> None:
    status = Content(b"9")
    parts = tuple(
        Attribute(name=name, type=DataType.INTEGER, writable=True)
        for name in ("flags", "mode")
    )
    model = DeviceModel(urn="urn:x", name="X", attributes=parts)
    places: JsonValue = {"flags": "status", "mode": "status"}
    async with bare_server(status=status) as server:
        connection = await connect(server.port)
        layout: JsonValue = {"state": False, "attributes": places}
        device = thing(connection, model=model, coap=layout)
        await connection.read(device, model.readable)
        assert shown(device) == {"flags": 9, "mode": 9}
        await device.set("mode", 13)
        assert status.payload == b"13"
        # What is written next to the other bits has to know of it.
        assert shown(device) == {"flags": 13, "mode": 13}
        await device.set("flags", 12)
        assert shown(device) == {"flags": 12, "mode": 12}
