"""One device of an HTTP server: what it answers, and what it tells by itself."""

from yarl import URL

from ...codecs import decode
from ...device import VirtualDevice
from ...errors import (
    CommunicationError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
)
from ...redaction import is_secret
from ..base import Feed, Health, LastHeard
from ..messages import read_values
from .request import Request, Response, accepting, label_of
from .resource import HttpLayout, Resource
from .server import HttpServer


class AttachedDevice:
    """A device, its layout, and the streams that feed it."""

    def __init__(
        self, server: HttpServer, device: VirtualDevice, layout: HttpLayout
    ) -> None:
        """Note the device; nothing is asked yet."""
        self.device = device
        self.layout = layout
        self._server = server
        self._heard = LastHeard(device)

    def start(self) -> None:
        """Have the device tell what it can."""

    async def stop(self) -> None:
        """End all that was begun."""

    @property
    def pushed(self) -> frozenset[str]:
        """The attributes whose changes come by themselves at present."""
        return frozenset()

    @property
    def health(self) -> Health:
        """How the exchange with the device goes."""
        statistics = self._server.statistics
        pushed, readable = self.pushed, self.device.model.readable
        feed = Feed.PUSH if pushed >= readable else Feed.BOTH
        return Health(
            round_trip=statistics.round_trip,
            unanswered=statistics.unanswered,
            last_heard=self._heard.at,
            feed=feed if pushed else Feed.POLL,
        )

    def is_shown(self, names: frozenset[str]) -> bool:
        """Whether the values of attributes may be shown: none of them is a secret."""
        leaves = self.device.model.leaves
        return not any(leaves[name].sensitive or is_secret(name) for name in names)

    async def ask(self, resource: Resource) -> tuple[frozenset[str], frozenset[str]]:
        """Ask for a resource; returns what ``take`` does.

        Raises:
            UnreachableError: there is no usable answer.
            UnauthorizedError: it wants to know who we are, or does not like it.

        """
        request = Request(
            method=resource.method,
            url=URL(resource.path),
            accept=accepting(resource.codec),
            etag=resource.etag,
            label=label_of(resource.path),
            shown=self.is_shown(resource.names),
        )
        try:
            response = await self._server.request(request)
        except (PayloadError, RejectedError) as err:
            self.device.hear()
            self.lose(resource, err)
            return frozenset(), frozenset()
        resource.max_age = response.max_age
        return self.take(resource, response)

    def take(
        self, resource: Resource, response: Response
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Have the device receive an answer, whatever it is.

        Returns:
            The attributes that are settled by the answer, and those that it changed.

        Raises:
            UnauthorizedError: it wants to know who we are, or does not like it.

        """
        resource.hold(response.wait)
        if response.forbidden:
            self._forbidden(resource, response)
        self.device.hear()
        if response.unchanged:
            return resource.given, frozenset()
        if response.busy:
            return resource.names, frozenset()  # what is known is as good as before
        resource.etag = None
        if not response.success:
            return self._refused(resource, response), frozenset()
        resource.absent_until = 0.0
        dropped = self.device.dropped.total()
        try:
            resource.spoken = codec = resource.codec_for(response)
            decoded = decode(codec, response.payload)
        except PayloadError as err:
            self.lose(resource, err)
            return frozenset(), frozenset()
        resource.given, changed = read_values(self.device, resource.slots, decoded)
        if self.device.dropped.total() == dropped:
            # Otherwise "you have it already" would not be true.
            resource.etag = response.etag
        return resource.given, changed

    def lose(self, resource: Resource, error: CommunicationError) -> None:
        """Have the device lose what a resource no longer gives."""
        resource.given = frozenset()
        resource.etag = None
        if resource.shared:
            self.device.drop(label_of(resource.path), error)
            return  # its parts may be had one by one
        for name in resource.names:
            self.device.drop(name, error)
        self.device.lose(resource.names)

    def _forbidden(self, resource: Resource, response: Response) -> None:
        """Take it that we may not have a resource.

        Raises:
            UnauthorizedError: always.

        """
        place = f"{response.url.origin()}{label_of(resource.path)}"
        error: CommunicationError = UnauthorizedError(address=place)
        if not self._server.is_own(response.url):
            answer = f"{response.answer}, and credentials are not sent to other hosts"
            error = RejectedError(address=place, answer=answer)
        elif not response.refused:
            error = RejectedError(address=place, answer=response.answer)
        resource.etag = None
        if resource.shared:
            resource.miss()
        self.lose(resource, error)
        raise UnauthorizedError(address=self._server.address)

    def _refused(self, resource: Resource, response: Response) -> frozenset[str]:
        """Take a refusal; returns the attributes that are settled by it."""
        if response.absent:
            resource.miss()
        if resource.shared:
            resource.given = frozenset()
            return frozenset()  # a device need not have it
        place = f"{response.url.origin()}{label_of(resource.path)}"
        self.lose(resource, RejectedError(address=place, answer=response.answer))
        return resource.names
