"""How the exchange with a server goes, and what was exchanged last."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ...values import JsonValue
from ..exchanges import TRACED, excerpt, smoothed
from .request import Request, Response


@dataclass(slots=True)
class Statistics:
    """What was noticed of a server since it was opened."""

    round_trip: float | None = None
    """Seconds, smoothed."""
    unanswered: int = 0
    """How many requests were given up, or refused by the network."""
    trace: deque[dict[str, JsonValue]] = field(
        default_factory=lambda: deque(maxlen=TRACED)
    )

    def answered(self, request: Request, response: Response, seconds: float) -> None:
        """Note an answer."""
        self.round_trip = smoothed(self.round_trip, seconds)
        self._note(request, response.answer, response.payload, seconds)

    def failed(self, request: Request, outcome: str, seconds: float) -> None:
        """Note that there was no answer that could be used."""
        self.unanswered += 1
        self._note(request, outcome, b"", seconds)

    def told(self, request: Request, what: str, payload: bytes) -> None:
        """Note something that came by itself."""
        self._note(request, what, payload, 0.0)

    def _note(
        self, request: Request, outcome: str, received: bytes, seconds: float
    ) -> None:
        """Remember what was exchanged: no header field, and no query, has a place."""
        self.trace.append(
            {
                "at": datetime.now(UTC).isoformat(),
                "request": f"{request.method} {request.label}",
                "outcome": outcome,
                "sent": excerpt(request.payload, shown=request.shown),
                "received": excerpt(received, shown=request.shown),
                "seconds": round(seconds, 3),
            }
        )
