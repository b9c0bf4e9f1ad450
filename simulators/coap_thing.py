"""The resources of a simulated Thing behind CoAP, and its Thing Description.

What is where, and how it is asked for, is said by the forms of the Thing Description,
which is at ``/.well-known/wot`` (WoT Discovery, "Well-Known URIs").
"""

from collections.abc import Awaitable, Callable, Iterator
import json
from typing import Any, Final, override
from urllib.parse import unquote

from aiocoap import Code, Message, error
from aiocoap.resource import Resource

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.values import JsonValue

from .behaviour import Alert
from .coap_elements import FormatResource
from .coap_resources import (
    DeviceResource,
    Layout,
    ReadableResource,
    Setting,
    body_format,
)
from .payloads import Media, UnreadableError, decode, encode
from .thing import Operation, Thing, data_of

TD_FORMAT: Final = 432
"""The Content-Format of ``application/td+json``."""

JSON_FORMATS: Final = (None, int(Media.JSON), TD_FORMAT)

WELL_KNOWN: Final = (".well-known", "wot")

SEVERAL: Final = {"readallproperties", "readmultipleproperties"}
WRITES_SEVERAL: Final = {"writeallproperties", "writemultipleproperties"}

type Handler = Callable[[Message], Awaitable[Message]]


class ThingResource(ReadableResource):
    """What is at one path, apart from events: a property, an action, all of them."""

    def __init__(self, setting: Setting, operations: list[Operation]) -> None:
        """Note what may be done here."""
        super().__init__(setting.device, setting.faults, max_age=setting.max_age)
        ops = {one.op: one for one in operations}
        reads = ops.get("readproperty") or ops.get("observeproperty")
        self._all = bool(ops.keys() & SEVERAL)
        self.name = reads.name if reads else ""
        self.observable = bool(ops.keys() & {"observeproperty", "observeallproperties"})
        self.offered = tuple(dict.fromkeys(one.media for one in operations))
        self.ct = " ".join(str(int(media)) for media in self.offered)
        self._handlers: dict[str, Handler] = {}
        for one in operations:
            if handler := self._handler(one):
                self._handlers[one.method.upper()] = handler

    def _handler(self, one: Operation) -> Handler | None:
        """Return what answers to the method of an operation."""
        if one.op in {"readproperty", "observeproperty", *SEVERAL}:
            return self.render_get

        async def write(request: Message) -> Message:
            attribute = self._device.model.attribute(one.name)
            return self._write({one.name: self._body(request, attribute.type)})

        async def write_several(request: Message) -> Message:
            body = self._body(request)
            if not isinstance(body, dict):
                raise self.refuse(TypeError("expected an object"))
            return self._write(body)

        async def invoke(request: Message) -> Message:
            return self._invoke(one.name, request)

        if one.op in WRITES_SEVERAL:
            return write_several
        return {"writeproperty": write, "invokeaction": invoke}.get(one.op)

    @override
    async def render(self, request: Message) -> Message:
        """Answer a request, if its method is one of the forms'."""
        method = request.code.name.upper()
        if method not in self._handlers:
            raise error.MethodNotAllowed
        setattr(self, f"render_{method.lower()}", self._handlers[method])
        return await super().render(request)

    @override
    def concerns(self, names: frozenset[str]) -> bool:
        return self._all or any(name.split(".")[0] == self.name for name in names)

    @override
    def _read(self) -> JsonValue:
        return self._device.state() if self._all else self._device.read(self.name)

    def _invoke(self, name: str, request: Message) -> Message:
        """Do an action: what is no object is the only argument."""
        media = body_format(request, self.offered)
        try:
            body = decode(request.payload, media) if request.payload else {}
            arguments = body if isinstance(body, dict) else {"value": body}
            result = self._device.call(name, arguments)
        except (DeviceModelsError, UnreadableError) as err:
            raise self.refuse(err) from err
        if result is None:
            return Message(code=Code.CHANGED)
        return Message(
            code=Code.CHANGED,
            payload=self._faults.spoil(encode(result, media)),
            content_format=int(media),
        )


class EventResource(FormatResource):
    """The events of one kind."""

    def __init__(self, setting: Setting, operation: Operation) -> None:
        """Note in which format they are."""
        shape = setting.device.model.format(operation.name)
        super().__init__(setting.device, setting.faults, shape)
        self.offered = (operation.media,)  # type: ignore[assignment]
        self.ct = str(int(operation.media))

    @override
    def _said(self, alert: Alert) -> JsonValue:
        return data_of(alert)


class DescriptionResource(DeviceResource):
    """The Thing Description."""

    rt = "wot.thing"
    ct = f"{Media.JSON:d} {TD_FORMAT}"

    def __init__(self, setting: Setting, thing: Thing) -> None:
        """Note whose it is."""
        super().__init__(setting.device, setting.faults)
        self._thing = thing
        self._address = setting.address

    async def render_get(self, request: Message) -> Message:
        """Answer with it."""
        if request.opt.accept not in JSON_FORMATS:
            raise error.NotAcceptable
        described: dict[str, Any] = self._thing.description(self._address())
        return Message(
            code=Code.CONTENT,
            payload=self._faults.spoil(json.dumps(described).encode()),
            content_format=TD_FORMAT,
        )


def thing_layout(thing: Thing) -> Layout:
    """Return the layout of a Thing: what it says, and where its forms are."""

    def resources(setting: Setting) -> Iterator[tuple[tuple[str, ...], Resource]]:
        yield WELL_KNOWN, DescriptionResource(setting, thing)
        paths: dict[tuple[str, ...], list[Operation]] = {}
        for one in thing.operations():
            path = tuple(unquote(part) for part in one.path.split("/")[1:])
            paths.setdefault(path, []).append(one)
        for path, operations in paths.items():
            events = [one for one in operations if one.kind == "events"]
            if events:
                yield path, EventResource(setting, events[0])
            else:
                yield path, ThingResource(setting, operations)

    return resources
