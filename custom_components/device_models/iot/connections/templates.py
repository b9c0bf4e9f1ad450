"""Paths with places for values: ``set?level={level}``."""

from collections.abc import Mapping
import re
from typing import Final
from urllib.parse import quote

from ..spelling import as_text
from ..values import Scalar

_PLACE: Final = re.compile(r"\{([^{}]+)\}")


def filled(path: str, values: Mapping[str, Scalar]) -> tuple[str, frozenset[str]]:
    """Return a path with the values in their places, and the names of those.

    An argument of the query that has a place without a value is left out. Braces
    around anything else than a name of a value stay in the rest of the path.
    """
    named: set[str] = set()

    def value_of(place: re.Match[str]) -> str:
        name = place[1]
        if name not in values:
            return place[0]
        named.add(name)
        return quote(as_text(values[name]), safe="")

    way, question, query = path.partition("?")
    way = _PLACE.sub(value_of, way)
    arguments = [_PLACE.sub(value_of, argument) for argument in query.split("&")]
    kept = "&".join(one for one in arguments if not _PLACE.search(one))
    return f"{way}{question and kept and '?'}{kept}", frozenset(named)
