"""What is written to one device, message by message."""

from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from typing import Final

from yarl import URL

from ...codecs import Document, compose, slots_of
from ...device import Certainty, VirtualDevice
from ...errors import RejectedError, UnauthorizedError
from ...values import Scalar
from ..messages import fellow_members
from ..templates import filled
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
        read: Callable[[VirtualDevice, AbstractSet[str]], Awaitable[object]],
    ) -> None:
        """Take the device, and what reads values of it that are needed, too."""
        self._server = server
        self._attached = attached
        self._read = read

    async def write(self, values: Mapping[str, Scalar]) -> Certainty:
        """Send values, in as few messages as will do.

        Raises:
            CommunicationError: the device did not take them.

        """
        layout = self._attached.layout
        certainty = Certainty.LIVE
        for writing in layout.writings(values.keys()):
            if writing.path.startswith(SOCKETS):
                await self._tell(writing, values)
                certainty = Certainty.ASSUMED  # it is confirmed by what comes back
                continue
            response, used = await self._send(writing, values), writing
            if response.absent and layout.missed(writing, values.keys()):
                return await self.write(values)
            if response.absent and (instead := layout.instead(writing)):
                response, used = await self._send(instead, values), instead
            check(self._server, used.path, response)
            self._attached.device.hear()
            if response.status == ACCEPTED:
                certainty = Certainty.ASSUMED
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
        fellows = fellow_members(device.model, values.keys())
        if writing.whole:
            fellows |= writing.names
        sharing = writing.sharing(values.keys())
        fellows = (fellows & writing.names) - values.keys() - sharing.keys()
        await self._learn(device, fellows)
        sent = {
            name: device.values[name].value for name in fellows & device.values.keys()
        } | {**values}
        path, named = filled(writing.path, sent)
        slots = [slot for slot in writing.slots if slot.element.name not in named]
        codec = writing.spoken
        request = Request(
            method=writing.method,
            url=URL(path),
            payload=codec.encode(compose(slots, sent)) if slots or not named else b"",
            codec=codec,
            label=label_of(writing.path),
            shown=self._attached.is_shown(writing.names),
        )
        try:
            response = await self._server.command(request)
        finally:
            for resource in self._attached.layout.resources:
                # What we have of it is no longer what it gave us.
                if resource.names & writing.names:
                    resource.etag = None
        if response.success:
            device.receive({name: values[as_] for name, as_ in sharing.items()})
        return response

    async def _learn(self, device: VirtualDevice, names: AbstractSet[str]) -> None:
        """Ask for the values that are not known, if they can be asked for."""
        leaves = device.model.leaves
        unknown = {
            name for name in names - device.values.keys() if leaves[name].readable
        }
        if unknown:
            await self._read(device, unknown)


def check(server: HttpServer, path: str, response: Response) -> None:
    """See whether something was done.

    Raises:
        UnauthorizedError: the server wants to know who we are, or does not like it.
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
    raise RejectedError(address=place, answer=answer)
