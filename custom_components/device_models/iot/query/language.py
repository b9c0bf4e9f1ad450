"""The filter language as people write it (protocol sheet §5.2 and §5.3).

Spaces and line ends are free, quotes single or double. NOT binds tightest, then &&,
then ||; brackets change that.
"""

from collections.abc import Callable
import re
from typing import Final, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from ..errors import FilterError, QueryError
from .expression import (
    Age,
    And,
    Compare,
    Contains,
    Exists,
    Expression,
    Has,
    In,
    Like,
    Matches,
    Modulo,
    Not,
    Or,
    Sign,
    Within,
)
from .places import UNITS
from .terms import CREATED, PLAIN_NAME, Date, Path, Reference, Regex, Special, Value

MAX_LENGTH: Final = 4_000
"""Characters of a filter; those that people write have 200."""

_GRAMMAR: Final = rf"""
?start: either
either: both (OR both)*
both: unary (AND unary)*
?unary: NOT unary -> negation
      | "(" either ")"
      | test

?test: path COMPARISON (value | path) -> compare
     | path "%" NUMBER COMPARISON NUMBER -> modulo
     | path _LIKE REGEX -> like
     | path _IN (values | reference) -> one_of
     | path _CONTAINS values -> contains
     | path _WITHIN NUMBER UNIT _OF "[" NUMBER "," NUMBER "]" -> within
     | path _WITHIN NUMBER UNIT _OF "[" _ZIP "=" NUMBER "]" -> within
     | _EXISTS path -> exists
     | _HAS NAME -> has
     | _MATCHES REGEX -> matches
     | _AGE ("(" STRING ")")? COMPARISON NUMBER -> age

values: "[" (value ("," value)*)? "]"
reference: "$" NAME (_part)+
path: (NAME | "[" STRING "]") (_part)*
_part: "." NAME | "[" STRING "]"
?value: NUMBER -> number
      | STRING -> string
      | TRUTH -> truth
      | _DATE "(" NUMBER ")" -> date
      | SPECIAL "(" STRING ")" -> special

OR: "||"
AND: "&&"
NOT.1: /!|NOT(?![A-Za-z0-9_@:-])/
COMPARISON: "==" | "!=" | "<=" | ">=" | "<" | ">"
_LIKE: "=~"
_IN: "IN"
_CONTAINS: "CONTAINS"
_WITHIN: "WITHIN"
_OF: "OF"
_ZIP: "ZIP"
_EXISTS: "EXISTS"
_HAS: "HAS"
_MATCHES: "MATCHES"
_AGE: "AGE"
_DATE: "Date"
SPECIAL.1: /(ObjectId|Email)(?=\s*\()/
TRUTH.1: /(true|false)(?![A-Za-z0-9_@:-])/
UNIT: /{"|".join(sorted(UNITS, key=len, reverse=True))}/
NAME: /{PLAIN_NAME}/
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
STRING: /'(\\.|[^'\\])*'|"(\\.|[^"\\])*"/s
REGEX: /\/(\\.|[^\/\\])*\/[A-Za-z]*/s
%ignore /\s+/
"""


class _Wrong(Exception):  # noqa: N818  (becomes a FilterError)
    """A part of a filter cannot be used."""

    def __init__(self, position: int, problem: str) -> None:
        """Name the place in the text and what was expected."""
        super().__init__(problem)
        self.position = position
        self.problem = problem


def _made[T](token: Token, make: Callable[[], T]) -> T:
    """Make a part, and say of one that cannot be where it stands.

    Raises:
        _Wrong: it cannot be.

    """
    position = token.start_pos or 0
    try:
        return make()
    except FilterError as err:  # within the slashes of a regular expression
        raise _Wrong(position + 1 + err.position, err.problem) from None
    except QueryError as err:
        raise _Wrong(position, err.details["problem"]) from None


def _number(token: Token) -> int | float:
    """Return the number that a token spells.

    Raises:
        _Wrong: it is too large.

    """
    plain = re.fullmatch(r"[+-]?[0-9]{1,18}", token)
    number = int(token) if plain else float(token)
    if abs(number) == float("inf"):
        raise _Wrong(token.start_pos or 0, "expected a smaller number")
    return number


def _text(token: Token) -> str:
    """Return the text of a token.

    A backslash before another character than a quote or a backslash stands for itself:
    clients of the platform send it like that.
    """
    return re.sub(r"\\([\\'\"])", r"\1", token[1:-1])


def _regex(token: Token) -> Regex:
    """Return the regular expression of a token.

    Raises:
        _Wrong: it is none.

    """
    source, _slash, flags = token[1:].rpartition("/")
    return _made(token, lambda: Regex(source, flags))


