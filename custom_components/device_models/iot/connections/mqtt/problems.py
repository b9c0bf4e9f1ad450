"""Alerts that stay on a broker for as long as they hold, as attributes of the device.

Each is a message of a topic of its own below one topic; an empty message ends it. The
state of the device may be one more.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ...device import VirtualDevice
from .client import Message

MAX_ALERTS: Final = 50
"""At a time, of one device."""

MAX_MESSAGE: Final = 200
"""Characters of one."""

MAX_MESSAGES: Final = 250
"""Characters of all together: a state of Home Assistant holds no more than 255."""


class ProblemMessage(NamedTuple):
    """Messages of a topic say whether something is wrong with the device."""

    values: frozenset[bytes]
    """Those that say so."""


class ProblemLayout(NamedTuple):
    """Where a device says what is wrong, and what shows it."""

    attribute: str
    """True while something is wrong."""
    below: str = ""
    """What the topics of alerts begin with; nothing where there are none."""
    messages: str = ""
    """The attribute that has the alerts as text."""
    alert: str = ""
    """The format of a new alert: its ``id`` and its ``message``."""


@dataclass(slots=True)
class Problems:
    """What is wrong with one device at present."""

    device: VirtualDevice
    layout: ProblemLayout
    _in_state: bool = False
    _alerts: dict[str, str] = field(default_factory=dict)

    def forget(self) -> None:
        """Know nothing: what still holds is told again by the broker."""
        self._in_state = False
        self._alerts.clear()

    def on_state(self, meaning: ProblemMessage, message: Message) -> None:
        """Take the device's word on whether something is wrong."""
        self._in_state = message.payload.strip() in meaning.values
        self._show(message)

    def on_alert(self, message: Message) -> None:
        """Take an alert that begins, changes or ends, if it is one."""
        layout = self.layout
        name = message.topic.removeprefix(layout.below)
        if not layout.below or name == message.topic or not name or "/" in name:
            return
        text = message.payload.decode(errors="replace").strip()[:MAX_MESSAGE]
        if not text:
            self._alerts.pop(name, None)
        elif name in self._alerts or len(self._alerts) < MAX_ALERTS:
            is_news = self._alerts.get(name) != text
            self._alerts[name] = text
            if is_news:
                # One that was kept by the broker was raised before.
                fields = {"id": name, "message": text}
                self.device.receive_alert(layout.alert, fields, kept=message.retain)
        self._show(message)

    def _show(self, message: Message) -> None:
        """Have the device receive what is wrong."""
        values: dict[str, object] = {
            self.layout.attribute: self._in_state or bool(self._alerts)
        }
        if self.layout.messages:
            texts = "; ".join(self._alerts.values())
            values[self.layout.messages] = texts[:MAX_MESSAGES]
        self.device.receive(values, heard=not message.retain)
