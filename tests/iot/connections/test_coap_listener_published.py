"""What others read, observe and find on a listening server."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
import json
from typing import Any

import aiocoap
import cbor2
import pytest

from custom_components.device_models.iot.alert import Alert, Source
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.connections.coap.context import (
    acquire_context,
    release_context,
)
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap_listener import site
from custom_components.device_models.iot.device import Availability
from custom_components.device_models.iot.errors import NotOfferedError
from custom_components.device_models.iot.formats.ipso.links import parse_links
from custom_components.device_models.iot.model import Severity

from .listening import BASE, LOOPBACK, Listening, by_hand, path_to, waiting
from .things import STATE, model_of, thing, until
from .udp_peer import ACK, CON, NON, RST, datagram


@pytest.fixture(autouse=True)
def short_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let notifications follow each other soon."""
    monkeypatch.setattr(site, "SHORTEST_GAP", 0.02)


@asynccontextmanager
async def observed(port: int, path: str) -> AsyncGenerator[list[Any]]:
    """Observe a path; what comes, the first answer too, is in the list."""
    context = await acquire_context()
    request = aiocoap.Message(
        code=aiocoap.GET, uri=f"coap://{LOOPBACK}:{port}/{path}", observe=0
    )
    asked = context.request(request)
    came: list[Any] = [await asked.response]

    async def follow() -> None:
        async for message in asked.observation:
            came.append(message)  # noqa: PERF401  (one by one, as they come)

    task = asyncio.create_task(follow())
    try:
        yield came
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, aiocoap.error.Error):
            await task
        if not asked.observation.cancelled:
            asked.observation.cancel()
        await release_context()


async def test_what_is_not_published_is_not_read(server: Listening) -> None:
    await server.add()
    await server.send.post(STATE)
    assert (await server.send.get("state")).code == "4.05"
    assert (await server.send.get("temperature")).code == "4.05"


async def test_what_is_published_needs_no_key(server: Listening) -> None:
    await server.add(published=True, key="x", senders=("192.0.2.1",), silent_after=90)
    assert (await server.send.get("state")).code == "5.03"  # it was never heard
    assert (await server.send.post(STATE, "state?key=x")).code == "4.01"
    assert (await server.send.get("commands")).code == "4.01"


async def test_state_is_read(server: Listening) -> None:
    await server.add(published=True, silent_after=90)
    await server.send.post(STATE)
    response = await server.send.get("state")
    assert json.loads(response.payload) == STATE
    assert (response.code, response.content_format) == ("2.05", 50)
    assert 85 <= (response.max_age or 0) <= 90
    assert response.etag
    again = await server.send.get("state", etag=response.etag)
    assert (again.code, again.payload, again.etag) == ("2.03", b"", response.etag)
    await server.send.post({"level": 4})
    other = await server.send.get("state", etag=response.etag)
    assert (other.code, json.loads(other.payload)["level"]) == ("2.05", 4)
    binary = await server.send.get("state", accept=60)
    assert cbor2.loads(binary.payload) == {**STATE, "level": 4}
    assert binary.etag not in {None, other.etag}
    assert (await server.send.get("state", accept=0)).code == "4.06"


async def test_attribute_is_read(server: Listening) -> None:
    await server.add(published=True)
    await server.send.post(STATE)
    response = await server.send.get("temperature")
    assert (response.payload, response.content_format) == (b"21.5", 0)
    assert response.max_age is None or response.max_age == 60
    response = await server.send.get("temperature", accept=110)
    assert json.loads(response.payload) == [{"v": 21.5}]
    response = await server.send.get("night")
    assert json.loads(response.payload) == STATE["night"]
    assert (await server.send.get("night", accept=0)).code == "4.06"


async def test_attributes_that_share_a_place(server: Listening) -> None:
    model = model_of(
        {"name": "leak", "type": "INTEGER"},
        {"name": "mode", "type": "INTEGER"},
        {"name": "all", "type": "INTEGER"},
    )
    bits = {"path": "bits", "pointer": "/b"}
    layout = {"attributes": {"leak": bits, "mode": bits, "all": {"path": "x"}}}
    await server.add(published=True, model=model, layout=layout)
    await server.send.post({"b": 5}, "bits")
    assert json.loads((await server.send.get("bits")).payload) == {"b": 5}
    # What cannot be put together again is not.
    layout["attributes"]["all"] = {"path": "bits"}
    await server.add("other", published=True, model=model, layout=layout)
    await server.send.post({"leak": 1, "all": 2}, "/other/state")
    assert (await server.send.get("/other/bits")).code == "4.06"


