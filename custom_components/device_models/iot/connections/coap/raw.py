"""One raw request: everything that CoAP lets one say, and all that is answered."""

import asyncio
import base64
from dataclasses import dataclass
from typing import Any, Final, Self

import aiocoap
import aiocoap.error
from aiocoap.numbers import ContentFormat
from aiocoap.protocol import BlockwiseRequest

from ...errors import UnreachableError, ValueRefusedError
from ...values import JsonValue
from .access import DEAD, Access, Address, acquire, release
from .answer import answer_to, translated
from .delivery import TooLongError
from .options import MAX_OPTIONS, RawOption, name_of, options_of
from .payload import MAX_BYTES, shown
from .request import MAX_DIAGNOSTIC, ConfirmableTuning, Method
from .security import Security
from .transports import Transport, transport_for
from .uri import Target, is_group

METHODS: Final = {method.name: int(method) for method in Method}
"""The methods by their names (RFC 7252 §12.1.1, RFC 8132 §2)."""

MAX_METHOD: Final = 31
"""0.31; the codes from 0.01 up to it are requests (RFC 7252 §12.1)."""

DEFAULT_TIMEOUT: Final = 12.0
"""Seconds; more than the 10.5 s after which the retransmissions have ended."""

MAX_TIMEOUT: Final = 300.0
"""Seconds. So long may an answer take; a host that is silent is given up earlier."""

MAX_ETAGS: Final = 8
"""Of one request."""


class TimedOutError(UnreachableError):
    """No answer came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """A request as somebody has written it."""

    target: Target
    transport: Transport | None = None
    """How it goes; by default as the scheme of its URI says."""
    security: Security | None = None
    method: int = int(Method.GET)
    payload: bytes = b""
    content_format: int | None = None
    accept: int | None = None
    etags: tuple[bytes, ...] = ()
    if_match: tuple[bytes, ...] = ()
    if_none_match: bool = False
    options: tuple[RawOption, ...] = ()
    confirmable: bool = True
    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""

    def __post_init__(self) -> None:
        """Check what no field says by itself.

        Raises:
            ValueRefusedError: CoAP cannot say this.

        """
        if is_group(self.target.host):
            problem = "a group can only be asked for its links"
            raise ValueRefusedError(name="uri", problem=problem)
        lists = {"etag": self.etags, "if_match": self.if_match}
        for name, tags in lists.items():
            least = 1 if name == "etag" else 0  # an empty If-Match: if there is any
            if len(tags) > MAX_ETAGS or any(not least <= len(tag) <= 8 for tag in tags):
                problem = f"expected at most {MAX_ETAGS} of {least} to 8 bytes"
                raise ValueRefusedError(name=name, problem=problem)
        if len(self.options) > MAX_OPTIONS:
            problem = f"expected at most {MAX_OPTIONS}"
            raise ValueRefusedError(name="options", problem=problem)

    @property
    def address(self) -> Address:
        """The endpoint, and how it is reached."""
        target = self.target
        transport = self.transport or transport_for(target.scheme)
        return Address(target.host, target.port, transport, self.security)

    @property
    def method_name(self) -> str:
        """The method, by its name where it has one."""
        names = {number: name for name, number in METHODS.items()}
        return names.get(self.method, f"0.{self.method:02}")

    def message(self) -> Any:
        """Return what aiocoap sends."""
        message = aiocoap.Message(
            code=aiocoap.Code(self.method),
            uri=self.target.address,
            payload=self.payload,
            transport_tuning=self._tuning(),
        )
        options = message.opt
        options.uri_path, options.uri_query = self.target.path, self.target.query
        if self.content_format is not None:
            options.content_format = ContentFormat(self.content_format)
        if self.accept is not None:
            options.accept = ContentFormat(self.accept)
        if self.etags:
            options.etags = self.etags
        if self.if_match:
            options.if_match = self.if_match
        if self.if_none_match:
            options.if_none_match = True
        for option in self.options:
            option.added_to(message)
        return message

    def _tuning(self) -> ConfirmableTuning:
        """Return how a message is repeated: not beyond the time that is waited for it.

        Over DTLS, aiocoap would go on after that, and hold up others who ask the same
        endpoint (sheet "CoAP" §5). Elsewhere it is called off with the waiting.
        """
        tuning = ConfirmableTuning()
        tuning.reliability = self.confirmable
        if self.address.transport is Transport.DTLS:
            while tuning.MAX_RETRANSMIT and self.timeout < _ends_after(tuning):
                tuning.MAX_RETRANSMIT -= 1
            if self.timeout < _ends_after(tuning):
                tuning.ACK_TIMEOUT = self.timeout / tuning.ACK_RANDOM_FACTOR
        return tuning


@dataclass(frozen=True, slots=True, kw_only=True)
class RawResponse:
    """All that an endpoint answered."""

    code: str
    name: str | None
    payload: bytes
    content_format: int | None
    etag: bytes | None
    max_age: int | None
    location: str | None
    options: list[JsonValue]
    round_trip_time: float
    """Seconds from sending to the whole answer."""

    @classmethod
    def of(cls, message: Any, seconds: float) -> Self:
        """Return what a message of aiocoap says."""
        options = message.opt
        content_format = options.content_format
        place = Target("coap", "", 0, options.location_path, options.location_query)
        return cls(
            code=message.code.dotted,
            name=name_of(message.code),
            payload=message.payload,
            content_format=None if content_format is None else int(content_format),
            etag=options.etag,
            max_age=options.max_age,
            location=f"/{place.reference}" if place.path or place.query else None,
            options=options_of(message),
            round_trip_time=round(seconds, 6),
        )

    @property
    def success(self) -> bool:
        """Whether the answer is a yes."""
        return self.code.startswith("2.")

    @property
    def answer(self) -> str:
        """The answer for people: code, and the endpoint's own words if it failed."""
        words = self.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        return f"{self.code} {words if words.isprintable() else ''}".strip()

    def as_dict(self, longest: int = MAX_BYTES) -> dict[str, JsonValue]:
        """Return the answer as JSON has it; a longer payload is left out."""
        document: dict[str, JsonValue] = {
            "code": self.code,
            "name": self.name,
            "success": self.success,
            **payload_fields(self.payload, self.content_format, longest),
            "etag": None if self.etag is None else self.etag.hex(),
            "max_age": self.max_age,
            "location": self.location,
            "options": self.options,
            "round_trip_time": self.round_trip_time,
        }
        return document


