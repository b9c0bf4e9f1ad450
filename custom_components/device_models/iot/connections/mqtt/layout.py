"""Which topics a device publishes and takes.

The default layout needs no binding: ``<base>/state`` (a JSON object of attributes) or
``<base>/<attribute>`` (text), ``<base>/<attribute>/set`` (text),
``<base>/<action>/invoke`` (JSON), ``<base>/alert/<format>`` (JSON) and
``<base>/availability`` (online, offline). The ``mqtt`` part of a device file's binding
overrides any of it:

``state``: a topic, false for none, or ``{topic, format, write}``; ``write`` is a topic
that takes several attributes in one message.
``attributes``: by name, a topic, false for none, or ``{topic, pointer, format, read,
write, write_format, times, confirm, accepted}``; ``read: false`` for what is not
published, ``write: false`` for what cannot be written, ``confirm: false`` for a device
that does not echo what was written, ``times: iso`` for one that takes times as ISO 8601
and not as milliseconds since 1970. ``accepted`` is a topic on which the device repeats
what it was told, byte by byte, when it begins to go there; that confirms the write, and
the value is shown once the device has reached it.
``actions`` and ``alerts``: by name, a topic, false for none, or ``{topic, format}``; an
action also ``bare: true`` if its only argument is not in an object.
``availability``: a topic, false for none, or ``{topic, online, offline, pending}``; all
but the topic are a text or a list of texts; what is none of them says nothing.
``pending`` says that the device is about to be there, which changes nothing for a
while. It may be a list of these: the device is there when none of the topics denies it.
``problems``: ``{attribute, topic, values, below, messages, alert}``: the attribute is
true while the last message of ``topic`` is one of ``values``, or any topic directly
below ``below`` has a message; ``messages`` is the attribute of their texts, ``alert``
the format of a new one, with the fields ``id`` and ``message``.
``cleared: true`` for devices whose empty message says that a value is there no more; an
empty text is one zero byte then (Homie 5, "Empty string values").

A topic is below the device's base topic unless it begins with a slash, which is not
part of it. A device whose topics all do needs no base. ``address`` is not used here.
"""

from collections.abc import Collection
from typing import Final

from ...binding import Binding
from ...codecs import CODECS, slots_of
from ...model import Attribute, DeviceModel
from ...reading import Element, Unusable
from ...values import DataType, JsonValue
from ..layout import (
    codec_of,
    every_slot,
    override_of,
    overrides_of,
    pointer_of,
    readable,
    timed,
    writable,
)
from .meanings import (
    Acceptance,
    AlertMessage,
    AvailabilityMessage,
    Meaning,
    MqttLayout,
    Target,
    Values,
)
from .problems import ProblemLayout, ProblemMessage
from .topics import check_topic

JSON: Final = CODECS["json"]
TEXT: Final = CODECS["text"]


def mqtt_layout(model: DeviceModel, binding: Binding) -> MqttLayout:
    """Return the layout of a device.

    Raises:
        ModelError: the binding names elements the model does not have, or is malformed.

    """
    try:
        return _Reader(model, binding).read()
    except Unusable as err:
        raise err.within(model.name) from err