async def test_sensitive_values_are_not_published(server: Listening) -> None:
    model = model_of(
        {"name": "level", "type": "INTEGER"},
        {"name": "pin", "type": "STRING", "sensitive": True},
    )
    await server.add(published=True, model=model)
    await server.send.post({"level": 1, "pin": "4711"})
    assert (await server.send.get("state")).payload == b'{"level":1}'
    assert (await server.send.get("pin")).code == "4.05"


async def test_silent_device_is_not_shown_as_fine(server: Listening) -> None:
    device = await server.add(published=True, silent_after=0.2)
    await server.send.post(STATE)
    async with observed(server.port, f"{BASE}/level") as came:
        await until(lambda: not device.online)
        await until(lambda: len(came) == 2)
        assert [one.code.dotted for one in came] == ["2.05", "5.03"]
        response = await server.send.get("level")
        assert response.answer == "5.03 silent for over 0.2 s"
        assert response.max_age == 60


async def test_attribute_is_observed(server: Listening) -> None:
    await server.add(published=True)
    await server.send.post(STATE)
    async with observed(server.port, f"{BASE}/level") as came:
        await server.send.post({"temperature": 22})  # no change of this one
        await server.send.post({"level": 4})
        await until(lambda: len(came) == 2)
        await server.send(Method.PUT, "level", b"5")
        await until(lambda: len(came) == 3)
    assert [one.payload for one in came] == [b"3", b"4", b"5"]
    numbers = [one.opt.observe for one in came]
    assert numbers == sorted(set(numbers))


async def test_observer_gets_the_newest_of_a_burst(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "SHORTEST_GAP", 0.2)
    await server.add(published=True)
    await server.send.post(STATE)
    async with observed(server.port, f"{BASE}/state") as came:
        for level in range(10, 30):
            await server.send.post({"level": level})
        await until(lambda: json.loads(came[-1].payload)["level"] == 29)
    assert len(came) < 6


async def test_next_notification_waits_for_the_last_to_be_acknowledged(
    server: Listening,
) -> None:
    await server.add(published=True)
    await server.send.post(STATE)
    path = path_to("level")
    async with by_hand(server.port) as raw:
        raw.transport.sendto(datagram(CON, 1, 1, b"t", b"", [(6, b""), *path]))
        await until(lambda: raw.has_received(1))
        for level in (4, 5, 6):
            await server.send.post({"level": level})
        await asyncio.sleep(0.2)
        first = aiocoap.Message.decode(raw.received[1])
        assert (first.payload, len(raw.received)) == (b"4", 2)
        raw.transport.sendto(datagram(ACK, 0, first.mid))
        await until(lambda: raw.has_received(3))
        assert aiocoap.Message.decode(raw.received[2]).payload == b"6"


async def test_observer_learns_that_a_device_is_gone(server: Listening) -> None:
    device = await server.add(published=True)
    await server.send.post(STATE)
    async with observed(server.port, f"{BASE}/level") as came:
        await server.listener.detach(device)
        await until(lambda: len(came) == 2)
    assert came[1].code.dotted == "4.04"


async def test_long_notification_comes_in_blocks(server: Listening) -> None:
    await server.add(published=True)
    await server.send.post(STATE)
    async with observed(server.port, f"{BASE}/label") as came:
        await server.send.post({"label": "x" * 3000})
        await until(lambda: len(came) == 2)
    assert came[1].payload == b"x" * 3000


async def test_number_of_observers_is_bounded(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "MAX_WATCHERS_OF_ONE", 1)
    await server.add(published=True)
    await server.send.post(STATE)
    path = f"{BASE}/level"
    async with observed(server.port, path) as one, observed(server.port, path) as other:
        assert one[0].opt.observe is not None
        assert other[0].payload == b"3"
        assert other[0].opt.observe is None


