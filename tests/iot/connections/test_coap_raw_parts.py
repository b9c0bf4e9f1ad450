"""What a raw CoAP request is made of: its URI, its options and its payload."""

from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.connections.coap.options import (
    RawOption,
    option_of,
)
from custom_components.device_models.iot.connections.coap.payload import (
    MAX_BYTES,
    from_base64,
    shown,
    written,
)
from custom_components.device_models.iot.connections.coap.raw import RawRequest
from custom_components.device_models.iot.connections.coap.uri import (
    joined,
    parse_uri,
    resolved,
    same_host,
)
from custom_components.device_models.iot.errors import ValueRefusedError

# URIs


@pytest.mark.parametrize(
    ("uri", "spelled"),
    [
        ("coap://localhost", "coap://localhost:5683/"),
        ("coap://h/", "coap://h:5683/"),
        ("COAP://H.example.:7/a//b/", "coap://h.example.:7/a//b/"),
        ("coaps://h/x?a=1&b", "coaps://h:5684/x?a=1&b"),
        ("coap+tcp://1.2.3.4", "coap+tcp://1.2.3.4:5683/"),
        ("coap+ws://h", "coap+ws://h:80/"),
        ("coap://h:0/%C3%A4/%2F?q=%26", "coap://h:0/%C3%A4/%2F?q=%26"),
        ("coap://[fe80::1%25eth0]:9/s", "coap://[fe80::1%25eth0]:9/s"),
    ],
)
def test_uri(uri: str, spelled: str) -> None:
    target = parse_uri(uri)
    assert target.uri == spelled
    assert parse_uri(target.uri) == target


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("http://h/", "expected one of coap,"),
        ("h/path", "expected one of coap,"),
        ("coap:///x", "expected a host"),
        ("coap://user@h/", "no user"),
        ("coap://h/#part", "no fragment"),
        ("coap://h:70000/", "out of range"),
        ("coap://[::g]/", "IPv6"),
        ("coap://a_b!/", "host name"),
        ("coap://ä.example/", "xn--"),
        ("coap://h/../x", "no names of resources"),
        ("coap://h/%ff", "utf-8"),
        ("coap://h/" + "x" * 256, "longer than 255"),
        ("coap://h/?" + "x" * 256, "longer than 255"),
        ("coap://h/a b", "without spaces"),
        ("coap://h/" + "x/" * 2000, "at most 2048"),
    ],
)
def test_uri_that_is_refused(uri: str, problem: str) -> None:
    with pytest.raises(ValueRefusedError, match=problem):
        parse_uri(uri)


