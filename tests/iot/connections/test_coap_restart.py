"""Devices that restart, as the numbers of their notifications tell (RFC 7641 §4.4)."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
import json
import time
from typing import Any

from aiocoap import Message
import pytest

from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    numbering as module,
)
from custom_components.device_models.iot.connections.coap.numbering import (
    Numbering,
    Numbers,
    older,
)
from custom_components.device_models.iot.connections.coap.observation import (
    Observation,
    State,
)
from simulators.relay import UdpRelay

from .clock import own_time
from .coap_server import Content, bare_server
from .conftest import Connect, Endpoint
from .test_coap_observation import Watch
from .things import shown, thing, until
from .udp_peer import CON, NON, UdpPeer, answer, udp_peer

OBSERVE, ETAG, FORMAT, MAX_AGE = 6, 4, 12, 14


class Device:
    """A device that counts notifications for each resource, and on over registrations.

    With ``each`` it counts for each registration.
    """

    peer: UdpPeer
    """Itself on the network; see ``served``."""

    def __init__(self, *, each: bool = False, max_age: int = 60) -> None:
        self.values: dict[str, Any] = {"temperature": 20.0, "level": 3}
        self.version = 1
        self.max_age = max_age
        self.each = each
        self.start = 2
        self.counters: dict[str, int] = {}
        self.observers: dict[str, Message] = {}
        self.registrations: list[str] = []
        self.asked: list[Message] = []
        self.message_id = 0

    def restart(self, *, again_from: int = 2) -> None:
        """Forget all, and say nothing; versions are counted anew as well."""
        self.start = again_from
        self.counters.clear()
        self.observers.clear()
        self.version = 1

    def notify(self, name: str, value: Any = None, *, kind: int = NON) -> None:
        """Tell the observer of a resource."""
        if value is not None:
            self.values[name] = value
            self.version += 1
        if name in self.observers:
            self.counters[name] += 1
            self.tell(name, self.counters[name], kind=kind)

    def tell(self, name: str, number: int, *, kind: int = NON) -> None:
        """Send a notification under a number."""
        self.message_id += 1
        self.peer.send(
            answer(
                self.observers[name],
                self.payload(name),
                kind=kind,
                message_id=self.message_id,
                options=self.options(number),
            )
        )

    def payload(self, name: str) -> bytes:
        return json.dumps(self.values[name]).encode()

    def options(self, number: int | None) -> list[tuple[int, bytes]]:
        first = [(ETAG, bytes([self.version]))]
        observe = [] if number is None else [(OBSERVE, number.to_bytes(3))]
        return [
            *first,
            *observe,
            (FORMAT, b"\x32"),
            (MAX_AGE, self.max_age.to_bytes(2)),
        ]

    def __call__(self, request: Message) -> Iterable[bytes]:
        if not request.code.is_request():
            return
        name = "/".join(request.opt.uri_path)
        self.asked.append(request)
        if name not in self.values:
            yield answer(request, code=0x84)
            return
        number = None
        if request.opt.observe == 0:
            self.registrations.append(name)
            self.observers[name] = request
            if self.each:
                self.counters[name] = 0
            number = self.counters.setdefault(name, self.start)
        elif bytes([self.version]) in request.opt.etags:
            yield answer(request, code=0x43, options=[(ETAG, bytes([self.version]))])
            return
        yield answer(request, self.payload(name), options=self.options(number))


@asynccontextmanager
async def served(device: Device) -> AsyncGenerator[UdpPeer]:
    """Have a device on the network."""
    async with udp_peer(device) as peer:
        device.peer = peer
        yield peer


@asynccontextmanager
async def watched(
    endpoint: Endpoint, device: Device, **more: Any
) -> AsyncGenerator[Watch]:
    """Have a device on the network, and its level observed."""
    async with served(device) as peer:
        watch = Watch(await endpoint(peer.port), "level", **more)
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        yield watch
        await watch.stop()


def observation_of(connection: CoapConnection, path: str) -> Observation:
    """Return the observation of a resource."""
    return next(
        observation
        for attached in connection._attached.values()
        for _, observation in attached._observed
        if observation.path == path
    )


async def test_restart_is_seen_by_a_registration(
    connect: Connect, patient: None
) -> None:
    device = Device()
    async with served(device) as peer:
        connection = await connect(peer.port)
        shown_device = thing(connection)
        await connection.read(shown_device, {"temperature"})
        await connection.attach(shown_device)
        await until(lambda: {"temperature", "level"} <= connection.pushed(shown_device))
        for number in range(5):
            for name in ("temperature", "level"):
                device.notify(name, number)
        await until(lambda: shown(shown_device).get("level") == 4)
        device.restart()
        device.values["level"] = 77  # under an ETag that was of another value
        asked = len(device.asked)
        observation_of(connection, "level").renew()  # as when Max-Age has passed
        await until(lambda: len(device.observers) == 2)
        await until(lambda: shown(shown_device)["level"] == 77)
        assert connection._numbering.epoch == 1
        # Each was registered once more, and none for ever.
        await asyncio.sleep(0.05)
        again = [
            one.opt.uri_path[0]
            for one in device.asked[asked:]
            if one.opt.observe == 0 and one.opt.uri_path[0] in device.values
        ]
        assert sorted(again) == ["level", "temperature"]


async def test_etags_are_forgotten_after_a_restart(
    connect: Connect, patient: None
) -> None:
    """RFC 7252 §5.10.6: an ETag is that of one resource, over time."""
    device = Device()
    async with served(device) as peer:
        connection = await connect(peer.port)
        shown_device = thing(
            connection,
            coap={"attributes": {"level": {"path": "level", "observe": False}}},
        )
        await connection.attach(shown_device)
        await connection.read(shown_device, {"level"})
        await until(lambda: "temperature" in connection.pushed(shown_device))
        device.notify("temperature", 5)
        await until(lambda: shown(shown_device)["temperature"] == 5)
        await connection.read(shown_device, {"level"})
        device.restart()
        device.version = 2  # what it was, and yet:
        device.values["level"] = 99
        await connection.read(shown_device, {"level"})
        assert shown(shown_device)["level"] == 3  # nobody could know
        observation_of(connection, "temperature").renew()
        await until(lambda: connection._numbering.epoch == 1)
        await connection.read(shown_device, {"level"})
        assert shown(shown_device)["level"] == 99


async def test_server_that_numbers_each_registration_has_not_restarted(
    endpoint: Endpoint, patient: None
) -> None:
    device = Device(each=True)
    restarts = []
    numbering = Numbering(lambda: restarts.append(1))
    async with watched(endpoint, device, numbering=numbering) as watch:
        for round_number in range(4):
            await until(lambda: watch.state is State.ACTIVE)
            known = len(device.registrations)
            for number in range(3):
                device.notify("level", 10 * round_number + number)
                await until(lambda: watch.heard[-1][0] == device.payload("level"))
                await asyncio.sleep(0.02)
            known = len(device.registrations)
            watch.renew()
            await until(lambda: len(device.registrations) > known)  # noqa: B023
            await until(lambda: watch.registered[-1] == device.payload("level"))
        # Once it could have been, and once more was registered to see.
        assert restarts == [1]
        assert numbering.continues is False
        assert len(device.registrations) == 1 + 4 + 1


async def test_alert_that_is_the_occasion_to_register_again_is_passed_on(
    endpoint: Endpoint, patient: None
) -> None:
    device = Device(each=True)
    numbering = Numbering()
    numbering.wanted = True
    async with watched(endpoint, device, numbering=numbering) as watch:
        device.notify("level", 1)
        await until(lambda: len(device.registrations) == 2)
        assert watch.notified == [b"1"]
        await until(lambda: numbering.continues is False)


async def test_server_whose_numbers_go_on(endpoint: Endpoint, patient: None) -> None:
    device = Device()
    restarts = []
    numbering = Numbering(lambda: restarts.append(1))
    async with watched(endpoint, device, numbering=numbering) as watch:
        for number in range(3):
            await until(lambda: watch.state is State.ACTIVE)
            device.notify("level", number)
            await until(lambda: watch.heard[-1][0] == device.payload("level"))
            watch.renew()
            await until(lambda: len(watch.registered) == number + 2)  # noqa: B023
        assert numbering.continues is True
        assert not restarts
        device.restart()
        watch.renew()
        await until(lambda: restarts)


async def test_notifications_that_are_counted_from_the_start_again(
    endpoint: Endpoint, patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that has kept its observers, but not its counters."""
    device = Device(max_age=3600)
    restarts = []
    numbering = Numbering(lambda: restarts.append(1))
    async with watched(endpoint, device, numbering=numbering) as watch:
        device.values["level"] = 50
        device.tell("level", 500)
        await until(lambda: watch.notified == [b"50"])
        device.values["level"] = 51
        device.tell("level", 3, kind=CON)  # perhaps the network has held it up
        await until(lambda: device.peer.received[-1].code.dotted == "0.00")
        assert watch.notified == [b"50"]
        assert not restarts
        monkeypatch.setattr(module, "OVERTAKEN", 0.05)
        await asyncio.sleep(0.06)
        device.counters["level"] = 4
        device.tell("level", 4)
        await until(lambda: watch.registered[-1] == b"51")
        assert restarts == [1]
        device.notify("level", 52)
        await until(lambda: watch.notified[-1] == b"52")
        assert len(device.registrations) == 2


