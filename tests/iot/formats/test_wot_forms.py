"""Forms of Thing Descriptions: the layouts that they become."""

from typing import Any

import pytest

from custom_components.device_models.iot.codecs import CODECS
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.media_types import (
    MEDIA_TYPES,
    codec_name,
)

from .test_wot_thing import TD, changed, fixture, places

OPEN = {"op": "readproperty"}


def read(kind: str, *forms: dict[str, Any], **terms: Any) -> Loaded:
    """Return TD with one more element called x."""
    element = {"forms": [{"href": "x", **form} for form in forms], **terms}
    if kind == "properties":
        element = {"type": "number", **element}
    return load_document(changed(f"{kind}/x", element), "well.json")


def placed(kind: str, protocol: str, *forms: dict[str, Any], **terms: Any) -> Any:
    """Return the place of that element."""
    layout: Any = read(kind, *forms, **terms).layouts[protocol]
    return layout[{"properties": "attributes", "events": "alerts"}.get(kind, kind)]["x"]


def test_codecs_of_media_types_are_there() -> None:
    assert MEDIA_TYPES.keys() == CODECS.keys()
    for codec, media_type in MEDIA_TYPES.items():
        assert codec_name(media_type) == {"digits": "text"}.get(codec, codec)


@pytest.mark.parametrize(
    ("base", "href", "path"),
    [
        ("coap://well.local/a/b", "x", "/a/x"),
        ("coap://well.local/a/b/", "x", "/a/b/x"),
        ("coap://well.local/a/b/", "../x", "/a/x"),
        ("coap://well.local/a/b/", "/x", "/x"),
        ("coap://well.local", "x?y=1", "/x?y=1"),
        ("coap://well.local", "?y=1", "/?y=1"),
        ("coap://well.local/a", "", "/a"),
        ("coap://other.local/a/", "coap://well.local/x%20y", "/x%20y"),
        ("coap://well.local", "//well.local/x", "/x"),
        ("COAP://well.local", "x", "/x"),
        ("", "coap://well.local/x", "/x"),
        ("", "coap:x", "/x"),
        ("", "x", "/x"),
        ("coap://well.local/{area}/", "x{?level,area}", "/a%2Fb/x?level=1&area=a%2Fb"),
        ("coap://well.local/", "x{/flag}{;level}", "/x/true;level=1"),
        ("coap://well.local/", "x?a=1{&level*}{+flag:4}", "/x?a=1&level=1true"),
    ],
)
def test_references(base: str, href: str, path: str) -> None:
    thing = {
        **TD,
        "base": base,
        "uriVariables": {"area": {"const": "a/b"}, "level": {"default": 0}},
        "actions": {},
        "events": {},
        "properties": {
            "x": {
                "type": "number",
                "uriVariables": {"level": {"default": 1}, "flag": {"default": True}},
                "forms": [{"href": href, "op": "readproperty"}],
            }
        },
    }
    layout: Any = load_document(thing, "well.json").layouts["coap"]
    assert layout["attributes"]["x"]["path"] == path


