"""Simulated devices that describe themselves: Things, IPSO nodes, Homie devices."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import json
from pathlib import Path
from typing import Any, Final

import aiocoap
from aiocoap import Code
import aiomqtt
import cbor2
import pytest

from simulators import CoapSimulator, MqttSimulator
from simulators.descriptions import coap_layout, description_of, simulated
from simulators.models import load_file

from ..acting import until
from .conftest import Ask

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"

THING: Final[dict[str, Any]] = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "title": "Vent",
    "base": "coap://vent.local/v1/",
    "securityDefinitions": {"key": {"scheme": "psk"}},
    "security": "key",
    "properties": {
        "angle": {
            "type": "integer",
            "minimum": 0,
            "maximum": 90,
            "forms": [
                {"href": "angle", "op": ["readproperty", "observeproperty"]},
                {"href": "angle", "op": "writeproperty", "cov:method": "POST"},
                {"href": "mqtt://b/vent/angle", "op": ["readproperty"]},
            ],
        },
        "until": {
            "type": "string",
            "format": "date-time",
            "forms": [{"href": "until", "contentType": "application/cbor"}],
        },
        "pin": {
            "type": "string",
            "writeOnly": True,
            "forms": [{"href": "http://vent.local/pin"}],
        },
    },
    "actions": {
        "double": {
            "uriVariables": {"by": {"type": "integer", "default": 2}},
            "input": {"type": "integer"},
            "output": {"type": "integer"},
            "forms": [{"href": "double{?by}", "cov:method": "PUT"}],
        },
        "close": {
            "input": {"type": "object", "properties": {"in": {"type": "integer"}}},
            "output": {"type": "object", "properties": {"left": {"type": "number"}}},
            "forms": [{"href": "close"}],
        },
    },
    "events": {"stuck": {"data": {"type": "integer"}, "forms": [{"href": "stuck"}]}},
    "forms": [
        {"href": "all", "op": "readallproperties"},
        {"href": "all", "op": "writemultipleproperties"},
    ],
}


@asynccontextmanager
async def over_coap(file: Path, **options: Any) -> AsyncGenerator[CoapSimulator]:
    """Run the device of a file behind CoAP; its time stands still."""
    loaded = load_file(file)
    device = simulated(loaded, seed=1, alerts_every=0)
    layout = coap_layout(loaded)
    async with CoapSimulator(device, speed=0, layout=layout, **options) as simulator:
        yield simulator


@asynccontextmanager
async def over_mqtt(
    file: Path, port: int, **options: Any
) -> AsyncGenerator[MqttSimulator]:
    """Run the device of a file behind a broker; its time stands still."""
    loaded = load_file(file)
    description = description_of(loaded)
    base = description.base(loaded) if description.base else "thing"
    async with MqttSimulator(
        simulated(loaded, seed=1, alerts_every=0),
        port=port,
        base=base,
        speed=0,
        topics=description.mqtt,
        **options,
    ) as simulator:
        yield simulator


@pytest.fixture
def thing(tmp_path: Path) -> Path:
    """Return the file of a Thing."""
    file = tmp_path / "vent.td.json"
    file.write_text(json.dumps(THING))
    return file


# Things over CoAP


async def test_description_is_of_what_is_served(thing: Path, ask: Ask) -> None:
    async with over_coap(thing) as simulator:
        url = f"{simulator.address}/.well-known/wot"
        answer = await ask(Code.GET, url, accept=432)
        assert answer.opt.content_format == 432
        refused = await ask(Code.GET, url, accept=0)
        assert refused.code is Code.NOT_ACCEPTABLE
    described = json.loads(answer.payload)
    assert described["title"] == "Vent"
    assert described["securityDefinitions"] == {"none": {"scheme": "nosec"}}
    assert described["security"] == "none"
    assert "base" not in described
    angle = described["properties"]["angle"]
    assert angle["maximum"] == 90
    at = simulator.address
    assert [form["href"] for form in angle["forms"]] == [f"{at}/v1/angle"] * 2
    pin = described["properties"]["pin"]["forms"]
    assert pin == [{"href": f"{at}/properties/pin", "op": ["writeproperty"]}]
    (double,) = described["actions"]["double"]["forms"]
    assert double["href"] == f"{at}/v1/double{{?by}}"
    assert {form["href"] for form in described["forms"]} == {f"{at}/v1/all"}


async def test_thing_is_listed(thing: Path, ask: Ask) -> None:
    async with over_coap(thing) as simulator:
        answer = await ask(Code.GET, f"{simulator.address}/.well-known/core")
    links = answer.payload.decode()
    assert '</.well-known/wot>;ct="50 432";rt="wot.thing"' in links


async def test_properties_of_a_thing(thing: Path, ask: Ask) -> None:
    async with over_coap(thing) as simulator:
        at = f"{simulator.address}/v1"
        device = simulator.device
        written = await ask(Code.POST, f"{at}/angle", b"30", content_format=50)
        assert written.code is Code.CHANGED
        assert device.values["angle"] == 30
        assert (await ask(Code.PUT, f"{at}/angle", b"3")).code is (
            Code.METHOD_NOT_ALLOWED
        )
        assert (await ask(Code.POST, f"{at}/angle", b"91")).code is Code.BAD_REQUEST
        assert (await ask(Code.GET, f"{at}/angle")).payload == b"30"
        time = cbor2.dumps("2026-05-06T07:08:09+02:00")
        assert (await ask(Code.PUT, f"{at}/until", time, content_format=60)).code is (
            Code.CHANGED
        )
        told = await ask(Code.GET, f"{at}/until")
        assert cbor2.loads(told.payload) == "2026-05-06T05:08:09Z"
        wrong = cbor2.dumps("soon")
        refused = await ask(Code.PUT, f"{at}/until", wrong, content_format=60)
        assert refused.code is Code.BAD_REQUEST
        pin = f"{simulator.address}/properties/pin"
        assert (await ask(Code.PUT, pin, b'"1"')).code is Code.CHANGED
        assert (await ask(Code.GET, pin)).code is Code.METHOD_NOT_ALLOWED
        several = b'{"angle": 45}'
        assert (await ask(Code.PUT, f"{at}/all", several)).code is Code.CHANGED
        assert (await ask(Code.PUT, f"{at}/all", b"[]")).code is Code.BAD_REQUEST
        every = json.loads((await ask(Code.GET, f"{at}/all")).payload)
        assert every == {"angle": 45, "until": "2026-05-06T05:08:09Z"}


async def test_actions_of_a_thing(thing: Path, ask: Ask) -> None:
    async with over_coap(thing) as simulator:
        at = f"{simulator.address}/v1"
        simulator.device.results["double"] = 42
        answer = await ask(Code.PUT, f"{at}/double?by=2", b"21", content_format=50)
        assert answer.payload == b"42"
        answer = await ask(Code.POST, f"{at}/close", b'{"in": 5}', content_format=50)
        assert json.loads(answer.payload).keys() == {"left"}
        wrong = await ask(Code.POST, f"{at}/close", b'{"in": "x"}', content_format=50)
        assert wrong.code is Code.BAD_REQUEST
        calls = [(call.action, call.arguments) for call in simulator.device.calls]
    assert calls == [("double", {"value": 21}), ("close", {"in": 5})]


async def test_what_a_thing_tells_by_itself(
    thing: Path, client: aiocoap.Context
) -> None:
    async with over_coap(thing) as simulator:
        at = f"{simulator.address}/v1"
        heard: dict[str, list[bytes]] = {"angle": [], "stuck": []}
        requests: list[Any] = []
        hearing: list[asyncio.Task[None]] = []

        async def hear(request: Any, payloads: list[bytes]) -> None:
            async for answer in request.observation:
                payloads.append(answer.payload)  # noqa: PERF401  (as they come)

        for name, payloads in heard.items():
            message = aiocoap.Message(code=Code.GET, uri=f"{at}/{name}", observe=0)
            request = client.request(message)
            await request.response
            requests.append(request)
            hearing.append(asyncio.create_task(hear(request, payloads)))
        simulator.device.put({"angle": 7})
        simulator.device.fire("stuck", fields={"value": 3})
        await until(lambda: all(heard.values()))
        for request, task in zip(requests, hearing, strict=True):
            request.observation.cancel()
            task.cancel()
    assert heard == {"angle": [b"7"], "stuck": [b"3"]}


# IPSO nodes


async def test_node_lists_what_it_has(ask: Ask) -> None:
    async with over_coap(FIXTURES / "ipso" / "greenhouse.wlnk") as simulator:
        answer = await ask(Code.GET, f"{simulator.address}/.well-known/core")
        below = await ask(Code.GET, f"{simulator.address}/lwm2m")
    links = answer.payload.decode().split(",")
    assert '</lwm2m>;rt="oma.lwm2m"' in links
    assert '</lwm2m/3303/0>;ct="110 112";title="Bench"' in links
    assert '</lwm2m/3320/0/5700>;ct="0 50 60 110";title="Tank level"' in links
    assert below.code is Code.METHOD_NOT_ALLOWED


async def test_values_of_a_node(ask: Ask) -> None:
    async with over_coap(FIXTURES / "ipso" / "thermostat.json") as simulator:
        at = simulator.address
        unit = await ask(Code.GET, f"{at}/3303/0/5701")
        assert (unit.payload, unit.opt.content_format) == (b"Cel", 0)
        assert (await ask(Code.GET, f"{at}/3308/0/5900")).payload == b"21.5"
        written = await ask(Code.PUT, f"{at}/3308/0/5900", b"19.5", content_format=0)
        assert written.code is Code.CHANGED
        assert simulator.device.values["3308/0/5900"] == 19.5


async def test_instances_are_packs(ask: Ask) -> None:
    async with over_coap(FIXTURES / "ipso" / "weather-node.wlnk") as simulator:
        url = f"{simulator.address}/3303/0"
        told = await ask(Code.GET, url)
        assert told.opt.content_format == 110
        records = {one["n"]: one for one in json.loads(told.payload)}
        value = simulator.device.values["3303/0/5700"]
        assert records["/3303/0/5700"] == {
            "n": "/3303/0/5700",
            "u": "Cel",
            "v": value,
        }
        assert records["/3303/0/5701"]["vs"] == "Cel"
        binary = await ask(Code.GET, url, accept=112)
        assert {0: "/3303/0/5700", 1: "Cel", 2: value} in cbor2.loads(binary.payload)
        answer = await ask(Code.POST, f"{url}/5605")
        assert answer.code is Code.CHANGED
        assert simulator.device.calls[-1].action == "3303/0/5605"


async def test_packs_are_written(ask: Ask) -> None:
    async with over_coap(FIXTURES / "ipso" / "dimmable-light.wlnk") as simulator:
        url = f"{simulator.address}/3311/0"
        pack = [{"bn": "/3311/0/", "n": "5850", "vb": True}, {"n": "5851", "v": 70}]
        text = json.dumps(pack).encode()
        for code in (Code.PUT, Code.POST):
            answer = await ask(code, url, text, content_format=110)
            assert answer.code is Code.CHANGED
        assert simulator.device.values["3311/0/5851"] == 70
        binary = cbor2.dumps([{-2: "/3311/0/", 0: "5851", 2: 30}])
        await ask(Code.PUT, url, binary, content_format=112)
        assert simulator.device.values["3311/0/5851"] == 30
        for wrong in (b'[{"n": "/3311/0/9999", "v": 1}]', b'[{"v": 1}]', b"{}"):
            answer = await ask(Code.PUT, url, wrong, content_format=110)
            assert answer.code is Code.BAD_REQUEST
        answer = await ask(Code.PUT, url, b"\xa0", content_format=112)
        assert answer.code is Code.BAD_REQUEST


# Over MQTT


class Heard:
    """What a broker passes on."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.last: dict[str, str] = {}
        self.retained: set[str] = set()
        self.all: list[tuple[str, str]] = []

    async def listen(self, client: aiomqtt.Client) -> None:
        """Take messages."""
        async for message in client.messages:
            topic, text = message.topic.value, bytes(message.payload).decode()
            self.last[topic] = text
            self.all.append((topic, text))


