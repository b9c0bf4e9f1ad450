"""The resources of a device, and what is known of them."""

from dataclasses import dataclass, replace
from typing import Final, Self, override

from ...codecs import BY_CONTENT_FORMAT, Codec
from ...media_types import IMAGES
from .. import resources
from .delivery import ANY, Delivery
from .request import Method, Response


@dataclass(eq=False, slots=True, kw_only=True)
class Resource(resources.Resource[bytes]):
    """A CoAP resource; its ETag is that of RFC 7252 §5.10.6."""

    observe: bool = True
    method: Method = Method.GET
    """What it is read with."""
    delivery: Delivery = ANY

    @property
    def accept(self) -> int | None:
        """The content format that is asked for, if the binding names one."""
        if self.content:
            return IMAGES.get(self.content)
        return self.codec.content_format if self.codec else None

    @override
    def merged(self, other: Self) -> Self:
        # ``super()`` does not know the class that slots make of this one.
        both = resources.Resource.merged(self, other)
        return replace(both, observe=self.observe and other.observe)

    def codec_for(self, response: Response) -> Codec:
        """Return what an answer is written in.

        RFC 7252 §5.5.1: without a Content-Format the payload has no determined format.
        """
        return codec_of(response, self.unsaid)


@dataclass(frozen=True, slots=True)
class Sending:
    """How what is written, or called, is sent."""

    delivery: Delivery = ANY
    if_match: bool = False
    """Whether it is for the representation that was read only (RFC 7252 §5.10.8.1)."""
    no_response: bool = False
    """Whether the device is asked not to answer (RFC 7967)."""


AS_USUAL: Final = Sending()


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that is posted to, or whose notifications are alerts."""

    path: str
    codec: Codec | None = None
    method: Method = Method.POST
    bare: bool = False
    """Whether the only argument is sent as it is, not in an object."""
    query: str = ""
    cancel: str = ""
    """Where what was called is asked for, or ended, if that is known beforehand."""
    sending: Sending = AS_USUAL


@dataclass(eq=False, slots=True, kw_only=True)
class Writing(resources.Writing[Resource]):
    """A CoAP resource that is written to."""

    method: Method = Method.PUT
    sending: Sending = AS_USUAL


def codec_of(response: Response, otherwise: Codec) -> Codec:
    """Return what an answer says it is written in, if it does."""
    if response.content_format is None:
        return otherwise
    return BY_CONTENT_FORMAT.get(response.content_format, otherwise)
