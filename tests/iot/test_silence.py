"""The watch on a silent device."""

import asyncio
from collections.abc import AsyncGenerator, Callable
import time

import pytest

from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.silence import SilenceWatch

from .samples import THERMO, device_of

LIMIT = 0.08
SHORT = LIMIT / 2
LONG = LIMIT * 1.6


@pytest.fixture
def device() -> VirtualDevice:
    return device_of(THERMO)


@pytest.fixture
async def silences(device: VirtualDevice) -> AsyncGenerator[list[float]]:
    """Watch the device and note when it is called silent."""
    noted: list[float] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(time.monotonic()))
    yield noted
    watch.stop()


async def test_device_that_was_never_heard_is_silent_after_its_limit(
    silences: list[float],
) -> None:
    await asyncio.sleep(SHORT)
    assert silences == []
    await asyncio.sleep(LIMIT)
    assert len(silences) == 1


async def test_what_arrives_puts_it_off(
    device: VirtualDevice, silences: list[float]
) -> None:
    for _ in range(4):
        await asyncio.sleep(SHORT)
        device.hear()
    last = time.monotonic()
    assert silences == []
    await asyncio.sleep(LONG)
    assert len(silences) == 1
    # As soon as the limit has passed, not one round of the watch later
    assert silences[0] - last == pytest.approx(LIMIT, abs=SHORT)


async def test_silence_goes_on_being_told(silences: list[float]) -> None:
    await asyncio.sleep(LIMIT * 2.5)
    assert len(silences) == 2


async def test_nothing_is_told_after_the_end(device: VirtualDevice) -> None:
    noted: list[bool] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True))
    watch.stop()
    await asyncio.sleep(LONG)
    assert noted == []


async def test_clock_is_that_of_the_device_whatever_the_loop_has(
    device: VirtualDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop may have a clock of its own, which says nothing of ``last_heard``."""
    loop = asyncio.get_running_loop()
    own: Callable[[], float] = loop.time
    monkeypatch.setattr(loop, "time", lambda: own() + 10_000)
    noted: list[bool] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True))
    try:
        for _ in range(3):
            await asyncio.sleep(SHORT)
            device.hear()
        assert noted == []
        await asyncio.sleep(LONG)
        assert noted == [True]
    finally:
        watch.stop()
