"""The way to a device is cut at every point of a transaction; later it is mended.

A value arrives in the end. An action is done once or not at all, and what is said of
it is true: acknowledged means done, failed that it is not known, or not done.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from aiocoap import Message
from aiocoap.numbers import CON, Code
import pytest

from custom_components.device_models.iot import command as command_module
from custom_components.device_models.iot.command import Command
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    attempt,
    request,
)
from custom_components.device_models.iot.delivery import Delivery
from custom_components.device_models.iot.device import Availability, VirtualDevice
from custom_components.device_models.iot.errors import CommunicationError

from .http_server import http_connection
from .things import thing, until
from .udp_peer import answer, udp_peer

pytestmark = pytest.mark.usefixtures("socket_enabled")

ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
    b"Content-Type: application/json\r\n\r\ntrue"
)

POINTS: Final = {
    "before it is connected": None,
    "as soon as it is connected": (0, b""),
    "within the head of the request": (20, b""),
    "after the request": (100_000, b""),
    "within the status of the answer": (100_000, ANSWER[:12]),
    "within the head of the answer": (100_000, ANSWER[:30]),
    "within the body of the answer": (100_000, ANSWER[:-2]),
    "never": (100_000, ANSWER),
}
"""How much is read, and answered, before it is cut; None is where nobody listens."""


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 0.05)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 0.3)
    monkeypatch.setattr(request.ConfirmableTuning, "ACK_TIMEOUT", 0.05)


class Breaking:
    """A server that cuts connections at a point, and notes what it has read whole."""

    def __init__(self, point: tuple[int, bytes] | None) -> None:
        self.point = point
        self.done: list[str] = []

    async def meet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        most, told = self.point or (0, b"")
        try:
            if most < 1000:
                if most:
                    await reader.readexactly(most)
                return
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = head.partition("content-length: ")[2].partition("\r\n")[0]
            await reader.readexactly(int(length or 0))
            self.done.append(head.split("\r\n")[0])
            writer.write(told)
            await writer.drain()
        except OSError, asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def behind_http(
    point: tuple[int, bytes] | None,
) -> AsyncGenerator[tuple[VirtualDevice, Breaking]]:
    breaking = Breaking(POINTS["never"])
    server = await asyncio.start_server(breaking.meet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with http_connection(f"http://127.0.0.1:{port}") as connection:
        breaking.done.clear()
        breaking.point = point
        if point is None:
            server.close()
            await server.wait_closed()
            await asyncio.sleep(0.05)  # the client has to notice, too
        device = thing(connection, delivery=Delivery(keep=60))
        device.report(Availability.ONLINE)
        yield device, breaking
        await device.commands.end()
    server.close()


async def given(device: VirtualDevice, what: str) -> Command:
    """Give a command; returns what became of it, as far as is known."""
    told: list[Command] = []
    stop = device.commands.on_command(told.append)
    try:
        if what == "level":
            return await device.change({"level": 7})
        return await device.perform("reset")
    except CommunicationError:
        return told[-1]
    finally:
        stop()


@pytest.mark.parametrize("point", POINTS)
async def test_value_arrives_over_http(point: str) -> None:
    async with behind_http(POINTS[point]) as (device, breaking):
        command = await given(device, "level")
        assert command.state in {"queued", "confirmed"}
        if POINTS[point] is None:  # nobody will ever listen there
            assert device.commands.pending
            return
        breaking.point = POINTS["never"]
        device.report(Availability.ONLINE)
        await until(lambda: not device.commands.pending)
        assert device.get("level") == 7
        assert breaking.done[-1].startswith("put /level")


@pytest.mark.parametrize("point", POINTS)
async def test_action_is_done_once_or_not_at_all_over_http(point: str) -> None:
    async with behind_http(POINTS[point]) as (device, breaking):
        command = await given(device, "reset")
        if POINTS[point] is None:
            assert command.state == "queued", command.reason  # it never left
            return
        if command.state != "queued":
            assert (command.state == "acknowledged") <= bool(breaking.done)
            assert command.state in {"acknowledged", "failed"}
        before = len(breaking.done)
        breaking.point = POINTS["never"]
        device.report(Availability.ONLINE)
        await until(lambda: not device.commands.pending)
        await asyncio.sleep(0.1)
        assert len(breaking.done) <= 1
        assert before == len(breaking.done) or command.state == "queued"


COAP_POINTS: Final = ("the request is lost", "the answer is lost", "never")


@pytest.mark.parametrize("point", COAP_POINTS)
@pytest.mark.parametrize("what", ["level", "reset"])
async def test_commands_over_coap(point: str, what: str) -> None:
    done: list[int] = []
    broken = point != "never"

    def behave(message: Message) -> Iterable[bytes]:
        if message.mtype is not CON or not message.code.is_request():
            return
        if message.code is Code.GET:
            yield answer(message, b"true")
            return
        if not (broken and point == COAP_POINTS[0]) and message.mid not in done:
            done.append(message.mid)  # a repetition is done once (RFC 7252 §4.5)
        if not broken:
            yield answer(message, b"", code=Code.CHANGED)

    async with udp_peer(behave) as peer:
        connection = CoapConnection(CoapEndpoint("127.0.0.1", peer.port))
        await connection.open()
        device = thing(connection, delivery=Delivery(keep=60))
        device.report(Availability.ONLINE)
        command = await given(device, what)
        if broken:
            assert command.state == ("queued" if what == "level" else "failed")
            broken = False
            device.report(Availability.ONLINE)
        await until(lambda: not device.commands.pending)
        if what == "level":
            assert device.get("level") == 7
            assert done
        else:
            assert len(done) <= 1
            assert (command.state == "acknowledged") <= (len(done) == 1)
        await device.commands.end()
        await connection.close()
