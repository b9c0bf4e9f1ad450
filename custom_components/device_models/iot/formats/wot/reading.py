"""What is known while any part of a Thing is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..typed import MAX_TEXTS, read_texts


class Unsupported(Unusable):
    """The specification allows it, and we have no use for it: worth a remark."""


def unsupported(element: Element, problem: str, key: str = "") -> NoReturn:
    """Say that an element is of no use here, though it is valid.

    Raises:
        Unsupported: always.

    """
    raise Unsupported(element.at(key) if key else element.where, problem)


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of one Thing."""

    model: bool = False
    """Whether it is a Thing Model: most terms that a Thing must have are optional."""
    language: str = ""
    """The default one (``@language`` of the context), BCP 47."""
    remarks: Remarks = field(default_factory=Remarks)

    def words(self, element: Element, one: str, many: str) -> str:
        """Return a text for people: that of the default language, or any (§5.3.1.1).

        Args:
            element: what the text is about.
            one: the term of the text in the default language: ``title`` …
            many: the term of the texts by language: ``titles`` …

        """
        texts = read_texts(element, many)
        found = (texts.get(language) for language in (self.language, "en", *texts))
        return element.text(one) or next(filter(None, found), "")


def types_of(element: Element) -> tuple[str, ...]:
    """Return the semantic types (``@type``) as they are spelled: one text, or many."""
    spelled = element.content.get("@type")
    listed = spelled if isinstance(spelled, list) else [spelled]
    if len(listed) > MAX_TEXTS:
        element.refuse(f"expected at most {MAX_TEXTS} texts", "@type")
    types = [one for one in listed if isinstance(one, str) and one]
    if spelled is not None and len(types) < len(listed):
        element.refuse("expected a text, or a list of texts", "@type")
    return tuple(types)


def texts_of(element: Element, key: str) -> tuple[str, ...]:
    """Return the texts of a term that may have one, or a list of them."""
    spelled = element.content.get(key)
    if spelled is None:
        return ()
    listed = spelled if isinstance(spelled, list) else [spelled]
    texts = [one for one in listed if isinstance(one, str) and one]
    if not texts or len(texts) < len(listed):
        element.refuse("expected a text, or a list of texts", key)
    return tuple(texts)


def as_object(value: JsonValue) -> Mapping[str, JsonValue]:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}
