r"""The language of regular expressions in filters: what a pattern is made of.

It is what Java's and Python's dialects have in common: characters, ``.``, classes,
``\d \w \s`` and their opposites, ``^ $ \b \B \A \z``, groups, ``|``, and how often.
"""

from collections.abc import Sequence
import re
from typing import Final, NamedTuple, cast

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args

from ..errors import FilterError

MAX_PATTERN: Final = 500
"""Characters."""

MAX_SIZE: Final = 1_000
"""Parts of a pattern, its repetitions written out."""

MAX_DEPTH: Final = 20
"""Groups within each other."""

_GRAMMAR: Final = r"""
?start: choice
choice: sequence ("|" sequence)*
sequence: repeated*
?repeated: atom | atom QUANTIFIER -> repeat
?atom: CHARACTER -> character
     | DOT -> dot
     | ASSERTION -> assertion
     | OPEN choice ")" -> group

OPEN: "(" ("?:" | "?<" /[A-Za-z][A-Za-z0-9]*/ ">")?
QUANTIFIER: /([*+?]|\{\d+(,\d*)?\})\??/
DOT: "."
ASSERTION: "^" | "$" | /\\[bBAz]/
CHARACTER: /[^\\^$.|?*+()\[{]/s | ESCAPED | CLASS
CLASS: "[" "^"? (/[^\\\[\]]/s | ESCAPED)+ "]"
ESCAPED: /\\([^A-Za-z0-9]|[dDsSwWtnrf]|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2})/s
"""

_SET_SIGNS: Final = ("&&", "--", "~~", "||")
"""What Java means, or Python may mean one day, by signs in classes."""


class Part(NamedTuple):
    """A part of a pattern, before its repetitions are written out."""

    kind: str
    parts: tuple[Part, ...] = ()
    token: str = ""
    low: int = 0
    high: int | None = None
    size: int = 1
    """Places that it will take."""
    depth: int = 0


def single(token: str, flags: re.RegexFlag = re.ASCII) -> re.Pattern[str]:
    """Return Python's pattern for a single character, which it finds at once."""
    return re.compile(token, flags)


@v_args(inline=True)
class _Parts(Transformer[Token, Part]):
    """Makes parts while a pattern is parsed."""

    def character(self, token: Token) -> Part:
        if len(token) > 2 and any(sign in token for sign in _SET_SIGNS):
            raise _Wrong(token, "expected no &&, --, ~~ or || in a class")
        try:
            single(str(token))
        except re.PatternError as err:
            raise _Wrong(token, f"expected a class like [a-z]: {err.msg}") from None
        return Part("fits", token=str(token))

    def dot(self, token: Token) -> Part:
        return Part("fits", token=str(token))

    def assertion(self, token: Token) -> Part:
        return Part("holds", token=str(token))

    def group(self, token: Token, inner: Part) -> Part:
        if inner.depth >= MAX_DEPTH:
            raise _Wrong(token, f"expected at most {MAX_DEPTH} groups in each other")
        return inner._replace(depth=inner.depth + 1)

    def repeat(self, inner: Part, token: Token) -> Part:
        sign = token.rstrip("?") or "?"
        match sign:
            case "*":
                low, high = 0, None
            case "+":
                low, high = 1, None
            case "?":
                low, high = 0, 1
            case _:
                first, comma, last = sign.strip("{}").partition(",")
                low = int(first)
                high = int(last) if last else None if comma else low
        if high is not None and high < low:
            raise _Wrong(token, "expected the smaller number first")
        size = 1 + inner.size * max(low + (high is None), high or 0, 1)
        if size > MAX_SIZE:
            raise _Wrong(token, "the pattern is too large")
        return Part("repeat", (inner,), "", low, high, size, inner.depth)

    def choice(self, *parts: Part) -> Part:
        return parts[0] if len(parts) == 1 else _together("choice", parts)

    def sequence(self, *parts: Part) -> Part:
        return _together("sequence", parts)


class _Wrong(Exception):  # noqa: N818  (becomes a FilterError)
    """A part of a pattern cannot be used."""

    def __init__(self, token: Token, problem: str) -> None:
        """Name the part and what was expected."""
        super().__init__(problem)
        self.position = token.start_pos or 0
        self.problem = problem


def _together(kind: str, parts: Sequence[Part]) -> Part:
    size = 1 + sum(part.size for part in parts)
    depth = max((part.depth for part in parts), default=0)
    return Part(kind, tuple(parts), size=size, depth=depth)


_PARSER: Final = Lark(
    _GRAMMAR, parser="lalr", transformer=_Parts(), maybe_placeholders=False
)

_HINTS: Final = {
    "(?": "expected (…), (?:…) or (?<name>…): nothing that looks around or sets flags",
    "[": "expected a class like [a-z], with ] and without another class in it",
    ")": "expected ( before )",
    "\\": (
        "expected \\ before a sign, or what Java and Python both know: "
        "\\d \\D \\w \\W \\s \\S \\b \\B \\A \\z \\t \\n \\r \\f \\xhh \\uhhhh"
    ),
    "{": "expected how often, like {2} or {2,5}; or \\{ for the character",
    "": "expected something to be repeated; or \\ before the sign for the character",
}
"""What is wrong, by what a pattern cannot go on with."""


def parse(source: str) -> Part:
    """Return what a pattern is made of.

    Raises:
        FilterError: it is none, or not one in both Java and Python.

    """
    if len(source) > MAX_PATTERN:
        raise FilterError(
            source=source,
            position=MAX_PATTERN,
            problem=f"expected at most {MAX_PATTERN} characters",
        )
    try:
        return cast("Part", _PARSER.parse(source))  # what the transformer makes
    except _Wrong as err:
        position, problem = err.position, err.problem
    except UnexpectedInput as err:
        if isinstance(err, UnexpectedToken) and err.token.type == "$END":
            position, problem = len(source), "expected )"
        else:
            position = err.pos_in_stream or 0
            if source[position - 1 : position + 1] == "(?":
                position -= 1
            rest = source[position:]
            problem = next(_HINTS[sign] for sign in _HINTS if rest.startswith(sign))
    raise FilterError(source=source, position=position, problem=problem)
