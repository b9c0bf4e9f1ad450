"""A simulated device that keeps to the Homie convention, versions 3 to 5.

https://homieiot.github.io: it says what it is (``$description`` from version 5 on, an
attribute for each detail before), how it is (``$state``, also as last will), and its
values; what is settable is told to it on ``…/set``.
"""

from collections.abc import Iterator, Mapping
import json
import re
from typing import Any, Final, NamedTuple, override

from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType

from .behaviour import Alert, SimulatedDevice
from .mqtt_topics import Command, Published, Topics
from .payloads import UnreadableError

COLOUR: Final = {"rgb": "rgb,255,180,60", "hsv": "hsv,35,76,100", "xyz": "xyz,0.4,0.4"}
"""An example for each format of a colour (convention 5, "Color")."""

_COLOUR: Final = re.compile(r"(rgb|hsv|xyz)(,\d+(\.\d+)?){2,3}", re.ASCII)

EXAMPLES: Final[Mapping[str, str]] = {"duration": "PT2M30S", "json": '{"ok":true}'}
"""Of datatypes that are texts, and not any text."""

GLIDES_FOR: Final = 5.0
"""Seconds from one end of its range to the other, of what takes time to get there."""

MOVES: Final = {"%"}
"""The units of what takes time: positions, brightnesses."""


class Property(NamedTuple):
    """A property, as the convention describes it."""

    path: str
    """``node/property``: as the model calls it, too."""
    content: Mapping[str, Any]

    @property
    def settable(self) -> bool:
        """Whether it is told something."""
        return bool(self.content.get("settable", False))

    @property
    def retained(self) -> bool:
        """Whether it has a value; otherwise it is momentary."""
        return bool(self.content.get("retained", True))


class HomieTopics(Topics):
    """The topics of a Homie device; its base ends with the id of the device."""

    def __init__(self, device: SimulatedDevice, base: str, address: str) -> None:
        """Read the description, which is the source of the model."""
        super().__init__(device, base, address)
        self.description = device.model.source
        self._major = major_of(self.description)
        known = {*device.model.leaves, *(one.name for one in device.model.actions)}
        known |= {one.name for one in device.model.formats}
        self._properties = {
            one.path: one for one in _properties(self.description) if one.path in known
        }
        self._goals: dict[str, int | float] = {}
        state = self.topic("$state")
        self.will = Published(state, b"lost")
        self.goodbye = Published(state, b"disconnected")
        self.commands = {
            self.topic(path, "set"): self._command(one)
            for path, one in self._properties.items()
            if one.settable
        }

    @override
    def hello(self) -> Iterator[Published]:
        yield Published(self.topic("$state"), b"init")
        if self._major >= 5:
            text = json.dumps(dict(self.description), ensure_ascii=False)
            yield Published(self.topic("$description"), text.encode())
            return
        for topic, said in _attributes(self.description):
            yield Published(self.topic(topic), said.encode())

    @override
    def ready(self) -> Iterator[Published]:
        yield Published(self.topic("$state"), b"ready")

    @override
    def state(self) -> Iterator[Published]:
        for path, one in self._properties.items():
            leaf = self.device.model.leaves.get(path)
            if leaf is None or not one.retained:
                continue
            value = self._said(path)
            yield Published(self.topic(path), value.encode())
            if one.settable and self._major >= 5 and self._glides(leaf):
                target = self._goals.get(path)
                said = value if target is None else _text(target)
                yield Published(self.topic(path, "$target"), said.encode())

    @override
    def alert(self, alert: Alert) -> Published | None:
        said = _text(alert.fields.get("value"))
        return Published(self.topic(alert.format), said.encode(), retain=False)

    @override
    def step(self) -> None:
        """Come a second nearer to where it was told to go."""
        for path, goal in list(self._goals.items()):
            leaf = self.device.model.leaves[path]
            now = self.device.values[path]
            if leaf.range is None or not isinstance(now, int | float):
                continue
            way = (leaf.range.high - leaf.range.low) / GLIDES_FOR
            there = abs(goal - now) <= way
            next_ = goal if there else now + (way if goal > now else -way)
            if there:
                del self._goals[path]
            kind = int if leaf.type is DataType.INTEGER else float
            self.device.put({path: kind(next_)})

    def _said(self, path: str) -> str:
        """Return a value as its payload (convention 5, "Payload")."""
        return _text(self.device.read(path))

    def _glides(self, leaf: Attribute) -> bool:
        """Whether a number takes time to get where it is told to be."""
        bounds = leaf.range
        bounded = bounds is not None and bounds.high - bounds.low < float("inf")
        return leaf.type.is_numeric and bounded and leaf.unit in MOVES

    def _command(self, one: Property) -> Command:
        """Return what a message on ``…/set`` does."""

        def command(payload: bytes) -> str | None:
            value = _parsed(one, payload)
            if not one.retained:
                self.device.call(one.path, {"value": value})
                return None
            leaf = self.device.model.leaves[one.path]
            if self._glides(leaf) and isinstance(value, int | float):
                leaf.validate(value)
                self._goals[one.path] = value
                return self.topic(one.path, "$target")
            self.device.write({one.path: value})
            return self.topic(one.path)

        return command


