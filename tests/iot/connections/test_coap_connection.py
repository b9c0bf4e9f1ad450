"""Devices behind a CoAP endpoint: read, observed, written and called."""

import asyncio
from collections.abc import Iterable
import json
from typing import Any, override

from aiocoap import Code, Message
import cbor2
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    observation as observing,
    resource as resources,
)
from custom_components.device_models.iot.connections.coap.observation import State
from custom_components.device_models.iot.device import (
    Alert,
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    ModelError,
    PayloadError,
    RejectedError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Severity
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import load_model

from .coap_server import Content, bare_server
from .conftest import Connect
from .things import STATE, free_port, model_of, nothing_left, shown, thing, until
from .udp_peer import ACK, EMPTY, answer, datagram, silent, udp_peer

FLAT = {
    "temperature": 21.5,
    "level": 3,
    "power": False,
    "label": "hall",
    "night.hour": 22,
    "night.dim": 0.5,
    "night.until": "dawn",
}
"""What the device has when it has received STATE."""

ALL = FLAT.keys()


def state(**more: Any) -> Content:
    """Return the resource with all attributes."""
    return Content(json.dumps({**STATE, **more.pop("but", {})}).encode(), **more)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing registered again within the test but on error."""
    monkeypatch.setattr(observing, "SPREAD", (60.0, 60.0))


# Opening


async def test_opening_contacts_the_endpoint() -> None:
    async with bare_server(state=state()) as server, nothing_left(timers=False):
        connection = CoapConnection(CoapEndpoint("127.0.0.1", server.port))
        await connection.open()  # 4.04 is an answer
        assert connection.address == f"coap://127.0.0.1:{server.port}"
        await connection.close()


def test_binding_is_checked_before_anything_is_asked() -> None:
    connection = CoapConnection(CoapEndpoint("127.0.0.1"))
    model = model_of({"name": "a", "type": "STRING"})
    connection.check(model, Binding())
    with pytest.raises(ModelError, match="no such element"):
        connection.check(model, Binding(layouts={"coap": {"attributes": {"b": "x"}}}))


async def test_opening_that_fails_leaves_nothing() -> None:
    async with udp_peer(silent) as peer, nothing_left():
        connection = CoapConnection(CoapEndpoint("127.0.0.1", peer.port))
        with pytest.raises(UnreachableError):
            await connection.open()
        opening = asyncio.create_task(connection.open())
        await until(lambda: len(peer.requests) == 2)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


# Reading


async def test_everything_is_read_in_one_request(connect: Connect) -> None:
    shared, single = state(max_age=30), Content(b"21.5")
    async with bare_server(state=shared, temperature=single) as server:
        device = thing(connection := await connect(server.port))
        assert await connection.read(device, ALL) == 30
        assert shown(device) == FLAT
        assert device.online
        assert len(shared.requests) == 1
        assert not single.requests


async def test_resources_below_a_base_path(connect: Connect) -> None:
    async with bare_server(rooms__hall__state=state()) as server:
        device = thing(connection := await connect(server.port), base="/rooms/hall/")
        await connection.read(device, ALL)
        assert shown(device) == FLAT


async def test_attribute_with_a_name_that_is_no_path(connect: Connect) -> None:
    model = model_of(
        {"name": "on?", "type": "NUMBER"}, {"name": "100%", "type": "NUMBER"}
    )
    server_resources = {"on?": Content(b"1"), "100%": Content(b"2")}
    async with bare_server(**server_resources) as server:
        device = thing(connection := await connect(server.port), model=model)
        await connection.read(device, {"on?", "100%"})
        assert shown(device) == {"on?": 1, "100%": 2}


async def test_unchanged_state_is_not_sent_again(connect: Connect) -> None:
    shared = state(tagged=True, max_age=9)
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        assert await connection.read(device, ALL) == 9
        assert [one.opt.etags for one in shared.requests] == [(), (b"\x00\x01",)]
        assert shown(device) == FLAT
        shared.change(json.dumps({**STATE, "level": 4}).encode())
        await connection.read(device, ALL)
        assert shown(device)["level"] == 4


async def test_what_was_unusable_is_asked_for_in_full_again(connect: Connect) -> None:
    shared = state(tagged=True, but={"level": "high"})
    level = Content(b"3")
    async with bare_server(state=shared, level=level) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        assert device.dropped["level: value_refused"] == 1
        shared.payload = b'{"level'
        await connection.read(device, ALL)
        await connection.read(device, ALL)
        assert {one.opt.etags for one in shared.requests} == {()}


async def test_absent_state_is_replaced_by_single_attributes(connect: Connect) -> None:
    single = Content(b"21.5", max_age=5)
    async with bare_server(
        temperature=single, level=Content(b"3", max_age=8)
    ) as server:
        device = thing(connection := await connect(server.port))
        assert await connection.read(device, {"temperature", "level"}) == 5
        assert shown(device) == {"temperature": 21.5, "level": 3}
        await connection.read(device, {"temperature"})
        assert len(single.requests) == 2


async def test_what_is_absent_is_not_asked_for_again_soon(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def behave(request: Message) -> Iterable[bytes]:
        path = "/".join(request.opt.uri_path)
        asked.append(path)
        if path == "level":
            yield answer(request, b"3")
        else:
            yield answer(request, code=0x84)

    async with udp_peer(behave) as peer:
        device = thing(connection := await connect(peer.port))
        device.receive({"temperature": 20})
        asked.clear()
        await connection.read(device, {"temperature", "level"})
        assert asked == ["state", "temperature", "level"]
        assert shown(device) == {"level": 3}
        assert device.dropped["temperature: rejected"] == 1
        await connection.read(device, {"temperature", "level"})
        assert asked[3:] == ["level"]
        # One that is absent is asked for in vain, to see that the device is there.
        await connection.read(device, {"temperature"})
        assert asked[4:] == ["state"]
        # Who was away may have got new firmware.
        device.report(Availability.UNREACHABLE)
        await connection.read(device, {"temperature", "level"})
        assert asked[-3:] == ["state", "temperature", "level"]
        monkeypatch.setattr(resources, "ABSENT_RETRY", 0.0)
        await connection.read(device, {"power"})
        await connection.read(device, {"power"})
        assert asked[-2:] == ["power", "power"]


async def test_attribute_that_the_state_lacks_is_asked_for_alone(
    connect: Connect,
) -> None:
    shared = Content(b'{"level": 3, "power": null}', tagged=True)
    power = Content(b"true")
    async with bare_server(state=shared, power=power) as server:
        device = thing(connection := await connect(server.port))
        for _ in range(2):
            await connection.read(device, {"level", "power"})
        assert shown(device) == {"level": 3, "power": True}
        assert len(power.requests) == 2


@pytest.mark.parametrize(
    "code", [Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED, Code.FORBIDDEN]
)
async def test_value_that_the_device_no_longer_gives_is_lost(
    connect: Connect, code: Code
) -> None:
    temperature = Content(b"21.5", tagged=True)
    async with bare_server(temperature=temperature) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"temperature"})
        temperature.failure = code
        assert await connection.read(device, {"temperature"}) is None
        assert shown(device) == {}
        assert device.online


async def test_refusal_says_nothing_of_when_to_ask_again(connect: Connect) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.opt.uri_path == ("level",):
            yield answer(request, b"3", options=[(14, b"\x14")])
        else:
            yield answer(request, code=0x80, options=[(14, b"\x01")])

    async with udp_peer(behave) as peer:
        device = thing(connection := await connect(peer.port))
        assert await connection.read(device, {"level", "temperature"}) == 20


async def test_hint_has_an_end(connect: Connect) -> None:
    async with bare_server(state=state(max_age=2**32 - 1)) as server:
        device = thing(connection := await connect(server.port))
        assert await connection.read(device, ALL) == 3600


async def test_device_without_the_attributes_is_not_asked(connect: Connect) -> None:
    async with bare_server(state=state()) as server:
        device = thing(connection := await connect(server.port))
        assert await connection.read(device, set()) is None
        assert not server.resources["state",].requests


async def test_dead_device_is_unreachable(connect: Connect) -> None:
    async with bare_server(state=state()) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        await server.stop()
        with pytest.raises(UnreachableError):
            await connection.read(device, ALL)
        assert device.availability is Availability.UNREACHABLE
        assert "Connection refused" in device.reason
        await server.start()
        await connection.read(device, ALL)
        assert device.online


async def test_one_hanging_resource_does_not_take_the_device_down(
    connect: Connect,
) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        path = "/".join(request.opt.uri_path)
        if path in hanging:
            yield datagram(ACK, EMPTY, request.mid)
        else:
            yield answer(request, b"3")

    hanging: set[str] = set()
    async with udp_peer(behave) as peer:
        device = thing(connection := await connect(peer.port), coap={"state": False})
        await connection.read(device, {"temperature", "level"})
        hanging.add("temperature")
        await connection.read(device, {"temperature", "level"})
        assert device.online
        assert shown(device) == {"level": 3}
        assert device.dropped["temperature: unreachable"] == 1
        with pytest.raises(UnreachableError, match="no answer"):
            await connection.read(device, {"temperature"})
        assert device.availability is Availability.UNREACHABLE
        hanging |= {"level", "power"}
        asked = len(peer.requests)
        with pytest.raises(UnreachableError, match="no answer"):
            await connection.read(device, {"temperature", "level", "power"})
        assert len(peer.requests) == asked + 2


# Formats


@pytest.mark.parametrize(
    ("content_format", "payload"),
    [
        (0, b"21.5"),
        (50, b"21.5"),
        (60, cbor2.dumps(21.5)),
        (110, b'[{"n":"temperature","v":21.5}]'),
        (None, b"21.5"),
        (65000, b"21.5"),
    ],
)
async def test_answer_is_read_as_it_says(
    connect: Connect, content_format: int | None, payload: bytes
) -> None:
    temperature = Content(payload, content_format)
    pointer = {"pointer": "/temperature"} if content_format == 110 else {}
    coap = {"attributes": {"temperature": {"path": "temperature", **pointer}}}
    async with bare_server(temperature=temperature) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        await connection.read(device, {"temperature"})
        assert shown(device) == {"temperature": 21.5}


async def test_text_of_a_device_that_says_no_format(connect: Connect) -> None:
    async with bare_server(
        label=Content(b"42", None), power=Content(b"on", None)
    ) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"label", "power"})
        assert shown(device) == {"label": "42", "power": True}


async def test_format_of_the_binding_is_asked_for(connect: Connect) -> None:
    shared = Content(cbor2.dumps(dict(STATE)), 60)
    coap = {"state": {"path": "state", "format": "cbor"}}
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        await connection.read(device, ALL)
        assert shared.requests[0].opt.accept == 60
        assert shown(device) == FLAT


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'"text"',
        b"[1,2]",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"level": NaN}',
        b"x" * 900,
    ],
    ids=["empty", "cut", "text", "list", "bytes", "deep", "no number", "long"],
)
async def test_garbage_is_dropped_and_the_device_goes_on(
    connect: Connect, payload: bytes
) -> None:
    shared = state()
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, ALL)
        shared.payload = payload
        await connection.read(device, {"temperature"})
        assert device.online
        shared.payload = json.dumps({**STATE, "level": 9}).encode()
        await connection.read(device, ALL)
        assert shown(device) == FLAT | {"level": 9}


async def test_one_bad_value_spoils_no_other(connect: Connect) -> None:
    shared = state(but={"temperature": 1e9, "power": "maybe", "level": 5})
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port))
        await connection.read(device, {"level", "label"})
        assert shown(device) == {
            name: value
            for name, value in (FLAT | {"level": 5}).items()
            if name not in ("temperature", "power")
        }
        assert set(device.dropped) == {
            "temperature: value_refused",
            "power: value_refused",
        }


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


# Observing


async def test_state_is_observed_as_a_whole(connect: Connect, patient: None) -> None:
    shared, single = state(), Content(b"21.5")
    async with bare_server(state=shared, temperature=single) as server:
        device = thing(connection := await connect(server.port))
        assert connection.pushed(device) == set()
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        assert connection.pushed(device) == ALL
        assert shown(device) == FLAT
        changes: list[frozenset[str]] = []
        device.on_change(changes.append)
        shared.notify(json.dumps({**STATE, "level": 4, "power": True}).encode())
        await until(lambda: changes)
        assert changes == [{"level", "power"}]
        assert not single.requests
        await connection.detach(device)
        assert connection.pushed(device) == set()


async def test_what_the_observed_state_lacks_is_not_pushed(
    connect: Connect, patient: None
) -> None:
    shared = Content(b'{"level": 3, "power": null}')
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port))
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        assert connection.pushed(device) == {"level"}
        shared.notify(b"{")
        await until(lambda: connection.pushed(device) == set())


async def test_single_attributes_are_observed_where_there_is_no_state(
    connect: Connect, patient: None
) -> None:
    level, power = Content(b"3"), Content(b"false", observable=False)
    async with bare_server(level=level, power=power) as server:
        device = thing(connection := await connect(server.port))
        await connection.attach(device)
        await until(lambda: "power" in shown(device) and connection.pushed(device))
        assert connection.pushed(device) == {"level"}
        level.notify(b"4")
        await until(lambda: shown(device)["level"] == 4)


async def test_state_that_is_not_to_be_observed(
    connect: Connect, patient: None
) -> None:
    shared, level = state(), Content(b"3")
    coap = {
        "state": {"path": "state", "observe": False},
        "attributes": {"temperature": {"path": "temperature", "observe": False}},
    }
    async with bare_server(
        state=shared, level=level, temperature=Content(b"1")
    ) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        await connection.attach(device)
        await until(lambda: connection.pushed(device))
        assert connection.pushed(device) == {"level"}
        assert not shared.requests
        assert not server.resources["temperature",].requests


async def test_alert_fires_once_and_never_for_a_registration(
    connect: Connect, patient: None
) -> None:
    hot = Content(b'{"temperature": 80, "severity": "CRITICAL"}')
    async with bare_server(state=state(), alert__hot=hot) as server:
        device = thing(connection := await connect(server.port))
        alerts: list[Alert] = []
        device.on_alert("hot", alerts.append)
        await connection.attach(device)
        await until(lambda: hot.observers)
        await server.restart()
        device.report(Availability.UNREACHABLE)
        await connection.read(device, {"level"})  # it is back: everything anew
        await until(lambda: hot.observers)
        registered = [one for one in hot.requests if one.opt.observe == 0]
        assert len(registered) == 2
        hot.notify(b"garbage")
        await until(lambda: device.dropped)
        hot.notify(b"")
        await asyncio.sleep(0.05)
        hot.notify(b'{"temperature": 90, "severity": "LOW"}')
        await until(lambda: alerts)
        assert [one.fields for one in alerts] == [{"temperature": 90}]
        assert alerts[0].severity is Severity.LOW
        assert device.dropped == {"hot: payload_invalid": 1}


async def test_forgotten_observation_is_noticed_by_a_poll(
    connect: Connect, patient: None
) -> None:
    shared = state()
    async with bare_server(state=shared) as server:
        device = thing(connection := await connect(server.port))
        await connection.attach(device)
        await until(lambda: shared.observers)
        await server.restart()
        await connection.read(device, {"level"})
        assert not shared.observers  # nothing is new yet
        shared.change(json.dumps({**STATE, "level": 4}).encode())
        await connection.read(device, {"level"})
        await until(lambda: shared.observers)


async def test_alert_is_read_in_the_format_of_the_binding(
    connect: Connect, patient: None
) -> None:
    hot = Content(b"", None)
    coap = {"state": False, "alerts": {"hot": {"path": "/hot", "format": "cbor"}}}
    async with bare_server(hot=hot) as server:
        device = thing(connection := await connect(server.port), coap=coap)
        alerts: list[Alert] = []
        device.on_alert("hot", alerts.append)
        await connection.attach(device)
        await until(lambda: hot.observers)
        assert hot.requests[0].opt.accept == 60
        hot.notify(cbor2.dumps({"temperature": 90}))
        await until(lambda: alerts)


# Several devices, and the end


async def test_devices_of_one_endpoint_do_not_mix(
    connect: Connect, patient: None
) -> None:
    one_state, other_state = state(), state(but={"level": 8})
    async with bare_server(one__state=one_state, other__state=other_state) as server:
        connection = await connect(server.port)
        one, other = thing(connection, base="one"), thing(connection, base="other")
        await connection.attach(one)
        await connection.attach(other)
        await until(lambda: one.values and other.values)
        assert (shown(one)["level"], shown(other)["level"]) == (3, 8)
        await connection.detach(one)
        await connection.detach(one)
        other_state.notify(json.dumps({**STATE, "level": 9}).encode())
        await until(lambda: shown(other)["level"] == 9)


@pytest.mark.parametrize("passes", [0, 1, 5, 10, 20, 40, 80])
async def test_closing_at_any_moment_leaves_nothing(passes: int) -> None:
    def behave(request: Message) -> Iterable[bytes]:
        if request.code.is_request():
            yield answer(request, json.dumps(STATE).encode(), options=[(6, b"\x01")])

    async with udp_peer(behave) as peer, nothing_left():
        connection = CoapConnection(CoapEndpoint("127.0.0.1", peer.port))
        await connection.open()
        devices = [thing(connection, base=str(number)) for number in range(5)]
        for device in devices:
            await connection.attach(device)
        for _ in range(passes):
            await asyncio.sleep(0)
        await connection.close()


async def test_closing_while_the_device_is_silent_is_quick() -> None:
    async with udp_peer(silent) as peer, nothing_left():
        endpoint = CoapEndpoint("127.0.0.1", peer.port)
        await endpoint.open()
        connection = CoapConnection(endpoint)
        device = thing(connection)
        await connection.attach(device)
        reading = asyncio.create_task(connection.read(device, ALL))
        await until(lambda: peer.received)
        await connection.close()
        with pytest.raises(UnreachableError):
            await reading
        with pytest.raises(UnreachableError):
            await device.set("level", 1)


# The simulator


@pytest.fixture
async def simulator() -> Any:
    """Run a room climate controller whose time stands still."""
    room = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with CoapSimulator(room, speed=0, max_age=1) as running:
        yield running


def room_device(connection: CoapConnection) -> VirtualDevice:
    return thing(connection, model=load_model("room_climate"))


async def test_simulator_is_read_observed_written_and_called(
    connect: Connect, simulator: CoapSimulator, patient: None
) -> None:
    device = room_device(connection := await connect(simulator.port))
    names = {name for name, leaf in device.model.leaves.items() if leaf.readable}
    await connection.read(device, names)
    assert shown(device).keys() == names
    await connection.attach(device)
    await until(lambda: connection.pushed(device) == names)
    simulator.device.put({"temperature": 33.0})
    await until(lambda: shown(device)["temperature"] == 33)
    await device.set("fanSpeed", 5)
    assert simulator.device.values["fanSpeed"] == 5
    await device.set("nightSetback.startHour", 23)
    assert simulator.device.values["nightSetback.startHour"] == 23
    for action in device.model.actions:
        if action.callable_without_input:
            await device.call(action.name)
    assert simulator.device.calls
    attached = connection._attached[device]
    await until(
        lambda: all(one.state is State.ACTIVE for one in attached._observations)
    )
    for shape in device.model.formats:
        heard: list[Alert] = []
        device.on_alert(shape.name, heard.append)
        simulator.device.fire(shape.name)
        simulator.device.fire(shape.name)
        await until(lambda: len(heard) == 2)  # noqa: B023


async def test_simulator_that_is_silent_and_comes_back(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.read(device, {"temperature"})
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    simulator.faults.silent = True
    with pytest.raises(UnreachableError, match="no answer"):
        await connection.read(device, {"temperature"})
    assert device.availability is Availability.UNREACHABLE
    await until(lambda: not connection.pushed(device))
    simulator.faults.clear()
    simulator.device.put({"temperature": 12.0})
    await connection.read(device, {"temperature"})
    assert device.online
    assert shown(device)["temperature"] == 12
    await until(lambda: connection.pushed(device))


async def test_slow_simulator_is_waited_for(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    simulator.faults.slow = 0.3
    await connection.read(device, {"temperature"})
    await device.set("fanSpeed", 4)
    assert simulator.device.values["fanSpeed"] == 4


async def test_simulator_that_reboots_is_observed_again(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.attach(device)
    await until(lambda: connection.pushed(device))
    await simulator.reboot(0.2)
    simulator.device.put({"temperature": 12.0})
    await until(lambda: shown(device)["temperature"] == 12)
    simulator.device.put({"temperature": 13.0})
    await until(lambda: shown(device)["temperature"] == 13)


async def test_garbage_of_the_simulator_spoils_nothing(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    names = {name for name, leaf in device.model.leaves.items() if leaf.readable}
    await connection.read(device, names)
    good = shown(device)
    simulator.faults.garbage = True
    for _ in range(12):
        await connection.read(device, names)
        for name, value in shown(device).items():
            device.model.leaves[name].validate(value)
    assert device.dropped
    assert device.online
    simulator.faults.clear()
    simulator.device.put({"temperature": 12.0})
    await connection.read(device, names)
    assert shown(device) == good | {"temperature": 12.0}


async def test_simulator_that_is_killed_is_noticed_at_once(
    connect: Connect, simulator: CoapSimulator
) -> None:
    device = room_device(connection := await connect(simulator.port))
    await connection.read(device, {"temperature"})
    await simulator.kill()
    with pytest.raises(UnreachableError, match="Connection refused"):
        await connection.read(device, {"temperature"})
    await simulator.start()
    await connection.read(device, {"temperature"})
    assert device.online


async def test_port_where_nobody_listens() -> None:
    async with nothing_left():
        import socket

        connection = CoapConnection(
            CoapEndpoint("127.0.0.1", free_port(socket.SOCK_DGRAM))
        )
        with pytest.raises(UnreachableError, match="Connection refused"):
            await connection.open()
