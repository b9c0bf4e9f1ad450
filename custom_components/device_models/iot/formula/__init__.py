"""Formulas of policies: conditions, computed values (protocol sheet "Oracle IoT" §1.8).

A formula is parsed once, into functions that call each other: how often it is
evaluated costs no more parsing, and nothing of it is ever executed as Python. Texts of
formulas come from files and servers: their length and depth are bounded, and the time
to parse and to evaluate one grows with its length alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
import math
from typing import Final, NamedTuple, cast, override

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from ..errors import FormulaError
from ..values import Scalar
from .operators import (
    FUNCTIONS,
    MAX_LENGTH,
    OPERATORS,
    Function,
    Operator,
    Value,
    true,
    value_of,
)

MAX_DEPTH: Final = 50
"""How deep choices, signs, functions and brackets may be within each other."""

_GRAMMAR: Final = r"""
?start: choice
?choice: logic | logic QUESTION choice ":" choice
?logic: comparison (LOGIC comparison)*
?comparison: sum (COMPARISON sum)*
?sum: product (SIGN product)*
?product: unary (FACTOR unary)*
?unary: value | (NOT | SIGN) unary -> prefix
?value: NUMBER -> number
      | TEXT -> text
      | PROCESSED -> processed
      | CURRENT -> current
      | OPEN choice ")" -> brackets
      | FUNCTION OPEN choice ")" -> function

