"""Reading a document with care: every complaint names its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, override

from .errors import ModelError
from .values import JsonValue


class Unusable(Exception):  # noqa: N818  (an outcome, not an error of the tree)
    """An element of a document cannot be used.

    Who reads the document makes a remark of it, or a ModelError.
    """

    def __init__(self, where: str, problem: str) -> None:
        """Note the place and what was expected there."""
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem

    def within(self, source: str) -> ModelError:
        """Return it as an error of the tree: the whole file cannot be used."""
        return ModelError(source=source, where=self.where, problem=self.problem)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that was left out of a model, or not understood."""

    where: str
    message: str

    @override
    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.where}: {self.message}"


@dataclass(slots=True)
class Remarks:
    """The remarks of one file, in the order of the file."""

    all: list[Remark] = field(default_factory=list)

    def add(self, where: str, message: str) -> None:
        """Add one."""
        self.all.append(Remark(where, message))


@dataclass(frozen=True, slots=True)
class Element:
    """An object of a document, and its place in it."""

    content: Mapping[str, JsonValue]
    where: str

    @classmethod
    def of(cls, value: JsonValue, where: str) -> Element:
        """Return what stands at a place, which must be an object.

        Raises:
            Unusable: it is something else.

        """
        if not isinstance(value, Mapping):
            raise Unusable(where, "expected an object")
        return cls(value, where)

    def refuse(self, problem: str, key: str = "") -> NoReturn:
        """Say what is wrong with the element, or with one key of it.

        Raises:
            Unusable: always.

        """
        raise Unusable(self.at(key) if key else self.where, problem)

    def at(self, key: str) -> str:
        """Return the place of a key."""
        return f"{self.where}.{key}" if self.where else key

    def text(self, key: str) -> str:
        """Return a text, or an empty one."""
        value = self.content.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse("expected a text", key)
        return value

    def required_text(self, key: str) -> str:
        """Return a text that is not empty."""
        return self.text(key).strip() or self.refuse("expected a text", key)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.content.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse("expected true or false", key)
        return value

    def array(self, key: str) -> list[JsonValue]:
        """Return an array, or an empty one."""
        value = self.content.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse("expected an array", key)
        return value

    def object(self, key: str) -> Element:
        """Return an object within, or an empty one."""
        value = self.content.get(key)
        return Element.of({} if value is None else value, self.at(key))

    def items(self, key: str, *, limit: int) -> Iterator[tuple[str, JsonValue]]:
        """Yield the items of an array, each with a place that names it."""
        array = self.array(key)
        if len(array) > limit:
            self.refuse(f"expected at most {limit} elements", key)
        for index, item in enumerate(array):
            where = f"{self.at(key)}[{index}]"
            if isinstance(item, Mapping) and isinstance(name := item.get("name"), str):
                where += f" {name[:40]!r}"
            yield where, item
