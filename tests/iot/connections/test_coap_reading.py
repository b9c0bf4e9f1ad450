"""What a CoAP device answers is read, whatever it is."""

from collections.abc import Iterable
import json

from aiocoap import Code, Message
import cbor2
import pytest

from custom_components.device_models.iot.connections import resources
from custom_components.device_models.iot.device import (
    Availability,
)
from custom_components.device_models.iot.errors import (
    UnreachableError,
)

from .coap_server import Content, bare_server, state
from .conftest import Connect
from .things import ALL, FLAT, STATE, model_of, shown, thing
from .udp_peer import ACK, EMPTY, answer, datagram, udp_peer

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
