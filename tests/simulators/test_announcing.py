"""Simulated devices that make themselves known, over real multicast DNS."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from simulators import CoapSimulator, SimulatedDevice, announcing
from simulators.announcing import (
    SERVICE,
    THINGS,
    Announcement,
    host_for_others,
    own_addresses,
)
from simulators.http import HttpSimulator

pytestmark = pytest.mark.usefixtures("socket_enabled")

LOOPBACK = "127.0.0.1"


@pytest.fixture
async def listening() -> AsyncGenerator[AsyncZeroconf]:
    listener = AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only)
    yield listener
    await listener.async_close()


async def found(
    listening: AsyncZeroconf, name: str, kind: str = SERVICE
) -> AsyncServiceInfo | None:
    """Return what is announced under a name."""
    info = AsyncServiceInfo(kind, f"{name}.{kind}")
    return info if await info.async_request(listening.zeroconf, 1000) else None


async def test_a_device_is_found_while_it_runs(
    room_device: SimulatedDevice, listening: AsyncZeroconf
) -> None:
    async with CoapSimulator(room_device, announce=True) as simulator:
        name = f"{room_device.model.name} {simulator.port}"
        info = await found(listening, name)
        assert info is not None
        assert info.port == simulator.port
        assert info.parsed_addresses() == [LOOPBACK]
    await asyncio.sleep(1.2)  # how long a good-bye lingers (RFC 6762 §10.1)
    assert await found(listening, name) is None


@pytest.mark.parametrize(
    ("make", "kind", "scheme"),
    [
        (partial(CoapSimulator, service=THINGS["coap"]), "_wot._udp.local.", "coap"),
        (HttpSimulator, "_wot._tcp.local.", "http"),
    ],
)
async def test_a_thing_says_where_its_description_is(
    room_device: SimulatedDevice,
    listening: AsyncZeroconf,
    make: Callable[..., CoapSimulator | HttpSimulator],
    kind: str,
    scheme: str,
) -> None:
    async with make(room_device, announce=True) as simulator:
        name = f"{room_device.model.name} {simulator.port}"
        info = await found(listening, name, kind)
    assert info is not None
    assert info.decoded_properties == {
        "td": "/.well-known/wot",
        "type": "Thing",
        "scheme": scheme,
    }


async def test_two_of_a_model_are_told_apart() -> None:
    first, second = (Announcement("Lamp v1.2", LOOPBACK) for _ in range(2))
    try:
        assert await first.start(5683) == "Lamp v1 2 5683"
        assert await second.start(5684) == "Lamp v1 2 5684"
    finally:
        await first.stop()
        await second.stop()
        await second.stop()


async def test_all_networks_of_the_machine_are_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert LOOPBACK not in own_addresses()
    monkeypatch.setattr(announcing, "own_addresses", list)
    with pytest.raises(ValueError, match="on no network"):
        Announcement("Lamp", "0.0.0.0")  # noqa: S104


def test_host_as_others_spell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "own_addresses", lambda: ["192.0.2.1"])
    assert host_for_others("0.0.0.0") == "192.0.2.1"  # noqa: S104
    assert host_for_others("::1") == "[::1]"
    assert host_for_others(LOOPBACK) == LOOPBACK
