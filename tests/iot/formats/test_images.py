"""Properties and attributes that are images: no value, but a content."""

from typing import Any

import pytest

from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.formats.device_file_writing import (
    write_device_file,
)
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType

from .test_wot_forms import read
from .test_wot_thing import TD, changed, places

PNG: dict[str, Any] = {"op": "readproperty", "contentType": "image/png"}
HTTP: dict[str, Any] = {**PNG, "href": "http://well.local/x"}


def attribute(found: Loaded) -> Attribute:
    """Return the attribute called x."""
    return found.model.attribute("x")


def placed(found: Loaded, protocol: str = "coap") -> Any:
    """Return the place of the attribute called x."""
    layout: Any = found.layouts[protocol]
    return layout["attributes"]["x"]


def test_property_that_is_an_image() -> None:
    found = read("properties", PNG, title="View", description="Down the well")
    assert not found.remarks
    x = attribute(found)
    assert (x.media_type, x.type) == ("image/png", DataType.URI)
    assert not any((x.readable, x.writable, x.observable))
    assert (x.title, x.description) == ("View", "Down the well")
    assert "x" not in found.model.readable
    assert placed(found) == {"path": "/x", "content": "image/png", "observe": False}


@pytest.mark.parametrize(
    ("schema", "form", "expected"),
    [
        ({}, {"contentType": "image/jpeg"}, "image/jpeg"),
        ({}, {"contentType": "IMAGE/JPG; q=1"}, "image/jpeg"),
        ({}, {"contentType": "image/gif"}, "image/gif"),
        ({}, {"contentType": "image/webp"}, "image/webp"),
        ({}, {"contentType": "image/bmp"}, "image/bmp"),
        (
            {},
            {"contentType": "text/plain", "response": {"contentType": "image/png"}},
            "image/png",
        ),
        # Whatever the schema says, an image is no value.
        ({"type": "object"}, {}, "image/png"),
        ({"type": "array"}, {}, "image/png"),
        ({"type": "string", "contentEncoding": "base64"}, {}, "image/png"),
    ],
)
def test_images_of_all_kinds(
    schema: dict[str, Any], form: dict[str, Any], expected: str
) -> None:
    element = {**schema, "forms": [{"href": "x", **PNG, **form}]}
    found = load_document(changed("properties/x", element), "well.json")
    assert attribute(found).media_type == expected
    assert placed(found)["content"] == expected


@pytest.mark.parametrize(
    "form",
    [
        {**PNG, "contentType": "image/svg+xml"},  # it may have scripts in it
        {**PNG, "contentType": "image/tiff"},
        {**PNG, "contentType": "image/*"},
        {**PNG, "contentType": "video/mp4"},
        {**PNG, "contentCoding": "gzip"},
        {**PNG, "response": {"contentType": "image/png", "contentCoding": "gzip"}},
        {**PNG, "op": "writeproperty"},
        {**PNG, "op": "observeproperty"},
    ],
)
def test_what_is_no_image_that_can_be_shown(form: dict[str, Any]) -> None:
    found = read("properties", form)
    assert "x" not in found.model.leaves
    (remark,) = found.remarks
    assert remark.where == "properties.x"
    assert remark.message.startswith("no form can be used: ")


@pytest.mark.parametrize("kind", ["actions", "events"])
def test_images_are_for_reading_only(kind: str) -> None:
    found = read(kind, {"contentType": "image/png"})
    assert "x" not in {one.name for one in found.model.actions}
    assert "x" not in {one.name for one in found.model.formats}
    (remark,) = found.remarks
    assert "contents of 'image/png' are not read" in remark.message


@pytest.mark.parametrize("other", [{"op": "readproperty"}, {"op": "observeproperty"}])
def test_property_with_a_value_too_is_a_value(other: dict[str, Any]) -> None:
    for forms in ([PNG, other], [other, PNG]):
        found = read("properties", *forms)
        x = attribute(found)
        assert (x.media_type, x.type, x.readable) == ("", DataType.NUMBER, True)
        index = forms.index(PNG)
        assert places(found) == [f"properties.x.forms[{index}].contentType"]
        assert placed(found)["format"] == "json"


