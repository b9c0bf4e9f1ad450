"""A simulated device that sleeps: a CoAP client which pushes whenever it wakes.

It posts its state to a server, does what the answer says that it is to do, confirms
that, and sleeps again. An alert wakes it. The server is described in
``docs/coap-listening.md``.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
import contextlib
import json
import logging
from typing import Any, Final, override
from urllib.parse import quote, unquote, urlsplit

from aiocoap import Code, Context, Message, error

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.values import JsonValue

from .behaviour import Alert, ReadOnlyError, SimulatedDevice
from .faults import Faults
from .payloads import Media, UnreadableError, decode, encode
from .simulator import Simulator, cancel

_LOGGER = logging.getLogger(__name__)

WAKES_EVERY: Final = 10.0
"""Seconds, unless said otherwise: short, to be watched."""

ANSWERS_WITHIN: Final = 10.0
"""Seconds for which an answer is waited for; then the device sleeps again."""

WAITING_ALERTS: Final = 20

REMEMBERED: Final = 64
"""Commands that were done; one that comes again was only not confirmed in time."""

DEFAULT_PORT: Final = 5683


class CoapPushSimulator(Simulator):
    """A simulated device that pushes to ``coap://host:port/base``."""

    def __init__(
        self,
        device: SimulatedDevice,
        server: str,
        *,
        every: float = WAKES_EVERY,
        key: str | None = None,
        speed: float = 1.0,
        faults: Faults | None = None,
    ) -> None:
        """Describe the server; ``key`` is shown to it with each message.

        Raises:
            ValueError: it is no CoAP URL with a path.

        """
        super().__init__(device, speed=speed, faults=faults)
        parts = urlsplit(server)
        base = [unquote(part) for part in parts.path.split("/") if part]
        if parts.scheme != "coap" or not parts.hostname or not base:
            raise ValueError(f"expected coap://HOST[:PORT]/PATH, got {server!r}")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._address = f"coap://{host}:{parts.port or DEFAULT_PORT}"
        self._base = base
        self._every = every
        self._key = key
        self._alerts: deque[Alert] = deque(maxlen=WAITING_ALERTS)
        self._rouse = asyncio.Event()
        self._waking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._done: deque[int] = deque(maxlen=REMEMBERED)
        self.last_answer: str | None = None
        """The code of the answer to the last message; None if there was none."""

    @property
    @override
    def url(self) -> str:
        """Where it pushes."""
        return "/".join([self._address, *(quote(part) for part in self._base)])

    @override
    async def _open(self) -> None:
        """Begin to wake and to sleep."""
        self._waking = asyncio.create_task(self._wake_and_sleep(), name="waking")

    @override
    async def _close(self, *, politely: bool) -> None:
        """Wake no more."""
        if (waking := self._waking) is not None:
            self._waking = None
            await cancel(waking)

    @override
    async def _forget(self) -> None:
        """Lose what it remembers."""
        self._alerts.clear()
        self._done.clear()

    @override
    async def _return(self) -> None:
        """Say so at once."""
        self._rouse.set()

    @override
    def _send_change(self, names: frozenset[str]) -> None:
        """Do nothing: it sleeps."""

    @override
    def _send_alert(self, alert: Alert) -> None:
        """Wake to tell of an alert."""
        self._alerts.append(alert)
        self._rouse.set()

    @override
    async def _refresh(self) -> None:
        """Do nothing: it has no sessions."""

    async def _wake_and_sleep(self) -> None:
        """Wake again and again."""
        while True:
            await self.wake()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._rouse.wait()

    async def wake(self) -> bool:
        """Be awake for a moment; returns whether the server has answered."""
        self._rouse.clear()
        if self.faults.silent or self.faults.down or self.faults.loses():
            return False
        async with self._turn:
            # As after a deep sleep: with another port, tokens and message ids.
            context = await Context.create_client_context(transports=["udp6"])
            try:
                async with asyncio.timeout(ANSWERS_WITHIN):
                    await self._push(_Radio(context, self._address, self._key))
            except (TimeoutError, error.Error, OSError) as err:
                self.last_answer = None
                _LOGGER.info("%s does not answer: %s", self._address, err)
                return False
            finally:
                # In which aiocoap forgets a request that was given up.
                await asyncio.sleep(0.001)
                await context.shutdown()
        return True

    # Awake

    async def _push(self, radio: _Radio) -> None:
        """Say everything, and do what is to be done."""
        while self._alerts:
            alert = self._alerts[0]
            path = [*self._base, "alert", alert.format]
            await self._answered(radio, Code.POST, path, alert.content)
            if self._alerts and self._alerts[0] is alert:
                self._alerts.popleft()
        state = [*self._base, "state"]
        answer = await self._answered(radio, Code.POST, state, self.device.state())
        if self.faults.slow:
            await asyncio.sleep(self.faults.slow)
        changed = False
        for command in _commands(answer):
            changed |= await self._obey(radio, command)
        if changed:
            # What is reported needs no other confirmation.
            await self._answered(radio, Code.POST, state, self.device.state())

    async def _obey(self, radio: _Radio, command: Mapping[str, Any]) -> bool:
        """Do one command and confirm it; returns whether values were set."""
        number = command["id"]
        place = [*self._base, "commands", str(number)]
        try:
            if "set" in command:
                self.device.write(command["set"])
                _LOGGER.info("takes %s", ", ".join(command["set"]))
                return True
            if number not in self._done:
                result = self.device.call(command["call"], command["arguments"])
                self._done.append(number)
                _LOGGER.info("does %s", command["call"])
                if result is not None:
                    await self._answered(radio, Code.POST, place, result)
                    return False
        except (DeviceModelsError, ReadOnlyError) as err:
            words = str(err).encode()
            await radio.send(Code.POST, place, words, Media.TEXT, "refused")
            return False
        await self._answered(radio, Code.DELETE, place)
        return False

    async def _answered(
        self, radio: _Radio, code: Code, path: list[str], content: JsonValue = None
    ) -> Message:
        """Send a message, and return the answer."""
        payload = b"" if content is None else encode(content, Media.JSON)
        media = None if content is None else Media.JSON
        answer = await radio.send(code, path, self.faults.spoil(payload), media)
        self.last_answer = str(answer.code.dotted)
        if not answer.code.is_successful():
            words = answer.payload[:100].decode(errors="replace")
            _LOGGER.info("%s: %s %s", "/".join(path), self.last_answer, words)
        return answer


