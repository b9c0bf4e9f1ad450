"""Contents that an endpoint keeps: sent and received block by block (RFC 7959).

aiocoap would have them in memory as a whole. Each block is a request of its own here,
and takes its turn among the others of the endpoint.
"""

from dataclasses import dataclass
from typing import Final

from aiocoap.numbers import ContentFormat

from ...errors import ForeignHostError, RejectedError
from ...files import Reader, Receiver, Source
from ...storage import Transferred
from .answer import UnansweredError
from .client import CoapEndpoint
from .delivery import Delivery
from .request import Block, Method, Request, Response
from .uri import joined, parse_uri, same_host

CONTINUE: Final = "2.31"
INCOMPLETE: Final = "4.08"
"""RFC 7959 §2.9.2: the endpoint has lost what was sent before."""
TOO_LARGE: Final = "4.13"
"""§2.9.3: perhaps the block only is; then the answer has the size that would do."""

MAX_BLOCKS: Final = 2**20
"""§2.2: the number of a block has 20 bits."""


@dataclass(frozen=True, slots=True)
class Storing:
    """Moves contents to and from one device."""

    endpoint: CoapEndpoint
    base: str
    """The path of the device."""
    delivery: Delivery

    async def upload(self, place: str, source: Source) -> Transferred:
        """Send a content with PUT.

        Raises:
            InvalidInputError: it cannot be read, or is to go to somebody else.
            CommunicationError: the endpoint does not take it.

        """
        path = self._path(place)
        exponent = self._exponent
        while True:
            async with source.opened() as reader:
                request = Request(
                    method=Method.PUT,
                    path=path,
                    content_format=_number_of(source.content_type),
                    size=source.size,
                )
                response = await self._send(request, reader, source.size, exponent)
            said = response.sent_block
            smaller = exponent if said is None else said.exponent
            if response.code != TOO_LARGE or smaller >= exponent:
                break
            exponent = smaller
        self._check(path, response)
        created = response.location if response.code == "2.01" else ""
        return Transferred(joined(self.endpoint.address, "", f"/{created or path}"))

    async def download(self, place: str, receiver: Receiver) -> Transferred:
        """Receive a content with GET.

        Raises:
            InvalidInputError: it cannot be written, or is had from somebody else.
            CommunicationError: the endpoint does not give it.

        """
        path = self._path(place)
        address = f"{self.endpoint.address}/{path}"
        wanted = Block(0, exponent=self._exponent)
        first: Response | None = None
        while True:
            request = Request(method=Method.GET, path=path, wanted_block=wanted)
            response = await self.endpoint.ask(request, self.delivery)
            self._check(path, response)
            block = response.block
            if first is None:
                first = response
                await receiver.begin(response.size)
            elif response.etag != first.etag:
                reason = "it has changed while it was received"
                raise UnansweredError(address=address, reason=reason)
            begin = 0 if block is None else block.begin
            size = len(response.payload)
            fits = block is None or (size == block.size if block.more else True)
            if begin != receiver.passed or not fits:
                reason = "it answered with another block than was asked for"
                raise UnansweredError(address=address, reason=reason)
            await receiver.write(response.payload)
            if block is None or not block.more:
                break
            if block.number + 1 >= MAX_BLOCKS:
                answer = "with more blocks than there can be"
                raise RejectedError(address=address, answer=answer)
            wanted = Block(block.number + 1, exponent=block.exponent)
        return Transferred(
            joined(self.endpoint.address, "", f"/{path}"),
            content_type=_type_of(first.content_format),
        )

    # Inside

    @property
    def _exponent(self) -> int:
        """How large blocks are to be, to begin with."""
        said = self.delivery.over(Delivery(block_size=self.endpoint.block_size))
        return said.block_exponent

    def _path(self, place: str) -> str:
        """Return the path of a place: of the endpoint itself, and no other.

        Raises:
            ValueRefusedError: it is none.
            ForeignHostError: it is somebody else's: a device could have us ask anybody.

        """
        own = parse_uri(self.endpoint.address.replace("%", "%25", 1))
        if "://" in place:
            target = parse_uri(place)
        else:
            target = parse_uri(joined(own.uri.rstrip("/"), self.base, place))
        here = (target.scheme, target.port) == (own.scheme, own.port)
        if not here or not same_host(target.host, own.host):
            raise ForeignHostError(name=target.address, host=target.host)
        return target.reference

    async def _send(
        self, request: Request, reader: Reader, size: int, exponent: int
    ) -> Response:
        """Send a content, in blocks as small as the endpoint wants them.

        Returns the answer to the last block, or the first one that is a no.
        """
        begin = 0
        while True:
            block = Block(0, exponent=exponent)
            payload = await reader.read(block.size)
            if size > block.size:
                more = begin + len(payload) < size
                number = begin // block.size
                if number >= MAX_BLOCKS:
                    answer = "with more blocks than there can be"
                    raise RejectedError(address=self.endpoint.address, answer=answer)
                block = Block(number, more, exponent)
            asked = Request(
                method=request.method,
                path=request.path,
                payload=payload,
                content_format=request.content_format,
                sent_block=block if size > block.size else None,
                size=size if begin == 0 else None,
            )
            response = await self.endpoint.ask(asked, self.delivery)
            begin += len(payload)
            if not response.success or begin >= size:
                return response
            if response.sent_block is not None:
                # §2.3: it may want smaller ones from now on, never larger ones.
                exponent = min(exponent, response.sent_block.exponent)

    def _check(self, path: str, response: Response) -> None:
        """See whether something was done.

        Raises:
            UnansweredError: it was not, but may be the next time.
            RejectedError: it was not.

        """
        if response.success and response.code != CONTINUE:
            return
        address = f"{self.endpoint.address}/{path.partition('?')[0]}"
        if response.passing or response.code in {INCOMPLETE, CONTINUE}:
            raise UnansweredError(address=address, reason=response.answer)
        raise RejectedError(address=address, answer=response.answer)


def _number_of(content_type: str) -> int | None:
    """Return the number of a media type, if it has one (RFC 7252 §12.3)."""
    try:
        return int(ContentFormat.by_media_type(content_type))
    except KeyError:
        return None


def _type_of(number: int | None) -> str:
    """Return the media type of a number, if it is known."""
    if number is None:
        return ""
    known = ContentFormat(number)
    return str(known.media_type) if known.is_known() else ""
