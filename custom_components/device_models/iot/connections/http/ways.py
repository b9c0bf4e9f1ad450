"""The ways in which a server tells by itself, as a table."""

from collections.abc import Callable, Mapping
from typing import Final

from yarl import URL

from ...codecs import MAX_PAYLOAD_BYTES
from .audience import Audience
from .events import EventStream
from .following import Following
from .polling import LongPoll
from .request import MAX_CONTENT_BYTES, Request, accepting, label_of
from .resource import Source, Way
from .server import HttpServer
from .websocket import Socket, WebThingSocket

WAYS: Final[Mapping[Way, type[Following]]] = {
    Way.LONGPOLL: LongPoll,
    Way.SSE: EventStream,
    Way.WS: Socket,
    Way.WEBTHING: WebThingSocket,
}


def stream_of(
    server: HttpServer,
    source: Source,
    audience: Audience,
    on_refused: Callable[[], None] | None,
    *,
    shown: bool,
) -> Following:
    """Return what follows a source; it is not begun yet."""
    codecs = [
        *(one.codec for one in audience.resources),
        *(one.codec for one in audience.alerts.values()),
        *(one.codec for one in audience.contents.values()),
    ]
    request = Request(
        url=URL(source.url),
        accept=accepting(codecs[0]),
        label=label_of(source.url),
        limit=MAX_CONTENT_BYTES if audience.contents else MAX_PAYLOAD_BYTES,
        shown=shown,
    )
    return WAYS[source.way](server, request, audience, on_refused)
