"""Putting one document over another one."""

from collections.abc import Mapping

from ..values import JsonValue


def merged(below: JsonValue, above: JsonValue, place: str = "") -> JsonValue:
    """Return one document over another one: objects key by key, all else as a whole.

    Args:
        below: what holds where the other one says nothing.
        above: what overrules it.
        place: the key that a text stands for which meets an object.

    """
    if not isinstance(above, Mapping):
        return above
    if isinstance(below, str) and place:
        below = {place: below}
    if not isinstance(below, Mapping):
        return above
    return {
        **below,
        **{key: merged(below.get(key), value, place) for key, value in above.items()},
    }
