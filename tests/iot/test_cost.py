"""What a pushed message costs."""

from collections import Counter
from collections.abc import Awaitable, Callable
import json
from typing import Any, override

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.codecs import CODECS
from custom_components.device_models.iot.connections.mqtt import MqttConnection
from custom_components.device_models.iot.connections.mqtt.client import (
    Message,
    MqttClient,
)
from custom_components.device_models.iot.device import VirtualDevice

from .samples import attributes, model_of

NAMES = [f"value{number}" for number in range(10)]
ATTRIBUTES = attributes(*({"name": name, "type": "NUMBER"} for name in NAMES))
TOPIC = "house/pump/state"


class SilentClient(MqttClient):
    """A client without a broker: the test delivers the messages."""

    address = "nowhere"

    def __init__(self) -> None:
        self.subscriptions: list[tuple[str, Callable[[Message], None]]] = []

    @override
    async def open(self, on_connection: Callable[[bool], None]) -> None:
        on_connection(True)

    @override
    async def close(self) -> None:
        pass

    @override
    async def subscribe(
        self, topic_filter: str, on_message: Callable[[Message], None]
    ) -> Callable[[], Awaitable[None]]:
        self.subscriptions.append((topic_filter, on_message))

        async def end() -> None:
            pass

        return end

    @override
    async def publish(self, topic: str, payload: bytes) -> None:
        pass


async def test_pushed_message_costs_one_parse_one_pass_and_a_call_per_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Issue: one parse, one pass, nothing for unchanged values, nobody else woken."""
    calls: Counter[str] = Counter()

    def counted(owner: Any, name: str, label: str) -> None:
        original = getattr(owner, name)

        def count(*args: Any, **kwargs: Any) -> Any:
            calls[label] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, count)

    client = SilentClient()
    connection = MqttConnection(client)
    await connection.open()
    device = VirtualDevice(
        key="pump",
        name="Pump",
        model=model_of(
            attributes(*({"name": name, "type": "NUMBER"} for name in NAMES))
        ),
        binding=Binding(base="house/pump"),
        port=connection,
    )
    for name in NAMES:
        device.on_value(name, lambda name=name: calls.update([name]))  # type: ignore[misc]
    device.on_change(lambda _changed: calls.update(["change"]))
    device.on_availability(lambda: calls.update(["availability"]))
    device.on_problem(lambda *_: calls.update(["problem"]))
    await connection.attach(device)
    ((_filter, deliver),) = client.subscriptions

    def push(**values: float) -> Counter[str]:
        calls.clear()
        payload = json.dumps(values).encode()
        deliver(Message(topic=TOPIC, payload=payload, retain=False))
        return calls

    counted(json, "loads", "parse")
    for codec in CODECS.values():
        counted(type(codec), "decode", "decode")
    counted(VirtualDevice, "receive", "pass")
    one_pass = {"parse": 1, "decode": 1, "pass": 1}

    first = dict.fromkeys(NAMES, 1.0)
    assert push(**first) == {
        **one_pass,
        **dict.fromkeys(NAMES, 1),
        "change": 1,
        "availability": 1,
    }
    # The same again: nobody hears of it.
    assert push(**first) == one_pass
    # Two of ten are new: two calls.
    changed = push(**first | {"value3": 2, "value7": 2})
    assert changed == {**one_pass, "value3": 1, "value7": 1, "change": 1}
    # An unusable value costs its own report, and the others nothing.
    spoiled = push(**first | {"value3": 2, "value7": float("nan"), "value9": 5})
    told = {"value7": 1, "problem": 1}
    assert spoiled == {**one_pass, **told, "value9": 1, "change": 1}
    await connection.close()