def payload_fields(
    payload: bytes, content_format: int | None, longest: int
) -> dict[str, JsonValue]:
    """Return how a payload is told of: what it says, and its bytes."""
    problem: str | None = f"{len(payload)} bytes; too long for an event"
    said: JsonValue = None
    raw = None
    if len(payload) <= longest:
        said, problem = shown(payload, content_format)
        raw = base64.b64encode(payload).decode()
    fields: dict[str, JsonValue] = {
        "payload": said,
        "payload_base64": raw,
        "content_format": content_format,
    }
    return fields if problem is None else fields | {"payload_problem": problem}


async def send(request: RawRequest) -> RawResponse:
    """Ask, and wait for the answer; any code is an answer. Nothing is asked twice.

    Raises:
        TimedOutError: no answer in time.
        UnreachableError: none possible.
        TransportMissingError: the scheme cannot be spoken here.

    """
    uri = request.target.address
    clock = asyncio.get_running_loop().time
    started = clock()
    with translated(uri):
        try:
            async with asyncio.timeout(request.timeout):
                access = await acquire(request.address)
                try:
                    message = await _answer(access, request)
                finally:
                    await release(access)
                return RawResponse.of(message, clock() - started)
        except (TimeoutError, aiocoap.error.TimeoutError) as err:
            raise TimedOutError(address=uri, reason="no answer") from err


async def _answer(access: Access, request: RawRequest) -> Any:
    """Ask, and return the answer, without end."""
    context = await access.context()
    exchange = BlockwiseRequest(_Bounded(context), request.message())
    try:
        message = await answer_to(exchange)
    except aiocoap.error.TimeoutError:  # nothing was even acknowledged
        if request.timeout >= DEFAULT_TIMEOUT:  # a shorter one says nothing
            access.silence += DEAD
            await access.renew(context)
        raise
    access.silence = 0.0
    return message


class _Bounded:
    """An aiocoap context that ends an answer in blocks which grows too long."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self.log = context.log
        self.loop = context.loop

    async def find_remote_and_interface(self, message: Any) -> Any:
        """Have the context do it."""
        return await self._context.find_remote_and_interface(message)

    def request(self, message: Any, *, handle_blockwise: bool) -> Any:
        """Send one block, or ask for one."""
        wanted = message.opt.block2
        if wanted is not None and wanted.start >= MAX_BYTES:
            raise TooLongError
        return self._context.request(message, handle_blockwise=handle_blockwise)


def _ends_after(tuning: ConfirmableTuning) -> float:
    """Return the seconds after which nothing is repeated any more (RFC 7252 §4.8.2)."""
    seconds: float = tuning.MAX_TRANSMIT_WAIT
    return seconds
