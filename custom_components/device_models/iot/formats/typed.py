"""What the elements of all formats have in common: bounds, and what typed ones say."""

from collections.abc import Mapping
from typing import Final, TypedDict

from ..reading import Element
from ..values import DataType, JsonValue, Range, Scalar

MAX_ELEMENTS: Final = 2_000
"""Of one kind in one model; the largest catalogues known stay below 300."""

MAX_MEMBER_DEPTH: Final = 4
"""Of objects within objects."""

MAX_NAME_BYTES: Final = 2048
"""Protocol sheet "Oracle IoT" §1.5: a data key stays below this."""

MAX_TEXTS: Final = 500
"""Of titles, labels and semantic types of one element."""


class Common(TypedDict):
    """The arguments that attributes, arguments and fields are all made of."""

    name: str
    type: DataType
    description: str
    title: str
    titles: Mapping[str, str]
    range: Range | None
    step: float | None
    unit: str | None
    enum: tuple[Scalar, ...]
    labels: Mapping[str, str]
    default: Scalar | None
    source: Mapping[str, JsonValue]


def read_texts(element: Element, key: str) -> dict[str, str]:
    """Return texts by language, or by value."""
    texts = element.object(key)
    if len(texts.content) > MAX_TEXTS:
        element.refuse(f"expected at most {MAX_TEXTS} texts", key)
    return {name: texts.text(name) for name in texts.content}
