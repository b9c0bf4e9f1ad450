"""What waits for one device: where it is fetched, and what becomes of it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
import time
from typing import Final

from ...codecs import to_json
from ...device import VirtualDevice
from ...errors import (
    NotFetchedError,
    NotOfferedError,
    PayloadError,
    RejectedError,
)
from ...model import Action
from ...outbox import Command, Outbox
from ...values import JsonValue, Scalar
from ..coap.request import MAX_DIAGNOSTIC, Method
from .commands import document_of, fits
from .exchange import (
    BAD_REQUEST,
    CHANGED,
    CONTENT,
    DELETED,
    JSON,
    Incoming,
    Refusal,
    Reply,
)
from .layout import ListenerLayout
from .resources import STRUCTURED, Guard, Resource, numbers

REFUSED: Final = "refused"
"""The argument of a query that says that a command is not done."""


class Waiting:
    """The outbox of a device, as resources."""

    def __init__(
        self,
        device: VirtualDevice,
        layout: ListenerLayout,
        guard: Guard,
        hear: Callable[[], None],
    ) -> None:
        """Begin.

        Args:
            device: whose commands they are.
            layout: what the device can be told, and how.
            guard: who may fetch and confirm.
            hear: called when the device gives a sign of life.

        """
        self.outbox = Outbox(device.name, device.binding.reception.keep)
        self.outcomes: Counter[str] = Counter()
        """What became of commands."""
        self.resource = Resource(
            guard=guard,
            handlers={Method.GET: self._get},
            notified=self._shown,
            child=self._command,
            about={"rt": "commands", "if": "core.s", "ct": numbers(STRUCTURED)},
        )
        self._done: dict[str, Scalar] = {}
        """What the device has confirmed to have set, until it reports the attribute."""
        self._device = device
        self._layout = layout
        self._guard = guard
        self._hear = hear
        self._expiry: asyncio.TimerHandle | None = None
        self._deaf = device.on_waiting(self.resource.change)

    def stop(self) -> None:
        """End what was begun."""
        self._deaf()
        if self._expiry is not None:
            self._expiry.cancel()

    # From this side

    def take_over(self, before: Outbox) -> None:
        """Go on with what waited when the device was attached the last time."""
        device = self._device
        keep = device.binding.reception.keep
        fitting = [
            one for one in before.waiting if fits(one, device.model, self._layout)
        ]
        self.outbox = Outbox(device.name, keep, fitting, before.next_id)
        for command in before.waiting:
            if command not in fitting:
                self.outcomes["unfit"] += 1
                device.drop(command.name, NotOfferedError(operation=command.name))
        self._note()

    def put(self, values: Mapping[str, Scalar]) -> None:
        """Have values wait.

        Raises:
            OutboxFullError: too much would wait.

        """
        self.outbox.put(values, time.time())
        self._note()

    def call(self, action: Action, arguments: Mapping[str, Scalar]) -> None:
        """Have an action wait.

        Raises:
            OutboxFullError: too much would wait.

        """
        self.outbox.call(action, arguments, time.time())
        self._note()

    def _note(self) -> None:
        """Take note that something was put into the outbox, or taken out of it."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if (expires := self.outbox.expires) is not None:
            delay = max(0.0, expires - time.time())
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(delay, self._expire)
        self._device.note_waiting()

    def _expire(self) -> None:
        """Tell of what the device has not fetched in time."""
        self._expiry = None
        keep = f"{self._device.binding.reception.keep:g}"
        for command in self.outbox.expire(time.time()):
            self.outcomes["expired"] += 1
            error = NotFetchedError(name=command.name, seconds=keep)
            self._device.drop(command.name, error)
        self._note()

    # From the device

    def see(self, values: Mapping[str, Scalar]) -> None:
        """Take values that the device reports: what it was to set waits no longer."""
        for name in values:
            self._done.pop(name, None)
        if self.outbox.see(values):
            self.outcomes["shown"] += 1
            self._note()

    def enclosed(self, request: Incoming) -> Reply:
        """Return a yes to what the device has posted, with what waits, if anything."""
        if not self.outbox.waiting:
            return Reply(CHANGED)
        return self._reply(CHANGED, request)

    def _get(self, request: Incoming) -> Reply:
        """Return what waits to the device, which has asked for it."""
        reply = self._shown(request)
        self._hear()
        return reply

    def _shown(self, request: Incoming) -> Reply:
        """Return what waits."""
        return self._reply(CONTENT, request, max_age=0)

    def _reply(self, code: str, request: Incoming, max_age: int | None = None) -> Reply:
        """Return an answer with what waits.

        Raises:
            Refusal: nothing that it could be written in is accepted.

        """
        codec = request.answers_in(STRUCTURED, JSON)
        waiting = self.outbox.waiting
        document = document_of(waiting, self._device, self._layout, codec, self._done)
        return Reply.of(code, codec, document, max_age=max_age).tagged()

    def _command(self, spelled: str) -> Resource | None:
        """Return the resource of one command, if it waits."""
        by_id = {str(one.id): one for one in self.outbox.waiting}
        if (command := by_id.get(spelled)) is None:
            return None
        finish = partial(self._finish, command)
        handlers = {Method.DELETE: finish, Method.POST: finish}
        return Resource(guard=self._guard, handlers=handlers)

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
        self._note()
        done = request.method == Method.DELETE
        return Reply(DELETED if done else CHANGED)

    def _settle(
        self, command: Command, request: Incoming, *, with_result: bool
    ) -> None:
        """Note what became of a command."""
        if REFUSED not in request.query:
            self.outcomes["result" if with_result else "done"] += 1
            leaf = self._device.model.leaves.get(command.name)
            if command.value is None or leaf is None:
                return
            if leaf.readable:
                self._done[command.name] = command.value
            else:
                # Of what the device never reports, this is all that it says.
                self._device.receive({command.name: command.value})
            return
        self.outcomes[REFUSED] += 1
        words = request.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        answer = f"{REFUSED} {words if words.isprintable() else ''}".strip()
        error = RejectedError(address=self._device.name, answer=answer)
        self._device.drop(command.name, error)
