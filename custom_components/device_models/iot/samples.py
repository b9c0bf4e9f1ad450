"""The samples of a device file: what the device sends, and what that means.

A file tests itself with them. They are decoded by what decodes messages at run time:
the layouts of the connections, the codecs and the virtual device.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
import json
from typing import Final, NamedTuple, Protocol, override
from urllib.parse import urljoin

from yarl import URL

from .alert import Alert
from .binding import Binding
from .codecs import CODECS, Codec, Slot, decode, to_scalar
from .connections.coap.layout import coap_layout
from .connections.coap.request import Response, split_path
from .connections.coap.resource import codec_of
from .connections.coap_listener.layout import listener_layout
from .connections.http.layout import http_layout
from .connections.http.resource import HttpLayout
from .connections.messages import read_alert, read_values
from .connections.mqtt.layout import mqtt_layout
from .connections.mqtt.meanings import AlertMessage, Values
from .connections.resources import JSON
from .device import Certainty, Port, VirtualDevice
from .errors import DeviceModelsError, ModelError, NotOfferedError, PayloadError
from .formats import Loaded
from .model import Action, Attribute, DeviceModel, Typed
from .reading import Element, Remark, Unusable
from .values import JsonValue, Scalar, same, to_milliseconds

MAX_SAMPLES: Final = 500

BASE: Final = "sample"
"""Where the device is meant to be; what is below it is spelled without it."""

ROOT: Final = URL("http://device/")
"""The server on which it is meant to be."""


class Reader(NamedTuple):
    """How messages that come from one place are read."""

    codec: Codec
    slots: tuple[Slot, ...] = ()
    alert: str = ""
    """The format whose messages they are; they hold no attributes then."""


class _Readers(Protocol):
    """Finds what is read at a place."""

    def __call__(
        self, model: DeviceModel, binding: Binding, place: str, spoken: Codec | None
    ) -> Iterable[Reader]:
        """Return the readers; none if the device is not listened to there."""


def _coap(
    model: DeviceModel, binding: Binding, place: str, spoken: Codec | None
) -> Iterator[Reader]:
    """Yield what is read from a CoAP path."""
    layout = coap_layout(model, binding)
    path = f"{BASE}/{place}" if not place.startswith("/") else place.lstrip("/")
    answer = Response("2.05", content_format=spoken.content_format if spoken else None)
    for resource in layout.resources:
        if resource.path == path:
            yield Reader(resource.codec_for(answer), resource.slots)
    for name, target in layout.alerts.items():
        if target.path == path:
            yield Reader(codec_of(answer, target.codec or JSON), alert=name)


def _coap_listener(
    model: DeviceModel, binding: Binding, place: str, spoken: Codec | None
) -> Iterator[Reader]:
    """Yield what is read of what a device posts to a path."""
    layout = listener_layout(model, binding)
    whole = f"{BASE}/{place}" if not place.startswith("/") else place
    path = tuple(split_path(whole)[0])
    if (values := layout.values.get(path)) is not None:
        yield Reader(spoken or values.codec, values.slots)
    elif path in layout.alerts:
        name, codec = layout.alerts[path]
        yield Reader(spoken or codec, alert=name)


def _mqtt(
    model: DeviceModel, binding: Binding, place: str, spoken: Codec | None
) -> Iterator[Reader]:
    """Yield what is read from an MQTT topic."""
    topic = f"{BASE}/{place}" if not place.startswith("/") else place[1:]
    for meaning in mqtt_layout(model, binding).meanings.get(topic, ()):
        match meaning:
            case Values(slots, codec):
                yield Reader(spoken or codec, slots)
            case AlertMessage(name, codec):
                yield Reader(spoken or codec, alert=name)


def _http(
    model: DeviceModel, binding: Binding, place: str, spoken: Codec | None
) -> Iterator[Reader]:
    """Yield what is read from a URL."""
    layout = http_layout(model, binding, ROOT)
    url = urljoin(f"{ROOT}{BASE}/", place)
    for resource in layout.resources:
        if resource.path == url:
            yield Reader(spoken or resource.unsaid, resource.slots)
    for name, target in layout.alerts.items():
        if target.path == url:
            yield Reader(spoken or target.codec or JSON, alert=name)


class _Kind(NamedTuple):
    """What is known of samples of one connection."""

    place: str
    """The key that says where the message is from."""
    readers: _Readers


KINDS: Final[Mapping[str, _Kind]] = {
    "coap": _Kind("path", _coap),
    "coap_listener": _Kind("path", _coap_listener),
    "http": _Kind("url", _http),
    "mqtt": _Kind("topic", _mqtt),
}


def _http_layout(model: DeviceModel, binding: Binding) -> HttpLayout:
    """Return the layout on some server."""
    return http_layout(model, binding, ROOT)


def check_bindings(loaded: Loaded) -> Iterator[Remark]:
    """Yield what is wrong with where a file says that its elements are."""
    for layout in (coap_layout, listener_layout, _http_layout, mqtt_layout):
        try:
            layout(loaded.model, Binding(base=BASE, layouts=loaded.layouts))
        except ModelError as err:
            yield Remark(err.details["where"], err.details["problem"])


def check_samples(loaded: Loaded) -> Iterator[Remark]:
    """Yield where the samples of a device file and the file itself differ."""
    document = loaded.document
    if not isinstance(document, Mapping) or "model" not in document:
        return
    try:
        for where, value in Element(document, "").items("samples", limit=MAX_SAMPLES):
            try:
                yield from _check(loaded, Element.of(value, where))
            except Unusable as err:
                yield Remark(err.where, err.problem)
    except Unusable as err:
        yield Remark(err.where, err.problem)


def _check(loaded: Loaded, sample: Element) -> Iterator[Remark]:
    """Yield what is wrong with one sample."""
    name = sample.required_text("connection")
    kind = KINDS.get(name) or sample.refuse(
        f"expected one of {', '.join(KINDS)}", "connection"
    )
    place = sample.required_text(kind.place)
    spoken = None
    if spelled := sample.text("format"):
        spoken = CODECS.get(spelled) or sample.refuse(
            f"expected one of {', '.join(CODECS)}", "format"
        )
    expected = sample.object("expect")
    if not expected.content:
        sample.refuse("expected the values of some attributes", "expect")
    binding = Binding(base=BASE, layouts=loaded.layouts)
    try:
        readers = list(kind.readers(loaded.model, binding, place, spoken))
    except ModelError:
        return  # said of the binding itself
    if not readers:
        sample.refuse("the device is not listened to there", kind.place)
    device = _Listener(loaded.model, binding)
    for reader in readers:
        device.take(reader, _payload(sample, reader.codec))
    if device.problems:
        yield Remark(sample.at("payload"), "; ".join(device.problems)[:250])
    for key, value in expected.content.items():
        yield from device.compare(expected, key, value)


def _payload(sample: Element, codec: Codec) -> bytes:
    """Return the bytes of a sample."""
    content = sample.content.get("payload")
    match content:
        case str():
            return content.encode()
        case Mapping() if set(content) == {"base64"}:
            within = sample.object("payload")
            try:
                return base64.b64decode(within.text("base64"), validate=True)
            except binascii.Error, ValueError:
                within.refuse("expected base64", "base64")
        case None if "payload" not in sample.content:
            sample.refuse("is missing", "payload")
    if codec is CODECS["cbor"]:
        return codec.encode(content)  # type: ignore[arg-type]  # JSON is part of it
    return json.dumps(content).encode()


class _NoPort(Port):
    """The way out of a device that nothing is sent to."""

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        """Refuse."""
        raise NotOfferedError(operation="writing")

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        """Refuse."""
        raise NotOfferedError(operation="calling")


class _Listener:
    """A device that receives one message, and what it made of it."""

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        """Start without values."""
        self.problems: list[str] = []
        self._alerts: list[Alert] = []
        self._device = VirtualDevice(
            key="", name=model.name, model=model, binding=binding, port=_NoPort(),
            quiet=True,
        )  # fmt: skip
        self._device.on_problem(lambda _name, text: self.problems.append(text))
        for shape in model.formats:
            self._device.on_alert(shape.name, self._alerts.append)

    def take(self, reader: Reader, payload: bytes) -> None:
        """Receive the message as one reader reads it."""
        if reader.alert:
            read_alert(self._device, reader.alert, reader.codec, payload)
            return
        try:
            decoded = decode(reader.codec, payload)
        except PayloadError as err:
            self.problems.append(str(err))
            return
        read_values(self._device, reader.slots, decoded)

    def compare(
        self, expected: Element, key: str, value: JsonValue
    ) -> Iterator[Remark]:
        """Yield how an expected value differs from what was received."""
        try:
            element, got = self._found(key)
            raw = to_scalar(element, value)  # type: ignore[arg-type]  # the same
            wanted = element.validate(raw)
        except DeviceModelsError as err:
            yield Remark(expected.at(key), str(err)[:250])
            return
        if got is None:
            yield Remark(expected.at(key), "expected a value, got none")
        elif not same(got, wanted):
            shown = f"expected {_spelled(wanted)}, got {_spelled(got)}"
            if isinstance(element, Attribute) and element.sensitive:
                shown = "expected another value"
            yield Remark(expected.at(key), shown)

    def _found(self, key: str) -> tuple[Typed, Scalar | None]:
        """Return an attribute, or a field of the alert, with the value received.

        Raises:
            UnknownElementError: there is none of that name.

        """
        for alert in self._alerts:
            for item in alert.format.fields:
                if item.name == key:
                    return item, alert.fields.get(key)
        attribute = self._device.model.attribute(key)
        reading = self._device.values.get(attribute.name)
        return attribute, reading.value if reading else None


def _spelled(value: Scalar) -> str:
    """Return a value as the sample would spell it, shortened."""
    plain = to_milliseconds(value) if isinstance(value, datetime) else value
    return json.dumps(plain, ensure_ascii=False)[:60]
