"""What can go wrong with the demo: one error, whose text is for people."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
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
    condition: Callable[[], bool],
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
    while not condition():
        if loop.time() - begun > seconds:
            reason = why_not()
            raise DemoError(
                f"{what}: not within {seconds:g} s" + (f" ({reason})" if reason else "")
            )
        await asyncio.sleep(LOOKS_AGAIN_AFTER)
    return loop.time() - begun
