"""Long polling: a server that answers when there is something new."""

import asyncio
import time
from typing import Final, override

from .following import Following, Message, NotOfferedHereError
from .request import Response
from .unanswered import UnansweredError

HOLD: Final = 300.0
"""Seconds for which an answer is waited for; then it is asked again."""

SOON: Final = 1.0
"""Seconds within which no server that waits for something new answers …"""

TOO_SOON: Final = 5
"""… so often in a row with the same. If it is something else each time, what is asked
next waits as long."""


class LongPoll(Following):
    """Asks again and again, each time for what is new."""

    @override
    async def _follow(self) -> None:
        await self._active()
        soon, quick, last = 0, 0, b""
        while True:
            if quick >= TOO_SOON:
                await asyncio.sleep(SOON)
            began = time.monotonic()
            response = await self._server.wait_for(self._request, HOLD)
            if response is None:
                continue  # nothing new
            self._check(response)
            at_once = time.monotonic() - began < SOON
            quick = quick + 1 if at_once else 0
            same = at_once and response.payload == last
            soon, last = (soon + 1 if same else 0), response.payload
            if soon >= TOO_SOON:
                raise NotOfferedHereError
            if response.payload:
                await self._take(Message(response.payload, codec=response.codec))

    def _check(self, response: Response) -> None:
        """See whether an answer is one.

        Raises:
            NotOfferedHereError: there never is one here.
            UnansweredError: there is none now.

        """
        if response.success or response.unchanged:
            return
        if response.absent or response.forbidden:
            raise NotOfferedHereError
        reason = f"it answered {response.answer}"
        raise UnansweredError(address=self._request.place, reason=reason)
