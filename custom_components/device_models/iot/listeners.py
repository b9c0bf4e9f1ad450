"""Listeners: who wants to know, called one by one, none able to harm the next."""

from collections.abc import Callable
import logging

_LOGGER = logging.getLogger(__name__)


class Listeners[**P]:
    """An ordered set of callbacks of one kind."""

    def __init__(self) -> None:
        """Start with nobody listening."""
        self._callbacks: dict[object, Callable[P, None]] = {}

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._callbacks)

    def add(self, callback: Callable[P, None]) -> Callable[[], None]:
        """Add a callback; returns the function that takes it away again."""
        mark = object()  # one callback may listen twice, and leave once
        self._callbacks[mark] = callback

        def remove() -> None:
            self._callbacks.pop(mark, None)

        return remove

    def notify(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call everyone in the order of their coming; a failure stops nobody else.

        Who is taken away meanwhile is not called any more; who is added, not yet.
        """
        for mark, callback in tuple(self._callbacks.items()):
            if mark not in self._callbacks:
                continue
            try:
                callback(*args, **kwargs)
            except Exception:  # whatever a listener does, the others still hear it
                _LOGGER.exception("Listener %r failed", callback)
