"""What a CoAP device tells by itself."""

import asyncio
import json

import cbor2

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.device import (
    Availability,
)
from custom_components.device_models.iot.model import Severity

from .coap_server import Content, bare_server, state
from .conftest import Connect
from .things import (
    ALL,
    FLAT,
    STATE,
    shown,
    thing,
    until,
)


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
        held = device.alerts.states["hot"]
        assert (held.fields, held.count) == ({"temperature": 80}, 1)
        assert not alerts
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
