"""How the exchange with an endpoint goes, and what was exchanged last."""

from collections import deque
from collections.abc import Iterator, Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
import time
from typing import Final

from ...values import JsonValue
from ..exchanges import TRACED, TRACED_BYTES, excerpt, smoothed
from .delivery import Tuning
from .request import Request, Response

WELL_KNOWN: Final = ".well-known/"


@dataclass(frozen=True, slots=True)
class Traced:
    """One exchange, or a notification."""

    at: datetime
    method: str
    path: str
    sent: bytes
    outcome: str
    """The response code, or what went wrong."""
    received: bytes
    seconds: float
    messages: int
    retransmissions: int

    def told(
        self, *, known: AbstractSet[str], opened: AbstractSet[str]
    ) -> dict[str, JsonValue]:
        """Return it for people.

        Args:
            known: the paths that may be shown. Another one may have a value in it. The
                arguments of a query are never shown.
            opened: the resources whose payloads may be shown.

        """
        way, question, _query = self.path.partition("?")
        shown = way in opened
        if way not in known and not way.startswith(WELL_KNOWN):
            way = "…"
        return {
            "at": self.at.isoformat(),
            "request": f"{self.method} /{way}{question and '?…'}",
            "outcome": self.outcome,
            "sent": excerpt(self.sent, shown=shown),
            "received": excerpt(self.received, shown=shown),
            "seconds": round(self.seconds, 3),
            "messages": self.messages,
            "retransmissions": self.retransmissions,
        }


@dataclass(slots=True)
class Statistics:
    """What was noticed of an endpoint since it was opened."""

    round_trip: float | None = None
    """Seconds, smoothed; of messages that were not repeated (RFC 6298 §3)."""
    retransmissions: int = 0
    """How many messages were sent again."""
    unanswered: int = 0
    """How many requests were given up, or refused by the network."""
    trace: deque[Traced] = field(default_factory=lambda: deque(maxlen=TRACED))

    def answered(
        self, request: Request, response: Response, tuning: Tuning, began: float
    ) -> None:
        """Note an answer."""
        now = time.monotonic()
        if not tuning.repeated:
            self.round_trip = smoothed(self.round_trip, now - tuning.sent)
        self._note(request, response.code, response.payload, now - began, tuning)

    def failed(
        self, request: Request, error: Exception, tuning: Tuning, began: float
    ) -> None:
        """Note that there was no answer, this time."""
        self._note(request, type(error).__name__, b"", time.monotonic() - began, tuning)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request if it ends without an answer, however often it was sent."""
        try:
            yield
        except Exception:
            self.unanswered += 1
            raise

    def told(self, request: Request) -> None:
        """Note a request that is not answered."""
        self._trace(request, request.method.name, "(no answer wanted)", b"")

    def notified(self, request: Request, response: Response) -> None:
        """Note a notification."""
        self._trace(request, "notification", response.code, response.payload)

    def _note(
        self,
        request: Request,
        outcome: str,
        received: bytes,
        seconds: float,
        tuning: Tuning,
    ) -> None:
        """Note the end of an exchange."""
        self.retransmissions += tuning.retransmissions
        self._trace(request, request.method.name, outcome, received, seconds, tuning)

    def _trace(
        self,
        request: Request,
        method: str,
        outcome: str,
        received: bytes,
        seconds: float = 0.0,
        tuning: Tuning | None = None,
    ) -> None:
        """Remember what was exchanged."""
        self.trace.append(
            Traced(
                datetime.now(UTC),
                method,
                request.path,
                request.payload[: TRACED_BYTES + 1],
                outcome,
                received[: TRACED_BYTES + 1],
                seconds,
                tuning.messages if tuning else 1,
                tuning.retransmissions if tuning else 0,
            )
        )
