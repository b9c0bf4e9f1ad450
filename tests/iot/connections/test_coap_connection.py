"""CoAP connections are opened and closed, with several devices on them."""

import asyncio
from collections.abc import Iterable
import json

from aiocoap import Message
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.errors import (
    ModelError,
    UnreachableError,
)

from .coap_server import bare_server, state
from .conftest import Connect
from .things import (
    ALL,
    STATE,
    model_of,
    nothing_left,
    shown,
    thing,
    until,
)
from .udp_peer import answer, silent, udp_peer

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
