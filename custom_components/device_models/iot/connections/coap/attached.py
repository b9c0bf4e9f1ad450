"""One device of a CoAP endpoint: what it answers, and what is observed of it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from ...codecs import CODECS, decode
from ...device import VirtualDevice
from ...errors import CommunicationError, PayloadError, RejectedError
from ...redaction import is_secret
from ..base import Feed, Health, LastHeard
from ..content import Content
from ..layout import offered
from ..messages import read_alert, read_values
from ..resources import JSON, TEXT
from .client import CoapEndpoint
from .content import taken
from .delivery import Delivery
from .numbering import Numbering
from .observation import Observation, State
from .places import CoapLayout, Paths, without_query
from .request import Response
from .resource import Resource, Target, codec_of

BITS: Final = (b"0", b"1")
DIGITS: Final = CODECS["digits"]
"""What says off and on in text will take these, not words."""


class AttachedDevice:
    """A device, its layout, and the observations that feed it."""

    def __init__(
        self,
        endpoint: CoapEndpoint,
        device: VirtualDevice,
        layout: CoapLayout,
        numbering: Numbering,
    ) -> None:
        """Note the device; nothing is observed yet."""
        self._numbering = numbering
        self.device = device
        self.layout = layout
        self._endpoint = endpoint
        self._observations: list[Observation] = []
        self._heard = LastHeard(device)
        self._observed: list[tuple[Resource, Observation]] = []

    def start(self) -> None:
        """Observe what the device has."""
        shared = self.layout.shared
        if shared and shared.observe:
            self._observe(shared)
        else:
            self._observe_each()
        for name, target in self.layout.alerts.items():
            accept = target.codec.content_format if target.codec else None
            on_response = partial(self._on_alert, name, target)
            self._begin(target.path, accept, target.sending.delivery, on_response)
        for name, resource in self.layout.contents.items():
            if resource.observe:
                on_response = partial(self._on_content, name, resource)
                self._observe(resource, on_response)

    async def stop(self) -> None:
        """End all observations."""
        await asyncio.gather(*(one.stop() for one in self._observations))
        self._observations.clear()
        self._observed.clear()

    @property
    def pushed(self) -> frozenset[str]:
        """The attributes whose changes come by themselves at present."""
        return frozenset(
            name
            for resource, observation in self._observed
            if observation.state is State.ACTIVE
            for name in resource.given
        )

    @property
    def health(self) -> Health:
        """How the exchange with the device goes."""
        statistics = self._endpoint.statistics
        ages = [
            observation.age
            for _resource, observation in self._observed
            if observation.state is State.ACTIVE
        ]
        return Health(
            round_trip=statistics.round_trip,
            retransmissions=statistics.retransmissions,
            unanswered=statistics.unanswered,
            last_heard=self._heard.at,
            push_age=max(ages, default=None),
            feed=self._feed(),
        )

    @property
    def paths(self) -> Paths:
        """The paths of the device, and what may be shown of them."""
        layout = self.layout
        values = [
            *((one.path, one.slots) for one in layout.resources),
            *((one.path, one.slots) for one in layout.writes.values()),
        ]
        if layout.together:
            values.append((layout.together.path, layout.together.slots))
        others = (*layout.actions.values(), *layout.alerts.values())
        leaves = self.device.model.leaves
        secret = {
            path
            for path, slots in values
            for slot in slots
            if leaves[slot.element.name].sensitive or is_secret(slot.element.name)
        }
        images = {one.path for one in layout.contents.values()}
        return Paths(
            values=without_query((*(path for path, _ in values), *images)),
            others=without_query(one.path for one in others),
            secret=without_query(secret | images),
        )

    def renew(self) -> None:
        """Register again: the device seems to have forgotten that it is observed."""
        for observation in self._observations:
            observation.renew()

    async def ask(self, resource: Resource) -> tuple[frozenset[str], frozenset[str]]:
        """Ask for a resource; returns what ``take`` does.

        Raises:
            UnreachableError: it was not answered.

        """
        response = await self._request(resource)
        resource.max_age = response.max_age if response.success else None
        return self.take(resource, response)

    async def fetch(self, name: str) -> Content:
        """Return the content of an attribute; what is observed is here already.

        Raises:
            CommunicationError: the device does not give it, or it is no image.
            NotOfferedError: there is no such content here.

        """
        resource = offered(self.layout.contents, name)
        if resource.kept is not None and name in self.pushed:
            return resource.kept
        if resource.wait:
            answer = f"that it is busy for {resource.wait:.0f} s"
            raise RejectedError(address=self._address(resource), answer=answer)
        response = await self._request(resource)
        self.device.hear()
        return taken(resource, response, self._address(resource))

    async def _request(self, resource: Resource) -> Response:
        """Ask for a resource.

        Raises:
            UnreachableError: it was not answered.

        """
        sent = resource.etag
        response = await self._request_once(resource)
        if response.valid and resource.etag != sent:
            # Meanwhile it has shown that it had restarted: what it has is no longer
            # known by what it said before.
            response = await self._request_once(resource)
        return response

    async def _request_once(self, resource: Resource) -> Response:
        return await self._endpoint.request(
            resource.method,
            resource.path,
            accept=resource.accept,
            etag=resource.etag,
            delivery=resource.delivery,
        )

    def _address(self, resource: Resource) -> str:
        """Return where a resource is, for people."""
        return f"{self._endpoint.address}/{resource.path}"

    def take(
        self, resource: Resource, response: Response
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Have the device receive an answer, whatever it is.

        Returns:
            The attributes that the answer was about, and those that it changed.

        """
        self.device.hear()
        resource.hold(response.wait)
        if response.valid:
            return resource.given, frozenset()
        if response.busy:
            return resource.names, frozenset()  # what is known is as good as before
        resource.etag = None
        if not response.success:
            return self._refused(resource, response), frozenset()
        resource.absent_until = 0.0
        resource.spoken = codec = resource.codec_for(response)
        if codec is TEXT and response.payload in BITS:
            resource.spoken = DIGITS
        dropped = self.device.dropped.total()
        try:
            decoded = decode(codec, response.payload)
        except PayloadError as err:
            if resource.shared:
                self.device.drop(resource.path, err)
            self.lose(resource, err)
            return frozenset(), frozenset()
        resource.given, changed = read_values(self.device, resource.slots, decoded)
        if self.device.dropped.total() == dropped:
            # Otherwise "you have it already" would not be true.
            resource.etag = response.etag
        return resource.given, changed

    def _refused(self, resource: Resource, response: Response) -> frozenset[str]:
        """Take a refusal; returns the attributes that are settled by it."""
        if response.absent or (resource.shared and not response.passing):
            resource.miss()
        error = RejectedError(address=self._address(resource), answer=response.answer)
        self.lose(resource, error)
        return frozenset() if resource.shared else resource.names

    def lose(self, resource: Resource, error: CommunicationError) -> None:
        """Have the device lose what a resource no longer gives."""
        resource.given = frozenset()
        if resource.shared:
            return  # its parts may be had one by one
        for name in resource.names:
            self.device.drop(name, error)
        self.device.lose(resource.names)

    # Inside

    def _feed(self) -> Feed:
        """How the values come."""
        readable = self.device.model.readable
        if not (pushed := self.pushed):
            return Feed.POLL
        return Feed.PUSH if pushed >= readable else Feed.BOTH

    def _begin(
        self,
        path: str,
        accept: int | None,
        delivery: Delivery,
        on_response: Callable[[Response, bool], None],
        on_refused: Callable[[], None] | None = None,
    ) -> Observation:
        """Begin to observe a path."""
        observation = Observation(
            self._endpoint,
            path,
            accept=accept,
            delivery=delivery,
            on_response=on_response,
            on_refused=on_refused,
            numbering=self._numbering,
        )
        self._observations.append(observation)
        observation.start()
        return observation

    def _observe(
        self,
        resource: Resource,
        on_response: Callable[[Response, bool], None] | None = None,
    ) -> None:
        """Observe a resource; a shared one that cannot be is replaced by its parts."""

        def take(response: Response, _notification: bool) -> None:  # noqa: FBT001
            self.take(resource, response)

        instead = self._observe_each if resource.shared else None
        observation = self._begin(
            resource.path,
            resource.accept,
            resource.delivery,
            on_response or take,
            instead,
        )
        self._observed.append((resource, observation))

    def _observe_each(self) -> None:
        """Observe the resources of single attributes."""
        for resource in self.layout.resources:
            if resource.observe and not resource.shared:
                self._observe(resource)

    def _on_content(
        self,
        name: str,
        resource: Resource,
        response: Response,
        _notification: bool,  # noqa: FBT001
    ) -> None:
        """Keep a content, and tell that it may be another one."""
        self.device.hear()
        resource.given = frozenset()
        try:
            taken(resource, response, self._address(resource))
        except CommunicationError as err:
            self.device.drop(name, err)
            return
        resource.given = frozenset({name})
        self.device.note_content(name)

    def _on_alert(
        self,
        name: str,
        target: Target,
        response: Response,
        notification: bool,  # noqa: FBT001
    ) -> None:
        """Pass on an alert; what a registration is answered with has been before."""
        self.device.hear()
        if response.success and response.payload:
            codec, kept = codec_of(response, target.codec or JSON), not notification
            read_alert(self.device, name, codec, response.payload, kept=kept)
