"""Contents of an HTTP device that are no values: asked for with their ETags."""

from typing import Final

from yarl import URL

from ...errors import PayloadError
from ..content import Content, image
from ..layout import offered
from .attached import AttachedDevice
from .request import MAX_CONTENT_BYTES, Request, label_of
from .server import HttpServer
from .writing import check

SECONDS: Final = 30.0
"""For one content, from the first connection to the last byte."""


async def fetch(server: HttpServer, attached: AttachedDevice, name: str) -> Content:
    """Return the content of an attribute.

    Raises:
        CommunicationError: the server does not give it, or it is no image.
        NotOfferedError: there is no such content here.

    """
    resource = offered(attached.layout.contents, name)
    request = Request(
        method=resource.method,
        url=URL(resource.path),
        accept=f"{resource.content}, image/*;q=0.5, */*;q=0.1",
        etag=resource.etag if resource.kept else None,
        seconds=SECONDS,
        limit=MAX_CONTENT_BYTES,
        label=label_of(resource.path),
    )
    try:
        response = await server.command(request)
        attached.device.hear()
        if response.unchanged and resource.kept is not None:
            return resource.kept
        check(server, resource.path, response)
        said = response.media_type or resource.content
        tagged = response.etag is not None
        resource.kept = image(response.payload, said, tagged=tagged)
    except PayloadError:
        attached.device.hear()
        raise
    resource.etag = response.etag
    return resource.kept
