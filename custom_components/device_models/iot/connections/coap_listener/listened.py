"""One device that is listened to: what it posts, and what waits for it."""

import asyncio
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from functools import partial
import hashlib
import time
from typing import Final

from ...codecs import Codec, compose, to_json
from ...device import VirtualDevice
from ...errors import (
    NotFetchedError,
    PayloadError,
    RejectedError,
    ValueRefusedError,
)
from ...outbox import Command, Outbox
from ...values import JsonValue
from ..base import Feed, Health, LastHeard
from ..coap.request import DEFAULT_MAX_AGE, MAX_DIAGNOSTIC, Method
from ..messages import read_alert, read_values
from .commands import document_of
from .exchange import (
    BAD_REQUEST,
    CHANGED,
    CONTENT,
    DELETED,
    JSON,
    NOT_ACCEPTABLE,
    UNAVAILABLE,
    VALID,
    Incoming,
    Refusal,
    Reply,
)
from .layout import ListenerLayout, Path, Values
from .resources import SINGLE, STRUCTURED, Guard, Resource

TRACED: Final = 50
"""How many messages of a device are remembered."""

LONGEST_RECALL: Final = 3600.0
"""Seconds; values from before the device was known are taken if they are not older, of
a device that never counts as silent."""

REFUSED: Final = "refused"
"""The argument of a query that says that a command is not done."""

PUSHED: Final = (Method.POST, Method.PUT)