def test_reference_without_base_is_where_the_file_is_from() -> None:
    layouts: Any = load_document(changed("base"), "well.json").layouts
    assert layouts.keys() == {"coap", "http"}
    assert "address" not in layouts["coap"]
    assert layouts["http"]["actions"]["pump"]["url"] == "/pump"


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([{}], {"path": "/x", "write": "/x"}),
        ([OPEN], {"path": "/x"}),
        ([OPEN, {"href": "y"}], {"path": "/x", "write": "/y"}),
        ([{"op": "writeproperty"}], {"path": "/x", "read": False, "write": "/x"}),
        ([{"contentType": "application/cbor"}], {"format": "cbor", "write": "/x"}),
        ([{**OPEN, "contentType": "text/plain;charset=utf-8"}], {"format": "text"}),
        ([{**OPEN, "contentType": "application/vnd.x+json"}], {"format": "json"}),
        ([{**OPEN, "contentType": "application/senml+json"}], {"format": "senml+json"}),
        (
            [{"contentType": "text/plain", "response": {"contentType": "a/b"}}, OPEN],
            {"format": "json", "write": False},
        ),
        (
            [{"response": {"contentType": "application/cbor"}}],
            {"format": "cbor", "write": "/x", "write_format": "json"},
        ),
        ([{"op": ["readproperty", "observeproperty"]}], {"observe": True}),
        ([{"op": "observeproperty"}], {"observe": True}),
        ([{"subprotocol": "cov:observe"}], {"observe": True, "write": "/x"}),
        ([OPEN, {"href": "y", "op": "observeproperty"}], {"observe": False}),
        ([{**OPEN, "cov:method": "FETCH"}], {"method": "FETCH"}),
        ([{**OPEN, "cov:method": "GET"}], {}),
        ([{**OPEN, "coap:methodCode": 5}], {"method": "FETCH"}),
        (
            [OPEN, {"op": "writeproperty", "cov:methodName": "0.07"}],
            {"write": "/x", "write_method": "IPATCH"},
        ),
        ([{**OPEN, "cov:method": "DELETE"}, OPEN], {}),
    ],
)
def test_property_over_coap(forms: list[Any], expected: dict[str, Any]) -> None:
    found = placed("properties", "coap", *forms)
    whole = {"path": "/x", "format": "json", "observe": False, **expected}
    if "read" in whole:
        del whole["observe"]
    assert found == whole


def test_property_is_observed_where_a_form_says_so() -> None:
    """Not where it is read, if that is over another protocol."""
    published = {"href": "mqtt://b/x", "op": ["readproperty", "observeproperty"]}
    layout = placed("properties", "coap", OPEN, published)
    assert layout["observe"] is False


def test_observable_property_is_observed_where_it_is_read() -> None:
    assert placed("properties", "coap", {}, observable=True)["observe"]


@pytest.mark.parametrize(
    ("kind", "form", "where"),
    [
        ("actions", {"cov:method": "GET"}, ""),
        ("properties", {**OPEN, "href": "coap://well.local/a/../b"}, ".href"),
        ("properties", {**OPEN, "href": "coap://well.local/%ff"}, ".href"),
        ("properties", {**OPEN, "href": "x" * 256}, ".href"),
        ("properties", {**OPEN, "href": "coap://far.local/x"}, ""),
        ("properties", {"href": "wss://well.local/x"}, ".href"),
        ("properties", {"href": "mqtt://b/a/%23", **OPEN}, ""),
        ("properties", {"href": "mqtt://b", **OPEN}, ""),
    ],
)
def test_form_that_cannot_be_used(kind: str, form: dict[str, Any], where: str) -> None:
    found = read(kind, form)
    kept = {"properties": "attributes"}.get(kind, kind)
    for layout in found.layouts.values():
        assert isinstance(layout, dict)
        assert layout[kept]["x"] is False
    assert f"{kind}.x.forms[0]{where}" in places(found)


def test_one_form_of_several_cannot_be_used() -> None:
    found = read("properties", OPEN, {"contentType": "image/png"}, {"op": "my:thing"})
    assert places(found) == [
        "properties.x.forms[2].op",
        "properties.x.forms[1].contentType",
    ]


@pytest.mark.parametrize(
    ("form", "terms", "expected"),
    [
        ({}, {}, {}),
        ({"cov:method": "PUT"}, {}, {"method": "PUT"}),
        ({"cov:method": "POST"}, {}, {}),
        ({"contentType": "text/plain"}, {}, {"format": "text"}),
        ({}, {"input": {"type": "integer"}}, {"bare": True}),
        ({}, {"input": {"properties": {"a": {"type": "string"}}}}, {}),
    ],
)
def test_action_over_coap(
    form: dict[str, Any], terms: dict[str, Any], expected: dict[str, Any]
) -> None:
    whole = {"path": "/x", "format": "json", **expected}
    assert placed("actions", "coap", form, **terms) == whole


