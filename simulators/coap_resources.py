"""What all resources of a simulated CoAP device do, as RFC 7252 and 7641 have it."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
import hashlib
import logging
from typing import Any, Final, override

from aiocoap import Code, Message, error
from aiocoap.pipe import Pipe
from aiocoap.resource import ObservableResource, Resource

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.values import DataType, JsonValue

from .behaviour import ReadOnlyError, SimulatedDevice
from .faults import Faults
from .payloads import Media, UnreadableError, decode, encode

_LOGGER = logging.getLogger(__name__)

OBJECTS: Final = (Media.JSON, Media.CBOR, Media.SENML_JSON)
VALUES: Final = (*OBJECTS, Media.TEXT)
PICTURES: Final = (Media.PNG,)
DIAGNOSTIC_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Setting:
    """What the resources of a device are made of."""

    device: SimulatedDevice
    faults: Faults
    base: str
    """The path that the device is below, without slashes around it."""
    max_age: int
    address: Callable[[], str]
    """Returns where the server listens, as in a URI, when it does."""

    def path(self, *names: str) -> tuple[str, ...]:
        """Return the path of a resource below the base."""
        whole = "/".join((self.base, *names))
        return tuple(part for part in whole.split("/") if part)


type Layout = Callable[[Setting], Iterable[tuple[tuple[str, ...], Resource]]]
"""Returns the resources of a device, new and without observers, by their paths."""


class DeviceResource(Resource):
    """Anything of the device: answers as slowly as its faults say."""

    def __init__(self, device: SimulatedDevice, faults: Faults) -> None:
        """Note whose resource it is."""
        super().__init__()
        self._device = device
        self._faults = faults

    @override
    async def render_to_pipe(self, pipe: Pipe) -> None:
        """Answer a request, unless the client has gone meanwhile.

        aiocoap fails over an answer that nobody waits for any more, and then over
        saying so.
        """
        try:
            await super().render_to_pipe(pipe)
        except TypeError:
            if pipe._event_callbacks is not False:  # noqa: SLF001  (nothing else tells)
                raise

    @override
    async def render(self, request: Message) -> Message:
        """Answer a request."""
        if self._faults.slow:
            await asyncio.sleep(self._faults.slow)
        return await super().render(request)

    def refuse(self, reason: Exception) -> error.BadRequest:
        """Return the answer to a request that makes no sense."""
        diagnostic = str(reason)[:DIAGNOSTIC_LENGTH]
        _LOGGER.info("refused: %s", diagnostic)
        return error.BadRequest(diagnostic)


class ReadableResource(DeviceResource, ObservableResource):
    """A resource that can be read and observed."""

    offered: tuple[Media, ...] = VALUES
    observable = True
    name = ""
    """How SenML calls it."""
    act: Callable[[Message], Awaitable[Message]] | None = None
    """The action that shares the path, if there is one of the same name."""

    def __init__(
        self, device: SimulatedDevice, faults: Faults, *, max_age: int
    ) -> None:
        """Note how long its content is fresh."""
        super().__init__(device, faults)
        self._max_age = max_age
        self._watchers: dict[Any, Message] = {}
        self._units = {
            name: leaf.unit for name, leaf in device.model.leaves.items() if leaf.unit
        }
        self.notified_at = 0.0
        self.ct = " ".join(str(int(media)) for media in self.offered)

    @property
    def observers(self) -> int:
        """How many observe it."""
        return len(self._watchers)

    @override
    async def add_observation(self, request: Message, serverobservation: Any) -> None:
        """Take an observer, or answer it once as any other client."""

        def forget() -> None:
            self._watchers.pop(serverobservation, None)

        serverobservation.accept(forget)
        if not self.observable:
            serverobservation.deregister()
            return
        if not self._watchers:
            self.notified_at = asyncio.get_running_loop().time()
        self._watchers[serverobservation] = request
        _LOGGER.info("%s observes", request.remote.hostinfo)

    @override
    def get_link_description(self) -> dict[str, str | None]:
        """Return what discovery tells about it."""
        described: dict[str, str | None] = super().get_link_description()
        if not self.observable:
            described.pop("obs", None)
        return described

    @abstractmethod
    def concerns(self, names: frozenset[str]) -> bool:
        """Whether its content is another one when attributes have changed."""

    def notify(self, at: float) -> None:
        """Tell the observers of the content as it is now."""
        self.notified_at = at
        for watcher in self._watchers:
            watcher.trigger()

    async def render_get(self, request: Message) -> Message:
        """Answer GET, in the format that the request accepts."""
        return self._content(request, self._read())

    async def render_post(self, request: Message) -> Message:
        """Do the action that shares the path.

        Raises:
            MethodNotAllowed: there is none.

        """
        if self.act is None:
            raise error.MethodNotAllowed
        return await self.act(request)

    @override
    async def render(self, request: Message) -> Message:
        """Answer a request, or notify an observer of the content now."""
        if request.opt.observe != 0:
            return await super().render(request)
        # For observers, aiocoap leaves it to the resource to send large content in
        # blocks; they fetch the others from the same cache as everybody.
        answer: Message = await self._block2.extract_or_insert(
            request, lambda: super(ReadableResource, self).render(request)
        )
        return answer

    @abstractmethod
    def _read(self) -> JsonValue:
        """Return the content now."""

    def _accepted(self, request: Message) -> Media:
        """Return the format to answer in.

        Raises:
            NotAcceptable: the request accepts none that is offered.

        """
        wanted = request.opt.accept
        if wanted is None:
            return self.offered[0]
        if int(wanted) not in tuple(self.offered):
            raise error.NotAcceptable
        return Media(int(wanted))

    def _content(
        self, request: Message, value: JsonValue, *, fresh: bool = False
    ) -> Message:
        """Return 2.05 with the content; 2.03 if the client has it and it is not new."""
        media = self._accepted(request)
        payload = encode(value, media, name=self.name, units=self._units)
        # Two formats of one value are two representations, though their bytes agree.
        etag = hashlib.sha256(bytes([media]) + payload).digest()[:8]
        known = etag in (request.opt.etags or ())
        if known and not fresh and not self._faults.garbage:
            return Message(code=Code.VALID, etag=etag, max_age=self._max_age)
        return Message(
            code=Code.CONTENT,
            payload=self._faults.spoil(payload),
            content_format=int(media),
            etag=etag,
            max_age=self._max_age,
        )

    def _body(self, request: Message, kind: DataType | None = None) -> Any:
        """Return what a request brings.

        Raises:
            UnsupportedContentFormat: in a format that is not taken.
            BadRequest: it is not what its format says.

        """
        media = body_format(request, self.offered)
        try:
            return decode(request.payload, media, kind)
        except UnreadableError as err:
            raise self.refuse(err) from err

    def _write(self, values: Mapping[str, object]) -> Message:
        """Write attributes and answer 2.04.

        Raises:
            BadRequest: a value does not fit.

        """
        try:
            self._device.write(values)
        except (DeviceModelsError, ReadOnlyError) as err:
            raise self.refuse(err) from err
        _LOGGER.info("written: %.200s", values)
        return Message(code=Code.CHANGED)


def body_format(request: Message, taken: tuple[Media, ...]) -> Media:
    """Return the format of a request's payload; unsaid, it is JSON.

    Raises:
        UnsupportedContentFormat: it is none of those taken.

    """
    spelled = request.opt.content_format
    if spelled is None:
        return Media.JSON
    if int(spelled) not in tuple(taken):
        raise error.UnsupportedContentFormat
    return Media(int(spelled))