def major_of(description: Mapping[str, Any]) -> int:
    """Return the version of the convention, as far as it counts."""
    return int(str(description["homie"]).partition(".")[0])


def topic_of(model: DeviceModel) -> str:
    """Return the topic of a device that is told none (convention, "Topology")."""
    name = re.sub("[^a-z0-9]+", "-", model.name.lower()).strip("-") or "device"
    root = "homie/5" if major_of(model.source) >= 5 else "homie"
    return f"{root}/{name}"


def first_values(description: Mapping[str, Any]) -> dict[str, object]:
    """Return what a device begins with where not every text is a value."""
    first: dict[str, object] = {}
    for path, content in _properties(description):
        datatype = content.get("datatype")
        if datatype == "color":
            formats = str(content.get("format", "")).split(",")
            known = [COLOUR[name] for name in formats if name in COLOUR]
            first[path] = next(iter(known), COLOUR["rgb"])
        elif isinstance(datatype, str) and datatype in EXAMPLES:
            first[path] = EXAMPLES[datatype]
    return first


def _properties(description: Mapping[str, Any]) -> Iterator[Property]:
    """Yield the properties of a device."""
    for node_id, node in dict(description.get("nodes") or {}).items():
        for name, content in dict(node.get("properties") or {}).items():
            yield Property(f"{node_id}/{name}", content)


def _attributes(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a device of version 3 or 4 says of itself, below its topic."""
    nodes: dict[str, Any] = dict(description.get("nodes") or {})
    yield "$homie", str(description["homie"])
    yield "$name", str(description.get("name") or "Homie device")
    yield "$extensions", ""
    yield "$nodes", ",".join(nodes)
    for node_id, node in nodes.items():
        properties: dict[str, Any] = dict(node.get("properties") or {})
        yield f"{node_id}/$name", str(node.get("name") or node_id)
        yield f"{node_id}/$type", str(node.get("type") or node_id)
        yield f"{node_id}/$properties", ",".join(properties)
        for name, content in properties.items():
            for key, value in {"name": name, **content}.items():
                yield f"{node_id}/{name}/${key}", _text(value)


def _text(value: object) -> str:
    """Return a value as payload."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _parsed(one: Property, payload: bytes) -> object:
    """Return what a payload means for a property.

    Raises:
        UnreadableError: it is no such value.
        ValueRefusedError: it is no colour that the property may have.

    """
    try:
        text = payload.decode()
        match one.content.get("datatype"):
            case "integer":
                return int(text)
            case "float" | "percent":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text]
            case "color":
                formats = str(one.content.get("format", "")).split(",")
                if not (_COLOUR.fullmatch(text) and text.split(",")[0] in formats):
                    raise ValueRefusedError(name=one.path, problem="no such colour")
    except (ValueError, KeyError) as err:
        raise UnreadableError(f"{one.path}: {payload[:40]!r}") from err
    return text
