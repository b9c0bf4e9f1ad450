"""When a device is asked: at its interval, whatever else takes time."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from itertools import pairwise
from statistics import median

from aiocoap import Message
from homeassistant.config_entries import ConfigSubentryData
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.systems import System

from .acting import set_up, until
from .iot.connections.udp_peer import UdpPeer, answer, udp_peer

pytestmark = pytest.mark.usefixtures("integration")

ATTRIBUTES = ("a", "b", "c")
LATENCY = 0.07
ROUND = len(ATTRIBUTES) * LATENCY
MAX_AGE = 14
"""The number of the option (RFC 7252 §5.10)."""

SLACK = 0.04
"""Seconds; for a machine that has other things to do."""


class SlowDevice:
    """A device that takes its time over each answer; notes when it was asked."""

    def __init__(self) -> None:
        """Note nothing yet."""
        self.asked: list[float] = []
        self.options: list[tuple[int, bytes]] = []
        """Of its answers."""
        self.answering: asyncio.TimerHandle | None = None
        self.peer: UdpPeer

    def __call__(self, request: Message) -> Iterable[bytes]:
        """Answer later."""
        loop = asyncio.get_running_loop()
        again = any(one.mid == request.mid for one in self.peer.received[:-1])
        if request.opt.uri_path == (ATTRIBUTES[0],) and not again:
            self.asked.append(loop.time())
        self.answering = loop.call_later(
            LATENCY, self.peer.send, answer(request, b"7", options=self.options)
        )
        return ()


@asynccontextmanager
async def slow_device() -> AsyncGenerator[SlowDevice]:
    """Run a slow device."""
    device = SlowDevice()
    async with udp_peer(device) as device.peer:
        yield device
        if device.answering is not None:
            device.answering.cancel()


def entry_for(port: int, interval: float) -> MockConfigEntry:
    """Return an entry for a device whose attributes are asked for one by one."""
    attributes = [
        {"name": name, "type": "INTEGER", "observable": False} for name in ATTRIBUTES
    ]
    model = {"urn": "urn:example:slow", "name": "Slow", "attributes": attributes}
    document = {"model": model, "binding": {"coap": {"state": False}}}
    return MockConfigEntry(
        domain=DOMAIN,
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: interval,
        },
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_DEVICE,
                title="Slow",
                unique_id="slow",
                data={
                    CONF_KEY: "slow",
                    CONF_SOURCE: "file",
                    CONF_DOCUMENT: document,
                    CONF_BASE: "",
                },
            )
        ],
    )


async def gap(hass: HomeAssistant, interval: float, count: int) -> float:
    """Return the usual seconds between rounds, once the device is asked at its place.

    One of them may be longer: this machine may have been busy.
    """
    async with slow_device() as device:
        entry = entry_for(device.peer.port, interval)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        await until(lambda: len(device.asked) > count + 1)
        assert await hass.config_entries.async_unload(entry.entry_id)
    return median(after - before for before, after in pairwise(device.asked[1:]))


async def test_interval_is_that_between_the_beginnings(hass: HomeAssistant) -> None:
    interval = ROUND + 0.2
    assert await gap(hass, interval, 3) == pytest.approx(interval, abs=SLACK)


async def test_moments_that_a_round_took_are_left_out(hass: HomeAssistant) -> None:
    """A device that cannot keep up is not asked without a pause."""
    interval = ROUND * 0.75
    assert await gap(hass, interval, 3) == pytest.approx(2 * interval, abs=SLACK)


@pytest.mark.usefixtures("quick_requests")
async def test_what_failed_is_not_asked_again_before_an_interval(
    hass: HomeAssistant,
) -> None:
    """However long it took to find that nobody answers."""
    async with slow_device() as device:
        entry = entry_for(device.peer.port, 0.2)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        (coordinator,) = entry.runtime_data.coordinators.values()
        device.peer.behave = lambda _request: ()
        await until(lambda: not coordinator.last_update_success)
        now = hass.loop.time()
        device.peer.behave = device
        device.asked.clear()
        await until(lambda: device.asked)
        assert device.asked[0] - now > 0.2 - SLACK
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_is_fresh_is_not_asked_for(hass: HomeAssistant) -> None:
    async with slow_device() as device:
        device.options = [(MAX_AGE, b"\x01")]
        entry = entry_for(device.peer.port, 0.1)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        await until(lambda: len(device.asked) > 1)
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert device.asked[1] - device.asked[0] > 1


async def test_nothing_is_asked_where_polling_is_off(hass: HomeAssistant) -> None:
    async with slow_device() as device:
        entry = entry_for(device.peer.port, 0.05)
        entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
        await set_up(hass, entry)
        await asyncio.sleep(0.3)
        assert len(device.asked) == 1  # the values that the entities begin with
