"""What waits for one device: where it is fetched, and what becomes of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ...codecs import to_json
from ...command import Command, CommandState
from ...device import VirtualDevice
from ...errors import NotOfferedError, PayloadError, RejectedError
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
    """The commands of a device that wait for it, as resources."""

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
        self._deaf = device.commands.on_command(self._noted)
        self._drop_unfit()

    def stop(self) -> None:
        """End what was begun."""
        self._deaf()

    def _drop_unfit(self) -> None:
        """Take away what the device cannot be told here, and could where it was."""
        commands = self._device.commands
        for command in commands.pending:
            if not fits(command, self._layout):
                self.outcomes["unfit"] += 1
                error = NotOfferedError(operation=command.name)
                commands.settle(command, CommandState.FAILED, error=error)

    def _noted(self, command: Command) -> None:
        """Take note that a command came, or went, or is another one."""
        if command.state is CommandState.EXPIRED:
            self.outcomes["expired"] += 1
        if command.state is not CommandState.SENT:  # that changes nothing in what waits
            self.resource.change()

    # From the device

    def see(self, values: Mapping[str, Scalar]) -> None:
        """Take values that the device reports: what it was to set waits no longer."""
        for name in values:
            self._done.pop(name, None)
        self.outcomes["shown"] += self._device.commands.see(values)

    def enclosed(self, request: Incoming) -> Reply:
        """Return a yes to what the device has posted, with what waits, if anything."""
        if not self._device.commands.outbox.waiting:
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
        waiting = self._device.commands.hand_out()
        document = document_of(waiting, self._device, self._layout, codec, self._done)
        return Reply.of(code, codec, document, max_age=max_age).tagged()

    def _command(self, spelled: str) -> Resource | None:
        """Return the resource of one command, if it waits."""
        waiting = self._device.commands.outbox.waiting
        by_id = {str(one.id): one for one in waiting}
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
        if REFUSED in request.query:
            self._refuse(command, request)
        else:
            self._settle(command, result)
        done = request.method == Method.DELETE
        return Reply(DELETED if done else CHANGED)

    def _settle(self, command: Command, result: JsonValue) -> None:
        """Take the device's word that a command was done."""
        self.outcomes["done" if result is None else "result"] += 1
        leaves = self._device.model.leaves
        readable = {name for name in command.values if leaves[name].readable}
        said = {name: it for name, it in command.values.items() if name not in readable}
        self._done |= {name: command.values[name] for name in readable}
        if said:
            # Of what the device never reports, this is all that it says.
            self._device.receive(said)
        state = CommandState.CONFIRMED
        if readable or command.action:
            state = CommandState.ACKNOWLEDGED
        self._device.commands.settle(command, state, result=result)

    def _refuse(self, command: Command, request: Incoming) -> None:
        """Take the device's word that a command is not going to be done."""
        self.outcomes[REFUSED] += 1
        words = request.payload[:MAX_DIAGNOSTIC].decode(errors="replace")
        answer = f"{REFUSED} {words if words.isprintable() else ''}".strip()
        error = RejectedError(address=self._device.name, answer=answer)
        self._device.commands.settle(command, CommandState.REJECTED, error=error)