def test_times_are_sent_as_the_schema_says() -> None:
    schema = {"type": "string", "format": "date-time"}
    assert placed("properties", "coap", {}, **schema)["times"] == "iso"


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([{"mqv:filter": "a/b", **OPEN}], {"topic": "/a/b"}),
        ([{"mqv:topic": "a/b", **OPEN}], {"topic": "/a/b"}),
        ([{"mqv:filter": "a", "mqv:topic": "b"}], {"topic": "/a", "write": "/b"}),
        ([{"mqv:filter": ["a/+", "a/b"], **OPEN}], {"topic": "/a/b"}),
        ([{"mqv:filter": "/a", **OPEN}], {"topic": "//a"}),
        ([{"href": "mqtt://b/a/b%20c", **OPEN}], {"topic": "/a/b c"}),
        ([{"mqv:topic": "a"}], {"topic": "/a", "write": "/a"}),
        ([{"mqv:topic": "a", "mqv:controlPacket": "mqv:subscribe"}], {"topic": "/a"}),
        (
            [{"mqv:topic": "a", "mqv:controlPacket": "publish"}],
            {"topic": "/a", "read": False, "write": "/a"},
        ),
        (
            [
                {"mqv:filter": "a", **OPEN},
                {"mqv:filter": "b", "op": "observeproperty"},
            ],
            {"topic": "/b"},
        ),
        (
            [
                {"mqv:filter": "a", **OPEN},
                {"mqv:topic": "b", "op": "writeproperty", "contentType": "text/plain"},
            ],
            {"topic": "/a", "write": "/b", "write_format": "text"},
        ),
    ],
)
def test_property_over_mqtt(
    forms: list[dict[str, Any]], expected: dict[str, Any]
) -> None:
    forms = [{"href": "mqtt://b", **form} for form in forms]
    found = placed("properties", "mqtt", *forms)
    assert found == {"format": "json", **expected}


def test_device_on_a_broker() -> None:
    layout: Any = fixture("power-meter.td.json").layouts["mqtt"]
    assert layout["address"] == "mqtts://broker.workshop.example:8883"
    assert (layout["state"], layout["availability"]) == (False, False)
    assert layout["actions"]["limit"] == {
        "topic": "/workshop/meter/cmd/limit",
        "format": "json",
        "bare": True,
    }
    assert layout["alerts"]["overload"]["topic"] == "/workshop/meter/overload"


def test_what_has_no_form_for_a_protocol_is_not_there() -> None:
    layouts: Any = fixture("heat-pump.td.json").layouts
    assert layouts["coap"]["attributes"]["mode"] == {
        "path": "/mode",
        "format": "json",
        "observe": False,
        "write": False,
    }
    assert layouts["coap"]["attributes"]["holidayUntil"] is False
    assert layouts["coap"]["alerts"] == {"fault": False}
    assert layouts["coap"]["actions"]["defrost"]["method"] == "PUT"


def test_http() -> None:
    layout: Any = fixture("heat-pump.td.json").layouts["http"]
    base = "https://heatpump.example/api"
    assert layout["address"] == "https://heatpump.example"
    assert layout["attributes"]["flowTemperature"] == {
        "url": f"{base}/flow",
        "format": "json",
        "observe": "sse",
        "observe_url": f"{base}/flow/events",
    }
    assert layout["attributes"]["holidayUntil"] == {
        "url": f"{base}/holiday",
        "format": "json",
        "observe": False,
        "times": "iso",
        "write": f"{base}/holiday",
        "write_method": "PATCH",
    }
    assert layout["alerts"]["fault"] == {
        "url": f"{base}/faults",
        "format": "json",
        "observe": "longpoll",
    }


def test_subprotocol_that_is_not_known() -> None:
    form = {"href": "http://w/x", "op": "observeproperty", "subprotocol": "websub"}
    found = read("properties", form)
    layout: Any = found.layouts["http"]
    assert layout["attributes"]["x"]["observe"] is False
    assert places(found) == ["properties.x.forms[0].subprotocol"]


READ_ALL = {"href": "all", "op": "readallproperties"}
WRITE_ALL = {"href": "all", "op": "writemultipleproperties"}
OBSERVE_ALL = {"href": "all", "op": "observeallproperties"}