class ListenedDevice:
    """A device, the resources that it uses, and its outbox."""

    def __init__(self, device: VirtualDevice, layout: ListenerLayout) -> None:
        """Note the device; its resources are served by who asks for them."""
        self.device = device
        self.layout = layout
        reception = device.binding.reception
        self.guard = Guard(reception)
        self.outbox = Outbox(device.name, reception.keep, time.time())
        self.trace: deque[dict[str, JsonValue]] = deque(maxlen=TRACED)
        self.outcomes: Counter[str] = Counter()
        """What became of commands."""
        self._published = reception.published
        self._pushed: float | None = None
        self._last_heard = LastHeard(device)
        self._expiry: asyncio.TimerHandle | None = None
        self._commands = Resource(
            guard=self.guard,
            handlers={Method.GET: self._get_commands},
            observable=True,
            child=self._command,
            about={"rt": "commands", "if": "core.s", "ct": _numbers(STRUCTURED)},
        )
        self.resources: dict[Path, Resource] = {
            layout.commands: self._commands,
            **{path: self._of_values(one) for path, one in layout.values.items()},
            **{
                path: self._of_alert(name, codec)
                for path, (name, codec) in layout.alerts.items()
                if path not in layout.values
            },
        }
        self._shown = {
            path: self._names_shown(one) for path, one in layout.values.items()
        }
        self._deaf = [
            device.on_change(self._changed),
            device.on_availability(self._available),
            device.on_waiting(self._commands.change),
        ]

    def stop(self) -> None:
        """End what was begun."""
        for end in self._deaf:
            end()
        if self._expiry is not None:
            self._expiry.cancel()

    @property
    def health(self) -> Health:
        """How the exchange with the device goes."""
        pushed = self._pushed
        return Health(
            last_heard=self._last_heard.at,
            push_age=None if pushed is None else time.monotonic() - pushed,
            feed=Feed.PUSH,
            waiting=len(self.outbox),
        )

    # What waits

    def wait(self) -> None:
        """Take note that something was put into the outbox, or taken out of it."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if (expires := self.outbox.expires) is not None:
            delay = max(0.0, expires - time.time())
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(delay, self._expire)
        self.device.note_waiting()

    def _expire(self) -> None:
        """Tell of what the device has not fetched in time."""
        self._expiry = None
        keep = f"{self.device.binding.reception.keep:g}"
        for command in self.outbox.expire(time.time()):
            self.outcomes["expired"] += 1
            error = NotFetchedError(name=command.name, seconds=keep)
            self.device.drop(command.name, error)
        self.wait()

    # What it posts

    def recall(self, request: Incoming, ago: float) -> None:
        """Take values that were posted before the device was known here.

        Of a device with a key they are not: whether it was shown is not known any more.
        """
        values = self.layout.values.get(request.path)
        limit = self.device.binding.silent_after or LONGEST_RECALL
        admitted = self.guard.admits(request.source, None)
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
        handlers = {method: partial(self._take_values, values) for method in PUSHED}
        formats = STRUCTURED if values.shared else SINGLE
        shown = self._published and bool(self._names_shown(values))
        return Resource(
            guard=self.guard,
            handlers=handlers
            | ({Method.GET: partial(self._get_values, values)} if shown else {}),
            public=frozenset({Method.GET} if shown else ()),
            observable=shown,
            about={
                "rt": "state" if values.shared else "attribute",
                **({"if": "core.b" if values.shared else "core.s"} if shown else {}),
                "ct": _numbers(formats),
            },
        )

    def _of_alert(self, name: str, codec: Codec) -> Resource:
        """Return the resource where alerts of a format are posted."""
        handler = partial(self._take_alert, name, codec)
        about = {"rt": "alert", "ct": _numbers(SINGLE)}
        handlers = dict.fromkeys(PUSHED, handler)
        return Resource(guard=self.guard, handlers=handlers, about=about)

    def _take_values(self, values: Values, request: Incoming) -> Reply:
        """Receive values; the answer has what waits for the device."""
        request.answers_in(STRUCTURED, JSON)  # before anything is done
        self._hear()
        if not request.payload and values.shared:
            return self._taken(request)  # it only wants to know what waits
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
        if self.outbox.see(shown):
            self.outcomes["shown"] += 1
            self.wait()
        return self._taken(request)

    def _take_alert(self, name: str, usual: Codec, request: Incoming) -> Reply:
        """Receive an alert."""
        request.answers_in(STRUCTURED, JSON)
        self._hear()
        codec = request.written_in(usual)
        if not read_alert(self.device, name, codec, request.payload):
            raise Refusal(BAD_REQUEST, "it is no such alert")
        return self._taken(request)

    def _hear(self, ago: float = 0.0) -> None:
        """Note that the device gave a sign of life."""
        self._pushed = time.monotonic() - ago
        self.device.hear(ago)

    def _taken(self, request: Incoming) -> Reply:
        """Return a yes, with what waits for the device, if anything does."""
        waiting = self.outbox.waiting
        if not waiting:
            return Reply(CHANGED)
        codec = request.answers_in(STRUCTURED, JSON)
        document = document_of(waiting, self.device, self.layout, codec)
        return Reply.of(CHANGED, codec, document)

    # What it fetches

    def _get_commands(self, request: Incoming) -> Reply:
        """Return what waits."""
        codec = request.answers_in(STRUCTURED, JSON)
        self._hear()
        waiting = self.outbox.waiting
        document = document_of(waiting, self.device, self.layout, codec)
        return Reply.of(CONTENT, codec, document, max_age=0)

    def _command(self, spelled: str) -> Resource | None:
        """Return the resource of one command, if it waits."""
        by_id = {str(one.id): one for one in self.outbox.waiting}
        if (command := by_id.get(spelled)) is None:
            return None
        finish = partial(self._finish, command)
        handlers = {Method.DELETE: finish, Method.POST: finish}
        return Resource(guard=self.guard, handlers=handlers)

    def _finish(self, command: Command, request: Incoming) -> Reply:
        """Take the device's word that a command was done, or is not going to be."""
        result: JsonValue = None
        if request.payload and REFUSED not in request.query:
            try:
                result = to_json(request.read(JSON).document)
            except PayloadError as err:
                raise Refusal(BAD_REQUEST, str(err)[:MAX_DIAGNOSTIC]) from err
        self._hear()
        self.outbox.take(command.id)
        self._settle(command, request, with_result=result is not None)
        self.wait()
        done = request.method == Method.DELETE
        return Reply(DELETED if done else CHANGED)

    def _settle(
        self, command: Command, request: Incoming, *, with_result: bool
    ) -> None:
        """Note what became of a command."""
        if REFUSED not in request.query:
            self.outcomes["result" if with_result else "done"] += 1
            leaf = self.device.model.leaves.get(command.name)
            if command.value is not None and leaf and not leaf.readable:
                # Of what the device never reports, this is all that it says.
                self.device.receive({command.name: command.value})
            return
        self.outcomes[REFUSED] += 1
        words = request.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        answer = f"{REFUSED} {words if words.isprintable() else ''}".strip()
        error = RejectedError(address=self.device.name, answer=answer)
        self.device.drop(command.name, error)

    # What others read

    def _names_shown(self, values: Values) -> frozenset[str]:
        """Return the attributes that others may read at a path."""
        leaves = self.device.model.leaves
        return frozenset(name for name in values.names if not leaves[name].sensitive)

    def _get_values(self, values: Values, request: Incoming) -> Reply:
        """Return what the device said last."""
        usual = values.codec
        codec = request.answers_in(STRUCTURED if values.shared else SINGLE, usual)
        shown = self._names_shown(values)
        known = {
            name: reading.value
            for name, reading in self.device.values.items()
            if name in shown
        }
        if not known or not self.device.online:
            words = self.device.reason or "nothing was heard of it yet"
            raise Refusal(UNAVAILABLE, words, DEFAULT_MAX_AGE)
        # Of attributes that show parts of one value, each has all of it.
        slots = {one.path: one for one in values.slots if one.element.name in known}
        try:
            reply = Reply.of(CONTENT, codec, compose(slots.values(), known))
        except (PayloadError, ValueRefusedError) as err:
            raise Refusal(NOT_ACCEPTABLE, str(err)[:MAX_DIAGNOSTIC]) from err
        tagged = bytes([codec.content_format]) + reply.payload
        etag = hashlib.sha256(tagged).digest()[:8]
        if etag in request.etags:
            return Reply(VALID, etag=etag, max_age=self._fresh)
        return Reply(
            CONTENT,
            reply.payload,
            reply.content_format,
            etag=etag,
            max_age=self._fresh,
        )

    @property
    def _fresh(self) -> int:
        """Seconds for which values are fresh: until the device counts as silent."""
        limit = self.device.binding.silent_after
        if limit is None or self.device.last_heard is None:
            return DEFAULT_MAX_AGE
        return max(0, int(limit - (time.monotonic() - self.device.last_heard)))

    def _changed(self, names: frozenset[str]) -> None:
        """Tell who observes what has changed."""
        for path, shown in self._shown.items():
            if shown & names:
                self.resources[path].change()

    def _available(self) -> None:
        """Tell who observes anything that the device is silent, or there again."""
        for path in self._shown:
            self.resources[path].change()


def _numbers(formats: dict[int, Codec]) -> str:
    """Return content formats as the listing has them."""
    return " ".join(map(str, sorted(formats)))
