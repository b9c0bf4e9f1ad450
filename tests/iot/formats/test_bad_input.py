"""Files that are meant to do harm, or do so by accident: refused, and at once."""

from collections.abc import Callable
import json
import time
from typing import Final

import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import load

AT_ONCE: Final = 1.0
"""Seconds."""

ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><LWM2M>&m;</LWM2M>"
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<LWM2M><Object><Name>&a;</Name></Object></LWM2M>"
)
WOT = "https://www.w3.org/2022/wot/td/v1.1"


def deep(levels: int, around: Callable[[object], object]) -> bytes:
    """Return a document of so many levels."""
    document: object = 1
    for _ in range(levels):
        document = around(document)
    return json.dumps(document).encode()


def thing_model(**links: str) -> bytes:
    """Return a Thing Model that extends others."""
    return json.dumps(
        {
            "@context": WOT,
            "@type": "tm:ThingModel",
            "title": "X",
            "links": [{"rel": "tm:extends", "href": href} for href in links.values()],
        }
    ).encode()


BAD: list[tuple[str, bytes, str]] = [
    ("10 MB", b'{"attributes": []}' + b" " * 10_000_000, "at most 1048576 bytes"),
    ("50 deep", deep(50, lambda inner: {"model": inner}), "at most 32 levels"),
    ("50 deep arrays", deep(50, lambda inner: [inner]), "at most 32 levels"),
    ("50 deep YAML", b"a:" + b" [" * 50, "at most 32 levels"),
    ("deep far beyond", b'{"a":' * 200_000, "at most 32 levels"),
    ("entity expansion", ENTITIES.encode(), "XML"),
    ("entity from outside", OUTSIDE.encode(), "XML"),
    ("UTF-16", '{"attributes": []}'.encode("utf-16"), "expected UTF-8"),
    ("Latin-1", '{"name": "Kühler"}'.encode("latin-1"), "expected UTF-8"),
    ("UTF-16 XML", '<?xml version="1.0"?><LWM2M/>'.encode("utf-16"), "expected UTF-8"),
    ("Latin-1 XML", "<LWM2M><a>ü</a></LWM2M>".encode("latin-1"), "expected UTF-8"),
    ("deep XML", b"<LWM2M>" + b"<a>" * 100_000, "XML"),
    ("aliases", b"a: &a [1]\nb: [*a, *a]", "no aliases"),
    ("a file of itself", b"model: itself", "references that end"),
    ("a file of a file of itself", b"model: other", "references that end"),
    ("a Thing Model of itself", thing_model(a="itself.tm"), "references that end"),
    ("many references", b"model: more0", "references that end"),
    ("a reference to nothing", b"model: missing", "not here"),
    ("long lines of YAML", b"a: " + b"[1, " * 250_000, "at most 32 levels"),
    ("many keys of YAML", b"".join(b"k%d: 1\n" % n for n in range(80_000)), "at most"),
]

FILES = {
    "itself": b"model: itself",
    "other": b"model: another",
    "another": b"model: other",
    "itself.tm": thing_model(a="itself.tm"),
} | {f"more{n}": b"model: more%d" % (n + 1) for n in range(20)}


def fetch(reference: str) -> bytes:
    """Return one of a few files."""
    if reference in FILES:
        return FILES[reference]
    raise ModelError(source=reference, where="", problem="it is not here")


@pytest.mark.parametrize(
    ("data", "problem"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_is_refused_at_once_and_with_the_reason(data: bytes, problem: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelError) as caught:
        load(data, "bad", fetch)
    assert time.perf_counter() - start < AT_ONCE
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert "root:" not in str(caught.value)
