"""What is kept of values that show what the elements of a device are.

They tell types, units and members. Where a name says that a value is a secret, nobody
needs it for that, and it must not be kept with the model.
"""

from collections.abc import Mapping
import re
from typing import Final

from .values import JsonValue

_SECRET: Final = re.compile(
    r"pass(?:word|wd|phrase|code)|secret|token|credential|psk|api.?key|private.?key"
    r"|(?:^|[^a-z])(?:key|pin|pwd)$",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether a name (a key, the end of a path or a topic) says: this is a secret."""
    return _SECRET.search(name) is not None


def redacted(value: JsonValue, name: str = "") -> JsonValue:
    """Return a value without secrets; everything keeps its place and its type."""
    match value:
        case Mapping():
            return {key: redacted(inner, key) for key, inner in value.items()}
        case list():
            return [redacted(inner, name) for inner in value]
        case bool() | None:
            return value
        case _ if not name or not is_secret(name):
            return value
        case str():
            return ""
        case _:
            return 0