@v_args(inline=True)
class _Nodes(Transformer[Token, Expression]):
    """Makes nodes while a filter is parsed: no tree is ever walked."""

    def either(self, *parts: Expression | Token) -> Expression:
        return _joined(Or, parts)

    def both(self, *parts: Expression | Token) -> Expression:
        return _joined(And, parts)

    def negation(self, token: Token, part: Expression) -> Expression:
        return _made(token, lambda: Not(part))

    def compare(self, path: Path, sign: Token, value: Value | Path) -> Expression:
        return Compare(path, Sign(sign), value)

    def modulo(self, path: Path, by: Token, sign: Token, rest: Token) -> Expression:
        numbers = _number(by), _number(rest)
        at = sign if numbers[0] else by
        return _made(at, lambda: Modulo(path, numbers[0], Sign(sign), numbers[1]))

    def like(self, path: Path, regex: Token) -> Expression:
        return Like(path, _regex(regex))

    def one_of(self, path: Path, values: tuple[Value, ...] | Reference) -> Expression:
        return In(path, values)

    def contains(self, path: Path, values: tuple[Value, ...]) -> Expression:
        return Contains(path, values)

    def within(
        self, path: Path, distance: Token, unit: Token, *place: Token
    ) -> Expression:
        center: tuple[float, float] | str
        match place:
            case latitude, longitude:
                center = _number(latitude), _number(longitude)
            case _:
                center = str(place[0])
        at = place[0] if _number(distance) >= 0 else distance
        return _made(at, lambda: Within(path, _number(distance), str(unit), center))

    def exists(self, path: Path) -> Expression:
        return Exists(path)

    def has(self, name: Token) -> Expression:
        return _made(name, lambda: Has(str(name)))

    def matches(self, regex: Token) -> Expression:
        return Matches(_regex(regex))

    def age(self, *tokens: Token) -> Expression:
        *named, sign, number = tokens
        name = _text(named[0]) if named else CREATED
        return _made(number, lambda: Age(Sign(sign), _number(number), name))

    def values(self, *values: Value) -> tuple[Value, ...]:
        return values

    def reference(self, name: Token, *parts: Token) -> Reference:
        return Reference(str(name), self.path(*parts))

    def path(self, *parts: Token) -> Path:
        names = (_text(one) if one.type == "STRING" else str(one) for one in parts)
        return Path(tuple(names))

    def number(self, token: Token) -> Value:
        return _number(token)

    def string(self, token: Token) -> Value:
        return _text(token)

    def truth(self, token: Token) -> Value:
        return str(token) == "true"

    def date(self, token: Token) -> Value:
        return Date(round(_number(token)))

    def special(self, kind: Token, token: Token) -> Value:
        return Special(str(kind), _text(token))


def _joined(kind: type[And | Or], parts: tuple[Expression | Token, ...]) -> Expression:
    """Return expressions joined by the tokens between them."""
    expressions = tuple(part for part in parts if isinstance(part, Expression))
    tokens = [part for part in parts if isinstance(part, Token)]
    return _made(tokens[0], lambda: kind(expressions)) if tokens else expressions[0]


_PARSER: Final = Lark(
    _GRAMMAR,
    parser="lalr",
    lexer="contextual",
    transformer=_Nodes(),
    maybe_placeholders=False,
)

_WORDS: Final = {
    "UNIT": " or ".join(UNITS),
    "_OF": "OF",
    "NUMBER": "a number",
    "STRING": "a 'text'",
    "TRUTH": "true or false",
    "NAME": "a name",
    "REGEX": "a regular expression between slashes",
    "_EXISTS": "EXISTS, HAS, MATCHES, AGE",
    "NOT": "NOT",
    "LPAR": "(",
    "COMPARISON": "a comparison (== != < <= > >=)",
    "_LIKE": "=~, IN, CONTAINS, WITHIN",
    "LSQB": "[",
    "AND": "&&",
    "OR": "||",
    "RPAR": ")",
    "RSQB": "]",
    "COMMA": "a comma",
    "DOT": ".",
    "EQUAL": "=",
    "_ZIP": "ZIP",
    "$END": "the end",
}
"""What may come next, in words."""

_BEGUN: Final = {
    "'": "expected a text that ends with '",
    '"': 'expected a text that ends with "',
    "/": "expected a regular expression that ends with /",
    "=": "expected ==",
    "&": "expected &&",
    "|": "expected ||",
}
"""What was begun by a character that is no part of a filter by itself."""


def parse(text: str) -> Expression:
    """Return the expression that a text spells.

    Raises:
        FilterError: it is none; says where, and what was expected there.

    """
    if len(text) > MAX_LENGTH:
        problem = f"expected at most {MAX_LENGTH} characters"
        raise FilterError(source=text, position=MAX_LENGTH, problem=problem)
    try:
        return cast("Expression", _PARSER.parse(text))  # what the transformer makes
    except _Wrong as err:
        position, problem = err.position, err.problem
    except UnexpectedInput as err:
        position, problem = _worded(text, err)
    raise FilterError(source=text, position=position, problem=problem)


def _worded(text: str, err: UnexpectedInput) -> tuple[int, str]:
    """Return where a text stops being a filter, and what was expected there."""
    kind = err.token.type if isinstance(err, UnexpectedToken) else ""
    ended = kind == "$END"
    position = len(text) if ended else err.pos_in_stream or 0
    problem = _BEGUN.get(text[position], "") if kind in ("", "EQUAL") else ""
    if not problem:
        allowed = err.interactive_parser.accepts()  # type: ignore[no-untyped-call]
        *most, last = [word for name, word in _WORDS.items() if name in allowed]
        problem = (
            f"expected {', '.join(most)} or {last}" if most else f"expected {last}"
        )
        if not ended:
            got = text[position : position + 20].split(maxsplit=1)[0]
            problem += f", got {got!r}"
    return position, problem
