"""One device of an HTTP server: what it answers, and what it tells by itself."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
import logging
from types import MappingProxyType
from typing import Final

from yarl import URL

from ...codecs import Document, decode
from ...device import Availability, VirtualDevice
from ...errors import (
    CommunicationError,
    PayloadError,
    RejectedError,
    UnauthorizedError,
    UnreachableError,
)
from ...redaction import is_secret
from ..base import Feed, Health, LastHeard
from ..messages import read_values
from .audience import Audience
from .following import Following, State
from .request import Request, Response, accepting, label_of
from .resource import HttpLayout, Resource, Source, Target
from .server import HttpServer
from .ways import stream_of
from .websocket import WebThingSocket

_LOGGER = logging.getLogger(__name__)

MAX_STREAMS: Final = 16
"""Of one device; what is not followed is polled."""

NONE: Final[Mapping[str, Resource]] = MappingProxyType({})

END_SECONDS: Final = 2.0
"""For telling a server that it need not tell any more."""


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
        self._streams: list[tuple[Following, Audience]] = []
        self._sources: dict[Following, Source] = {}

    def start(self) -> None:
        """Have the device tell what it can."""
        shared = self.layout.shared
        together = [shared] if shared and shared.source else self.layout.parts
        self._follow(together, self.layout.alerts, self.layout.contents)

    async def stop(self) -> None:
        """End all that was begun."""
        streams, self._streams = self._streams, []
        await asyncio.gather(*(self._end(one) for one, _audience in streams))

    async def _end(self, stream: Following) -> None:
        """End a stream, and tell the server if it wants to know."""
        begun = stream.state is State.ACTIVE
        await stream.stop()
        source = self._sources.pop(stream)
        if begun and source.end:
            request = Request(
                method=source.end_method,
                url=URL(source.end),
                seconds=END_SECONDS,
                label=label_of(source.end),
            )
            with suppress(CommunicationError):  # it will notice by itself
                await self._server.request(request)

    def hurry(self) -> None:
        """Begin streams again that have ended: the device is back."""
        for stream, _audience in self._streams:
            stream.hurry()

    @property
    def pushed(self) -> frozenset[str]:
        """The attributes whose changes come by themselves at present."""
        return frozenset().union(
            *(
                audience.given
                for stream, audience in self._streams
                if stream.state is State.ACTIVE
            )
        )

    async def tell(self, url: str, kind: str, data: Mapping[str, Document]) -> None:
        """Send a message on the WebSocket at a URL.

        Raises:
            UnreachableError: there is no connection.

        """
        for stream, _audience in self._streams:
            if isinstance(stream, WebThingSocket) and stream.url == str(URL(url)):
                await stream.tell(kind, data)
                return
        raise UnreachableError(address=self._server.address, reason="not connected")

    async def catch_up(self, resource: Resource) -> None:
        """Ask for what changed while nobody told; see ``CatchesUp``."""
        resource.given = frozenset()
        if resource.polled:
            await self.ask(resource)

    def lost(self, error: CommunicationError) -> None:
        """Take it that a stream has ended; it may be all that there is."""
        if not any(resource.polled for resource in self.layout.resources):
            self.device.report(Availability.UNREACHABLE, str(error))

    @property
    def health(self) -> Health:
        """How the exchange with the device goes."""
        statistics = self._server.statistics
        ages = [
            stream.age
            for stream, audience in self._streams
            if stream.state is State.ACTIVE and audience.resources
        ]
        pushed, readable = self.pushed, self.device.model.readable
        feed = Feed.PUSH if pushed >= readable else Feed.BOTH
        return Health(
            round_trip=statistics.round_trip,
            unanswered=statistics.unanswered,
            last_heard=self._heard.at,
            push_age=max(ages, default=None),
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
            return self._forbidden(resource, response), frozenset()
        self.device.hear()
        if not response.busy:
            resource.busy_since = None
        if response.unchanged:
            return resource.given, frozenset()
        if response.busy and not resource.is_only_busy():
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

    def _follow_each(self) -> None:
        """Follow the resources of single attributes: all at once is not offered."""
        self._follow(self.layout.parts, {})

    def _follow(
        self,
        resources: Iterable[Resource],
        alerts: Mapping[str, Target],
        contents: Mapping[str, Resource] = NONE,
    ) -> None:
        """Follow what is told of all these; one stream for each source."""
        audiences: dict[Source, Audience] = {}

        def audience_of(source: Source) -> Audience:
            return audiences.setdefault(source, Audience(self.device, self))

        for resource in resources:
            if resource.source is not None:
                audience_of(resource.source).resources.append(resource)
        for name, target in alerts.items():
            if target.source is not None:
                audience_of(target.source).alerts[name] = target
        for name, resource in contents.items():
            if resource.source is not None:
                audience_of(resource.source).contents[name] = resource
        for source, audience in audiences.items():
            if len(self._streams) >= MAX_STREAMS:
                _LOGGER.debug("%s: more is told than is followed", self.device.name)
                return
            replaced = any(one.shared for one in audience.resources)
            names = frozenset().union(*(one.names for one in audience.resources))
            stream = stream_of(
                self._server,
                source,
                audience,
                self._follow_each if replaced and not audience.alerts else None,
                shown=self.is_shown(names) and not audience.contents,
            )
            self._streams.append((stream, audience))
            self._sources[stream] = source
            stream.start()

    def _forbidden(self, resource: Resource, response: Response) -> frozenset[str]:
        """Take it that we may not have a resource; returns what is settled by that.

        Raises:
            UnauthorizedError: the server itself says so. Of another host this says
                nothing about what shows the server who we are.

        """
        place = f"{response.url.origin()}{label_of(resource.path)}"
        own = self._server.is_own(response.url)
        error: CommunicationError = UnauthorizedError(address=place)
        if not own:
            answer = f"{response.answer}, and credentials are not sent to other hosts"
            error = RejectedError(address=place, answer=answer)
        elif not response.refused:
            error = RejectedError(address=place, answer=response.answer)
        resource.etag = None
        if resource.shared:
            resource.miss()
        self.lose(resource, error)
        if own:
            raise UnauthorizedError(address=self._server.address)
        return frozenset() if resource.shared else resource.names

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
