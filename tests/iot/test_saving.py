"""Saves that are asked for at the same time."""

import asyncio

import pytest

from custom_components.device_models.iot.saving import Saving


async def test_what_is_asked_for_during_a_save_is_in_the_next_one() -> None:
    going, saves = asyncio.Event(), list[int]()

    async def save() -> None:
        saves.append(len(saves))
        await going.wait()

    saving = Saving(save)
    first = saving.soon()
    await asyncio.sleep(0)
    others = {saving.soon() for _ in range(3)}
    going.set()
    await saving.settled()
    assert saves == [0, 1]
    assert first not in others
    assert all(one.done() for one in (first, *others))


async def test_failed_save_is_told_and_the_next_one_is_made() -> None:
    failures = [OSError("full")]

    async def save() -> None:
        if failures:
            raise failures.pop()

    saving = Saving(save)
    with pytest.raises(OSError, match="full"):
        await saving.now()
    await saving.now()


async def test_nobody_waits_for_a_save_that_was_broken_off() -> None:
    saving = Saving(asyncio.Event().wait)  # type: ignore[arg-type]
    waiting = asyncio.create_task(saving.now())
    await asyncio.sleep(0.01)
    assert saving._task is not None
    saving._task.cancel()
    done, _waiting = await asyncio.wait((waiting,), timeout=5)
    assert done == {waiting}
    assert waiting.cancelled()
