"""Contents of a CoAP device that are no values, as it answers them."""

from collections.abc import Mapping
from typing import Final

from ...errors import RejectedError
from ...media_types import IMAGES
from ..content import Content, image
from .request import Response
from .resource import Resource

BY_CONTENT_FORMAT: Final[Mapping[int, str]] = {
    number: media_type for media_type, number in IMAGES.items() if number is not None
}


def taken(resource: Resource, response: Response, address: str) -> Content:
    """Return the content that was answered, or the one that we have already.

    Args:
        resource: of the content.
        response: to a request for it, or a notification.
        address: of the resource, for people.

    Raises:
        RejectedError: there is none.
        PayloadError: it is no image.

    """
    resource.hold(response.wait)
    if response.valid and resource.kept is not None:
        return resource.kept
    resource.etag = None
    if not response.success:
        raise RejectedError(address=address, answer=response.answer)
    number = response.content_format
    said = resource.content
    if number is not None:
        said = BY_CONTENT_FORMAT.get(number, f"content format {number}")
    tagged = response.etag is not None
    resource.kept = image(response.payload, said, tagged=tagged)
    resource.etag = response.etag
    return resource.kept
