"""Listeners: who wants to know, called one by one, none able to harm the next."""

from collections.abc import Callable
import logging

_LOGGER = logging.getLogger(__name__)


class Listeners[**P]:
    """An ordered set of callbacks of one kind."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._callbacks: list[Callable[P, None]] = []

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._callbacks)

    def add(self, callback: Callable[P, None]) -> Callable[[], None]:
        """Add a callback; returns the function that takes it away again."""
        self._callbacks.append(callback)

        def remove() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return remove

    def notify(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call everyone in the order of their coming; a failure stops nobody else."""
        for callback in tuple(self._callbacks):
            try:
                callback(*args, **kwargs)
            except Exception:  # whatever a listener does, the others still hear it
                _LOGGER.exception("Listener %r failed", callback)
