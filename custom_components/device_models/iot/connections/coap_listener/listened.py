"""One device that is listened to: what it posts, and what waits for it."""

from collections import deque
from datetime import UTC, datetime, timedelta
from functools import partial
import time
from typing import Final

from ...alert import Alert, Source
from ...codecs import Codec
from ...device import VirtualDevice
from ...errors import PayloadError
from ...values import JsonValue
from ..base import Feed, Health, LastHeard
from ..coap.request import MAX_DIAGNOSTIC, Method
from ..messages import read_alert, read_values
from .exchange import BAD_REQUEST, JSON, Incoming, Refusal, Reply
from .layout import ListenerLayout, Path, Values
from .published import Published
from .resources import SINGLE, STRUCTURED, Guard, Handler, Resource, numbers
from .waiting import Waiting

TRACED: Final = 50
"""How many messages of a device are remembered."""

LONGEST_RECALL: Final = 3600.0
"""Seconds; values from before the device was known are taken if they are not older, of
a device that never counts as silent."""

PUSHED: Final = (Method.POST, Method.PUT)


class ListenedDevice:
    """A device, the resources that it uses, and what waits for it."""

    def __init__(self, device: VirtualDevice, layout: ListenerLayout) -> None:
        """Note the device; its resources are served by who asks for them."""
        self.device = device
        self.layout = layout
        reception = device.binding.reception
        self.guard = Guard(reception)
        self.waiting = Waiting(device, layout, self.guard, self._hear)
        self.trace: deque[dict[str, JsonValue]] = deque(maxlen=TRACED)
        self._pushed: float | None = None
        self._last_heard = LastHeard(device)
        self._published = Published(device)
        self._shows = reception.published
        self.resources: dict[Path, Resource] = {
            layout.commands: self.waiting.resource,
            **{path: self._of_values(one) for path, one in layout.values.items()},
            **{
                path: self._of_alert(name, codec)
                for path, (name, codec) in layout.alerts.items()
                if path not in layout.values
            },
        }
        self._shown = {
            path: self._published.names(one) for path, one in layout.values.items()
        }
        self._deaf = [
            device.on_change(self._changed),
            device.on_availability(self._available),
            device.on_alert("*", self._raised),
        ]

    def stop(self) -> None:
        """End what was begun."""
        for end in self._deaf:
            end()
        self.waiting.stop()

    @property
    def health(self) -> Health:
        """How the exchange with the device goes."""
        pushed = self._pushed
        return Health(
            last_heard=self._last_heard.at,
            push_age=None if pushed is None else time.monotonic() - pushed,
            feed=Feed.PUSH,
        )

    @property
    def pushed(self) -> float | None:
        """When the device sent something, on the clock ``time.monotonic``."""
        return self._pushed

    # What it posts

    def recall(self, request: Incoming, ago: float) -> None:
        """Take values that were posted where the device was not served.

        From before it was known here, those of a device with a key are not taken:
        whether it was shown is not known any more.
        """
        values = self.layout.values.get(request.path)
        limit = self.device.binding.silent_after or LONGEST_RECALL
        admitted = self.guard.admits(request.source, request.key)
        if values is None or ago > limit or not admitted:
            return
        try:
            decoded = request.read(values.codec)
        except PayloadError, Refusal:
            return
        at = datetime.now(UTC) - timedelta(seconds=ago)
        names, _ = read_values(self.device, values.slots, decoded, heard=False, at=at)
        if names:
            self._hear(ago)

    def _of_values(self, values: Values) -> Resource:
        """Return the resource where values are posted, and perhaps read."""
        handlers: dict[Method, Handler] = {
            method: partial(self._take_values, values) for method in PUSHED
        }
        formats = STRUCTURED if values.shared else SINGLE
        shown: Handler | None = None
        if self._shows and self._published.names(values):
            shown = handlers[Method.GET] = partial(self._published.get, values)
        return Resource(
            guard=self.guard,
            handlers=handlers,
            public=frozenset({Method.GET} if shown else ()),
            notified=shown,
            about={
                "rt": "state" if values.shared else "attribute",
                **({"if": "core.b" if values.shared else "core.s"} if shown else {}),
                "ct": numbers(formats),
            },
        )

    def _of_alert(self, name: str, codec: Codec) -> Resource:
        """Return the resource where alerts of a format are posted, and perhaps read."""
        handler: Handler = partial(self._take_alert, name, codec)
        about = {"rt": "alert", "ct": numbers(SINGLE)}
        handlers = dict.fromkeys(PUSHED, handler)
        shown: Handler | None = None
        if self._shows:
            shown = handlers[Method.GET] = partial(self._published.alert, name, codec)
        return Resource(
            guard=self.guard,
            handlers=handlers,
            public=frozenset({Method.GET} if shown else ()),
            notified=shown,
            about=about,
        )

    def publish_alert(self, alert: Alert) -> bool:
        """Have others told of an alert; returns whether they may read it anywhere."""
        name = alert.format.name
        paths = [path for path, (one, _) in self.layout.alerts.items() if one == name]
        if not self._shows or not paths:
            return False
        self._published.note(alert)
        for path in paths:
            self.resources[path].change()
        return True

    def _raised(self, alert: Alert) -> None:
        """Have others told of what was raised otherwise than by a user."""
        if alert.source is not Source.THIS_SIDE:
            self.publish_alert(alert)

    def _take_values(self, values: Values, request: Incoming) -> Reply:
        """Receive values; the answer has what waits for the device."""
        request.answers_in(STRUCTURED, JSON)  # before anything is done
        self._hear()
        if not request.payload and values.shared:
            return self.waiting.enclosed(request)  # it only wants to know what waits
        try:
            decoded = request.read(values.codec)
        except PayloadError as err:
            self.device.drop("/".join(request.path), err)
            raise Refusal(BAD_REQUEST, str(err)[:MAX_DIAGNOSTIC]) from err
        dropped = self.device.dropped.total()
        problems: list[str] = []
        end = self.device.on_problem(lambda _name, text: problems.append(text))
        try:
            names, _ = read_values(self.device, values.slots, decoded)
        finally:
            end()
        if not names:
            raise Refusal(BAD_REQUEST, "it has none of the attributes")
        if self.device.dropped.total() - dropped >= len(names):
            raise Refusal(BAD_REQUEST, "; ".join(problems)[:MAX_DIAGNOSTIC])
        shown = {
            name: reading.value
            for name, reading in self.device.values.items()
            if name in names
        }
        self.waiting.see(shown)
        return self.waiting.enclosed(request)

    def _take_alert(self, name: str, usual: Codec, request: Incoming) -> Reply:
        """Receive an alert."""
        request.answers_in(STRUCTURED, JSON)
        self._hear()
        codec = request.written_in(usual)
        if not read_alert(self.device, name, codec, request.payload):
            raise Refusal(BAD_REQUEST, "it is no such alert")
        return self.waiting.enclosed(request)

    def _hear(self, ago: float = 0.0) -> None:
        """Note that the device gave a sign of life."""
        self._pushed = time.monotonic() - ago
        self.device.hear(ago)

    # Changes

    def _changed(self, names: frozenset[str]) -> None:
        """Tell who observes what has changed."""
        for path, shown in self._shown.items():
            if shown & names:
                self.resources[path].change()

    def _available(self) -> None:
        """Tell who observes anything that the device is silent, or there again."""
        for path in self._shown:
            self.resources[path].change()
