"""Model files of any format: what is usable at all, and what is said if it is not."""

from collections.abc import Mapping
import json
from typing import Any

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    load,
    load_document,
)

from ..samples import THERMO, attributes

GOOD = json.dumps(THERMO).encode()


def nested(levels: int) -> Any:
    """Return a document of so many levels."""
    document: Any = {}
    for _ in range(levels - 1):
        document = {"x": document}
    return document


UNUSABLE_FILES: list[tuple[str, bytes, str, str]] = [
    ("empty", b"", "(top)", "expected a model, the file is empty"),
    ("not JSON", b"{urn: x}", "(top)", "expected JSON (Expecting property name"),
    ("truncated", GOOD[:-20], "(top)", "expected JSON ("),
    ("trailing data", GOOD + b"x", "(top)", "expected JSON (Extra data"),
    ("Latin-1", b'{"name": "K\xfchler"}', "(top)", "expected UTF-8 ("),
    ("UTF-16", json.dumps(THERMO).encode("utf-16"), "(top)", "expected UTF-8"),
    (
        "too large",
        b" " * (MAX_FILE_BYTES + 1),
        "(top)",
        "expected at most 1048576 bytes, got 1048577",
    ),
    ("far too deep", b"[" * 200_000, "(top)", "expected at most 32 levels"),
    (
        "too deep",
        json.dumps(nested(MAX_DEPTH + 1)).encode(),
        ".".join("x" * MAX_DEPTH),
        "expected at most 32 levels",
    ),
    ("NaN", b'{"urn": NaN}', "(top)", "expected JSON; NaN is no JSON number"),
    ("infinity", b'{"urn": -Infinity}', "(top)", "-Infinity is no JSON number"),
    ("a key twice", b'{"a": {"b": 1, "b": 2}}', "(top)", "got 'b' again"),
    ("huge integer", b'{"x": [1, 18446744073709551616]}', "x[1]", "at most 64 bits"),
    ("5000 digits", b'{"x": %s}' % (b"1" * 5000), "(top)", "expected JSON (Exceeds"),
    ("huge fraction", b'{"x": {"y": 1e999}}', "x.y", "expected finite numbers"),
    (
        "lone surrogate",
        rb'{"x": "\ud800"}',
        "x",
        r"expected Unicode, got '\ud800'",
    ),
    (
        "lone surrogate in a key",
        rb'{"x": [{"\udfff": 1}]}',
        "x[0]",
        r"expected Unicode, got the key '\udfff'",
    ),
    ("an array", b"[]", "(top)", "expected one of: "),
    ("a text", b"model", "(top)", "got plain text"),
    ("null", b"null", "(top)", "got plain text"),
    ("YAML that is none", b"a: [", "line 2", "expected JSON, YAML, XML or links ("),
    ("aliases", b"a: &x 1\nb: *x", "line 2", "expected no aliases"),
    ("a key twice in YAML", b"a: 1\na: 2", "(top)", "got 'a' again"),
    ("a key of another type", b"a:\n  on: 2", "line 2", "'on' needs quotes"),
    ("too deep YAML", b"a: " + b"[" * 40, "line 1", "expected at most 32 levels"),
    ("long YAML", b"- 1\n" * 110_000, "line 99999", "expected at most 100000 elements"),
    ("a tag", b"a: !!python/object:os.system {}", "line 1", "expected JSON, YAML"),
    ("infinity in YAML", b"a: .inf", "a", "expected finite numbers"),
    ("bytes in YAML", b"a: !!binary aGk=", "a", "expected what JSON has, got bytes"),
    ("another object", b'{"$schema": "x"}', "(top)", "device file, LwM2M"),
]


@pytest.mark.parametrize(
    ("data", "where", "problem"),
    [row[1:] for row in UNUSABLE_FILES],
    ids=[row[0] for row in UNUSABLE_FILES],
)
def test_unusable_file_is_one_error_that_names_file_place_and_expectation(
    data: bytes, where: str, problem: str
) -> None:
    with pytest.raises(ModelError) as caught:
        load(data, "bad.json")
    details = caught.value.details
    assert details["source"] == "bad.json"
    assert details["where"] == where
    assert problem in details["problem"]
    assert len(str(caught.value)) < 300
    # It is shown to people, and so must not hold what cannot be sent to them.
    str(caught.value).encode()


UNUSABLE_MODELS: list[tuple[str, Mapping[str, Any], str, str]] = [
    ("no URN", {"name": "T", "attributes": []}, "urn", "expected a text"),
    (
        "empty URN",
        {"urn": " ", "name": "T", "attributes": []},
        "urn",
        "expected a text",
    ),
    ("no name", {"urn": "u", "attributes": []}, "name", "expected a text"),
    (
        "name is a number",
        {"urn": "u", "name": 5, "attributes": []},
        "name",
        "expected a text",
    ),
    (
        "attributes are an object",
        {"urn": "u", "name": "T", "attributes": {}},
        "attributes",
        "expected an array",
    ),
    (
        "too many attributes",
        {"urn": "u", "name": "T", "attributes": [{}] * 2001},
        "attributes",
        "expected at most 2000 elements",
    ),
    (
        "nothing in it",
        {"urn": "u", "name": "T", "attributes": []},
        "(top)",
        "expected at least one usable attribute, action or format",
    ),
    (
        "nothing usable in it",
        attributes({"name": "a", "type": "COLOR"}),
        "(top)",
        "(attributes[0] 'a'.type: expected one of",
    ),
    (
        "a device file without model",
        {"model": None},
        "model",
        "expected a model, or the name of a file",
    ),
    ("a device file of a missing file", {"model": "x"}, "model", "x: (top): the model"),
    (
        "a binding that is a text",
        {"model": THERMO, "binding": "coap"},
        "binding",
        "expected an object",
    ),
    (
        "an overlay that is an array",
        {"model": THERMO, "overlay": []},
        "overlay",
        "expected an object",
    ),
    (
        "a device file of nothing",
        {"model": {"urn": "u", "name": "T"}},
        "model",
        "expected at least one usable",
    ),
]