@pytest.fixture
async def wire(broker_port: int) -> AsyncGenerator[tuple[aiomqtt.Client, Heard]]:
    """Connect a client that hears everything."""
    heard = Heard()
    async with aiomqtt.Client("127.0.0.1", broker_port) as client:
        await client.subscribe("#", qos=1)
        listening = asyncio.create_task(heard.listen(client))
        yield client, heard
        listening.cancel()
        await asyncio.wait([listening])
    if client._misc_task is not None:
        await asyncio.wait([client._misc_task])


type Wire = tuple[aiomqtt.Client, Heard]

LIGHT: Final = FIXTURES / "homie" / "dimmable_ceiling_light_v5.json"


async def test_homie_5_device(broker_port: int, wire: Wire) -> None:
    client, heard = wire
    at = "homie/5/living-room"
    async with over_mqtt(LIGHT, broker_port) as simulator:
        assert simulator.base == at
        await until(lambda: heard.last.get(f"{at}/$state") == "ready")
        topics = [topic.removeprefix(f"{at}/") for topic, _ in heard.all]
        assert topics[:2] == ["$state", "$description"]
        assert json.loads(heard.last[f"{at}/$description"]) == json.loads(
            LIGHT.read_text()
        )
        assert heard.last[f"{at}/light/color"] == "rgb,255,180,60"
        assert heard.last[f"{at}/light/fade"] == "PT2M30S"
        assert heard.last[f"{at}/light/power"] in {"true", "false"}
        assert heard.last[f"{at}/system/booted"].endswith("Z")
        assert f"{at}/system/restart" not in heard.last

        for name, told in {
            "light/power": "true",
            "light/color": "hsv,10,20,30",
            "light/color-temp": "200",
            "light/effect": "candle",
        }.items():
            await client.publish(f"{at}/{name}/set", told)
            async with asyncio.timeout(5):
                while not heard.last[f"{at}/{name}"].startswith(told):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        for name, wrong in {
            "light/power": "on",
            "light/color": "cmyk,1,2,3,4",
            "light/brightness": "x",
        }.items():
            await client.publish(f"{at}/{name}/set", wrong)
        await client.publish(f"{at}/system/restart/set", "true")
        await until(lambda: simulator.device.calls)
        assert simulator.device.calls[0].action == "system/restart"
        assert simulator.device.values["light/color"] == "hsv,10,20,30"
    await until(lambda: heard.last[f"{at}/$state"] == "disconnected")


