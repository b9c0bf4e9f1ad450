"""The words of names and descriptions."""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
import re
from typing import Final

_BORDERS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD: Final = re.compile(r"[^\W\d_]{4,}(?=\d+(?:[\W_]|$))|[^\W_]+")
"""A number at the end of a word is one of its own (level2), but not of CO2 or PM10."""


MAX_TEXT: Final = 1000
"""Characters of a text whose words are looked at."""


def spaced(name: str) -> str:
    """Return a name with a space where a new word begins: rawADCValue."""
    return _BORDERS.sub(" ", name)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a name or a sentence, in lower case.

    A word is never looked for inside of another: *people counter* has no *hour*.
    """
    found = _WORD.findall(spaced(text[:MAX_TEXT]))
    return tuple(word.casefold() for word in found)


MAX_PHRASE: Final = 4
"""Words of the longest phrase of a table."""


def phrases[T](words: Sequence[str], table: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """Yield the rows of a table whose phrases are in a text, the last one first.

    The last word of a name says what it is, those before it of what: a *humidity
    sensor battery* is a battery. Of two that end together, the longer one is first.
    """
    for end in range(len(words), 0, -1):
        yield from ending(words[:end], table)


def ending[T](words: Sequence[str], table: Mapping[str, T]) -> Iterator[tuple[str, T]]:
    """Yield the rows of a table with whose phrases a text ends, the longest first."""
    for length in range(min(MAX_PHRASE, len(words)), 0, -1):
        phrase = " ".join(words[-length:])
        if phrase in table:
            yield phrase, table[phrase]


def any_phrase(words: Sequence[str], listed: AbstractSet[str]) -> str | None:
    """Return the last phrase of a list that is in a text."""
    found = phrases(words, dict.fromkeys(listed))
    return next((phrase for phrase, _nothing in found), None)
