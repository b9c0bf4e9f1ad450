"""What the server has at a path: who may do what there, and who observes it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import hmac
from typing import Final

from ...binding import Reception
from ...codecs import BY_CONTENT_FORMAT, CODECS, Codec
from ..coap.request import Method
from .exchange import NOT_ALLOWED, NOT_FOUND, UNAUTHORIZED, Incoming, Refusal, Reply
from .settings import Network, is_within, networks

type Handler = Callable[[Incoming], Reply]

STRUCTURED: Final = {
    number: codec for number, codec in BY_CONTENT_FORMAT.items() if codec.structured
}
"""By Content-Format, what documents of several values are written in."""

SINGLE: Final = STRUCTURED | {CODECS["text"].content_format: CODECS["text"]}
"""The same of single values."""


class Guard:
    """Who may send for a device."""

    def __init__(self, reception: Reception) -> None:
        """Take what was chosen for the device."""
        self._senders: tuple[Network, ...] = networks(reception.senders, "senders")
        self._key = reception.key

    def admits(self, source: str, key: str | None) -> bool:
        """Whether somebody with this address and this key may send."""
        if self._senders and not is_within(source, self._senders):
            return False
        if self._key is None:
            return True
        shown = (key or "").encode(errors="replace")
        return hmac.compare_digest(shown, self._key.encode(errors="replace"))


@dataclass(eq=False, slots=True)
class Watcher:
    """Somebody who observes a resource."""

    source: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True, kw_only=True)
class Resource:
    """What the server has at a path."""

    guard: Guard | None = None
    """Who may use the methods that not everybody may; None if there are none."""
    handlers: Mapping[Method, Handler]
    public: frozenset[Method] = frozenset()
    """What everybody may do that the connection admits."""
    notified: Handler | None = None
    """What those who observe it are told when it changes: the answer to a GET, without
    what a request does besides. None if it cannot be observed."""
    child: Callable[[str], Resource | None] | None = None
    """Finds what is one segment below, where that comes and goes."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the listing says of it (RFC 6690): ``rt``, ``if``, ``ct``."""
    watchers: set[Watcher] = field(default_factory=set)

    def check(self, request: Incoming) -> None:
        """See whether a request may be done.

        Raises:
            Refusal: it may not.

        """
        method = request.method
        known = method in Method and Method(method) in self.handlers
        if known and Method(method) in self.public:
            return
        if self.guard and not self.guard.admits(request.source, request.key):
            raise Refusal(UNAUTHORIZED)
        if not known:
            raise Refusal(NOT_ALLOWED)

    def answer(self, request: Incoming) -> Reply:
        """Do what is asked; returns the answer, whatever it is."""
        return _reply(self.handlers[Method(request.method)], request)

    def notification(self, request: Incoming) -> Reply:
        """Return what somebody is told now who observes it."""
        return _reply(self.notified, request) if self.notified else Reply(NOT_ALLOWED)

    def change(self) -> None:
        """Have those told who observe it."""
        for watcher in self.watchers:
            watcher.changed.set()


class Resources:
    """All of them, by their paths."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_path: dict[tuple[str, ...], Resource] = {}

    @property
    def by_path(self) -> Mapping[tuple[str, ...], Resource]:
        """Those that stay."""
        return self._by_path

    def add(self, path: tuple[str, ...], resource: Resource) -> bool:
        """Add one; returns whether there was none at the path."""
        return self._by_path.setdefault(path, resource) is resource

    def remove(self, path: tuple[str, ...], resource: Resource) -> None:
        """Remove one if it is there, and let those who observe it know."""
        if self._by_path.get(path) is resource:
            del self._by_path[path]
            resource.change()

    def find(self, path: tuple[str, ...], request: Incoming) -> Resource:
        """Return what is at a path.

        Raises:
            Refusal: nothing is.

        """
        if (found := self._by_path.get(path)) is not None:
            return found
        parent = self._by_path.get(path[:-1])
        if parent is not None and parent.child is not None:
            # Whether there is such a child is told to those only who may know it.
            if parent.guard and not parent.guard.admits(request.source, request.key):
                raise Refusal(UNAUTHORIZED)
            if (child := parent.child(path[-1])) is not None:
                return child
        raise Refusal(NOT_FOUND)


def _reply(handler: Handler, request: Incoming) -> Reply:
    """Return what a handler answers, whatever it is."""
    try:
        return handler(request)
    except Refusal as refusal:
        return refusal.reply


def numbers(formats: Mapping[int, Codec]) -> str:
    """Return content formats as the listing has them."""
    return " ".join(map(str, sorted(formats)))
