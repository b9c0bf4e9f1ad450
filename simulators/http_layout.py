"""What is where on a simulated HTTP device: what all layouts have."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import json
from typing import Any, Final

from aiohttp import web

from .behaviour import Alert, SimulatedDevice
from .faults import Faults
from .http_access import Access
from .http_resources import Calls
from .http_streams import Topic

WELL_KNOWN: Final = "/.well-known/wot"
"""WoT Discovery, "Well-Known URIs"."""

STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a layout is of."""

    device: SimulatedDevice
    faults: Faults
    access: Access
    base: str
    """The path that the device is below, without slashes at its ends."""
    max_age: int
    """Seconds for which a value is fresh."""
    takes: float
    """Seconds for which actions go on after they were called."""


class HttpLayout(ABC):
    """The resources of a simulated device, and what they tell by themselves."""

    def __init__(self, setting: Setting) -> None:
        """Note what it is of."""
        self.setting = setting
        self.device = setting.device
        self.topics: dict[str, Topic] = {}
        """By paths that nobody else has."""
        self.calls: dict[str, Calls] = {}
        """Of actions, by their paths."""

    @abstractmethod
    def description(self, address: str) -> dict[str, Any]:
        """Return the Thing Description of the device at an address."""

    @abstractmethod
    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer with what is at a path.

        Raises:
            Refusal: there is nothing, or it says no.

        """

    @abstractmethod
    def changes(self, names: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
        """Yield what is told of attributes: the topic, the name, the value.

        The name is empty where nothing else is told.
        """

    @abstractmethod
    def alerts(self, alert: Alert) -> Iterator[tuple[str, str, Any]]:
        """Yield what is told of an alert, in the same way."""

    def describes(self, path: str) -> bool:
        """Whether the Thing Description is at a path."""
        return path.strip("/") in {WELL_KNOWN.strip("/"), self.setting.base}

    def described(self, request: web.Request) -> web.Response:
        """Answer with the Thing Description, to anybody, at the address asked."""
        described = self.description(f"{request.scheme}://{request.host}")
        return web.Response(
            body=json.dumps(described).encode(), content_type="application/td+json"
        )

    @property
    def listeners(self) -> int:
        """How many wait for something to be told."""
        return sum(len(topic.listeners) for topic in self.topics.values())

    def tell(self, told: Iterator[tuple[str, str, Any]]) -> None:
        """Tell those who listen, unless a fault keeps it back."""
        for path, name, value in told:
            if not self.setting.faults.loses():
                data = self.setting.faults.spoil(json.dumps(value).encode())
                self.topics[path].tell(name, data.decode(errors="replace"))

    def cut(self) -> None:
        """Cut off who listens, and end what goes on."""
        for topic in self.topics.values():
            topic.end()
        for calls in self.calls.values():
            calls.end()


type MakeLayout = Callable[[Setting], HttpLayout]


def wants_stream(request: web.Request) -> bool:
    """Whether a client wants to be told events."""
    return STREAM in request.headers.get("Accept", "")
