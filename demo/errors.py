"""What can go wrong with the demo: one error, whose text is for people."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Final

LOOKS_AGAIN_AFTER: Final = 0.1


class DemoError(Exception):
    """The demo cannot go on."""


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncGenerator[None]:
    """Give up when something takes too long.

    Raises:
        DemoError: it did.

    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DemoError(f"{what}: not within {seconds:g} s") from None


async def until(
    condition: Callable[[], bool | Awaitable[bool]],
    seconds: float,
    what: str,
    why_not: Callable[[], str] = str,
) -> float:
    """Wait for a condition; returns how many seconds that took.

    Raises:
        DemoError: it did not come true; the text ends with the reason, if one is known.

    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with within(seconds, what):
            while True:
                true = condition()
                if await true if isawaitable(true) else true:
                    return loop.time() - begun
                await asyncio.sleep(LOOKS_AGAIN_AFTER)
    except DemoError as err:
        reason = why_not()
        raise DemoError(f"{err} ({reason})" if reason else str(err)) from err
