"""The watch on a silent device."""

import asyncio
from collections.abc import AsyncGenerator
import time
from typing import Final

import pytest

from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.silence import SilenceWatch

from .samples import THERMO, device_of

LIMIT: Final = 60.0


class Clock:
    """The clock of device, watch and loop, which can be put forward."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._ahead = 0.0

    def __call__(self) -> float:
        return self._real() + self._ahead

    async def forward(self, seconds: float) -> None:
        """Let time pass, and what was due in it happen."""
        self._ahead += seconds
        for _ in range(3):
            await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def device() -> VirtualDevice:
    return device_of(THERMO)


@pytest.fixture
async def silences(
    device: VirtualDevice, clock: Clock
) -> AsyncGenerator[list[VirtualDevice]]:
    """Watch the device and note when it is called silent."""
    noted: list[VirtualDevice] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(device))
    yield noted
    watch.stop()


async def test_device_that_was_never_heard_is_silent_after_its_limit(
    clock: Clock, silences: list[VirtualDevice]
) -> None:
    await clock.forward(LIMIT - 1)
    assert len(silences) == 0
    await clock.forward(1)
    assert len(silences) == 1


async def test_what_arrives_puts_it_off(
    device: VirtualDevice, clock: Clock, silences: list[VirtualDevice]
) -> None:
    for _ in range(5):
        await clock.forward(LIMIT - 10)
        device.hear()
    assert len(silences) == 0
    # As soon as the limit has passed, not one round of the watch later
    await clock.forward(LIMIT - 1)
    assert len(silences) == 0
    await clock.forward(1)
    assert len(silences) == 1


async def test_silence_is_told_once_per_limit(
    device: VirtualDevice, clock: Clock, silences: list[VirtualDevice]
) -> None:
    await clock.forward(LIMIT)
    await clock.forward(LIMIT - 1)
    assert len(silences) == 1
    await clock.forward(1)
    assert len(silences) == 2
    await clock.forward(10)
    device.hear()
    await clock.forward(LIMIT - 1)
    assert len(silences) == 2
    await clock.forward(1)
    assert len(silences) == 3


async def test_what_was_heard_before_the_watch_does_not_count(
    device: VirtualDevice, clock: Clock
) -> None:
    device.hear()
    await clock.forward(LIMIT - 1)
    noted: list[bool] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True))
    await clock.forward(LIMIT - 1)
    assert noted == []
    await clock.forward(1)
    assert noted == [True]
    watch.stop()


async def test_nothing_is_told_after_the_end(
    device: VirtualDevice, clock: Clock
) -> None:
    noted: list[bool] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True))
    watch.stop()
    await clock.forward(LIMIT * 2)
    assert noted == []


async def test_clock_is_that_of_the_device_whatever_the_loop_has(
    device: VirtualDevice, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop may have a clock of its own, which says nothing of ``last_heard``."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: clock() + 1_000_000)
    noted: list[bool] = []
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True))
    await clock.forward(LIMIT - 10)
    device.hear()
    await clock.forward(LIMIT - 1)
    assert noted == []
    await clock.forward(1)
    assert noted == [True]
    watch.stop()


async def test_watch_that_begins_late_has_the_rest_of_the_limit(
    device: VirtualDevice, clock: Clock
) -> None:
    noted: list[bool] = []
    since = time.monotonic() - 50
    watch = SilenceWatch(device, LIMIT, lambda: noted.append(True), since)
    await clock.forward(LIMIT - 51)
    assert noted == []
    await clock.forward(1)
    assert noted == [True]
    watch.stop()
