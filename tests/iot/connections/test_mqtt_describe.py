"""What devices behind a broker say of themselves."""

import asyncio
from collections.abc import Awaitable, Callable
import json
import time
from typing import Any, override

import aiomqtt
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.connections.base import Capability
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    Message,
    MqttClient,
    MqttConnection,
    describe as describe_module,
)
from custom_components.device_models.iot.connections.mqtt.describe import describe
from custom_components.device_models.iot.errors import ModelError, UnreachableError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.matching import match
from simulators.behaviour import SimulatedDevice
from simulators.models import BUNDLED, load_model
from simulators.mqtt import MqttSimulator

from .mosquitto import MOSQUITTO, Mosquitto, tell
from .things import THING, nothing_left, shown, thing, until

TD = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "id": "urn:example:meter",
    "title": "Meter",
    "security": "nosec_sc",
    "securityDefinitions": {"nosec_sc": {"scheme": "nosec"}},
    "properties": {
        "power": {
            "type": "number",
            "readOnly": True,
            "forms": [
                {
                    "href": "mqtt://127.0.0.1:1883",
                    "mqv:filter": "meter/power",
                    "op": ["readproperty", "observeproperty"],
                    "contentType": "text/plain",
                }
            ],
        }
    },
}

HOMIE_5 = {
    "homie": "5.0",
    "version": 3,
    "name": "Boiler",
    "nodes": {
        "tank": {
            "properties": {
                "temperature": {"datatype": "float", "unit": "°C"},
                "password": {"datatype": "string", "settable": True},
            }
        }
    },
}