def test_what_is_written_is_left_out_of_an_image() -> None:
    found = read("properties", PNG, {"op": "writeproperty"})
    assert not attribute(found).writable
    (remark,) = found.remarks
    assert remark.where == "properties.x.forms[1]"
    assert remark.message == "the form is not used: an image is not written"
    assert "write" not in placed(found)


def test_image_that_is_observed() -> None:
    form = {**PNG, "op": ["readproperty", "observeproperty"]}
    found = read("properties", form)
    assert attribute(found).observable
    assert placed(found) == {"path": "/x", "content": "image/png", "observe": True}
    found = read("properties", PNG, observable=True)
    assert placed(found)["observe"] is True


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"subprotocol": "longpoll"}, "longpoll"),
        ({"subprotocol": "longpoll", "contentType": "image/png"}, "longpoll"),
        ({"subprotocol": "sse", "contentType": "text/event-stream"}, "sse"),
        ({"contentType": "text/event-stream"}, "sse"),
    ],
)
def test_image_that_is_told_of_over_http(told: dict[str, Any], expected: str) -> None:
    where = {"op": "observeproperty", "href": "http://well.local/told"}
    found = read("properties", HTTP, {**where, **told})
    assert not found.remarks
    assert attribute(found).observable
    assert placed(found, "http") == {
        "url": "http://well.local/x",
        "content": "image/png",
        "observe": expected,
        "observe_url": "http://well.local/told",
    }
    assert placed(found) is False


def test_method_of_an_image() -> None:
    found = read("properties", {**HTTP, "htv:methodName": "POST"})
    assert placed(found, "http")["method"] == "POST"


def test_image_is_not_fetched_from_a_broker() -> None:
    form = {**PNG, "href": "mqtt://well.local/x", "op": "readproperty"}
    found = read("properties", form, HTTP)
    assert placed(found, "mqtt") is False
    assert placed(found, "http")["content"] == "image/png"
    (remark,) = found.remarks
    assert remark.message == "the form is not used: images are not fetched over mqtt"


def test_image_with_the_name_of_a_member() -> None:
    thing = {
        **TD,
        "properties": {
            "a": {
                "type": "object",
                "properties": {"b": {"type": "number"}},
                "forms": [{"href": "a"}],
            },
            "a.b": {"forms": [{"href": "b", **PNG}]},
        },
    }
    found = load_document(thing, "well.json")
    assert found.model.attribute("a.b").media_type == ""
    (remark,) = found.remarks
    assert "is there already" in remark.message


# Device files


def filed(**said: Any) -> Loaded:
    """Return a device file with an attribute called x."""
    x = {"name": "x", "type": "URI", "mediaType": "image/png", **said}
    other = {"name": "other", "type": "NUMBER"}
    return load_document(
        {"model": {"urn": "u", "name": "U", "attributes": [x, other]}}, "file"
    )


def test_attribute_with_a_content() -> None:
    found = filed(mediaType="image/jpg")
    assert attribute(found).media_type == "image/jpeg"
    assert not attribute(found).readable
    written = write_device_file(found)
    assert load_document(written, "again").model == found.model


def test_exported_image_is_read_again() -> None:
    found = read("properties", PNG, title="View")
    again = load_document(write_device_file(found), "again")
    assert not again.remarks
    assert attribute(again) == attribute(found)
    assert placed(again) == placed(found)


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"mediaType": "image/svg+xml"}, "mediaType"),
        ({"mediaType": "text/html"}, "mediaType"),
        ({"type": "STRING"}, "type"),
        ({"writable": True}, "writable"),
        ({"readable": True}, "readable"),
    ],
)
def test_content_that_is_none(said: dict[str, Any], where: str) -> None:
    found = filed(**said)
    assert "x" not in found.model.leaves
    assert places(found) == [f"model.attributes[0] 'x'.{where}"]


def test_member_of_an_object_has_no_content() -> None:
    inner = {"name": "i", "type": "URI", "mediaType": "image/png"}
    number = {"name": "n", "type": "NUMBER"}
    members = [inner, number]
    found = filed(type="OBJECT", mediaType=None, members=members)
    assert "x.i" not in found.model.leaves
    assert places(found) == ["model.attributes[0] 'x'.members[0] 'i'.mediaType"]
