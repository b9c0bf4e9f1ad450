"""What was posted lately where no device is known: from it, one can be added."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
import time
from typing import Final

from ..coap.request import Method
from .exchange import Incoming
from .layout import Path

MAX_PATHS: Final = 64
MAX_BYTES: Final = 4 * 1024
"""How many paths are remembered, and how long a message may be: 256 KiB in all."""

MAX_SECONDS: Final = 86_400.0
"""For how long: a sleepy device may wake once a day."""


class Lately:
    """The newest message to each path; what was longest ago is forgotten first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._by_path: OrderedDict[Path, tuple[float, Incoming]] = OrderedDict()

    def take(self, request: Incoming) -> None:
        """Remember a message; one in blocks is not, nor what it asks for."""
        if request.method not in {Method.POST, Method.PUT} or not request.path:
            return
        if not 0 < len(request.payload) <= MAX_BYTES:
            return
        # Perhaps a key is among the arguments.
        request = replace(request, query=(), accept=None)
        self._by_path.pop(request.path, None)
        self._by_path[request.path] = time.monotonic(), request
        if len(self._by_path) > MAX_PATHS:
            self._by_path.popitem(last=False)

    def forget(self, paths: Iterable[Path]) -> None:
        """Forget what came to some paths."""
        for path in paths:
            self._by_path.pop(path, None)

    def all(self) -> Iterator[tuple[Incoming, float]]:
        """Yield everything, the oldest first, and how many seconds ago it came."""
        now = time.monotonic()
        for at, request in tuple(self._by_path.values()):
            if now - at <= MAX_SECONDS:
                yield request, now - at