@pytest.mark.parametrize("reset", [True, False])
async def test_observer_that_goes_makes_room(
    server: Listening, monkeypatch: pytest.MonkeyPatch, *, reset: bool
) -> None:
    monkeypatch.setattr(site, "MAX_WATCHERS_OF_ONE", 1)
    await server.add(published=True)
    await server.send.post(STATE)
    observe = (6, b"")
    path = path_to("level")
    async with by_hand(server.port) as raw:
        raw.transport.sendto(datagram(CON, 1, 1, b"t", b"", [observe, *path]))
        await until(lambda: len(raw.received) == 1)
        await server.send.post({"level": 4})
        await until(lambda: len(raw.received) == 2)
        notified = aiocoap.Message.decode(raw.received[1])
        assert (notified.payload, notified.mtype) == (b"4", aiocoap.CON)
        if reset:
            raw.transport.sendto(datagram(RST, 0, notified.mid))
        else:
            raw.transport.sendto(datagram(ACK, 0, notified.mid))
            enough = datagram(CON, 1, 2, b"t", b"", [(6, b"\x01"), *path])
            raw.transport.sendto(enough)
            await until(lambda: len(raw.received) == 3)
        await asyncio.sleep(0.02)
        async with observed(server.port, f"{BASE}/level") as other:
            assert other[0].opt.observe is not None


async def test_commands_are_observed(server: Listening) -> None:
    device = await server.add(key="k")
    async with observed(server.port, f"{BASE}/commands") as refused:
        assert refused[0].code.dotted == "4.01"
    async with observed(server.port, f"{BASE}/commands?key=k") as came:
        await device.set("power", value=True)
        await until(lambda: len(came) == 2)
        assert waiting(came[1]) == [{"set": {"power": True}}]
        await server.send.post({"power": True}, "state?key=k")
        await until(lambda: len(came) == 3)
        assert came[2].payload == b"[]"


async def test_device_that_is_only_told_something_was_not_heard(
    server: Listening,
) -> None:
    device = await server.add(silent_after=0.2)
    async with observed(server.port, f"{BASE}/commands") as came:
        await until(lambda: device.availability is Availability.SILENT)
        heard = device.last_heard
        await device.set("level", 3)
        await until(lambda: len(came) == 2)
        assert waiting(came[1]) == [{"set": {"level": 3}}]
        assert device.availability is Availability.SILENT
        assert device.last_heard == heard


async def test_observer_who_did_not_ask_to_be_sure_is_lost_when_it_is_gone(
    server: Listening,
) -> None:
    """RFC 7641 §4.5: without confirmable notifications nobody would notice."""
    await server.add(published=True)
    await server.send.post(STATE)
    path = path_to("level")
    async with by_hand(server.port) as raw:
        raw.transport.sendto(datagram(NON, 1, 1, b"t", b"", [(6, b""), *path]))
        await until(lambda: raw.has_received(1))
        await server.send.post({"level": 4})
        await until(lambda: raw.has_received(2))
        first, second = (aiocoap.Message.decode(data) for data in raw.received)
        assert (first.mtype, second.mtype) == (aiocoap.NON, aiocoap.CON)
        raw.transport.sendto(datagram(RST, 0, second.mid))
        await asyncio.sleep(0.05)
        await server.send.post({"level": 5})
        await asyncio.sleep(0.1)
        assert len(raw.received) == 2


async def test_observer_that_does_not_acknowledge_loses_its_place(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "MAX_WATCHERS_OF_ONE", 1)
    monkeypatch.setattr(aiocoap.Reliable, "ACK_TIMEOUT", 0.02)
    monkeypatch.setattr(aiocoap.Reliable, "MAX_RETRANSMIT", 1)
    await server.add(published=True)
    await server.send.post(STATE)
    path = path_to("level")
    async with by_hand(server.port) as raw:
        raw.transport.sendto(datagram(NON, 1, 1, b"t", b"", [(6, b""), *path]))
        await until(lambda: raw.has_received(1))
        await server.send.post({"level": 4})
        await until(lambda: raw.has_received(3))  # once more, and then no more
        await asyncio.sleep(0.2)
        async with observed(server.port, f"{BASE}/level") as other:
            assert other[0].opt.observe is not None


# The listing


