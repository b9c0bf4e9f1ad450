"""The CoRE link format: RFC 6690 §2 and its examples in §5, and what is not it."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.formats.ipso.links import (
    MAX_LINKS,
    MAX_PARAMETERS,
    looks_like_links,
    parse_links,
)
from custom_components.device_models.iot.reading import Unusable


def read(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return targets and parameters."""
    return [(link.target, dict(link.parameters)) for link in parse_links(text)]


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("</a>", [("/a", {})]),
        ("<>", [("", {})]),
        ("</a>,</b>", [("/a", {}), ("/b", {})]),
        ("</a>;obs", [("/a", {"obs": ""})]),
        ("</a>;ct=0;if=sensor", [("/a", {"ct": "0", "if": "sensor"})]),
        ('</a>;rt="x y";sz=9', [("/a", {"rt": "x y", "sz": "9"})]),
        ('</a>;title=""', [("/a", {"title": ""})]),
        ('</a>;title="a, b; <c>"', [("/a", {"title": "a, b; <c>"})]),
        (r'</a>;title="a \"b\" \\c"', [("/a", {"title": r'a "b" \c'})]),
        ("</a>;title*=UTF-8'en'x", [("/a", {"title*": "UTF-8'en'x"})]),
        ("</a>;RT=x;rt=y", [("/a", {"rt": "x"})]),
        ("<coap://h/x>;rel=up", [("coap://h/x", {"rel": "up"})]),
        (
            "\n </a> ; obs ;\tct = 0 ,\r\n </b>\n",
            [("/a", {"obs": "", "ct": "0"}), ("/b", {})],
        ),
        ('</a>;anchor="/b";rel=up', [("/a", {"anchor": "/b", "rel": "up"})]),
    ],
)  # fmt: skip
def test_links_are_read(text: str, links: list[tuple[str, dict[str, str]]]) -> None:
    assert read(text) == links


def test_a_parameter_may_be_a_list() -> None:
    (link,) = parse_links('</a>;rt="one  two";obs')
    assert link.terms("rt") == ("one", "two")
    assert link.terms("obs") == link.terms("if") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "link 1: expected <target>, got ''"),
        ("/a", "link 1: expected <target>, got '/a'"),
        ("</a", "link 1: expected <target>, got '</a'"),
        ("</a b>", "link 1: expected <target>, got '</a b>'"),
        ("</a>,", "link 2: expected <target>, got ''"),
        ("</a>,,</b>", "link 2: expected <target>, got ',</b>'"),
        ("</a></b>", "link 1: expected a comma or semicolon, got '</b>'"),
        ("</a>;", "link 1: expected a comma or semicolon, got ';'"),
        ("</a>;=x", "link 1: expected a comma or semicolon, got ';=x'"),
        ("</a>;rt=", "link 1: expected a value for 'rt'"),
        ('</a>;rt="x', "link 1: expected a value for 'rt'"),
        ('</a>;rt="x\\"', "link 1: expected a value for 'rt'"),
        ('</a>;rt="x"y', "link 1: expected a comma or semicolon, got 'y'"),
        ("</a>" + ";x" * (MAX_PARAMETERS + 1), "link 1: expected at most 32"),
        (",".join(["</a>"] * (MAX_LINKS + 1)), ": expected at most 2000 links"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_links_is_refused(text: str, problem: str) -> None:
    with pytest.raises(Unusable) as raised:
        parse_links(text)
    assert str(raised.value).startswith(problem)


def test_as_many_as_there_may_be_are_read() -> None:
    assert len(parse_links(",".join(["</a>"] * MAX_LINKS))) == MAX_LINKS
    (link,) = parse_links("</a>" + "".join(f";x{n}" for n in range(MAX_PARAMETERS)))
    assert len(link.parameters) == MAX_PARAMETERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("</a>", True),
        ("\n</a>\n;obs", True),
        ("</a>,garbage", True),
        ("<?xml version='1.0'?><LWM2M/>", False),
        ("<LWM2M><Object/></LWM2M>", False),
        ("<html lang=en>", False),
        ("<LWM2M/>", False),
        ("<?xml?>", False),
        ("<!---->", False),
        ("<>,</a/>", True),
        ("</a/>", True),
        ("<temp>;obs", True),
        ("plain", False),
        ("", False),
    ],
)
def test_links_are_told_from_xml_by_how_they_begin(text: str, expected: bool) -> None:
    assert looks_like_links(text) is expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='</>;,="\\ax 0*é\n') | st.text())
def test_garbage_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        assert parse_links(text)
    except Unusable as err:
        message = str(err)
    assert len(message) < 200