@given(st.text(max_size=60).map("coap://".__add__) | st.text(max_size=60))
def test_any_text_as_uri(text: str) -> None:
    try:
        target = parse_uri(text)
    except ValueRefusedError:
        return
    assert parse_uri(target.uri).uri == target.uri


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Pump.local", "pump.local.", True),
        ("::1", "[0:0:0:0:0:0:0:1]", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("pump", "127.0.0.1", False),
    ],
)
def test_same_host(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same


@pytest.mark.parametrize(
    ("base", "path", "uri"),
    [
        ("room", "temp", "coap://h:1/room/temp"),
        ("/room/", "/temp", "coap://h:1/temp"),
        ("", "temp?x=1", "coap://h:1/temp?x=1"),
        ("room", "", "coap://h:1/room"),
    ],
)
def test_path_of_a_device(base: str, path: str, uri: str) -> None:
    assert joined("coap://h:1", base, path) == uri


def test_references_of_links() -> None:
    assert resolved("coap://h:1", "/a/b") == "coap://h:1/a/b"
    assert resolved("coap://h:1", "coap://other/a") == "coap://other/a"
    assert resolved("coap://h:1", "coap://[::g/a") == "coap://[::g/a"


# Options and payloads


@pytest.mark.parametrize(
    ("value", "kind", "data"),
    [
        ("00ff", "opaque", b"\x00\xff"),
        ("", "opaque", b""),
        ("grün", "string", "grün".encode()),
        (0, "uint", b""),
        ("300", "uint", b"\x01\x2c"),
        (2**32 - 1, "uint", b"\xff" * 4),
    ],
)
def test_option(value: object, kind: str, data: bytes) -> None:
    assert option_of(65000, value, kind) == RawOption(65000, data)


@pytest.mark.parametrize(
    ("number", "value", "kind", "problem"),
    [
        (0, "", "opaque", "from 1 to 65535"),
        (65536, "", "opaque", "from 1 to 65535"),
        (35, "coap://elsewhere/", "string", "proxies are not used"),
        (6, 0, "uint", "an action to observe"),
        (65000, "0", "opaque", "fromhex"),
        (65000, 7, "opaque", "fromhex"),
        (65000, 2**32, "uint", "expected 0 to"),
        (65000, True, "uint", "whole number"),
        (65000, 1.5, "uint", "whole number"),
        (65000, "x" * 1035, "string", "at most 1034"),
        (65000, "x", "float", "as type"),
        (8, "ff", "opaque", "utf-8"),
    ],
)
def test_option_that_is_refused(
    number: int, value: object, kind: str, problem: str
) -> None:
    with pytest.raises(ValueRefusedError, match=problem):
        option_of(number, value, kind)


@pytest.mark.parametrize(
    ("value", "content_format", "data", "said"),
    [
        ("on", None, b"on", None),
        ("{}", 50, b"{}", 50),
        ({"on": True}, None, b'{"on":true}', 50),
        ([1, 2], 60, b"\x82\x01\x02", 60),
        ([{0: "t", 2: 1}], 112, b"\x81\xa2\x00at\x02\x01", 112),
        ([{"n": "t", "v": 1}], 110, b'[{"n":"t","v":1}]', 110),
        (21.5, None, b"21.5", None),
        (True, 0, b"true", 0),
    ],
)
def test_payload_that_is_sent(
    value: object, content_format: int | None, data: bytes, said: int | None
) -> None:
    assert written(value, content_format) == (data, said)


def nested(depth: int) -> list[Any]:
    """Return lists in lists."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "content_format", "problem"),
    [
        ({"a": 1}, 42, "not written in format 42"),
        ({"a": 1}, 40000, "not written in format 40000"),
        ({"a": {1}}, 50, "unexpected set"),
        ({"a": {1, object()}}, 60, "payload"),
        (nested(100_000), 60, "nested deeper"),
        (float("nan"), 50, "payload"),
        ("x" * (MAX_BYTES + 1), None, "at most"),
    ],
)
def test_payload_that_is_refused(
    value: object, content_format: int | None, problem: str
) -> None:
    with pytest.raises(ValueRefusedError, match=problem):
        written(value, content_format)


def test_payload_in_base64() -> None:
    assert from_base64("AP8=") == b"\x00\xff"
    with pytest.raises(ValueRefusedError, match="expected base64"):
        from_base64("?")


@pytest.mark.parametrize(
    ("data", "content_format", "said"),
    [
        (b"", 50, None),
        (b"21.5", None, "21.5"),
        (b"\xff", None, None),
        (b'{"a":[1,null]}', 50, {"a": [1, None]}),
        (b"\xa1aa\x01", 60, {"a": 1}),
        (b"</a>", 40, "</a>"),
        (b'[{"n":"t","v":1}]', 110, {"t": 1}),
        (b"\x00\x01", 42, None),
        (b"x", 40000, None),
    ],
)
def test_payload_that_is_shown(
    data: bytes, content_format: int | None, said: object
) -> None:
    assert shown(data, content_format) == (said, None)


def test_payload_that_is_not_what_it_says() -> None:
    said, problem = shown(b"{", 50)
    assert said is None
    assert problem is not None
    assert "JSON" in problem


@pytest.mark.parametrize(
    "more",
    [
        {"etags": (b"",)},
        {"etags": (b"x" * 9,)},
        {"etags": (b"x",) * 9},
        {"if_match": (b"x" * 9,)},
        {"options": (RawOption(65000, b""),) * 33},
        {"target": parse_uri("coap://224.0.1.187")},
        {"target": parse_uri("coap://[ff02::fd%25lo]")},
    ],
)
def test_request_that_cannot_be_said(more: dict[str, Any]) -> None:
    with pytest.raises(ValueRefusedError):
        RawRequest(**{"target": parse_uri("coap://h")} | more)
