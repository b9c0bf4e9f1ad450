"""Who wants which messages."""

from collections.abc import Callable, Iterator
from typing import Any

from paho.mqtt.matcher import MQTTMatcher

from .client import Message

type Callback = Callable[[Message], None]


class Subscriptions:
    """Topic filters, and who listens to each."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._callbacks: dict[str, list[Callback]] = {}
        self._matcher: Any = MQTTMatcher()  # type: ignore[no-untyped-call]

    def add(self, topic_filter: str, callback: Callback) -> None:
        """Have somebody listen."""
        callbacks = self._callbacks.setdefault(topic_filter, [])
        callbacks.append(callback)
        self._matcher[topic_filter] = callbacks

    def remove(self, topic_filter: str, callback: Callback) -> None:
        """Have somebody listen no longer, if he still does."""
        callbacks = self._callbacks.get(topic_filter, [])
        if callback in callbacks:
            callbacks.remove(callback)
            if not callbacks:
                del self._callbacks[topic_filter]
                del self._matcher[topic_filter]

    def listeners(self, topic: str) -> Iterator[Callback]:
        """Yield everyone whose filter a topic matches."""
        for callbacks in list(self._matcher.iter_match(topic)):
            yield from tuple(callbacks)

    def needed(self) -> list[str]:
        """Return the filters that a broker has to know: none that another one covers.

        MQTT 5 §3.3.4 lets a broker deliver a message once for each filter that it
        matches.
        """
        return [one for one in self._callbacks if not self._is_covered(one)]

    def _is_covered(self, topic_filter: str) -> bool:
        """Return whether there is a filter for everything at a place above, or here."""
        place = topic_filter.removesuffix("/#").split("/")
        wider = ("/".join((*place[:depth], "#")) for depth in range(1, len(place) + 1))
        return any(one != topic_filter and one in self._callbacks for one in wider)
