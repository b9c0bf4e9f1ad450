"""Filters as people write them: protocol sheet "flowthings" §5.2 and §5.3."""

from contextlib import suppress
from time import perf_counter
from typing import Final

import pytest

from custom_components.device_models.iot.errors import FilterError, InvalidInputError
from custom_components.device_models.iot.query.language import MAX_LENGTH, parse

SAME: Final = [
    # §5.2
    ("m%5==0", "m % 5 == 0"),
    ("m % 5 != 0", "m % 5 != 0"),
    ('a == "x"', "a == 'x'"),
    ('a == "it\'s"', r"a == 'it\'s'"),
    ("a=='x'&&b<2", "(a == 'x') && (b < 2)"),
    ("  a\n==\t1 ", "a == 1"),
    ("a == Date(1483228800000)", "a == Date(1483228800000)"),
    ("a == ObjectId('f1')", "a == ObjectId('f1')"),
    ('a == Email("x@y.z")', "a == Email('x@y.z')"),
    # §5.3: NOT, then &&, then ||
    ("NOT (a == 1) && b == 2", "(NOT a == 1) && (b == 2)"),
    ("!a == 1", "NOT a == 1"),
    ("NOT !a == 1", "NOT NOT a == 1"),
    ("a == 1 || b == 2 && c == 3", "(a == 1) || ((b == 2) && (c == 3))"),
    ("(a == 1 || b == 2) && c == 3", "((a == 1) || (b == 2)) && (c == 3)"),
    ("a == 1 && b == 2 && c == 3", "(a == 1) && (b == 2) && (c == 3)"),
    ("((a == 1))", "a == 1"),
    ("a WITHIN 5KM OF[-1.5,+2]", "a WITHIN 5 KM OF [-1.5,2]"),
    ("a WITHIN 5 M OF [1,2]", "a WITHIN 5 M OF [1,2]"),
    ("a WITHIN 5 METERS OF [1,2]", "a WITHIN 5 METERS OF [1,2]"),
    ("AGE('x') < 1e3", "AGE('x') < 1000.0"),
    ("a IN []", "a IN []"),
    # Words of the language as names
    ("IN == 1", "IN == 1"),
    ("elems.AGE > 1", "elems.AGE > 1"),
    ("trueish == false", "trueish == false"),
    ("NOTE == 1", "NOTE == 1"),
    ("a == Dated", "a == Dated"),
    ("a == ['Date']", "a == ['Date']"),
    # A backslash before a letter stands for itself, as clients send it
    (r"a == 'C:\temp'", r"a == 'C:\\temp'"),
    (r"a == 'x\\'", r"a == 'x\\'"),
    (r"a =~ /a\/b/", r"a =~ /a\/b/"),
]

WRONG: Final = [
    ("", 1, 1, "expected a name, EXISTS, HAS, MATCHES, AGE, NOT, ( or ["),
    ("a", 1, 2, "expected a comparison (== != < <= > >=) or =~, IN, CONTAINS, WITHIN"),
    ("a = 1", 1, 3, "expected =="),
    ("a == 1 & b == 2", 1, 8, "expected &&"),
    ("a == 1 | b == 2", 1, 8, "expected ||"),
    ("a == 1 AND b == 2", 1, 8, "expected &&, || or the end, got 'AND'"),
    ("a ==", 1, 5, "expected a number, a 'text', true or false, a name or ["),
    ("a == 'x", 1, 6, "expected a text that ends with '"),
    ('a == "x', 1, 6, 'expected a text that ends with "'),
    ("a =~ /x", 1, 6, "expected a regular expression that ends with /"),
    ("(a == 1", 1, 8, "expected )"),
    ("a == 1)", 1, 7, "expected the end, got ')'"),
    ("x == 1 &&\n  y ==\n  ]", 3, 3, "expected a number"),
    ("a =~ /a(b/", 1, 10, "expected )"),
    ("a == 1 &&\n a =~ /a(?=b)/", 2, 9, "nothing that looks around"),
    ("MATCHES /a/q", 1, 9, "expected of the flags i, m, s, got 'q'"),
    ("a WITHIN 5 PARSEC OF [1,2]", 1, 12, "got 'PARSEC'"),
    ("a WITHIN 5 KM OF [91,2]", 1, 19, "expected a latitude within 90"),
    ("a WITHIN -5 KM OF [1,2]", 1, 10, "expected a distance"),
    ("a WITHIN 5 KM OF [ZIP=1.5]", 1, 23, "expected a ZIP code of digits"),
    ("AGE > 0", 1, 7, "expected an age in milliseconds, which is above 0"),
    ("HAS colour", 1, 5, "expected a type (boolean, integer"),
    ("a % 0 == 1", 1, 5, "expected a number to divide by"),
    ("a % 2 > 1", 1, 7, "expected == or !="),
    ("a == 1e999", 1, 6, "expected a smaller number"),
    ("a IN 5", 1, 6, "expected ["),
    ("a IN ['x',]", 1, 11, "expected a number, a 'text' or true or false"),
    ("a == #", 1, 6, "got '#'"),
    ("NOT " * 60 + "a == 1", 1, 41, "expected at most 50 levels"),
    ("a" * 4001, 1, MAX_LENGTH + 1, "expected at most 4000 characters"),
]


@pytest.mark.parametrize(("text", "spelled"), SAME)
def test_what_people_write(text: str, spelled: str) -> None:
    assert str(parse(text)) == spelled


@pytest.mark.parametrize(("text", "line", "column", "problem"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    text: str, line: int, column: int, problem: str
) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    told = caught.value.details
    assert (told["line"], told["column"]) == (str(line), str(column))
    assert problem in told["problem"]
    assert isinstance(caught.value, InvalidInputError)
    assert f"line {line}, column {column}: " in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["(" * 1990 + "a == 1", "a == 1" + " || a == 1" * 390, "[" * 4000, "/" * 4000],
)
def test_hostile_texts_take_no_time(text: str) -> None:
    """Nothing here calls itself as deep as a text is: 4000 characters are read."""
    begun = perf_counter()
    with suppress(FilterError):
        parse(text)
    assert perf_counter() - begun < 5
