"""Several questions at once: protocol sheet "flowthings" §10."""

import asyncio

import pytest

from custom_components.device_models.iot.errors import QueryError
from custom_components.device_models.iot.query.batch import (
    Batch,
    Outcome,
    gather,
    settle,
)

WRONG = QueryError(name="x", problem="wrong")


async def good() -> int:
    return 1


async def late() -> int:
    await asyncio.sleep(0)
    return 2


async def bad() -> int:
    raise WRONG


async def broken() -> int:
    raise RuntimeError


async def test_all_results_in_the_order_of_the_calls() -> None:
    assert await gather(late, good) == [2, 1]
    assert await gather() == []


async def test_the_first_error_is_raised_when_all_are_over() -> None:
    ended = []

    async def slow() -> int:
        await asyncio.sleep(0.01)
        ended.append(True)
        return 3

    with pytest.raises(QueryError):
        await gather(bad, slow)
    assert ended


async def test_a_result_or_an_error_each() -> None:
    assert await settle(good, bad, late) == [
        Outcome(1),
        Outcome(error=WRONG),
        Outcome(2),
    ]


async def test_other_errors_are_no_results() -> None:
    """Sheet §10: only errors of the platform are caught."""
    with pytest.raises(ExceptionGroup) as caught:
        await settle(good, broken)
    assert caught.group_contains(RuntimeError)


async def test_they_run_at_the_same_time_but_not_too_many() -> None:
    running = most = 0

    async def one() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await settle(*[one] * 10, parallel=3)
    assert most == 3


async def test_what_depends_on_another_waits_where_it_needs_it() -> None:
    """The example of the lazy form, also where only one may run at a time."""
    for parallel in (1, 8):
        order: list[str] = []

        async def flow(name: str) -> list[str]:
            order.append(name)  # noqa: B023
            await asyncio.sleep(0)
            return [f"id of {name}"]

        async with Batch(parallel) as batch:
            first = batch.ask(lambda: flow("a"))
            second = batch.ask(lambda: flow("b"))

            async def drops() -> str:
                return f"drops of {(await first)[0]}"  # noqa: B023

            dependent = batch.ask(drops)
            assert await second == ["id of b"]
        assert dependent.outcome == Outcome("drops of id of a")
        assert order == ["a", "b"]


async def test_what_depends_on_an_error_has_the_same() -> None:
    async with Batch() as batch:
        first = batch.ask(bad)

        async def dependent() -> int:
            return await first + 1

        second = batch.ask(dependent)
    assert second.outcome.error is first.outcome.error is WRONG


async def test_leaving_by_an_error_ends_all() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def leave() -> None:
        async with Batch() as batch:
            batch.ask(endless)
            await asyncio.sleep(0)
            raise RuntimeError

    with pytest.raises(ExceptionGroup):
        await leave()
    assert ended.is_set()
