"""The resources of a device, and what is known of them."""

from dataclasses import dataclass
from enum import StrEnum
import time
from typing import Final, Self, override

from ...codecs import Codec
from .. import resources
from ..resources import Places
from .request import Method, Response

LONGEST_BUSY: Final = 600.0
"""Seconds for which what is known of what is busy is taken for good: a proxy says so of
a device that is gone, too, for as long as it is gone."""


class Way(StrEnum):
    """How a server tells by itself."""

    LONGPOLL = "longpoll"
    """It answers a request when there is something new."""
    SSE = "sse"
    """Server-sent events (WHATWG HTML §9.2)."""
    WS = "ws"
    """A WebSocket (RFC 6455) on which each message is a value."""
    WEBTHING = "webthing"
    """A WebSocket with the messages of the Web Thing API."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a server tells by itself, and how."""

    way: Way
    url: str
    end: str = ""
    """The URL that ends it, where that takes more than to leave."""
    end_method: Method = Method.DELETE


@dataclass(eq=False, slots=True, kw_only=True)
class Resource(resources.Resource[str]):
    """An HTTP resource; its ``path`` is a whole URL."""

    method: Method = Method.GET
    """What it is read with."""
    source: Source | None = None
    """Where its values come by themselves."""
    polled: bool = True
    """Whether it can be asked for, too."""
    busy_since: float | None = None
    """On the clock ``time.monotonic``: since when it has been nothing but busy."""

    def is_only_busy(self) -> bool:
        """Note that it is busy; whether it has been so for too long by now."""
        now = time.monotonic()
        if self.busy_since is None:
            self.busy_since = now
        return now - self.busy_since > LONGEST_BUSY

    @override
    def merged(self, other: Self) -> Self:
        # ``super()`` does not know the class that slots make of this one.
        both = resources.Resource.merged(self, other)
        both.source = self.source or other.source
        both.polled = self.polled and other.polled
        return both

    def codec_for(self, response: Response) -> Codec:
        """Return what an answer is written in, if it may be believed.

        Small servers call everything ``text/html`` or ``text/plain``: what has a
        structure shows by itself whether it is what was expected.

        Raises:
            PayloadError: it says that it is something else than a value.

        """
        said, expected = response.codec, self.unsaid
        if said is None and response.media_type and not expected.structured:
            expected.refuse(f"it is called {response.media_type[:60]}")
        if said is None or (not said.structured and expected.structured):
            return expected
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A resource that is called, or from which alerts come."""

    path: str
    """A whole URL, perhaps with places for arguments."""
    codec: Codec | None = None
    method: Method = Method.POST
    bare: bool = False
    """Whether the only argument is sent as it is, not in an object."""
    source: Source | None = None
    """Where alerts come from."""
    query: str = ""
    cancel: str = ""
    """Where what was called is asked for, or ended, if that is known beforehand."""


@dataclass(eq=False, slots=True, kw_only=True)
class Writing(resources.Writing[Resource]):
    """An HTTP resource that is written to."""

    method: Method = Method.PUT


class HttpLayout(Places[Resource, Writing, Target]):
    """All resources of one device."""

    __slots__ = ()

    @property
    def parts(self) -> list[Resource]:
        """The resources of single attributes."""
        return [one for one in self.resources if not one.shared]
