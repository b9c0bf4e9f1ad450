"""The functions that see whole messages of a device: its last ones (sheet §1.8)."""

from collections.abc import Callable

from ..model import FormatType, PolicyFunction, Severity
from ..reading import Element
from .batches import Batch, BatchByCost, BatchBySize, BatchByTime, Cost
from .functions import GATES, Gate, Making
from .message import Message, Setting


class WholeMessages:
    """Gates that each message goes through, and the batch that holds it."""

    def __init__(self, setting: Setting, deliver: Callable[[Message], None]) -> None:
        """Start with no functions: each message goes on."""
        self._setting = setting
        self._deliver = deliver
        self._gates: list[Gate] = []
        self._batch: Batch | None = None
        self._in_gates = False
        self._cost = Cost.ETHERNET

    def add(self, function: PolicyFunction) -> None:
        """Take a function. Gates come before the batch; of batches the first counts."""
        made = Making(Element(function.parameters, ""), self._setting, whole=True)
        if function.id in GATES:
            self._gates.append(GATES[function.id](made))
        elif self._batch is None:
            self._batch = self._made(function.id, made)

    def take(self, message: Message) -> bool:
        """Return whether a message goes on now; otherwise it is held, or dropped.

        A message that a gate raises itself does not go through gates again.
        """
        if not self._in_gates:
            self._in_gates = True
            try:
                if not all(gate(message.content, message) for gate in self._gates):
                    return False
            finally:
                self._in_gates = False
        return self._batch is None or self._batch.take(message, self._severity(message))

    def network_costs(self, cost: Cost) -> None:
        """Take what the network costs from now on."""
        self._cost = cost
        if isinstance(self._batch, BatchByCost):
            self._batch.see_cost()

    def flush(self) -> None:
        """Let go on what is held."""
        if self._batch is not None:
            self._batch.flush()

    def stop(self) -> None:
        """Let nothing go on by itself any more."""
        if self._batch is not None:
            self._batch.stop()

    def _made(self, name: str, made: Making) -> Batch:
        """Return a batch."""
        given, deliver = made.parameters, self._deliver
        severity = Severity(given.text("alertSeverity") or Severity.CRITICAL)
        match name:
            case "batchBySize":
                return BatchBySize(severity, deliver, made.number("batchSize"))
            case "batchByTime":
                delay, clock = made.number("delayLimit"), self._setting.clock
                return BatchByTime(severity, deliver, delay, clock)
            case _:
                most = Cost.of(given.text("networkCost") or "SATELLITE")
                return BatchByCost(severity, deliver, most, lambda: self._cost)

    def _severity(self, message: Message) -> Severity | None:
        """Return how bad an alert is; None of other messages."""
        if message.alert is None:
            return None
        for shape in self._setting.host.model.formats:
            if message.alert.name in (shape.name, shape.urn):
                alert = shape.type is FormatType.ALERT
                return message.alert.severity or shape.severity if alert else None
        return None