async def test_notification_that_was_overtaken_is_not_taken(
    endpoint: Endpoint, patient: None
) -> None:
    """RFC 7641 §3.4."""
    device = Device()
    async with watched(endpoint, device) as watch:
        for number in (5, 4, 3, 7, 6, 7, 9):
            device.values["level"] = number
            device.tell("level", number)
            await asyncio.sleep(0.01)
        await until(lambda: watch.notified and watch.notified[-1] == b"9")
        assert watch.notified == [b"5", b"7", b"9"]
        assert len(device.registrations) == 1


async def test_numbers_that_go_round_are_newer(
    endpoint: Endpoint, patient: None
) -> None:
    device = Device()
    device.counters["level"] = 2**24 - 2
    async with watched(endpoint, device) as watch:
        for number in (2**24 - 1, 0, 1):
            device.values["level"] = number
            device.tell("level", number)
            await until(lambda: watch.notified[-1:] == [b"%d" % number])  # noqa: B023


async def test_answer_of_before_a_restart_is_not_taken(
    connect: Connect, patient: None
) -> None:
    """It was asked for before the restart was seen, and is a false "unchanged"."""
    device = Device()
    async with served(device) as peer:
        connection = await connect(peer.port)
        shown_device = thing(connection)
        await connection.read(shown_device, {"level"})
        device.values["level"] = 44  # under the same ETag

        def restarts_meanwhile(request: Message) -> Iterable[bytes]:
            if request.opt.etags:
                connection._numbering.restart()
            return device(request)

        peer.behave = restarts_meanwhile
        await connection.read(shown_device, {"level"})
        assert shown(shown_device)["level"] == 44