async def test_number_that_takes_time(broker_port: int, wire: Wire) -> None:
    client, heard = wire
    at = "homie/5/living-room/light/brightness"
    async with over_mqtt(LIGHT, broker_port) as simulator:
        simulator.device.put({"light/brightness": 1})
        await until(lambda: heard.last.get(at) == "1")
        await client.publish(f"{at}/set", "100")
        await until(lambda: heard.last[f"{at}/$target"] == "100")
        await until(lambda: heard.last[at] == "100", seconds=10)
        shown = [int(text) for topic, text in heard.all if topic == at]
        assert shown[-5:] == sorted(shown[-5:])
        assert shown[-3] > 1


async def test_homie_device_that_is_gone(broker_port: int, wire: Wire) -> None:
    _, heard = wire
    state = "homie/5/living-room/$state"
    loaded = load_file(LIGHT)
    simulator = MqttSimulator(
        simulated(loaded),
        port=broker_port,
        base="homie/5/living-room",
        topics=description_of(loaded).mqtt,
    )
    await simulator.start()
    await until(lambda: heard.last.get(state) == "ready")
    await simulator.kill()
    await until(lambda: heard.last[state] == "lost")


async def test_homie_4_device(broker_port: int, wire: Wire) -> None:
    _client, heard = wire
    at = "homie/greenhouse"
    file = FIXTURES / "homie" / "greenhouse_v4.json"
    given = json.loads(file.read_text())
    async with over_mqtt(file, broker_port) as simulator:
        await until(lambda: heard.last.get(f"{at}/$state") == "ready")
        described = {topic: text for topic, text in given.items() if "$" in topic}
        told = {topic: heard.last.get(topic) for topic in described}
        assert told == described
        assert not [topic for topic in heard.last if topic.endswith("$target")]
        simulator.device.fire("pump/dry-run")
        await until(lambda: f"{at}/pump/dry-run" in heard.last)


