"""What is written to one device, message by message."""

from collections.abc import Mapping
from typing import Final

from ...device import Certainty
from ...values import Scalar
from ..writing import Read, message_of, write_in_parts
from .attached import AttachedDevice
from .client import CoapEndpoint
from .request import CONFLICT, Request, Response
from .resource import Target, Writing

CONFLICTS: Final = 3
"""How often a write is tried that is for what was read, if that changes meanwhile."""


async def send(
    endpoint: CoapEndpoint,
    target: Writing | Target,
    path: str,
    payload: bytes,
    content_format: int | None,
    *,
    if_match: bytes | None = None,
) -> Response | None:
    """Send a message in the way of its target; None if it is not to be answered.

    Args:
        endpoint: where it goes.
        target: whose method and way of sending count.
        path: the path of the target, filled in.
        payload: what is sent.
        content_format: what that is written in, if it is anything.
        if_match: the ETag that the resource must have.

    Raises:
        UnreachableError: no answer in time, or none possible.

    """
    if target.sending.no_response:
        request = Request(
            method=target.method,
            path=path,
            payload=payload,
            content_format=content_format,
        )
        await endpoint.tell(request)
        return None
    return await endpoint.request(
        target.method,
        path,
        payload=payload,
        content_format=content_format,
        if_match=if_match,
        delivery=target.sending.delivery,
    )


class Writer:
    """Sends what is written to one device."""

    def __init__(
        self,
        endpoint: CoapEndpoint,
        attached: AttachedDevice,
        read: Read,
    ) -> None:
        """Take the device, and what reads values of it that are needed, too."""
        self._endpoint = endpoint
        self._attached = attached
        self._read = read

    async def write(self, values: Mapping[str, Scalar]) -> Certainty:
        """Send values, in as few messages as will do.

        Raises:
            CommunicationError: the device did not take them.
            PartlyWrittenError: it took some of them.

        """
        return await write_in_parts(self._attached.device, values, self._write)

    async def _write(
        self, values: Mapping[str, Scalar], done: dict[str, Scalar]
    ) -> Certainty:
        """Send values, and note what the device has taken."""
        layout = self._attached.layout
        certainty = Certainty.LIVE
        for writing in layout.writings(values.keys()):
            path = writing.path
            response = await self._put(writing, values)
            if response is None:
                certainty = Certainty.ASSUMED
                continue
            if response.absent and layout.missed(writing, values.keys()):
                return await self._write(values, done)
            if response.absent and (instead := layout.instead(writing)):
                path = instead.path
                response = await self._put(instead, values)
            if response is not None and not response.success:
                address = f"{self._endpoint.address}/{path}"
                raise response.refusal(address)
            done |= {name: values[name] for name in values.keys() & writing.names}
        return certainty

    async def _put(
        self, writing: Writing, values: Mapping[str, Scalar]
    ) -> Response | None:
        """Write the values that a resource takes; None if it is not to answer.

        What is for the representation that was read is tried again with a new one.
        """
        for _ in range(CONFLICTS - 1):
            etag = await self._etag(writing)
            response = await self._put_once(writing, values, etag)
            if etag is None or response is None or response.code != CONFLICT:
                return response
        return await self._put_once(writing, values, await self._etag(writing))

    async def _etag(self, writing: Writing) -> bytes | None:
        """Return the ETag that a write is for, if it is for one."""
        source = writing.source
        if not writing.sending.if_match or source is None:
            return None
        if source.etag is None:
            await self._attached.ask(source)
        return source.etag

    async def _put_once(
        self, writing: Writing, values: Mapping[str, Scalar], etag: bytes | None
    ) -> Response | None:
        """Write the values that a resource takes; those go with them that have to."""
        device = self._attached.device
        message = await message_of(writing, values, device, self._read)
        content_format = writing.spoken.content_format if message.payload else None
        try:
            response = await send(
                self._endpoint,
                writing,
                message.path,
                message.payload,
                content_format,
                if_match=etag,
            )
            if response is not None and response.success:
                device.receive(message.shared)
            return response
        finally:
            self._attached.layout.changed(writing.names)