@pytest.mark.parametrize(
    ("document", "where", "problem"),
    [row[1:] for row in UNUSABLE_MODELS],
    ids=[row[0] for row in UNUSABLE_MODELS],
)
def test_unusable_model_is_one_error_that_names_file_element_and_expectation(
    document: Mapping[str, Any], where: str, problem: str
) -> None:
    with pytest.raises(ModelError) as caught:
        load(json.dumps(document).encode(), "bad.json")
    assert caught.value.details["source"] == "bad.json"
    assert caught.value.details["where"] == where
    assert problem in caught.value.details["problem"]


@pytest.mark.parametrize(
    "data", [GOOD, b"\xef\xbb\xbf" + GOOD, b"\r\n\t " + GOOD + b"\n"]
)
def test_good_file_is_read_with_or_without_byte_order_mark(data: bytes) -> None:
    loaded = load(data, "thermo.json")
    assert loaded.model.name == "Thermo"
    assert loaded.document == THERMO
    assert loaded.remarks == ()
    assert loaded.layouts == {}
    assert loaded.overlay == {}


def test_deepest_allowed_document_is_read() -> None:
    document = {**THERMO, "x": nested(MAX_DEPTH - 1)}
    assert load_document(document, "deep.json").model.name == "Thermo"


def test_largest_allowed_file_is_read() -> None:
    padding = b" " * (MAX_FILE_BYTES - len(GOOD))
    assert load(GOOD + padding, "large.json").model.name == "Thermo"


def test_device_file_keeps_binding_and_overlay_apart_from_the_model() -> None:
    document: dict[str, Any] = {
        "model": THERMO,
        "binding": {"coap": {"state": False}},
        "overlay": {"attributes": {"temp": {"name": "Room"}}},
        "comment": "kept",
    }
    loaded = load_document(document, "device.json")
    assert loaded.model.name == "Thermo"
    assert loaded.model.source == THERMO
    assert loaded.layouts == {"coap": {"state": False}}
    assert loaded.overlay == {"attributes": {"temp": {"name": "Room"}}}
    assert loaded.document == document


def test_remarks_of_a_device_file_have_the_place_in_the_file() -> None:
    document = {"model": attributes({"name": "a", "type": "URI"}, {"name": "b"})}
    (remark,) = load_document(document, "device.json").remarks
    assert str(remark) == "model.attributes[1] 'b'.type: expected a text"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "type", "range", "enum", "members", "fields", "value", "step"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ELEMENTS = st.lists(
    JSON_VALUES
    | st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b", "a.b"]) | JSON_VALUES},
        optional={
            "type": st.sampled_from(["NUMBER", "OBJECT", "STRING", "ALERT"])
            | JSON_VALUES,
            "range": st.sampled_from(["0,1", "1,0", "a,b"]) | JSON_VALUES,
            "alias": JSON_VALUES,
            "step": JSON_VALUES,
            "enum": JSON_VALUES,
            "defaultValue": JSON_VALUES,
            "argType": JSON_VALUES,
            "arguments": JSON_VALUES,
            "members": JSON_VALUES,
            "value": JSON_VALUES,
        },
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=60))
@example(b"?: .")
def test_garbage_gives_a_model_error_or_a_draft(data: bytes) -> None:
    # By chance it is an object in YAML: any object may be what a device sent.
    try:
        loaded = load(data, "garbage")
    except ModelError as err:
        str(err).encode()
        return
    assert loaded.model.draft
    assert loaded.model.attributes


@settings(deadline=None, max_examples=150)
@given(JSON_VALUES | ELEMENTS, JSON_VALUES | ELEMENTS, JSON_VALUES | ELEMENTS)
def test_odd_models_give_a_model_with_remarks_or_a_model_error(
    listed: Any, actions: Any, formats: Any
) -> None:
    document = attributes(
        {"name": "good", "type": "NUMBER"}, actions=actions, formats=formats
    )
    if isinstance(listed, list):
        document["attributes"] += listed
    else:
        document["more"] = listed
    try:
        loaded = load_document(document, "odd.json")
    except ModelError as err:
        str(err).encode()
        return
    assert loaded.model.attribute("good")
    left_out = len(document["attributes"]) - len(loaded.model.attributes)
    about = [
        remark for remark in loaded.remarks if remark.where.startswith("attributes[")
    ]
    assert len(about) >= left_out
