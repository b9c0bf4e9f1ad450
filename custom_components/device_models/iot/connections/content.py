"""Contents that are no values: images."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from ..device import VirtualDevice
from ..errors import NotOfferedError, PayloadError, StalledError
from ..files import Memory
from ..media_types import image_type
from ..storage import Store

MAX_LINKED_BYTES: Final = 10 * 1024 * 1024
"""Of an image that a value leads to: as of one that is fetched without."""

LINKED_SECONDS: Final = 30.0
"""For such an image, from the first connection to the last byte."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of an attribute."""

    data: bytes = field(repr=False)
    media_type: str
    tagged: bool = field(default=False, compare=False)
    """Whether it comes again only if it has changed, when it is fetched again."""


def image(data: bytes, said: str, *, tagged: bool) -> Content:
    """Return what was answered, if it is an image.

    Args:
        data: the content.
        said: what it is called.
        tagged: see ``Content``.

    Raises:
        PayloadError: it is something else, or nothing.

    """
    media_type = image_type(said)
    if media_type is None:
        problem = f"it is called {said[:60]!r}" if said else "it is not said what it is"
        raise PayloadError(media="as an image", problem=problem)
    if not data:
        raise PayloadError(media="as an image", problem="it is empty")
    return Content(data, media_type, tagged)


async def linked(store: Store, device: VirtualDevice, name: str) -> Content:
    """Return the image that the value of a URI attribute leads to.

    As for any content, it has to be where the device itself is.

    Raises:
        NotOfferedError: it leads nowhere yet, or contents cannot be had here.
        ForeignHostError: it leads to somebody else.
        CommunicationError: it cannot be had, or is no image.

    """
    place = device.get(name)
    if not isinstance(place, str) or not place:
        raise NotOfferedError(operation=f"{name}: fetching its content")
    memory = Memory(name, MAX_LINKED_BYTES)
    try:
        async with asyncio.timeout(LINKED_SECONDS):
            done = await store.download(device, place, memory)
    except TimeoutError as err:
        raise StalledError(name=name, seconds=f"{LINKED_SECONDS:g}") from err
    return image(memory.content, done.content_type, tagged=False)
