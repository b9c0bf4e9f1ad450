"""What is written to one device, message by message."""

from collections.abc import Mapping
from typing import Final

from yarl import URL

from ...codecs import Document, compose, slots_of
from ...device import Certainty
from ...errors import (
    BusyError,
    RejectedError,
    UnauthorizedError,
)
from ...values import Scalar
from ..writing import Read, message_of, write_in_parts
from .attached import AttachedDevice
from .request import Request, Response, label_of
from .resource import Writing
from .server import HttpServer

SOCKETS: Final = ("ws:", "wss:")
"""What the URL of a WebSocket begins with."""

ACCEPTED: Final = 202
"""RFC 9110 §15.3.3: it will be done, or not."""


class Writer:
    """Sends what is written to one device."""

    def __init__(
        self,
        server: HttpServer,
        attached: AttachedDevice,
        read: Read,
    ) -> None:
        """Take the device, and what reads values of it that are needed, too."""
        self._server = server
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
            if writing.path.startswith(SOCKETS):
                await self._tell(writing, values)
                certainty = Certainty.ASSUMED  # it is confirmed by what comes back
                continue
            response, used = await self._send(writing, values), writing
            if response.absent and layout.missed(writing, values.keys()):
                return await self._write(values, done)
            if response.absent and (instead := layout.instead(writing)):
                response, used = await self._send(instead, values), instead
            check(self._server, used.path, response)
            self._attached.device.hear()
            if response.status == ACCEPTED:
                certainty = Certainty.ASSUMED
            else:
                done |= {name: values[name] for name in values.keys() & writing.names}
        return certainty

    async def _tell(self, writing: Writing, values: Mapping[str, Scalar]) -> None:
        """Write on a WebSocket.

        Raises:
            UnreachableError: there is no connection.

        """
        data: dict[str, Document] = {}
        for attribute in self._attached.device.model.attributes:
            slots = [
                slot
                for slot in slots_of(attribute)
                if slot.element.name in values.keys() & writing.names
            ]
            if slots:
                data[attribute.name] = compose(slots, values)
        await self._attached.tell(writing.path, "setProperty", data)

    async def _send(self, writing: Writing, values: Mapping[str, Scalar]) -> Response:
        """Write the values that a resource takes; those go with them that have to."""
        device = self._attached.device
        message = await message_of(writing, values, device, self._read)
        request = Request(
            method=writing.method,
            url=URL(message.path),
            payload=message.payload,
            codec=writing.spoken,
            label=label_of(writing.path),
            shown=self._attached.is_shown(writing.names),
        )
        try:
            response = await self._server.command(request)
        finally:
            self._attached.layout.changed(writing.names)
        if response.success:
            device.receive(message.shared)
        return response


def check(server: HttpServer, path: str, response: Response) -> None:
    """See whether something was done.

    Raises:
        UnauthorizedError: the server wants to know who we are, or does not like it.
        BusyError: it was not done, and may be another time.
        RejectedError: it was not done.

    """
    if response.success:
        return
    if response.refused and server.is_own(response.url):
        raise UnauthorizedError(address=server.address)
    answer = response.answer
    if response.forbidden and not server.is_own(response.url):
        answer += ", and credentials are not sent to other hosts"
    place = f"{response.url.origin()}{label_of(path)}"
    kind = BusyError if response.busy else RejectedError
    raise kind(address=place, answer=answer)