QUESTION: "?"
OPEN: "("
LOGIC: "&&" | "||" | /(AND|OR)\b/i
COMPARISON: "<=" | ">=" | "!=" | "=" | "<" | ">" | /LIKE\b/i
SIGN: "+" | "-"
FACTOR: "*" | "/" | "%"
NOT: "!" | /NOT\b/i
FUNCTION: /(LOWER|UPPER)\b/i
NUMBER: /(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?/i
TEXT: /"[^"]*"/
PROCESSED: /\$\([^)]*\)/
CURRENT: /\$\$\([^)]*\)/
%ignore /\s+/
"""

type Lookup = Callable[[str], Scalar | None]
"""Gives the value of an attribute, None where there is none."""


class _Values(NamedTuple):
    """Where a formula finds the values of attributes."""

    processed: Lookup
    current: Lookup


type _Run = Callable[[_Values], Value]


class _Node(NamedTuple):
    """A part of a formula that can be evaluated."""

    run: _Run
    depth: int = 1
    processed: frozenset[str] = frozenset()
    current: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula: a condition, or how a value is computed from others."""

    text: str
    processed: frozenset[str]
    """The attributes of which it takes the value in process: ``$(name)``."""
    current: frozenset[str]
    """Those of which it takes the current value: ``$$(name)``."""
    _run: _Run = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Return the formula of a text.

        Raises:
            FormulaError: it is none; says where, and what was expected there.

        """
        if len(text) > MAX_LENGTH:
            raise FormulaError(
                column=MAX_LENGTH + 1,
                problem=f"expected at most {MAX_LENGTH} characters",
            )
        try:
            tree = cast("_Node", _PARSER.parse(text))  # what the transformer makes
        except UnexpectedInput as err:
            raise _worded(text, err) from None
        return cls(text, tree.processed, tree.current, tree.run)

    @property
    def names(self) -> frozenset[str]:
        """All attributes that it takes a value of."""
        return self.processed | self.current

    def evaluate(
        self, processed: Lookup, current: Lookup | None = None
    ) -> Scalar | None:
        """Return what the formula gives: a finite number, a text, or nothing.

        Args:
            processed: gives the values in process, ``$(name)``.
            current: gives the current ones, ``$$(name)``; the same where left out.

        """
        value = self._run(_Values(processed, current or processed))
        if isinstance(value, float) and not math.isfinite(value):
            return None
        return value

    def holds(self, processed: Lookup, current: Lookup | None = None) -> bool:
        """Whether it is true: a number that is not 0, or a text that is not empty."""
        return true(self._run(_Values(processed, current or processed)))

    @override
    def __str__(self) -> str:
        """Return it as it was written."""
        return self.text


def _apply(function: Function, inner: _Run, values: _Values) -> Value:
    return function(inner(values))


def _choose(condition: _Run, one: _Run, other: _Run, values: _Values) -> Value:
    return (one if true(condition(values)) else other)(values)


def _link(
    first: _Run, others: tuple[tuple[Operator, _Run], ...], values: _Values
) -> Value:
    """Evaluate operators of the same strength from left to right."""
    value = first(values)
    for operation, run in others:
        value = operation(value, run(values))
    return value


def _around(token: Token, run: _Run, *parts: _Node) -> _Node:
    """Return a node that is made of others, if it is not too deep.

    Raises:
        FormulaError: it is.

    """
    depth = 1 + max(part.depth for part in parts)
    if depth > MAX_DEPTH:
        raise FormulaError(
            column=_column(token),
            problem=f"expected at most {MAX_DEPTH} parts within each other",
        )
    return _Node(
        run,
        depth,
        frozenset().union(*(part.processed for part in parts)),
        frozenset().union(*(part.current for part in parts)),
    )


@v_args(inline=True)
class _Nodes(Transformer[Token, _Node]):
    """Makes nodes while a formula is parsed: no tree is ever walked."""

    def number(self, token: Token) -> _Node:
        value = float(token)
        return _Node(lambda _values: value)

    def text(self, token: Token) -> _Node:
        value = str(token[1:-1])
        return _Node(lambda _values: value)

    def processed(self, token: Token) -> _Node:
        name = _name(token)
        return _Node(
            lambda values: value_of(values.processed(name)), processed=frozenset({name})
        )

    def current(self, token: Token) -> _Node:
        name = _name(token)
        return _Node(
            lambda values: value_of(values.current(name)), current=frozenset({name})
        )

    def brackets(self, token: Token, inner: _Node) -> _Node:
        return _around(token, inner.run, inner)

    def prefix(self, token: Token, inner: _Node) -> _Node:
        function = FUNCTIONS[token.upper()]
        return _around(token, partial(_apply, function, inner.run), inner)

    def function(self, token: Token, _open: Token, inner: _Node) -> _Node:
        return self.prefix(token, inner)

    def choice(self, condition: _Node, token: Token, one: _Node, other: _Node) -> _Node:
        run = partial(_choose, condition.run, one.run, other.run)
        return _around(token, run, condition, one, other)

    def logic(self, first: _Node, *rest: Token | _Node) -> _Node:
        parts = [part for part in rest if isinstance(part, _Node)]
        tokens = [part for part in rest if isinstance(part, Token)]
        operators = [OPERATORS[token.upper()] for token in tokens]
        others = tuple(zip(operators, (part.run for part in parts), strict=True))
        return _around(tokens[0], partial(_link, first.run, others), first, *parts)

    comparison = sum = product = logic


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _name(token: Token) -> str:
    """Return the name of an attribute within its brackets.

    Raises:
        FormulaError: there is none.

    """
    name = token.lstrip("$")[1:-1].strip()
    if not name:
        raise FormulaError(
            column=_column(token), problem="expected the name of an attribute"
        )
    return name


_PARSER: Final = Lark(
    _GRAMMAR,
    parser="lalr",
    lexer="contextual",
    transformer=_Nodes(),
    maybe_placeholders=False,
)

_WORDS: Final = {
    "NUMBER": '$(name), a number, a "text"',
    "FACTOR": "an operator",
    "OPEN": "'('",
    "RPAR": "')'",
    "COLON": "':'",
    "$END": "the end",
}
"""What may come next, in words. All that begins a value may come where a number may,
and all operators where a factor may."""

_UNENDED: Final = {
    '"': 'expected a text that ends with "',
    "$": "expected $(name) or $$(name)",
}
"""What was begun by a character that is no part of a formula by itself."""


def _worded(text: str, err: UnexpectedInput) -> FormulaError:
    """Say where a text stops being a formula, and what was expected there."""
    kind = err.token.type if isinstance(err, UnexpectedToken) else ""
    ended = kind == "$END"
    at = len(text) if ended else err.pos_in_stream or 0
    problem = "" if kind else _UNENDED.get(text[at], "")
    if not problem:
        allowed = err.interactive_parser.accepts()  # type: ignore[no-untyped-call]
        expected = [word for name, word in _WORDS.items() if name in allowed]
        problem = f"expected {' or '.join(expected)}"
        problem += "" if ended else f", got {text[at : at + 20].split(maxsplit=1)[0]!r}"
    return FormulaError(column=at + 1, problem=problem)
