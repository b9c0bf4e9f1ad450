"""Devices that may describe themselves differently when they are back."""

import asyncio
import json
from typing import override

from aiocoap import Message
import pytest

from custom_components.device_models.iot.connections.coap import CoapConnection
from custom_components.device_models.iot.device import Availability, VirtualDevice
from custom_components.device_models.iot.errors import UnreachableError

from .coap_server import BareServer, Content, bare_server
from .conftest import Connect
from .test_coap_describe import TD
from .things import nothing_left, thing, until

LINKS = b"</t>;title=Air"


class Hanging(Content):
    """A resource that stops answering."""

    def __init__(self, payload: bytes, content_format: int) -> None:
        super().__init__(payload, content_format)
        self.answers = asyncio.Event()
        self.answers.set()

    @override
    async def render_get(self, request: Message) -> Message:
        await self.answers.wait()
        return await super().render_get(request)


class Noted:
    """A connection to a server, the device behind it, and which were told of."""

    def __init__(self, connection: CoapConnection) -> None:
        self.connection = connection
        self.changed: list[VirtualDevice] = []
        connection.on_description_changed = self.changed.append

    async def described(self) -> VirtualDevice:
        """Ask what there is; returns the device, which was read once."""
        loaded = await self.connection.describe("")
        self.device = thing(
            self.connection, model=loaded.model, coap=loaded.layouts["coap"]
        )
        await self.read()
        await until(lambda: self.connection._looking is None)
        return self.device

    async def read(self) -> None:
        """Ask for the values."""
        await self.connection.read(self.device, self.device.model.readable)

    async def away_and_back(self) -> None:
        """Lose the device, and have it back."""
        self.device.report(Availability.UNREACHABLE, "test")
        await self.read()
        await until(lambda: self.connection._looking is None)


def listing(server: BareServer) -> Content:
    return server.resources[".well-known", "core"]


async def test_listing_is_looked_at_once_when_the_device_is_back(
    connect: Connect,
) -> None:
    core = Content(LINKS, 40)
    async with bare_server(
        **{".well-known__core": core}, t=Content(b"21", 0)
    ) as server:
        noted = Noted(await connect(server.port))
        device = await noted.described()
        await noted.away_and_back()
        before = len(core.requests)
        await noted.away_and_back()
        assert len(core.requests) == before + 1
        assert noted.changed == []
        core.change(LINKS + b",</u>")
        await noted.away_and_back()
        assert noted.changed == [device]


async def test_thing_description_is_looked_at_where_it_is(connect: Connect) -> None:
    things = Content(json.dumps(TD).encode(), 432)
    async with bare_server(
        **{".well-known__wot": things}, t=Content(b"21", 0)
    ) as server:
        noted = Noted(await connect(server.port))
        device = await noted.described()
        await noted.away_and_back()
        assert noted.changed == []
        things.change(json.dumps({**TD, "title": "Other"}).encode())
        await noted.away_and_back()
        assert noted.changed == [device]


async def test_restart_that_its_numbers_tell_is_looked_at(connect: Connect) -> None:
    core = Content(LINKS, 40)
    async with bare_server(
        **{".well-known__core": core}, t=Content(b"21", 0)
    ) as server:
        noted = Noted(await connect(server.port))
        device = await noted.described()
        core.change(b"</v>")
        noted.connection._numbering.restart()
        await until(lambda: noted.changed == [device])


async def test_device_that_was_never_described_is_told_of(connect: Connect) -> None:
    async with bare_server(temperature=Content(b"21", 0)) as server:
        noted = Noted(await connect(server.port))
        noted.device = thing(noted.connection)
        await noted.away_and_back()
        assert noted.changed == [noted.device]


@pytest.mark.parametrize("hangs", [True, False])
async def test_device_that_is_away_again_is_not_told_of(
    connect: Connect, hangs: bool
) -> None:
    core = Content(LINKS, 40)
    async with (
        nothing_left(timers=False),
        bare_server(**{".well-known__core": core}, t=Content(b"21", 0)) as server,
    ):
        noted = Noted(await connect(server.port))
        await noted.described()
        core.change(b"</v>")
        await server.stop()
        noted.connection._numbering.restart()
        if not hangs:
            with pytest.raises(UnreachableError):
                await noted.read()
            await until(lambda: noted.connection._looking is None)
        await noted.connection.close()
        assert noted.connection._looking is None
        assert noted.changed == []


async def test_listing_that_hangs_says_nothing(connect: Connect) -> None:
    core = Hanging(LINKS, 40)
    async with bare_server(
        **{".well-known__core": core}, t=Content(b"21", 0)
    ) as server:
        noted = Noted(await connect(server.port))
        await noted.described()
        core.answers.clear()
        noted.connection._numbering.restart()
        await until(lambda: noted.connection._looking is None)
        assert noted.changed == []
        core.answers.set()
