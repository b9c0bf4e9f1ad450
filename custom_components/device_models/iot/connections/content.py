"""Contents that are no values: images."""

from dataclasses import dataclass, field

from ..errors import PayloadError
from ..media_types import image_type


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
