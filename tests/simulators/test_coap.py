"""The simulated CoAP device, seen by a client that knows nothing of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import logging
from typing import Any

from aiocoap import Code, Context, Message, Reliable, Unreliable
from aiocoap.error import NetworkError
from aiocoap.util.linkformat import parse
import cbor2
import pytest

from simulators import CoapSimulator, Faults, SimulatedDevice, simulator as life

from ..acting import until
from .conftest import Ask, model_of

GET, PUT, POST, DELETE = Code.GET, Code.PUT, Code.POST, Code.DELETE
TEXT, LINKS, OCTETS, JSON, CBOR, SENML = 0, 40, 42, 50, 60, 110


class Hurried(Reliable):
    """Retransmits soon and gives up soon."""

    ACK_TIMEOUT = 0.05
    ACK_RANDOM_FACTOR = 1.0
    MAX_RETRANSMIT = 2


@pytest.fixture
async def room(
    room_device: SimulatedDevice, socket_enabled: None
) -> AsyncGenerator[CoapSimulator]:
    """A room whose time stands still."""
    async with CoapSimulator(room_device, base="/hall/", speed=0) as simulator:
        yield simulator


@asynccontextmanager
async def observing(client: Context, url: str, **options: Any) -> AsyncGenerator[Watch]:
    """Observe a resource."""
    request = client.request(Message(code=GET, uri=url, observe=0, **options))
    watch = Watch(request)
    watch.first = await request.response
    watching = asyncio.create_task(watch.listen())
    try:
        yield watch
    finally:
        if not request.observation.cancelled:
            request.observation.cancel()
        watching.cancel()
        await asyncio.wait([watching])


class Watch:
    """What an observation brought."""

    first: Message

    def __init__(self, request: Any) -> None:
        """Begin with nothing."""
        self._request = request
        self.seen: list[Message] = []
        self.error: Exception | None = None
        self._news = asyncio.Event()

    async def listen(self) -> None:
        """Note every notification."""
        try:
            async for message in self._request.observation:
                self.seen.append(message)
                self._news.set()
        except NetworkError as err:
            self.error = err
            self._news.set()

    async def until(self, count: int) -> list[Message]:
        """Wait for so many notifications in total."""
        async with asyncio.timeout(5):
            while len(self.seen) < count and self.error is None:
                self._news.clear()
                await self._news.wait()
        return self.seen


def says(message: Message) -> Any:
    """Return the JSON of an answer."""
    assert message.opt.content_format == JSON
    return json.loads(message.payload)


# Reading


async def test_address(room: CoapSimulator) -> None:
    assert room.url == f"coap://127.0.0.1:{room.port}/hall"
    assert room.port > 0


async def test_state_in_one_object(room: CoapSimulator, ask: Ask) -> None:
    answer = await ask(GET, f"{room.url}/state")
    assert answer.code is Code.CONTENT
    assert says(answer) == room.device.state()
    assert answer.opt.max_age == 30
    assert answer.opt.observe is None


@pytest.mark.parametrize(
    ("path", "media", "payload"),
    [
        ("windowOpen", None, b"false"),
        ("windowOpen", JSON, b"false"),
        ("windowOpen", TEXT, b"false"),
        ("displayText", None, b'"Welcome"'),
        ("displayText", TEXT, b"Welcome"),
        ("fanSpeed", TEXT, b"2"),
        ("fanSpeed", CBOR, b"\x02"),
        ("targetTemperature", SENML, b'[{"n":"targetTemperature","u":"Cel","v":21}]'),
        ("childLock", SENML, b'[{"n":"childLock","vb":false}]'),
        ("nightSetback", None, b'{"enabled":true,"temperature":17.5,"startHour":22}'),
    ],
)
async def test_one_attribute_in_the_format_asked_for(
    room: CoapSimulator, ask: Ask, path: str, media: int | None, payload: bytes
) -> None:
    answer = await ask(GET, f"{room.url}/{path}", accept=media)
    assert answer.code is Code.CONTENT
    assert answer.payload == payload
    assert answer.opt.content_format == (JSON if media is None else media)


async def test_all_formats_of_the_state_say_the_same(
    room: CoapSimulator, ask: Ask
) -> None:
    url = f"{room.url}/state"
    state = says(await ask(GET, url))
    assert cbor2.loads((await ask(GET, url, accept=CBOR)).payload) == state
    records = json.loads((await ask(GET, url, accept=SENML)).payload)
    flat = {record["n"]: record for record in records}
    assert flat["temperature"]["v"] == state["temperature"]
    assert flat["nightSetback.startHour"]["v"] == state["nightSetback"]["startHour"]
    assert flat["airQuality"]["vs"] == state["airQuality"]


async def test_an_etag_saves_sending_it_again(room: CoapSimulator, ask: Ask) -> None:
    url = f"{room.url}/fanSpeed"
    first = await ask(GET, url)
    again = await ask(GET, url, etags=[b"other", first.opt.etag])
    assert again.code is Code.VALID
    assert again.payload == b""
    assert again.opt.etag == first.opt.etag
    assert again.opt.max_age == 30
    assert (await ask(GET, url, accept=TEXT)).opt.etag != first.opt.etag
    room.device.write({"fanSpeed": 4})
    changed = await ask(GET, url, etags=[first.opt.etag])
    assert changed.code is Code.CONTENT
    assert changed.payload == b"4"


async def test_discovery(room: CoapSimulator, ask: Ask) -> None:
    url = f"coap://127.0.0.1:{room.port}/.well-known/core"
    answer = await ask(GET, url)
    assert answer.opt.content_format == LINKS
    links = {link.href: link for link in parse(answer.payload.decode()).links}
    state = links["/hall/state"]
    assert state.rt == ["urn:device-models:room-climate"]
    assert getattr(state, "if") == ["core.b"]
    assert state.ct == ["50 60 110"]
    assert state.obs == [None]
    assert getattr(links["/hall/temperature"], "if") == ["core.s"]
    assert getattr(links["/hall/fanSpeed"], "if") == ["core.a"]
    assert not links["/hall/identify"].obs
    assert "/hall/alert/staleAir" in links
    filtered = await ask(GET, f"{url}?rt=urn:device-models:room-climate")
    assert [link.href for link in parse(filtered.payload.decode()).links] == [
        "/hall/state"
    ]


# Writing and acting


@pytest.mark.parametrize(
    ("path", "payload", "media", "state"),
    [
        ("targetTemperature", b"23.5", None, {"targetTemperature": 23.5}),
        ("targetTemperature", b"23.5", JSON, {"targetTemperature": 23.5}),
        ("targetTemperature", b"23.5", TEXT, {"targetTemperature": 23.5}),
        ("targetTemperature", b"\x16", CBOR, {"targetTemperature": 22}),
        (
            "targetTemperature",
            b'[{"bn":"targetTemperature","v":19}]',
            SENML,
            {"targetTemperature": 19},
        ),
        ("fanSpeed", b'[{"v":1}]', SENML, {"fanSpeed": 1}),
        ("displayText", b'"12"', JSON, {"displayText": "12"}),
        ("displayText", b"12", TEXT, {"displayText": "12"}),
        ("childLock", b"true", TEXT, {"childLock": True}),
        ("vacationUntil", b"1800000000000", None, {"vacationUntil": 1800000000000}),
        (
            "nightSetback",
            b'{"enabled":false}',
            None,
            {"nightSetback": {"enabled": False, "temperature": 17.5, "startHour": 22}},
        ),
        (
            "nightSetback",
            b'[{"n":"nightSetback.startHour","v":5}]',
            SENML,
            {"nightSetback": {"enabled": True, "temperature": 17.5, "startHour": 5}},
        ),
        (
            "state",
            b'{"childLock":true,"nightSetback":{"enabled":false}}',
            None,
            {
                "childLock": True,
                "nightSetback": {
                    "enabled": False,
                    "temperature": 17.5,
                    "startHour": 22,
                },
            },
        ),
        (
            "state",
            b'[{"n":"fanSpeed","v":5},{"n":"childLock","vb":true}]',
            SENML,
            {"fanSpeed": 5, "childLock": True},
        ),
    ],
)
async def test_writing(
    room: CoapSimulator,
    ask: Ask,
    path: str,
    payload: bytes,
    media: int | None,
    state: dict[str, Any],
) -> None:
    expected = {**room.device.state(), **state}
    answer = await ask(PUT, f"{room.url}/{path}", payload, content_format=media)
    assert answer.code is Code.CHANGED
    assert answer.payload == b""
    assert room.device.state() == expected


@pytest.mark.parametrize(
    ("code", "path", "payload", "options", "answer"),
    [
        (GET, "noSuch", b"", {}, Code.NOT_FOUND),
        (GET, "", b"", {}, Code.NOT_FOUND),
        (GET, "alert/noSuch", b"", {}, Code.NOT_FOUND),
        (GET, "identify", b"", {}, Code.METHOD_NOT_ALLOWED),
        (DELETE, "state", b"", {}, Code.METHOD_NOT_ALLOWED),
        (POST, "state", b"{}", {}, Code.METHOD_NOT_ALLOWED),
        (PUT, "alert/staleAir", b"{}", {}, Code.METHOD_NOT_ALLOWED),
        (PUT, "temperature", b"20", {}, Code.METHOD_NOT_ALLOWED),
        (GET, "state", b"", {"accept": TEXT}, Code.NOT_ACCEPTABLE),
        (GET, "state", b"", {"accept": 41}, Code.NOT_ACCEPTABLE),
        (GET, "nightSetback", b"", {"accept": TEXT}, Code.NOT_ACCEPTABLE),
        (GET, "fanSpeed", b"", {"accept": OCTETS}, Code.NOT_ACCEPTABLE),
        (GET, "alert/staleAir", b"", {"accept": TEXT}, Code.NOT_ACCEPTABLE),
        (
            PUT,
            "fanSpeed",
            b"1",
            {"content_format": OCTETS},
            Code.UNSUPPORTED_CONTENT_FORMAT,
        ),
        (
            PUT,
            "state",
            b"{}",
            {"content_format": TEXT},
            Code.UNSUPPORTED_CONTENT_FORMAT,
        ),
        (
            POST,
            "identify",
            b"{}",
            {"content_format": TEXT},
            Code.UNSUPPORTED_CONTENT_FORMAT,
        ),
    ],
)
async def test_what_is_not_there_or_not_possible(
    room: CoapSimulator,
    ask: Ask,
    code: Code,
    path: str,
    payload: bytes,
    options: dict[str, int],
    answer: Code,
) -> None:
    before = room.device.state()
    assert (await ask(code, f"{room.url}/{path}", payload, **options)).code is answer
    assert room.device.state() == before


@pytest.mark.parametrize(
    ("code", "path", "payload", "media", "diagnostic"),
    [
        (PUT, "fanSpeed", b"9", None, "fanSpeed: 9 > 5"),
        (PUT, "fanSpeed", b"", None, "not JSON"),
        (PUT, "fanSpeed", b"\xff", None, "not JSON"),
        (PUT, "fanSpeed", b"[" * 9000, None, "not JSON"),
        (PUT, "fanSpeed", b"two", TEXT, "not INTEGER"),
        (PUT, "fanSpeed", b"true", TEXT, "fanSpeed: expected a whole number"),
        (PUT, "fanSpeed", b"\xbf", CBOR, "not CBOR"),
        (PUT, "fanSpeed", b"[]", SENML, "not SENML_JSON"),
        (PUT, "fanSpeed", b"[7]", SENML, "not SENML_JSON"),
        (PUT, "nightSetback", b"7", None, "expected an object"),
        (PUT, "nightSetback", b'{"\\ud800":1}', None, "no attribute"),
        (PUT, "state", b"7", None, "expected an object"),
        (PUT, "state", b'{"temperature":20}', None, "read-only"),
        (PUT, "state", b'{"childLock":true,"fanSpeed":9}', None, "fanSpeed"),
        (PUT, "state", b'[{"n":"a","v":1},{"n":"a.b","v":1}]', SENML, "not SENML"),
        (POST, "boost", b"", None, "value: is missing"),
        (POST, "boost", b'{"value":"x"}', None, "value: expected"),
        (POST, "boost", b"30", None, "expected an object"),
        (POST, "identify", b'{"x":1}', None, "no argument 'x'"),
        (POST, "identify", b"{", None, "not JSON"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(
    room: CoapSimulator,
    ask: Ask,
    code: Code,
    path: str,
    payload: bytes,
    media: int | None,
    diagnostic: str,
) -> None:
    before = room.device.state()
    answer = await ask(code, f"{room.url}/{path}", payload, content_format=media)
    assert answer.code is Code.BAD_REQUEST
    assert diagnostic in answer.payload.decode()
    assert len(answer.payload) <= 200
    assert answer.opt.content_format is None
    assert room.device.state() == before
    assert not room.device.calls


async def test_actions(room: CoapSimulator, ask: Ask) -> None:
    assert (await ask(POST, f"{room.url}/identify")).code is Code.CHANGED
    assert (await ask(POST, f"{room.url}/boost", b'{"value":30}')).payload == b""
    hold = cbor2.dumps({"temperature": 25})
    await ask(POST, f"{room.url}/holdTemperature", hold, content_format=CBOR)
    assert [(call.action, call.arguments) for call in room.device.calls] == [
        ("identify", {}),
        ("boost", {"value": 30}),
        ("holdTemperature", {"temperature": 25, "minutes": 60}),
    ]
    room.device.results["identify"] = {"blinks": 3}
    answer = await ask(POST, f"{room.url}/identify", b"{}")
    assert answer.code is Code.CHANGED
    assert says(answer) == {"blinks": 3}


# Observing


async def test_observing_the_state(
    room: CoapSimulator, client: Context, ask: Ask
) -> None:
    async with observing(client, f"{room.url}/state") as watch:
        assert watch.first.opt.observe == 0
        assert says(watch.first) == room.device.state()
        room.device.tick(5)
        await watch.until(1)
        await ask(PUT, f"{room.url}/fanSpeed", b"4")
        seen = await watch.until(2)
        assert says(seen[1])["fanSpeed"] == 4
        assert says(seen[1]) == room.device.state()
        assert seen[0].opt.observe < seen[1].opt.observe
        assert seen[0].opt.max_age == 30


async def test_observing_one_attribute(
    room: CoapSimulator, client: Context, ask: Ask
) -> None:
    async with (
        observing(client, f"{room.url}/fanSpeed", accept=TEXT) as speed,
        observing(client, f"{room.url}/nightSetback") as setback,
    ):
        room.device.write({"childLock": True})
        room.device.write({"nightSetback": {"enabled": False}})
        room.device.write({"fanSpeed": 3})
        assert [message.payload for message in await speed.until(1)] == [b"3"]
        (changed,) = await setback.until(1)
        assert says(changed)["enabled"] is False


async def test_every_alert_is_one_notification(
    room: CoapSimulator, client: Context
) -> None:
    url = f"{room.url}/alert/staleAir"
    async with observing(client, url) as watch, observing(client, url) as other:
        assert watch.first.payload == b""
        assert watch.first.opt.observe == 0
        sent = [room.device.fire("staleAir").content for _ in range(5)]
        room.device.fire("windowLeftOpen")
        assert [says(message) for message in await watch.until(5)] == sent
        assert [says(message) for message in await other.until(5)] == sent
    # The same message again is a new one all the same.
    etag = watch.seen[-1].opt.etag
    async with observing(client, url, etags=[etag]) as late:
        assert late.first.code is Code.VALID
        fields = {key: sent[-1][key] for key in sent[-1] if key != "severity"}
        last = room.device.alerts["staleAir"]
        room.device.fire("staleAir", severity=last.severity, fields=fields)
        (again,) = await late.until(1)
        assert again.code is Code.CONTENT


async def test_unchanged_values_are_sent_before_they_are_stale(
    room_device: SimulatedDevice,
    client: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(life, "TICK", 0.05)
    simulator = CoapSimulator(room_device, max_age=1, speed=0)
    async with (
        simulator,
        observing(client, f"{simulator.url}state") as state,
        observing(client, f"{simulator.url}alert/staleAir") as alerts,
    ):
        await state.until(1)
        assert says(state.seen[0]) == room_device.state()
        assert not alerts.seen


async def test_time_passes_by_itself(
    room_device: SimulatedDevice, client: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "TICK", 0.02)
    simulator = CoapSimulator(room_device, speed=1000)
    async with simulator, observing(client, f"{simulator.url}state") as state:
        first, second = (await state.until(2))[:2]
        assert says(first) != says(second)


# Models of another kind


async def test_a_model_with_awkward_names(client: Context, ask: Ask) -> None:
    attributes = [
        {"name": "state", "type": "STRING", "writable": True},
        {"name": "a/b", "type": "INTEGER"},
        {"name": "pin", "type": "STRING", "writable": True, "readable": False},
        {"name": "quiet", "type": "INTEGER", "observable": False},
        {"name": "door", "type": "BOOLEAN", "writable": True, "defaultValue": False},
    ]
    model = model_of(attributes=attributes, actions=[{"name": "door"}])
    device = SimulatedDevice(model)
    async with CoapSimulator(device, speed=0) as simulator:
        url = simulator.url
        assert says(await ask(GET, f"{url}state")) == device.state()
        await ask(PUT, f"{url}state", b'{"state":"busy"}')
        assert device.values["state"] == "busy"
        assert (await ask(GET, f"{url}a/b")).code is Code.CONTENT
        assert (await ask(GET, f"{url}pin")).code is Code.METHOD_NOT_ALLOWED
        assert (await ask(PUT, f"{url}pin", b'"1"')).code is Code.CHANGED
        assert (await ask(POST, f"{url}door")).code is Code.CHANGED
        assert device.values["door"] is True
        assert (await ask(POST, f"{url}quiet")).code is Code.METHOD_NOT_ALLOWED
        async with observing(client, f"{url}quiet") as watch:
            assert watch.first.code is Code.CONTENT
            assert watch.first.opt.observe is None
        links = (await ask(GET, f"{url}.well-known/core")).payload.decode()
        described = {link.href: link for link in parse(links).links}
        assert not described["/quiet"].obs
        assert not described["/pin"].obs


async def test_large_content_comes_in_blocks(client: Context, ask: Ask) -> None:
    attributes = [
        {"name": f"text{number}", "type": "STRING", "writable": True}
        for number in range(400)
    ]
    device = SimulatedDevice(model_of(attributes=attributes))
    async with CoapSimulator(device, speed=0) as simulator:
        url = f"{simulator.url}state"
        state = says(await ask(GET, url))
        assert len(json.dumps(state)) > 5000
        assert state == device.state()
        async with observing(client, url) as watch:
            assert says(watch.first) == state
            device.write({"text7": "changed"})
            (changed,) = await watch.until(1)
            assert says(changed) == device.state()
        payload = json.dumps(dict.fromkeys(state, "all new")).encode()
        assert (await ask(PUT, url, payload)).code is Code.CHANGED
        assert set(device.state().values()) == {"all new"}


# Faults


async def test_silent(room: CoapSimulator, client: Context, ask: Ask) -> None:
    url, once = f"{room.url}/fanSpeed", Unreliable()
    async with observing(client, url, transport_tuning=once) as watch:
        room.faults.silent = True
        room.device.write({"fanSpeed": 5})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(GET, url, transport_tuning=once), 0.2)
        assert not watch.seen
        room.faults.clear()
        assert (await ask(GET, url)).payload == b"5"
        room.device.write({"fanSpeed": 4})
        assert [message.payload for message in await watch.until(1)] == [b"4"]


async def test_slow(room: CoapSimulator, ask: Ask) -> None:
    room.faults.slow = 0.3
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await ask(GET, f"{room.url}/fanSpeed")).payload == b"2"
    assert (await ask(POST, f"{room.url}/identify")).code is Code.CHANGED
    assert loop.time() - began > 0.6
    assert len(room.device.calls) == 1


async def test_slow_alerts(room: CoapSimulator, client: Context) -> None:
    async with observing(client, f"{room.url}/alert/staleAir") as watch:
        room.faults.slow = 0.1
        room.device.fire("staleAir")
        room.device.fire("staleAir")
        assert len(await watch.until(2)) == 2


async def test_lossy(room: CoapSimulator, ask: Ask) -> None:
    room.faults.lossy = 40
    tuning = type("Patient", (Hurried,), {"MAX_RETRANSMIT": 7})
    answers = [
        await ask(POST, f"{room.url}/identify", transport_tuning=tuning())
        for _ in range(10)
    ]
    assert {answer.code for answer in answers} == {Code.CHANGED}
    assert len(room.device.calls) == 10
    room.faults.lossy = 100
    with pytest.raises(NetworkError):
        await ask(GET, f"{room.url}/state", transport_tuning=Hurried())


async def test_garbage(room: CoapSimulator, client: Context, ask: Ask) -> None:
    url = f"{room.url}/state"
    good = await ask(GET, url)
    room.faults.garbage = True
    spoiled = [await ask(GET, url, etags=[good.opt.etag]) for _ in range(22)]
    assert {answer.code for answer in spoiled} == {Code.CONTENT}
    payloads = [answer.payload for answer in spoiled]
    assert good.payload not in payloads
    assert len(set(payloads)) == 11
    for _ in range(11):
        answer = await ask(GET, url, accept=CBOR)
        assert answer.payload != cbor2.dumps(room.device.state())
    async with observing(client, f"{room.url}/alert/staleAir") as watch:
        alert = room.device.fire("staleAir")
        (message,) = await watch.until(1)
        assert message.payload != json.dumps(alert.content).encode()
    room.device.results["identify"] = [1]
    assert (await ask(POST, f"{room.url}/identify")).payload != b"[1]"
    room.faults.garbage = False
    assert says(await ask(GET, url)) == room.device.state()


async def test_a_reboot_is_silent_and_forgets_everything(
    room: CoapSimulator, client: Context, ask: Ask
) -> None:
    port = room.port
    async with observing(client, f"{room.url}/fanSpeed") as watch:
        room.device.write({"fanSpeed": 5})
        await watch.until(1)
        reboot = asyncio.create_task(room.reboot(0.3))
        await asyncio.sleep(0.05)
        assert room.faults.down
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                ask(GET, f"{room.url}/fanSpeed", transport_tuning=Unreliable()), 0.1
            )
        await reboot
        assert room.port == port
        assert (await ask(GET, f"{room.url}/fanSpeed")).payload == b"2"
        room.device.write({"fanSpeed": 4})
        assert (await ask(GET, f"{room.url}/fanSpeed")).payload == b"4"
        await asyncio.sleep(0.1)
        assert len(watch.seen) == 1
        assert watch.error is None


async def test_reboots_by_itself(
    room_device: SimulatedDevice, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "TICK", 0.01)
    monkeypatch.setattr(life, "REBOOT_TAKES", 0.01)
    faults = Faults.parse(["rebooting=0.05"])
    room_device.write({"fanSpeed": 5})
    async with CoapSimulator(room_device, speed=0, faults=faults) as simulator:
        await until(lambda: room_device.values["fanSpeed"] == 2)
        faults.clear()
        answer = await ask(GET, f"{simulator.url}fanSpeed", transport_tuning=Hurried())
        assert answer.payload == b"2"


# Beginning and end


async def test_killed_and_started_again(
    room: CoapSimulator, client: Context, ask: Ask
) -> None:
    url = room.url
    room.device.write({"fanSpeed": 5})
    await room.kill()
    with pytest.raises(NetworkError):
        await ask(GET, f"{url}/fanSpeed", transport_tuning=Hurried())
    room.device.tick(1)
    await room.start()
    assert room.url == url
    assert (await ask(GET, f"{url}/fanSpeed")).payload == b"5"
    with pytest.raises(RuntimeError, match="started already"):
        await room.start()


async def test_stopped_means_stopped(room: CoapSimulator) -> None:
    await room.stop()
    await room.stop()
    with pytest.raises(RuntimeError, match="not started"):
        await room.reboot()
    room.device.fire("staleAir")


async def test_a_port_is_not_shared(room: CoapSimulator, pump: SimulatedDevice) -> None:
    second = CoapSimulator(pump, port=room.port, speed=0)
    with pytest.raises(OSError, match="in use"):
        await second.start()


async def test_many_messages_leave_no_timers(
    room: CoapSimulator, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.coap_server.MANY_TIMERS", 20)
    for _ in range(100):
        await ask(GET, f"{room.url}/fanSpeed")
    await ask(GET, f"coap://127.0.0.1:{room.port}/.well-known/core")


async def test_what_happens_is_logged(
    room: CoapSimulator, ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "simulators")
    await ask(PUT, f"{room.url}/fanSpeed", b"3")
    await ask(PUT, f"{room.url}/fanSpeed", b"33")
    await ask(POST, f"{room.url}/identify")
    assert "written: {'fanSpeed': 3}" in caplog.text
    assert "refused: fanSpeed: 33 > 5" in caplog.text
    assert "called: identify {}" in caplog.text
