"""The simulated device that sleeps, against a server made by hand."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from typing import Any, override

from aiocoap import Code, Message
from aiocoap.resource import PathCapable, Resource, Site
import pytest

from simulators import CoapPushSimulator, Faults, SimulatedDevice
from simulators.coap_server import CoapServer

from ..acting import until


class Hub(Resource, PathCapable):
    """Takes everything below ``shed``; its answers to ``state`` are made before."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, bytes, tuple[str, ...]]] = []
        self.waiting: list[dict[str, Any]] = []
        self.answers = Code.CHANGED
        self.media: int | None = 50

    @override
    async def render(self, request: Message) -> Message:
        path = "/".join(request.opt.uri_path)
        query = tuple(request.opt.uri_query)
        self.asked.append((str(request.code), path, request.payload, query))
        if path != "state" or not self.waiting or self.answers != Code.CHANGED:
            return Message(code=self.answers)
        answer = Message(code=Code.CHANGED, payload=json.dumps(self.waiting).encode())
        answer.opt.content_format = self.media
        return answer

    def of(self, *paths: str) -> list[tuple[str, str, bytes, tuple[str, ...]]]:
        return [one for one in self.asked if one[1] in paths]


@pytest.fixture
async def hub(socket_enabled: None) -> AsyncGenerator[Hub]:
    made: Any = Hub()
    site = Site()
    site.add_resource(["shed"], made)
    server = await CoapServer.open(site, "127.0.0.1", 0, Faults())
    made.port = server.port
    yield made
    await server.close([made])


@asynccontextmanager
async def pushing(
    hub: Any, device: SimulatedDevice, **more: Any
) -> AsyncGenerator[CoapPushSimulator]:
    url = f"coap://127.0.0.1:{hub.port}/shed"
    more = {"every": 60.0, "speed": 0, **more}
    async with CoapPushSimulator(device, url, **more) as simulator:
        await until(lambda: simulator.faults.silent or simulator.last_answer)
        yield simulator


async def test_state_is_pushed_at_every_wake(hub: Hub, pump: SimulatedDevice) -> None:
    async with pushing(hub, pump, every=0.05, key="k&y"):
        await until(lambda: len(hub.asked) >= 3)
    code, path, payload, query = hub.asked[0]
    assert (code, path, query) == ("POST", "state", ("key=k&y",))
    assert json.loads(payload) == pump.state()


async def test_commands_are_done_once_and_confirmed(
    hub: Hub, room_device: SimulatedDevice
) -> None:
    model = room_device.model
    switch = next(one for one in model.attributes if one.name == "childLock")
    action = model.actions[0]
    hub.waiting = [
        {"id": 7, "age": 1, "set": {switch.name: True}},
        {"id": 8, "age": 1, "call": action.name, "arguments": {}},
        {"id": 9, "age": 1, "call": "nothing", "arguments": {}},
        {"id": 10, "age": 1, "set": {"temperature": 21}},
        {"id": 11, "age": 1, "what": "ever"},
    ]
    room_device.put({switch.name: False})
    async with pushing(hub, room_device) as simulator:
        assert await simulator.wake()
        await until(lambda: len(hub.of("state")) == 4)
    assert room_device.values[switch.name] is True
    assert [call.action for call in room_device.calls] == [action.name]
    assert [one[0] for one in hub.of("commands/8")] == ["DELETE", "DELETE"]
    refused = hub.of("commands/9", "commands/10")
    assert {one[3] for one in refused} == {("refused",)}
    assert b"the model has no action" in refused[0][2]
    assert not hub.of("commands/7", "commands/11")  # the value is reported instead
    assert json.loads(hub.of("state")[1][2])[switch.name] is True


async def test_result_of_an_action_is_told(
    hub: Hub, room_device: SimulatedDevice
) -> None:
    action = room_device.model.actions[0].name
    room_device.results[action] = {"done": 3}
    hub.waiting = [{"id": 8, "age": 1, "call": action, "arguments": {}}]
    async with pushing(hub, room_device):
        await until(lambda: hub.of("commands/8"))
    assert hub.of("commands/8") == [("POST", "commands/8", b'{"done":3}', ())]


@pytest.mark.parametrize("media", [None, 60])
async def test_answer_in_another_format_is_left_alone(
    hub: Hub, pump: SimulatedDevice, media: int | None
) -> None:
    hub.media = media
    hub.waiting = [{"id": 8, "age": 1, "call": "x", "arguments": {}}]
    async with pushing(hub, pump) as simulator:
        assert await simulator.wake()
    assert len(hub.of("state")) == len(hub.asked) == 2


async def test_alert_wakes_it(hub: Hub, pump: SimulatedDevice) -> None:
    async with pushing(hub, pump) as simulator:
        simulator.device.fire("dryRun", fields={"power": 3})
        await until(lambda: hub.of("alert/dryRun"))
    ((code, _, payload, _),) = hub.of("alert/dryRun")
    assert code == "POST"
    assert json.loads(payload)["power"] == 3


async def test_refusal_is_no_end(hub: Hub, pump: SimulatedDevice) -> None:
    hub.answers = Code.UNAUTHORIZED
    async with pushing(hub, pump) as simulator:
        assert simulator.last_answer == "4.01"
        hub.answers = Code.CHANGED
        assert await simulator.wake()
        assert simulator.last_answer == "2.04"


async def test_faults(
    hub: Hub, pump: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pushing(hub, pump, faults=Faults(silent=True)) as simulator:
        assert not await simulator.wake()
        assert not hub.asked
        simulator.faults.silent = False
        simulator.faults.slow = 0.1
        assert await simulator.wake()
        await simulator.reboot(0)
        await until(lambda: len(hub.asked) == 2)


async def test_server_that_is_not_there(
    pump: SimulatedDevice, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.coap_push.ANSWERS_WITHIN", 0.1)
    simulator = CoapPushSimulator(pump, "coap://127.0.0.1:9/shed", speed=0)
    assert not await simulator.wake()
    assert simulator.last_answer is None
    assert simulator.url == "coap://127.0.0.1:9/shed"


@pytest.mark.parametrize("url", ["coap://x", "http://x/y", "coap:///y", "x/y"])
def test_server_that_is_none(pump: SimulatedDevice, url: str) -> None:
    with pytest.raises(ValueError, match="expected coap://"):
        CoapPushSimulator(pump, url)


async def test_it_can_be_started_again(hub: Hub, pump: SimulatedDevice) -> None:
    async with pushing(hub, pump) as simulator:
        await simulator.stop()
        seen = len(hub.asked)
        await simulator.start()
        await until(lambda: len(hub.asked) > seen)
        with pytest.raises(RuntimeError):
            await simulator.start()
        await asyncio.sleep(0)