@pytest.mark.parametrize(
    ("forms", "expected", "remarks"),
    [
        ([READ_ALL], {"observe": False}, 0),
        ([READ_ALL, WRITE_ALL], {"observe": False, "write": "/all"}, 0),
        (
            [READ_ALL, {**WRITE_ALL, "href": "set", "cov:method": "IPATCH"}],
            {"observe": False, "write": "/set", "write_method": "IPATCH"},
            0,
        ),
        ([READ_ALL, OBSERVE_ALL], {"observe": True}, 0),
        ([OBSERVE_ALL], {"observe": True}, 0),
        ([READ_ALL, {**OBSERVE_ALL, "href": "o"}], {"observe": False}, 0),
        ([READ_ALL, {**WRITE_ALL, "contentType": "text/plain"}], {"observe": False}, 1),
        ([WRITE_ALL], None, 1),
        ([{**READ_ALL, "contentType": "image/png"}], None, 1),
    ],
)
def test_all_properties_at_once(
    forms: list[Any], expected: dict[str, Any] | None, remarks: int
) -> None:
    thing: dict[str, Any] = {**TD, "forms": forms}
    found = load_document(thing, "well.json")
    layout: Any = found.layouts["coap"]
    whole = expected is not None and {"path": "/all", "format": "json", **expected}
    assert layout["state"] == whole
    assert len(found.remarks) == remarks


@pytest.mark.parametrize(
    ("operations", "unused"),
    [
        (["readmultipleproperties"], ["readmultipleproperties is not used: how"]),
        (["readmultipleproperties", "readallproperties"], []),
        (["writeallproperties"], ["writeallproperties is not used: it would"]),
    ],
)
def test_what_is_not_used_of_all_properties(
    operations: list[str], unused: list[str]
) -> None:
    thing: dict[str, Any] = {**TD, "forms": [{"href": "all", "op": operations}]}
    remarks = load_document(thing, "well.json").remarks
    assert {one.where for one in remarks} <= {"forms[0].op"}
    for remark, beginning in zip(remarks, unused, strict=True):
        assert remark.message.startswith(beginning)


def test_all_properties_at_once_over_other_protocols() -> None:
    forms: list[dict[str, Any]] = [
        {**READ_ALL, "href": "http://w/all"},
        {**OBSERVE_ALL, "href": "http://w/all", "subprotocol": "sse"},
        {**OBSERVE_ALL, "href": "mqtt://b/all"},
        {**WRITE_ALL, "href": "mqtt://b/all/set"},
    ]
    thing: dict[str, Any] = {**TD, "forms": forms}
    layouts: Any = load_document(thing, "well.json").layouts
    assert layouts["http"]["state"] == {
        "url": "http://w/all",
        "format": "json",
        "observe": "sse",
    }
    assert layouts["mqtt"]["state"] == {
        "topic": "/all",
        "format": "json",
        "write": "/all/set",
    }


def test_thing_without_forms_that_are_spoken_has_no_layout() -> None:
    found = load_document({**TD, "base": "modbus+tcp://w/"}, "well.json")
    assert found.layouts == {}
    assert len(found.model.attributes) == 1
    assert [remark.message for remark in found.remarks] == [
        "modbus+tcp is not spoken here"
    ]


def test_events_of_a_stream_hold_json() -> None:
    stream = {
        "op": "observeproperty",
        "subprotocol": "sse",
        "contentType": "text/event-stream",
    }
    forms = [{"href": "http://well.local/x", **form} for form in (OPEN, stream)]
    found = read("properties", *forms)
    assert not [where for where in places(found) if "properties.x" in where]
    layout: Any = found.layouts["http"]
    assert layout["attributes"]["x"]["observe"] == "sse"
    assert layout["attributes"]["x"]["format"] == "json"


# HTTP


def over_http(kind: str, *forms: dict[str, Any], **terms: Any) -> Any:
    """Return the place of an element with forms at one server."""
    listed = [{**form, "href": f"http://w/{form.get('href', 'x')}"} for form in forms]
    return placed(kind, "http", *listed, **terms)


