"""Titles of links that tell nothing apart."""

from collections.abc import Mapping
from dataclasses import replace
import re
from typing import Final

from .links import Link
from .objects import OBJECTS

_OF_OBJECT: Final = re.compile(r".*?/(\d{1,5})(?:/\d{1,5}){0,2}")

EMPTY: Final = frozenset({"dynamic"})
"""What libcoap's server calls all that is made at run time."""


def without_empty_words(links: Mapping[str, Link]) -> dict[str, Link]:
    """Return links by their paths, without titles that stand for nothing.

    That is one which resources have that are of no object, and others as well, as
    servers have them for all that is made at run time; and what is known as such a
    title. Objects of one title may be of one place: "Kitchen".
    """
    subjects: dict[str, set[str]] = {}
    for path, link in links.items():
        title = link.parameters.get("title", "")
        subjects.setdefault(title, set()).add(_subject(path))
    empty = {
        title
        for title, about in subjects.items()
        if title.casefold() in EMPTY
        or (len(about) > 1 and any(one.startswith("/") for one in about))
    }
    return {
        path: _untitled(link) if link.parameters.get("title") in empty else link
        for path, link in links.items()
    }


def _subject(path: str) -> str:
    """Return the number of the object that a path is about; the path if of none."""
    found = _OF_OBJECT.fullmatch(path)
    return found[1] if found and int(found[1]) in OBJECTS else path


def _untitled(link: Link) -> Link:
    """Return a link without its title."""
    kept = {key: said for key, said in link.parameters.items() if key != "title"}
    return replace(link, parameters=kept)
