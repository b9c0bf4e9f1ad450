"""What every model format is: how it is recognised, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, NoReturn

from ..errors import ModelError
from ..values import JsonValue
from .loaded import Loaded
from .parsing import parse

MAX_REFERENCES: Final = 8
"""How many files deep models may refer to each other."""

type Fetch = Callable[[str], bytes]
"""Returns the content of a file that a model names; raises ModelError."""


def no_files(reference: str) -> NoReturn:
    """Refuse every reference: there are no files beside this one.

    Raises:
        ModelError: always.

    """
    raise ModelError(
        source=reference, where="", problem="the model refers to it, and it is not here"
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What a document is called, and how the files that it names are found."""

    name: str
    fetch: Fetch = no_files
    trail: tuple[str, ...] = ()
    """The references that led here, from the first file on."""

    def referenced(self, reference: str, where: str) -> tuple[JsonValue, Source]:
        """Return the document of another file that this one names.

        Args:
            reference: the name or the address of the file, without a fragment.
            where: the place of the reference, for the error.

        Raises:
            ModelError: there is no such file, it is not usable, or the files refer to
                each other in a circle.

        """
        trail = (*self.trail, reference)
        if reference in self.trail or len(trail) > MAX_REFERENCES:
            problem = f"expected references that end, got {' → '.join(trail)}"
            raise ModelError(source=self.name, where=where, problem=problem)
        document = parse(self.fetch(reference), reference)
        return document, replace(self, name=reference, trail=trail)


def as_said(_before: JsonValue, now: JsonValue) -> JsonValue:
    """Return what a device says of itself now: it does not depend on what it does."""
    return now


class ModelFormat(NamedTuple):
    """One format. Formats are tried in an order, each by the content of the file."""

    name: str
    sign: str
    """What files of this format have, for people: 'an object with "model"'."""
    recognises: Callable[[JsonValue], bool]
    load: Callable[[JsonValue, Source], Loaded]
    """Raises ModelError for what is not usable; leaves out single elements with a
    remark. It does not set ``format`` and ``tried``."""
    again: Callable[[JsonValue, JsonValue], JsonValue] = as_said
    """Takes the document of a device and the one that it gives now, and returns the one
    to compare: where types follow from values, those that are known stay."""