class _Radio:
    """Sends to the server while the device is awake."""

    def __init__(self, context: Context, address: str, key: str | None) -> None:
        """Take what sends."""
        self._context = context
        self._address = address
        self._key = key

    async def send(
        self,
        code: Code,
        path: list[str],
        payload: bytes,
        media: Media | None,
        *query: str,
    ) -> Message:
        """Send a request, and return the answer."""
        message = Message(code=code, uri=self._address, payload=payload)
        message.opt.uri_path = path
        key = () if self._key is None else (f"key={self._key}",)
        message.opt.uri_query = (*query, *key)
        message.opt.content_format = media
        return await _answer(self._context.request(message))


async def _answer(request: Any) -> Message:
    """Return the answer to a request of aiocoap's.

    One that is not wanted any more is left to a timer: aiocoap fails if an answer comes
    in the turns of the loop which it needs to notice that, and reads none right after.
    """
    response = request.response
    response.add_done_callback(lambda it: it.cancelled() or it.exception())
    try:
        await asyncio.wait((response,))
    finally:
        if not response.done():
            stop = request._runner.cancel  # noqa: SLF001
            asyncio.get_running_loop().call_later(0, stop)
    return response.result()


def _commands(answer: Message) -> Iterator[Mapping[str, Any]]:
    """Yield the commands in an answer, as far as they can be understood."""
    if not answer.payload or answer.opt.content_format != Media.JSON:
        return
    try:
        listed = decode(answer.payload, Media.JSON)
    except UnreadableError:
        return
    for command in listed if isinstance(listed, list) else ():
        match command:
            case {"id": int(), "set": dict()}:
                yield command
            case {"id": int(), "call": str(), "arguments": dict()}:
                yield command
            case _:
                _LOGGER.info("not understood: %s", json.dumps(command)[:100])
