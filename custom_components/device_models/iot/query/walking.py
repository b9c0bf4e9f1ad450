"""What is within an expression: the members it looks at, the questions it refers to."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from .documents import Document, getter
from .expression import (
    Age,
    And,
    Compare,
    Expression,
    Has,
    In,
    Matches,
    Not,
    Or,
)
from .finding import path_of
from .terms import Date, Path, Reference, Special, Value


def tests_of(expression: Expression) -> Iterator[Expression]:
    """Yield what an expression is made of, without AND, OR and NOT."""
    match expression:
        case And() | Or():
            for part in expression.parts:
                yield from tests_of(part)
        case Not():
            yield from tests_of(expression.part)
        case _:
            yield expression


def paths_of(expression: Expression) -> Iterator[Path | None]:
    """Yield the paths that an expression looks at; None is for all elements."""
    for test in tests_of(expression):
        match test:
            case Has() | Matches():
                yield None
            case Age():
                yield path_of("filter", test.name)
            case Compare(path=path, value=Path() as other):
                yield from (path, other)
            case _:
                yield getattr(test, "path", None)


def references_of(expression: Expression) -> Iterator[Reference]:
    """Yield the other questions that an expression refers to."""
    for test in tests_of(expression):
        if isinstance(test, In) and isinstance(test.values, Reference):
            yield test.values


def resolved(
    expression: Expression, values: Callable[[Reference], tuple[Value, ...]]
) -> Expression:
    """Return an expression with the values of the questions that it refers to."""
    match expression:
        case And() | Or():
            parts = tuple(resolved(part, values) for part in expression.parts)
            return type(expression)(parts)
        case Not():
            return Not(resolved(expression.part, values))
        case In(values=Reference() as reference):
            return replace(expression, values=values(reference))
        case _:
            return expression


def values_in(documents: list[Document], path: Path) -> tuple[Value, ...]:
    """Return the values of a member of documents, each once; lists are taken apart."""
    get = getter(path)
    found: dict[tuple[type, Value], Value] = {}
    for document in documents:
        value = get(document)
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, bool | int | float | str | Date | Special):
                found[type(one), one] = one
    return tuple(found.values())