@pytest.fixture(autouse=True)
def moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for a moment only."""
    monkeypatch.setattr(describe_module, "SECONDS", 0.8)
    monkeypatch.setattr(describe_module, "QUIET", 0.2)


def types(loaded: Loaded) -> dict[str, str]:
    return {name: leaf.type.value for name, leaf in loaded.model.leaves.items()}


def loads_again(loaded: Loaded) -> bool:
    document = json.loads(json.dumps(loaded.document))
    return load_document(document, "again").model == loaded.model


def encoded(payload: Any) -> bytes:
    """Return a payload of any kind as it is sent."""
    if isinstance(payload, bytes):
        return payload
    return (payload if isinstance(payload, str) else json.dumps(payload)).encode()


class Heard(MqttClient):
    """A client whose broker has messages, of which some come a little later."""

    address = "MQTT"  # as Home Assistant's own client calls itself

    def __init__(self, *messages: tuple[str, Any], every: float = 0) -> None:
        self._messages = messages
        self._every = every
        self._task: asyncio.Task[None] | None = None
        self.filters: list[str] = []
        self.ended = 0

    @override
    async def open(self, on_connection: Callable[[bool], None]) -> None: ...

    @override
    async def close(self) -> None: ...

    @override
    async def publish(self, topic: str, payload: bytes) -> None:
        raise AssertionError

    @override
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        self.filters.append(topic_filter)

        async def send() -> None:
            for topic, payload in self._messages:
                await asyncio.sleep(self._every)
                on_message(Message(topic, encoded(payload), retain=True))

        self._task = asyncio.create_task(send())

        async def end() -> None:
            self.ended += 1
            assert self._task is not None
            self._task.cancel()

        return end


@MOSQUITTO
@pytest.mark.peer
async def test_a_homie_device(connection: MqttConnection, wire: aiomqtt.Client) -> None:
    assert Capability.DESCRIBE in connection.capabilities
    base = "homie/5/boiler"
    await tell(wire, f"{base}/$state", "ready", retain=True)
    await tell(wire, f"{base}/$description", HOMIE_5, retain=True)
    await tell(wire, f"{base}/tank/temperature", "61.5", retain=True)
    await tell(wire, f"{base}/tank/password", "hunter2", retain=True)
    await tell(wire, "homie/5/other/$state", "ready", retain=True)
    begin = time.monotonic()
    loaded = await connection.describe(base)
    assert time.monotonic() - begin < 10  # it does not wait for more
    assert loaded.format == "Homie device"
    assert types(loaded)["tank/temperature"] == "NUMBER"
    assert "hunter2" not in repr(loaded)
    assert loads_again(loaded)
    device = thing(
        connection, base=base, model=loaded.model, mqtt=loaded.layouts["mqtt"]
    )
    await connection.attach(device)
    await until(lambda: shown(device).get("tank/temperature") == 61.5)


async def test_a_homie_4_device() -> None:
    topics = {
        "$homie": "4.0.0",
        "$name": "Kitchen",
        "$state": "ready",
        "$nodes": "light",
        "light/$name": "Light",
        "light/$properties": "power",
        "light/power/$name": "Power",
        "light/power/$datatype": "boolean",
        "light/power/$settable": "true",
        "light/power": "true",
    }
    messages = [(f"homie/kitchen/{name}", text) for name, text in topics.items()]
    loaded = await describe(Heard(*messages), "homie/kitchen")
    assert types(loaded)["light/power"] == "BOOLEAN"
    assert loaded.model.name == "Kitchen"


async def test_the_topic_above_homie_devices_is_refused_with_theirs() -> None:
    heard = Heard(("homie/5/a/$description", HOMIE_5), ("homie/5/b/$state", "ready"))
    with pytest.raises(ModelError, match="topic of one device: homie/5/a"):
        await describe(heard, "homie/5")


@MOSQUITTO
@pytest.mark.peer
@pytest.mark.parametrize("topic", ["td", "model", "about/it"])
async def test_a_retained_thing_description(
    connection: MqttConnection, wire: aiomqtt.Client, topic: str
) -> None:
    await tell(wire, "meter/power", "21.5", retain=True)
    await tell(wire, "meter/state", {"uptime": 12}, retain=True)
    await tell(wire, f"meter/{topic}", TD, retain=True)
    loaded = await connection.describe("meter")
    assert loaded.model.urn == "urn:example:meter"
    assert loads_again(loaded)
    device = thing(
        connection, base="meter", model=loaded.model, mqtt=loaded.layouts["mqtt"]
    )
    await connection.attach(device)
    await until(lambda: shown(device) == {"power": 21.5})


async def test_after_a_description_on_the_base_topic_nothing_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(describe_module, "SECONDS", 600)
    loaded = await describe(Heard(("meter", TD)), "meter")
    assert loaded.model.urn == "urn:example:meter"


@pytest.mark.parametrize("payload", [{"temperature": 21.5}, '{"temp', "[]", "on", ""])
async def test_a_value_on_the_base_topic_is_no_description(payload: Any) -> None:
    later = [("lamp", payload)] * 5 + [("lamp/power", "12")]
    loaded = await describe(Heard(*later, every=0.1), "lamp")
    assert types(loaded)["power"] == "INTEGER"


async def test_a_retained_device_file() -> None:
    heard = Heard(("hall/state", {"temperature": 1}), ("hall/model", {"model": THING}))
    loaded = await describe(heard, "/hall/")
    assert loaded.model.urn == "urn:test:thing"
    assert loaded.format == "device file"


async def test_an_unusable_model_is_told_and_passed_over() -> None:
    heard = Heard(
        ("hall/td", {"@context": "https://www.w3.org/2022/wot/td/v1.1"}),
        ("hall/info", {"model": "TS0201", "vendor": 5}),
        ("hall/temperature", "21.5"),
    )
    loaded = await describe(heard, "hall")
    assert "temperature" in types(loaded)
    assert [remark.where for remark in loaded.remarks if "model" in remark.message] == [
        "hall/td"
    ]
    assert not any(name.startswith("td") for name in types(loaded))


async def test_samples_make_a_draft() -> None:
    heard = Heard(
        ("hall/state", {"temperature": 20, "power": False}),
        ("hall/state", {"temperature": 21.5, "power": False, "night": {"hour": 22}}),
        ("hall/rssi", "-67"),
        ("hall/picture", b"\x89PNG\xff"),
        ("hall/power/set", "true"),
        ("hall/reset/invoke", "{}"),
    )
    loaded = await describe(heard, "hall")
    assert loaded.model.draft
    names = {name.rpartition("/")[2].rpartition(".")[2] for name in types(loaded)}
    assert names == {"temperature", "power", "hour", "rssi"}
    assert heard.filters == ["hall/#"]
    assert heard.ended == 1
    assert loads_again(loaded)


async def test_samples_are_kept_without_secrets() -> None:
    config = {"ssid": "home", "password": "hunter2", "keys": [{"psk": "hunter2"}]}
    heard = Heard(
        ("hall/config", config),
        ("hall/list", [{"token": "hunter2"}]),
        ("hall/wifi/password", "hunter2"),
        ("hall/text", "[not json"),
        ("hall/temperature", "21.5"),
    )
    loaded = await describe(heard, "hall")
    assert "hunter2" not in repr(loaded)
    assert "[not json" in repr(loaded.document)
    assert any(name.endswith("temperature") for name in types(loaded))


@MOSQUITTO
@pytest.mark.peer
async def test_a_simulated_device_is_recognised(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    device = SimulatedDevice(load_model("water_pump"), seed=1, alerts_every=0)
    path = BUNDLED / "water_pump.json"
    bundled = load_document(json.loads(path.read_text()), "water_pump")
    async with MqttSimulator(
        device, port=broker.port, base="cellar/pump", speed=0
    ) as running:
        loaded = await connection.describe(running.base)
    found = match(bundled, loaded, running.base)
    assert found.score > 90, found.reason


async def test_live_messages_are_waited_for() -> None:
    messages = [(f"hall/n{number}", str(number)) for number in range(5)]
    loaded = await describe(Heard(*messages, every=0.05), "hall")
    assert len(types(loaded)) == 5


async def test_listening_ends() -> None:
    messages = [(f"hall/n{number}", str(number)) for number in range(1000)]
    begin = time.monotonic()
    loaded = await describe(Heard(*messages, every=0.05), "hall")
    assert time.monotonic() - begin < 2
    assert 5 < len(types(loaded)) < 30


@pytest.mark.parametrize(("limit", "value"), [("MAX_TOPICS", 5), ("MAX_BYTES", 55)])
async def test_what_is_kept_is_bounded(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(describe_module, limit, value)
    messages = [(f"hall/n{number}", "1") for number in range(100, 200)]
    loaded = await describe(Heard(*messages), "hall")
    assert len(types(loaded)) == 5


async def test_a_payload_that_is_too_large_leaves_room_for_others() -> None:
    large = ("hall/dump", "x" * (describe_module.MAX_BYTES + 1))
    loaded = await describe(Heard(large, ("hall/a", "1")), "hall")
    assert types(loaded).keys() == {"a"}


@pytest.mark.parametrize("messages", [(), (("hall/a", b"\xff"),)])
async def test_nothing_heard(messages: Any) -> None:
    heard = Heard(*messages)
    with pytest.raises(ModelError, match=r"MQTT/hall: .*nothing .* hall/#") as caught:
        await describe(heard, "hall")
    assert len(str(caught.value)) < 300
    assert heard.ended == 1


@pytest.mark.parametrize("base", ["", "/", "hall/+", "#", "x" * 70_000])
async def test_a_base_that_is_no_topic(base: str) -> None:
    heard = Heard()
    with pytest.raises(ModelError, match="expected a topic") as caught:
        await describe(heard, base)
    assert len(str(caught.value)) < 300
    assert not heard.filters


@MOSQUITTO
@pytest.mark.peer
async def test_a_broker_that_is_away(
    connection: MqttConnection, broker: Mosquitto
) -> None:
    client = connection._client
    assert isinstance(client, BrokerClient)
    broker.kill()
    await until(lambda: client._session is None)
    with pytest.raises(UnreachableError):
        await connection.describe("hall")


@MOSQUITTO
@pytest.mark.peer
async def test_nothing_stays_behind(broker: Mosquitto, wire: aiomqtt.Client) -> None:
    await tell(wire, "hall/a", "1", retain=True)
    async with nothing_left():
        client = BrokerClient(BrokerSettings("127.0.0.1", broker.port))
        connection = MqttConnection(client)
        await connection.open()
        assert types(await connection.describe("hall")) == {"a": "INTEGER"}
        assert not client._held
        await connection.close()


async def test_giving_up_ends_the_subscription() -> None:
    heard = Heard()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await describe(heard, "hall")
    assert heard.ended == 1


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            ["$homie", "$description", "td", "model", "a", "a/b", "$nodes"]
        ),
        st.one_of(
            st.binary(max_size=20),
            st.text(max_size=20).map(str.encode),
            st.sampled_from([b"{}", b"[]", b'{"@context": 1}', b'{"homie": "5"}']),
        ),
        min_size=1,
    )
)
def test_garbage_gives_a_model_or_a_model_error(topics: dict[str, bytes]) -> None:
    heard = describe_module._Heard("x")
    for topic, payload in topics.items():
        heard.take(Message(f"x/{topic}", payload, retain=True))
    if not heard.texts:
        return
    try:
        loaded = describe_module._load(heard, "source")
    except ModelError as err:
        text = str(err)
    else:
        text = json.dumps(loaded.document)[:10]
    assert len(text.encode()) < 600