OBSERVED = {"op": ["observeproperty", "unobserveproperty"]}
SUBSCRIBED = {"op": ["subscribeevent", "unsubscribeevent"]}


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([OPEN], {"observe": False}),
        ([{**OPEN, "htv:methodName": "POST"}], {"observe": False, "method": "POST"}),
        (
            [OPEN, {**OBSERVED, "href": "s", "contentType": "text/event-stream"}],
            {"observe": "sse", "observe_url": "http://w/s"},
        ),
        (
            [
                OPEN,
                {**OBSERVED, "subprotocol": "websub"},
                {**OBSERVED, "subprotocol": "longpoll"},
            ],
            {"observe": "longpoll"},
        ),
        (
            [
                OPEN,
                {"op": "observeproperty", "subprotocol": "sse"},
                {"op": "unobserveproperty", "href": "u", "htv:methodName": "DELETE"},
            ],
            {"observe": "sse", "end": {"url": "http://w/u", "method": "DELETE"}},
        ),
        ([{**OBSERVED, "subprotocol": "sse"}], {"observe": "sse", "poll": False}),
    ],
)
def test_property_over_http(forms: list[Any], expected: dict[str, Any]) -> None:
    whole = {"url": "http://w/x", "format": "json", **expected}
    assert over_http("properties", *forms, readOnly=True) == whole