@pytest.mark.parametrize(
    ("number", "than", "expected"),
    [
        (1, 2, True),
        (2, 1, False),
        (1, 1, False),
        (0, 2**23 - 1, True),
        (0, 2**23, False),
        (2**24 - 1, 0, True),
        (0, 2**24 - 1, False),
    ],
)
def test_order_of_numbers(number: int, than: int, expected: bool) -> None:
    assert older(number, than) is expected


@pytest.mark.parametrize(
    ("seconds", "number", "restarted"),
    [(1, 100_000, True), (200, 100_000, False), (200, 1_000, True)],
)
def test_numbers_that_may_have_gone_round(
    monkeypatch: pytest.MonkeyPatch, seconds: float, number: int, restarted: bool
) -> None:
    numbering = Numbering()
    numbers = Numbers(numbering)
    numbers.register(3_000_000)
    now = time.monotonic() + seconds
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: now)
        numbers.register(number)
    assert numbering.epoch == restarted


# What else may end an observation


async def test_client_that_gets_another_address(endpoint: Endpoint) -> None:
    """What is sent to the old one is lost; Max-Age passes, and that heals it."""
    resource = Content(b"1", max_age=1)
    async with (
        bare_server(a=resource) as server,
        UdpRelay(("127.0.0.1", server.port)) as relay,
    ):
        watch = Watch(await endpoint(relay.port))
        watch.start()
        await until(lambda: watch.state is State.ACTIVE)
        # As a router does that has restarted, too.
        for back in relay._backs.values():
            await back.close()
        relay._backs.clear()
        resource.notify(b"lost")
        await until(lambda: b"lost" in watch.registered)
        resource.notify(b"new")
        await until(lambda: b"new" in watch.notified)
        await watch.stop()


async def test_notification_that_the_server_is_busy(
    endpoint: Endpoint, patient: None
) -> None:
    """RFC 7641 §4.2: it is the last one; RFC 7252 §5.9.3.4: Max-Age says until when."""
    device = Device()
    async with watched(endpoint, device) as watch:
        registration = device.observers["level"]
        busy = answer(
            registration,
            kind=CON,
            code=0xA3,
            message_id=9,
            options=[(MAX_AGE, b"\x01")],
        )
        device.peer.send(busy)
        began, own = time.monotonic(), own_time()
        await until(lambda: watch.state is State.PENDING)
        await until(lambda: len(device.registrations) == 2)
        assert time.monotonic() - began > 0.9
        assert own_time() - own < 1.5
        await until(lambda: watch.state is State.ACTIVE)