class _Reader:
    """Reads the ``mqtt`` part of one binding."""

    def __init__(self, model: DeviceModel, binding: Binding) -> None:
        self._model = model
        self._base = binding.base.strip("/")
        self._binding = binding
        self._top = Element(dict(binding.layouts), "binding").object("mqtt")
        self._layout = MqttLayout()
        self._targets: list[Target] = []

    def read(self) -> MqttLayout:
        """Return the layout."""
        if self._base:
            self._check(self._base, Element({}, "base"))
        self._availability()
        self._layout.cleared = self._top.flag("cleared", default=False)
        self._state()
        self._attributes()
        self._problems()
        self._actions()
        self._alerts()
        self._by_name()
        below = f"{self._base}/"
        self._layout.filters = (
            # It covers the base itself, too (MQTT 5 §4.7.1.2).
            *([f"{below}#"] if self._base else ()),
            *(
                topic
                for topic in self._layout.meanings
                if not self._base
                or (topic != self._base and not topic.startswith(below))
            ),
        )
        return self._layout

    def _availability(self) -> None:
        spelled = self._top.content.get("availability", "availability")
        if spelled is False:
            return
        listed = spelled if isinstance(spelled, list) else [spelled]
        for index, one in enumerate(listed):
            key = f"availability[{index}]" if listed is spelled else "availability"
            element = override_of(self._top, key, one, "topic")
            self._mean(
                self._topic(element, "availability"),
                AvailabilityMessage(
                    self._words(element, "online", ["online"]),
                    self._words(element, "offline", ["offline"]),
                    self._words(element, "pending", []),
                ),
            )

    @staticmethod
    def _words(element: Element, key: str, usual: list[JsonValue]) -> frozenset[bytes]:
        """Return the payloads that say one thing: those listed, or the usual ones."""
        spelled = element.content.get(key)
        listed = spelled if isinstance(spelled, list) else [spelled]
        if not spelled and listed is not spelled:
            listed = usual
        words: set[bytes] = set()
        for word in listed:
            if not isinstance(word, str):
                element.refuse("expected a text, or a list of texts", key)
            words.add(word.strip().encode(errors="replace"))
        return frozenset(words)

    def _state(self) -> None:
        spelled = self._top.content.get("state", "state")
        if spelled is False:
            return
        element = override_of(self._top, "state", spelled, "topic")
        every = every_slot(self._model)
        codec = codec_of(element) or JSON
        self._mean(
            self._topic(element, "state"), Values(readable(self._model, every), codec)
        )
        if write := element.text("write"):
            topic = self._below(write, element)
            self._layout.together = Target(topic, codec, writable(self._model, every))

    def _problems(self) -> None:
        if "problems" not in self._top.content:
            return
        element = self._top.object("problems")
        below, topic = element.text("below"), element.text("topic")
        layout = ProblemLayout(
            self._named(element, "attribute", self._model.leaves)
            or element.refuse("expected an attribute", "attribute"),
            f"{self._below(below, element)}/" if below else "",
            self._named(element, "messages", self._model.leaves),
            self._named(element, "alert", [one.name for one in self._model.formats]),
        )
        if below and not layout.alert:
            element.refuse("expected a format", "alert")
        if topic:
            self._mean(
                self._below(topic, element),
                ProblemMessage(self._words(element, "values", [])),
            )
        self._layout.problems = layout

    @staticmethod
    def _named(element: Element, key: str, names: Collection[str]) -> str:
        """Return the name of an element of the model, or nothing."""
        name = element.text(key)
        if name and name not in names:
            element.refuse("the model has no such element", key)
        return name

    def _attributes(self) -> None:
        names = [attribute.name for attribute in self._model.attributes]
        overrides = overrides_of(self._top, "attributes", names, "topic")
        for attribute in self._model.attributes:
            # A content is not fetched from a broker.
            if attribute.name not in overrides.absent and not attribute.media_type:
                self._attribute(attribute, overrides.elements.get(attribute.name))

    def _attribute(self, attribute: Attribute, override: Element | None) -> None:
        """Note the topics of one attribute."""
        where = f"attribute {attribute.name!r}"
        element = override or Element({}, where)
        topic = self._topic(element, attribute.name)
        pointer = pointer_of(element)
        structured = attribute.type is DataType.OBJECT or bool(pointer)
        codec = codec_of(element) or (JSON if structured else TEXT)
        slots = timed(slots_of(attribute, pointer), element)
        published = element.content.get("read") is not False
        if published and (override is not None or topic not in self._layout.meanings):
            # The default topic of an attribute called "state" has a meaning already.
            self._mean(topic, Values(readable(self._model, slots), codec))
        if element.content.get("write") is False:
            return
        write = element.text("write")
        target = Target(
            self._below(write, element) if write else f"{topic}/set",
            codec_of(element, "write_format") or codec,
            writable(self._model, slots),
        )
        self._write(target)
        if accepted := element.text("accepted"):
            self._mean(self._below(accepted, element), Acceptance(target.names))
        confirmed = self._binding.confirm and element.flag("confirm", default=True)
        for slot in target.slots:
            leaf = self._model.leaves[slot.element.name]
            shown = leaf.name not in self._binding.delivery.shown_by
            if not (confirmed and published and leaf.readable and shown):
                self._layout.assumed.add(leaf.name)

    def _write(self, target: Target) -> None:
        """Note a topic to write to; what has the same one goes in one message."""
        for index, other in enumerate(self._targets):
            if (other.topic, other.codec) == (target.topic, target.codec):
                self._targets[index] = other._replace(slots=other.slots + target.slots)
                return
        self._targets.append(target)

    def _by_name(self) -> None:
        """Note where each attribute is written."""
        layout = self._layout
        for target in self._targets:
            layout.writes |= dict.fromkeys(target.names, target)
        for target in (*self._targets, *filter(None, [layout.together])):
            if target.topic in layout.meanings:
                # What comes back there is our own message: no confirmation.
                layout.assumed |= target.names

    def _actions(self) -> None:
        names = [action.name for action in self._model.actions]
        overrides = overrides_of(self._top, "actions", names, "topic")
        for name in names:
            if name in overrides.absent:
                continue
            element = overrides.elements.get(name, Element({}, f"action {name!r}"))
            topic = self._topic(element, f"{name}/invoke")
            bare = element.flag("bare", default=False)
            codec = codec_of(element) or JSON
            self._layout.actions[name] = Target(topic, codec, bare=bare)

    def _alerts(self) -> None:
        names = [shape.name for shape in self._model.formats]
        overrides = overrides_of(self._top, "alerts", names, "topic")
        for name in names:
            if name in overrides.absent:
                continue
            element = overrides.elements.get(name, Element({}, f"format {name!r}"))
            topic = self._topic(element, f"alert/{name}")
            codec = codec_of(element) or JSON
            self._mean(topic, AlertMessage(name, codec))
            self._layout.alerts[name] = Target(topic, codec)

    def _mean(self, topic: str, meaning: Meaning) -> None:
        """Note what messages of a topic mean; values of one kind are read at once."""
        meanings = self._layout.meanings.setdefault(topic, [])
        for index, other in enumerate(meanings):
            match other, meaning:
                case Values(slots, codec), Values(more, same) if codec is same:
                    meanings[index] = Values(slots + more, codec)
                    return
        meanings.append(meaning)

    def _topic(self, element: Element, default: str) -> str:
        """Return the topic of an element."""
        return self._below(element.text("topic") or default, element)

    def _below(self, topic: str, element: Element) -> str:
        """Return the whole topic."""
        if not (self._base or topic.startswith("/")):
            Element({}, "base").refuse(
                f"expected a base topic, {topic[:80]!r} needs it"
            )
        whole = topic[1:] if topic.startswith("/") else f"{self._base}/{topic}"
        return self._check(whole, element)

    @staticmethod
    def _check(topic: str, element: Element) -> str:
        """Return a topic that can be published to."""
        try:
            check_topic(topic)
        except ValueError as err:
            element.refuse(str(err))
        return topic