async def links(server: Listening, query: str = "") -> dict[str, dict[str, str]]:
    """Return what the server lists, by path."""
    response = await server.send.get(f"/.well-known/core{query}")
    assert (response.code, response.content_format) == ("2.05", 40)
    text = response.payload.decode()
    found = parse_links(text) if text else ()
    return {link.target: dict(link.parameters) for link in found}


async def test_listing(server: Listening) -> None:
    await server.add(published=True)
    await server.add("other/one ä")
    found = await links(server)
    assert found["/.well-known/core"] == {"ct": "40"}
    assert found["/garden/shed/state"] == {
        "rt": "state",
        "if": "core.b",
        "ct": "50 60 110 112",
        "obs": "",
    }
    assert found["/garden/shed/temperature"]["ct"] == "0 50 60 110 112"
    assert found["/garden/shed/commands"]["rt"] == "commands"
    assert found["/garden/shed/alert/hot"]["rt"] == "alert"
    assert "obs" not in found["/other/one%20%C3%A4/state"]
    assert len(found) == 17


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("rt=commands", {"/garden/shed/commands"}),
        ("rt=com*", {"/garden/shed/commands"}),
        ("rt=nothing", set()),
        ("if=core.b", {"/garden/shed/state"}),
        ("ct=40", {"/.well-known/core"}),
        ("href=/garden/shed/st*", {"/garden/shed/state"}),
        ("href=/garden/shed/level&ct=0", {"/garden/shed/level"}),
        ("title=x", set()),
    ],
)
async def test_listing_is_filtered(
    server: Listening, query: str, expected: set[str]
) -> None:
    await server.add(published=True)
    assert set(await links(server, f"?{query}")) == expected
    assert len(await links(server, "?key")) == 9


async def test_listing_in_another_format(server: Listening) -> None:
    assert (await server.send.get("/.well-known/core", accept=50)).code == "4.06"
    assert (await server.send.get("/.well-known/core", accept=40)).code == "2.05"


# Alerts


async def test_last_alert_is_read_and_observed(server: Listening) -> None:
    device = await server.add(published=True)
    async with observed(server.port, f"{BASE}/alert/hot") as came:
        assert (str(came[0].code), came[0].payload) == ("2.05 Content", b"")
        await device.alert("hot").set("temperature", 90).raise_(Severity.LOW)
        await until(lambda: len(came) == 2)
        told = json.loads(came[1].payload)
        assert (told["temperature"], told["severity"]) == (90, "LOW")
        held = device.alerts.states["hot"]
        assert (held.source, held.count) == (Source.THIS_SIDE, 1)
        assert held.last is not None
        assert told["time"] == held.last.timestamp() * 1000
        await server.send.post({"temperature": 91}, "alert/hot")  # the device's own
        await until(lambda: len(came) == 3)
        assert json.loads(came[2].payload)["temperature"] == 91
    response = await server.send.get("alert/hot", accept=60)
    assert cbor2.loads(response.payload)["temperature"] == 91
    assert (await server.send.get("alert/hot", accept=0)).code == "4.06"


async def test_published_alert_is_no_news_to_who_observes_it_anew(
    server: Listening,
) -> None:
    """Another Home Assistant observes it: over a registration nothing is told twice."""
    device = await server.add(published=True)
    await device.alert("hot").set("temperature", 90).raise_()
    endpoint = CoapEndpoint(LOOPBACK, server.port)
    connection = CoapConnection(endpoint)
    await connection.open()
    try:
        other = thing(connection, base=BASE)
        told: list[Alert] = []
        other.on_alert("*", told.append)
        await connection.attach(other)
        await until(lambda: other.alerts.states["hot"].last)
        assert not told
        await device.alert("hot").set("temperature", 91).raise_()
        await until(lambda: told)
        assert [one.fields for one in told] == [{"temperature": 91}]
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("published", "layout"), [(False, {}), (True, {"alerts": {"hot": False}})]
)
async def test_alert_that_nobody_may_read_is_not_raised(
    server: Listening, published: bool, layout: dict[str, Any]
) -> None:
    device = await server.add(published=published, layout=layout)
    with pytest.raises(NotOfferedError):
        await device.alert("hot").set("temperature", 90).raise_()
    assert device.alerts.states["hot"].last is None
    device.receive_alert("hot", {"temperature": 90}, source=Source.CONDITION)
    assert (await server.send.get("alert/hot")).code in {"4.04", "4.05"}