def test_property_on_a_web_socket() -> None:
    forms: list[dict[str, Any]] = [
        {"href": "ws://w/", "op": ["observeproperty", "writeproperty", *OPEN.values()]},
        {"href": "ws://w/", "op": "observeproperty", "subprotocol": "webthing"},
        {"href": "ws://w/", "op": "writeproperty", "subprotocol": "webthing"},
    ]
    assert placed("properties", "http", *forms[1:]) == {
        "url": "ws://w/",
        "format": "json",
        "poll": False,
        "observe": "webthing",
        "write": "ws://w/",
    }
    plain = {"url": "ws://w/", "format": "json", "poll": False, "observe": "ws"}
    assert placed("properties", "http", forms[0]) == {**plain, "write": False}
    found = read("properties", forms[0])
    assert {remark.where: remark.message for remark in found.remarks} == {
        "properties.x.forms[0].href": "the form is not used: nothing is asked for on a "
        "WebSocket",
        "properties.x.forms[0].subprotocol": "the form is not used: writeproperty is "
        "not done on a WebSocket without 'webthing'",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
def test_action_over_http(method: str) -> None:
    forms = [
        {"htv:methodName": method, "href": "do"},
        {"op": "queryaction", "href": "ask"},
        {"op": "cancelaction", "href": "end"},
    ]
    assert over_http("actions", *forms) == {
        "url": "http://w/do",
        "format": "json",
        **({} if method == "POST" else {"method": method}),
        "query": "http://w/ask",
        "cancel": "http://w/end",
    }
    assert over_http("actions", {"htv:methodName": "FETCH"}) is False


def test_event_that_is_told_with_all_others() -> None:
    forms: list[Any] = [
        {
            "href": "http://w/all",
            "op": ["subscribeallevents", "unsubscribeallevents"],
            "subprotocol": "sse",
        }
    ]
    thing: dict[str, Any] = {**changed("events/x", {"forms": [{"href": "http://w/x"}]})}
    layout: Any = load_document({**thing, "forms": forms}, "well.json").layouts["http"]
    assert layout["alerts"]["x"] == {
        "url": "http://w/all",
        "format": "json",
        "observe": "sse",
    }


def test_what_is_sent_with_a_subscription_is_told() -> None:
    form = {"href": "http://w/x", **SUBSCRIBED, "subprotocol": "sse"}
    data = {"type": "string"}
    found = read("events", form, subscription=data, cancellation=data)
    assert places(found)[-2:] == ["events.x.subscription", "events.x.cancellation"]


def test_forms_at_several_addresses() -> None:
    """A server that does not know on which of its networks it is asked."""
    hosts = ("http://10.0.0.2:8080", "http://172.17.0.1:8080", "coap://10.0.0.2")
    thing: dict[str, Any] = {
        **TD,
        "base": "",
        "actions": {},
        "events": {},
        "properties": {
            name: {"type": "number", "forms": [{"href": f"{h}/{name}"} for h in hosts]}
            for name in ("x", "y")
        },
    }
    layout: Any = load_document(thing, "well.json").layouts["http"]
    assert layout["address"] == hosts[0]
    assert layout["addresses"] == [*hosts[:2]]
    assert layout["attributes"]["x"]["url"] == f"{hosts[0]}/x"
    thing["properties"]["y"]["forms"] = [{"href": f"{hosts[1]}/y"}]
    layout = load_document(thing, "well.json").layouts["http"]
    assert "addresses" not in layout
    assert layout["attributes"]["y"]["url"] == f"{hosts[1]}/y"


# Variables of an action's URL


def test_variables_without_values_are_arguments() -> None:
    found = read(
        "actions",
        {"href": "http://w/{room}/x{?level,fast}"},
        input={"type": "integer"},
        uriVariables={
            "room": {"type": "string", "enum": ["hall", "attic"]},
            "level": {"type": "integer", "minimum": 0},
            "fast": {"type": "boolean", "default": True},
        },
    )
    action = found.model.action("x")
    assert [(one.name, one.optional) for one in action.arguments] == [
        ("level", True),
        ("room", False),
        ("value", False),
    ]
    assert action.arguments[1].enum == ("hall", "attic")
    layout: Any = found.layouts["http"]
    assert layout["actions"]["x"] == {
        "url": "http://w/{room}/x?level={level}&fast=true",
        "format": "json",
        "bare": True,
    }


@pytest.mark.parametrize(
    ("terms", "where"),
    [
        ({"input": {"properties": {"a": {"type": "string"}}}}, ".uriVariables"),
        ({"uriVariables": {"a": {"type": "array"}}}, ".uriVariables.a.type"),
        ({"forms": [{"href": "http://{a}/x"}]}, ""),
        ({"forms": [{"href": "mqtt://w/{a}"}]}, ".forms[0].href"),
        ({"forms": [{"href": "x{?b}"}]}, ""),
    ],
)
def test_variables_that_cannot_be_arguments(terms: dict[str, Any], where: str) -> None:
    element = {
        "forms": [{"href": "x{?a}"}],
        "uriVariables": {"a": {"type": "string"}},
        **terms,
    }
    found = load_document(changed("actions/x", element), "well.json")
    assert f"actions.x{where}" in places(found)


# Security of single forms


@pytest.mark.parametrize(
    ("security", "met"),
    [
        ("key", True),
        ("card", False),
        ("body", False),
        (["key", "card"], False),
        ("either", True),
        ("neither", False),
        ("both", False),
        ("circle", False),
    ],
)
def test_form_whose_security_cannot_be_met(security: Any, met: bool) -> None:
    definitions: dict[str, Any] = {
        "key": {"scheme": "apikey", "in": "header"},
        "card": {"scheme": "acme:card"},
        "body": {"scheme": "apikey", "in": "body"},
        "either": {"scheme": "combo", "oneOf": ["card", "key"]},
        "neither": {"scheme": "combo", "oneOf": ["card", "body"]},
        "both": {"scheme": "combo", "allOf": ["card", "key"]},
        "circle": {"scheme": "combo", "allOf": ["circle"]},
    }
    form = {**OPEN, "href": "http://w/x", "security": security}
    thing = changed("properties/x", {"type": "number", "forms": [form]})
    thing["securityDefinitions"] = {**thing["securityDefinitions"], **definitions}
    found = load_document(thing, "well.json")
    layout: Any = found.layouts["http"]
    assert bool(layout["attributes"]["x"]) is met
    told = [one.message for one in found.remarks if "cannot be met" in one.message]
    assert bool(told) is not met
    other = {**OPEN, "href": "http://w/y"}
    thing["properties"]["x"]["forms"].append(other)
    layout = load_document(thing, "well.json").layouts["http"]
    assert layout["attributes"]["x"]["url"] == f"http://w/{'x' if met else 'y'}"
