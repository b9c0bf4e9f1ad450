"""The resources that a simulated CoAP device has by default.

Below its base path: ``state`` (all attributes), one resource for each attribute and
each action, and ``alert/<name>`` for each format.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
import logging
from typing import Any, Final, override

from aiocoap import Code, Message, error
from aiocoap.resource import Resource

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.model import Action, Attribute, Format
from custom_components.device_models.iot.values import DataType, JsonValue

from .behaviour import Alert, SimulatedDevice
from .coap_resources import (
    OBJECTS,
    PICTURES,
    VALUES,
    DeviceResource,
    ReadableResource,
    Setting,
    body_format,
)
from .faults import Faults
from .payloads import Media, UnreadableError, decode, encode

_LOGGER = logging.getLogger(__name__)

MESSAGES: Final = (Media.JSON, Media.CBOR)

ALERT_MAX_AGE: Final = 60
"""The protocol's own default: an alert does not grow old, but says nothing later."""


class StateResource(ReadableResource):
    """All attributes in one object."""

    offered = OBJECTS
    if_ = "core.b"

    def __init__(
        self, device: SimulatedDevice, faults: Faults, *, max_age: int
    ) -> None:
        """Name the model, so that discovery finds it."""
        super().__init__(device, faults, max_age=max_age)
        self.rt = device.model.urn

    @override
    def _read(self) -> JsonValue:
        """Return every readable attribute."""
        return self._device.state()

    @override
    def concerns(self, names: frozenset[str]) -> bool:
        return True

    async def render_put(self, request: Message) -> Message:
        """Write several attributes at once: all, or none."""
        body = self._body(request)
        if not isinstance(body, dict):
            raise self.refuse(TypeError("expected an object"))
        return self._write({str(name): value for name, value in body.items()})


class AttributeResource(ReadableResource):
    """One attribute."""

    def __init__(
        self,
        device: SimulatedDevice,
        faults: Faults,
        attribute: Attribute,
        *,
        max_age: int,
    ) -> None:
        """Offer plain text too, unless the attribute is an object; or a picture."""
        self.offered = OBJECTS if attribute.type is DataType.OBJECT else VALUES
        if attribute.media_type:
            self.offered = PICTURES
        super().__init__(device, faults, max_age=max_age)
        self._attribute = attribute
        self.name = attribute.name
        self._writable = any(leaf.writable for _, leaf in attribute.leaves())
        self.rt = next(iter(attribute.semantic_types), "attribute")
        self.if_ = "core.a" if self._writable else "core.s"
        self._given = attribute.readable or bool(attribute.media_type)
        self.observable = attribute.observable and self._given

    @override
    def _read(self) -> JsonValue:
        """Return the value.

        Raises:
            MethodNotAllowed: it can only be written.

        """
        if not self._given:
            raise error.MethodNotAllowed
        return self._device.read(self.name)

    @override
    def concerns(self, names: frozenset[str]) -> bool:
        return any(
            name == self.name or name.startswith(f"{self.name}.") for name in names
        )

    async def render_put(self, request: Message) -> Message:
        """Write the value.

        Raises:
            MethodNotAllowed: it can only be read.

        """
        if not self._writable:
            raise error.MethodNotAllowed
        value = self._body(request, self._attribute.type)
        if request.opt.content_format == Media.SENML_JSON and isinstance(value, dict):
            value = value.get(self.name, value)
        return self._write({self.name: value})


class FormatResource(ReadableResource):
    """The messages of one format: every notification is a new one."""

    offered = MESSAGES

    def __init__(self, device: SimulatedDevice, faults: Faults, shape: Format) -> None:
        """Name the format, so that discovery finds it."""
        super().__init__(device, faults, max_age=ALERT_MAX_AGE)
        self.shape = shape
        self._waiting: deque[Alert] = deque()
        self._sender: asyncio.Task[None] | None = None
        self.rt = shape.urn or "alert"
        self.if_ = "core.s"

    @override
    async def render_get(self, request: Message) -> Message:
        """Answer with the last message, empty if there was none."""
        if alert := self._device.alerts.get(self.shape.name):
            return self._content(request, self._said(alert))
        self._accepted(request)
        return Message(code=Code.CONTENT, max_age=self._max_age)

    @override
    def _read(self) -> JsonValue:
        """Return the last message."""
        return self._said(self._device.alerts[self.shape.name])

    def _said(self, alert: Alert) -> JsonValue:
        """Return a message as it is sent."""
        return alert.content

    @override
    def concerns(self, names: frozenset[str]) -> bool:
        return False

    def send(self, alert: Alert) -> None:
        """Notify every observer of a new message, after those still waiting."""
        self._waiting.append(alert)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_waiting())

    def close(self) -> None:
        """Send no more."""
        self._waiting.clear()
        if self._sender is not None:
            self._sender.cancel()

    async def _send_waiting(self) -> None:
        """Send what waits, one after the other.

        An observation holds one notification at a time: a second one in the same
        pass of the event loop would replace the first.
        """
        while self._waiting:
            await asyncio.sleep(self._faults.slow)
            content = self._said(self._waiting.popleft())
            for watcher, request in list(self._watchers.items()):
                watcher.trigger(self._content(request, content, fresh=True))
            await asyncio.sleep(0.001)


class ActionResource(DeviceResource):
    """One action."""

    ct = f"{int(Media.JSON)} {int(Media.CBOR)}"
    if_ = "core.a"

    def __init__(self, device: SimulatedDevice, faults: Faults, action: Action) -> None:
        """Note the action."""
        super().__init__(device, faults)
        self._action = action
        self.rt = "action"

    async def render_post(self, request: Message) -> Message:
        """Do the action; answers 2.04, with the result if there is one.

        Raises:
            BadRequest: the arguments do not fit.

        """
        arguments: Any = {}
        media = body_format(request, MESSAGES)
        try:
            if request.payload:
                arguments = decode(request.payload, media)
            if not isinstance(arguments, dict):
                raise self.refuse(TypeError("expected an object of arguments"))
            result = self._device.call(self._action.name, arguments)
        except (DeviceModelsError, UnreadableError) as err:
            raise self.refuse(err) from err
        _LOGGER.info("called: %s %.200s", self._action.name, arguments)
        if result is None:
            return Message(code=Code.CHANGED)
        return Message(
            code=Code.CHANGED,
            payload=self._faults.spoil(encode(result, Media.JSON)),
            content_format=int(Media.JSON),
        )


def default_layout(setting: Setting) -> Iterator[tuple[tuple[str, ...], Resource]]:
    """Yield the resources that devices have by default."""
    device, faults = setting.device, setting.faults
    readable: dict[str, ReadableResource] = {
        "state": StateResource(device, faults, max_age=setting.max_age)
    }
    for attribute in device.model.attributes:
        # An attribute called "state" is found in the state, as any other.
        if attribute.name != "state":
            readable[attribute.name] = AttributeResource(
                device, faults, attribute, max_age=setting.max_age
            )
    for action in device.model.actions:
        acting = ActionResource(device, faults, action)
        if shared := readable.get(action.name):
            shared.act = acting.render_post
        else:
            yield setting.path(action.name), acting
    for name, resource in readable.items():
        yield setting.path(name), resource
    for shape in device.model.formats:
        yield setting.path("alert", shape.name), FormatResource(device, faults, shape)