async def test_thing_over_mqtt(thing: Path, broker_port: int, wire: Wire) -> None:
    client, heard = wire
    async with over_mqtt(thing, broker_port) as simulator:
        await until(lambda: "vent/angle" in heard.last)
        described = json.loads(heard.last["thing/td"])
        address = f"mqtt://127.0.0.1:{broker_port}"
        forms = described["properties"]["angle"]["forms"]
        assert [form["href"] for form in forms] == [f"{address}/vent/angle"]
        (write, *_) = described["properties"]["pin"]["forms"]
        assert write["href"] == f"{address}/thing/properties/pin/set"
        device = simulator.device
        await client.publish("thing/properties/pin/set", '"99"')
        await until(lambda: device.values["pin"] == "99")
        await client.publish("thing/actions/double", "21")
        await client.publish("thing/actions/close", '{"in": 4}')
        await until(lambda: len(device.calls) == 2)
        assert device.calls[0].arguments == {"value": 21}
        device.fire("stuck", fields={"value": 5})
        await until(lambda: heard.last.get("thing/events/stuck") == "5")
        device.put({"angle": 11})
        await until(lambda: heard.last["vent/angle"] == "11")


async def test_topic_that_is_published_and_taken(
    tmp_path: Path, broker_port: int, wire: Wire
) -> None:
    client, heard = wire
    forms = [{"href": "mqtt://b/on", "op": ["readproperty", "writeproperty"]}]
    several = [{"href": "mqtt://b/x", "mqv:filter": "x/#", "op": "readproperty"}]
    more = {
        "on": {"type": "boolean", "forms": forms},
        "x": {"type": "boolean", "readOnly": True, "forms": several},
    }
    file = tmp_path / "thing.json"
    file.write_text(json.dumps({**THING, "properties": more}))
    async with over_mqtt(file, broker_port) as simulator:
        await until(lambda: "on" in heard.last)
        await until(lambda: "thing/properties/x" in heard.last)
        simulator.device.put({"on": False})
        await until(lambda: heard.last["on"] == "false")
        await client.publish("on", "true")
        await until(lambda: simulator.device.values["on"] is True)
        await client.publish("on", "false")
        await until(lambda: simulator.device.values["on"] is False)


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("homie/greenhouse_v4.json", "coap"),
        ("wot/lamp.td.json", "coap"),
        ("ipso/smart-plug.json", "mqtt"),
    ],
)
async def test_any_description_over_any_protocol(
    file: str, kind: str, broker_port: int
) -> None:
    make: dict[str, Callable[[], Any]] = {
        "coap": lambda: over_coap(FIXTURES / file),
        "mqtt": lambda: over_mqtt(FIXTURES / file, broker_port),
    }
    async with make[kind]() as simulator:
        assert simulator.device.values
