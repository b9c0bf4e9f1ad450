"""What a device says of itself now, beside what it has said before."""

from ..errors import ModelError
from ..values import JsonValue
from . import FORMATS, load_document
from .loaded import Loaded


def said_again(before: JsonValue, now: Loaded, source: str) -> Loaded | None:
    """Return the model that a device has now; None if it tells less than before.

    A description of a kind that is less certain takes the place of no other: that one
    was only not to be had this time.

    Args:
        before: the document that the device gave when it was added.
        now: what it gives now.
        source: what it is called, for the error.

    Raises:
        ModelError: nothing can be made of both together.

    """
    kinds = {known.name: number for number, known in enumerate(FORMATS)}
    try:
        known = load_document(before, source)
    except ModelError:
        return now
    if kinds[known.format] < kinds[now.format]:
        return None
    if known.format != now.format:
        return now
    document = FORMATS[kinds[now.format]].again(before, now.document)
    return now if document == now.document else load_document(document, source)
