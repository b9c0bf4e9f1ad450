"""Reading Thing Descriptions: what is a Thing, and what is refused."""

import copy
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap.layout import coap_layout
from custom_components.device_models.iot.connections.mqtt.layout import mqtt_layout
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.loaded import Security
from custom_components.device_models.iot.formats.wot.thing import is_thing

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "wot"
FILES: Final = sorted(FIXTURES.iterdir())

V10: Final = "https://www.w3.org/2019/wot/td/v1"
V11: Final = "https://www.w3.org/2022/wot/td/v1.1"

TD: Final[dict[str, Any]] = {
    "@context": V11,
    "title": "Well",
    "securityDefinitions": {"none": {"scheme": "nosec"}},
    "security": "none",
    "base": "coap://well.local/",
    "properties": {"depth": {"type": "number", "forms": [{"href": "depth"}]}},
    "actions": {"pump": {"forms": [{"href": "pump"}]}},
    "events": {"dry": {"forms": [{"href": "dry"}]}},
}


def fetch(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def fixture(name: str) -> Loaded:
    return load(fetch(name), name, fetch)


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """Return TD with another value at a place; None takes it away."""
    thing = copy.deepcopy(TD)
    *way, last = path.split("/")
    node: Any = thing
    for key in way:
        node = node[int(key) if isinstance(node, list) else key]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return thing


def loaded(document: dict[str, Any]) -> Loaded:
    return load_document(document, "well.json")


def places(found: Loaded) -> list[str]:
    return [remark.where for remark in found.remarks]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_fixture_is_read_and_can_be_read_again_without_other_files(file: Path) -> None:
    found = fixture(file.name)
    again = load_document(found.document, file.name)
    assert again.model == found.model
    assert again.layouts == found.layouts
    assert again.security == found.security
    binding = Binding(layouts=found.layouts)
    if "coap" in found.layouts:
        coap_layout(found.model, binding)
    if "mqtt" in found.layouts:
        filters = mqtt_layout(found.model, binding).filters
        assert filters
        assert "#" not in "".join(filters)


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ({"@context": V10}, "Thing Description"),
        ({"@context": [{"x": "urn:x"}, V11]}, "Thing Description"),
        ({"@context": [V10, V11, "https://example.org"]}, "Thing Description"),
        ({"@type": "tm:ThingModel"}, "Thing Model"),
        ({"@type": ["x:Y", "ThingModel"], "@context": V11}, "Thing Model"),
    ],
)
def test_thing_is_recognised_by_its_content(terms: dict[str, Any], name: str) -> None:
    assert loaded({**TD, **terms}).format == name


@pytest.mark.parametrize(
    "terms",
    [{"@context": "https://example.org"}, {"@context": None}, {"@context": 3}],
)
def test_what_is_no_thing_is_not_recognised(terms: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as refused:
        loaded({"title": "x", "forms": [], "@type": ["Light", 3], **terms})
    assert refused.value.details["problem"].startswith("expected one of: Thing Model")


@pytest.mark.parametrize(
    "document",
    [
        # Security is asked for by nothing else
        {"properties": {"on": {"type": "boolean"}}, "securityDefinitions": {}},
        # As generators of Things take it
        {"properties": {"on": {"type": "boolean"}}, "actions": {"blink": {}}},
        {"actions": {"blink": {}}, "events": {}},
        # Of a gateway with a context of its own
        {"@context": "https://example.org", "properties": {}, "events": {}},
    ],
)
def test_thing_without_its_context_is_told_so(document: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as refused:
        loaded({"title": "Kiln", **document})
    assert refused.value.details["where"] == "@context"


@pytest.mark.parametrize(
    "document",
    [
        {"properties": {"on": {"type": "boolean"}}},
        {"properties": {"on": True}, "actions": {"blink": {}}},
        {"properties": [], "actions": []},
        {"securityDefinitions": {}, "properties": {"on": True}},
    ],
)
def test_other_objects_with_such_keys_are_no_things(document: dict[str, Any]) -> None:
    assert not is_thing(document)


def test_text_is_no_thing() -> None:
    with pytest.raises(ModelError):
        load(b"<Thing/>", "thing.xml")


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("title", None, "title"),
        ("title", "", "title"),
        ("title", 3, "title"),
        ("titles", "Well", "titles"),
        ("titles", {"en": 3}, "titles.en"),
        ("description", ["x"], "description"),
        ("@type", [3], "@type"),
        ("@type", ["x"] * 501, "@type"),
        ("id", 3, "id"),
        ("base", 3, "base"),
        ("version", {"model": 1}, "version.model"),
        ("security", None, "security"),
        ("security", [], "security"),
        ("security", "other", "security"),
        ("security", ["none", 3], "security"),
        ("securityDefinitions", None, "securityDefinitions"),
        ("securityDefinitions", {}, "securityDefinitions"),
        ("securityDefinitions", [], "securityDefinitions"),
        ("securityDefinitions/none", {}, "securityDefinitions.none.scheme"),
        (
            "securityDefinitions/all",
            {"scheme": "combo", "oneOf": ["none", "other"]},
            "securityDefinitions.all.oneOf",
        ),
        ("securityDefinitions", {"none": 3}, "securityDefinitions.none"),
        (
            "securityDefinitions",
            {str(number): {"scheme": "nosec"} for number in range(2001)},
            "securityDefinitions",
        ),
        ("links", [{"rel": "icon"}], "links[0].href"),
        ("links", {}, "links"),
        ("properties", [], "properties"),
        ("properties", {str(number): {} for number in range(2001)}, "properties"),
        ("properties/depth", 3, "properties.depth"),
        ("properties/depth/type", "float", "properties.depth.type"),
        ("properties/depth/type", ["number", "null"], "properties.depth.type"),
        ("properties/depth/minimum", "0", "properties.depth.minimum"),
        ("properties/depth/maximum", True, "properties.depth.maximum"),
        ("properties/depth/multipleOf", 0, "properties.depth.multipleOf"),
        ("properties/depth/enum", 3, "properties.depth.enum"),
        ("properties/depth/unit", 3, "properties.depth.unit"),
        ("properties/depth/observable", 1, "properties.depth.observable"),
        ("properties/depth/uriVariables", 1, "properties.depth.uriVariables"),
        ("properties/depth/forms", None, "properties.depth.forms"),
        ("properties/depth/forms", [], "properties.depth.forms"),
        ("properties/depth/forms", ["x"], "properties.depth.forms[0]"),
        ("properties/depth/forms", [{}], "properties.depth.forms[0].href"),
        ("properties/depth/forms/0/op", "invokeaction", "properties.depth.forms[0].op"),
        ("properties/depth/forms/0/op", [3], "properties.depth.forms[0].op"),
        ("properties/depth/forms/0/href", "//[/", "properties.depth.forms[0].href"),
        (
            "properties/depth/forms/0/href",
            "x" * 2001,
            "properties.depth.forms[0].href",
        ),
        (
            "properties/depth/forms/0/href",
            "coap://[::1/x",
            "properties.depth.forms[0].href",
        ),
        (
            "properties/depth/forms/0/security",
            "other",
            "properties.depth.forms[0].security",
        ),
        ("actions/pump/forms", None, "actions.pump.forms"),
        ("actions/pump/forms/0/op", "readproperty", "actions.pump.forms[0].op"),
        ("actions/pump/safe", "no", "actions.pump.safe"),
        ("actions/pump/input", 3, "actions.pump.input"),
        (
            "actions/pump/input",
            {"type": "object", "required": [3]},
            "actions.pump.input.required",
        ),
        ("events/dry/forms/0/href", 3, "events.dry.forms[0].href"),
        ("events/dry/forms/0/op", "invokeaction", "events.dry.forms[0].op"),
        ("events/dry/data", "x", "events.dry.data"),
        ("forms", [{"href": "all"}], "forms[0].op"),
        ("forms", [{"href": "all", "op": "readproperty"}], "forms[0].op"),
    ],
)
def test_invalid_thing_is_refused_with_the_place(
    path: str, value: Any, where: str
) -> None:
    with pytest.raises(ModelError) as refused:
        loaded(changed(path, value))
    assert refused.value.details["where"] == where
    assert len(str(refused.value)) < 300


def test_thing_that_says_what_it_is_needs_a_context() -> None:
    with pytest.raises(ModelError) as refused:
        loaded({**changed("@context"), "@type": "Thing"})
    assert refused.value.details["where"] == "@context"


def test_both_of_read_only_and_write_only_is_refused() -> None:
    depth = {"readOnly": True, "writeOnly": True, **TD["properties"]["depth"]}
    with pytest.raises(ModelError) as refused:
        loaded(changed("properties/depth", depth))
    assert refused.value.details["where"] == "properties.depth.writeOnly"


@pytest.mark.parametrize("terms", [{}, {"properties": {"a": {"type": "array"}}}])
def test_thing_without_elements_is_of_no_use(terms: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="at least one usable"):
        loaded({"@context": V11, "@type": "tm:ThingModel", **terms})


@pytest.mark.parametrize(
    ("terms", "field", "expected"),
    [
        ({}, "urn", "urn:wot:well"),
        ({"id": " urn:a:b "}, "urn", "urn:a:b"),
        ({"title": "Колодец"}, "urn", "urn:wot:c3780e6fd4b6"),
        ({}, "name", "Well"),
        ({"description": "Deep"}, "description", "Deep"),
        ({"descriptions": {"de": "Tief", "en": "Deep"}}, "description", "Deep"),
        ({"descriptions": {"de": "Tief", "fr": "x"}}, "description", "Tief"),
        ({"version": {"instance": "1", "model": "2"}}, "version", "2"),
        ({"version": {"instance": "1"}}, "version", "1"),
        ({"version": "3"}, "version", "3"),
        ({"manufacturer": "Nass"}, "manufacturer", "Nass"),
        ({"manufacturer": {"name": "Nass"}}, "manufacturer", "Nass"),
        ({"schema:manufacturer": {"schema:name": "N"}}, "manufacturer", "N"),
        ({"manufacturer": 3}, "manufacturer", ""),
    ],
)
def test_what_is_said_of_the_thing(
    terms: dict[str, Any], field: str, expected: str
) -> None:
    assert getattr(loaded({**TD, **terms}).model, field) == expected


@pytest.mark.parametrize(
    ("terms", "known"),
    [
        ({}, {}),
        ({"serialNumber": " 42 "}, {"serialNumber": "42"}),
        ({"schema:serialNumber": "42", "serialNumber": "1"}, {"serialNumber": "42"}),
        ({"sdo:mpn": "T1"}, {"modelNumber": "T1"}),
        ({"schema:softwareVersion": "2"}, {"softwareVersion": "2"}),
        ({"firmwareVersion": "2"}, {"softwareVersion": "2"}),
        ({"hardwareRevision": "B"}, {"hardwareVersion": "B"}),
        ({"serialNumber": 42, "mpn": "x" * 256}, {}),
    ],
)
def test_what_is_said_of_this_one_thing(
    terms: dict[str, Any], known: dict[str, str]
) -> None:
    assert loaded({**TD, **terms}).metadata == known


def test_default_language_is_that_of_the_context() -> None:
    found = fixture("lamp.td.json").model
    assert found.description == "Eine Lampe neben einem Sessel"
    assert found.attribute("on").title == "Eingeschaltet"
    assert found.attribute("on").titles == {"de": "Eingeschaltet", "en": "On"}
    assert found.attribute("on").labels == {"true": "An", "false": "Aus"}
    assert found.attribute("scene").enum == ("read", "film", "night")
    assert found.attribute("scene").labels["film"] == "Film"


@pytest.mark.parametrize(
    ("definitions", "security", "expected"),
    [
        ({"a": {"scheme": "nosec"}}, "a", ()),
        ({"a": {"scheme": "basic"}, "b": {"scheme": "psk"}}, "a", ("basic:header:",)),
        ({"a": {"scheme": "apikey", "name": "k"}}, "a", ("apikey:query:k",)),
        ({"a": {"scheme": "bearer", "in": "cookie"}}, ["a"], ("bearer:cookie:",)),
        (
            {
                "a": {"scheme": "basic"},
                "b": {"scheme": "psk"},
                "c": {"scheme": "combo", "allOf": ["a", "b", "c"]},
            },
            ["c", "a"],
            ("basic:header:", "psk::"),
        ),
    ],
)
def test_security(
    definitions: dict[str, Any], security: Any, expected: tuple[str, ...]
) -> None:
    found = loaded({**TD, "securityDefinitions": definitions, "security": security})
    told = (f"{one.scheme}:{one.where}:{one.name}" for one in found.security)
    assert tuple(told) == expected
    assert not found.remarks


def test_security_of_single_forms() -> None:
    assert fixture("heat-pump.td.json").security == (
        Security("apikey", "header", "X-Pump-Key"),
        Security(
            "oauth2",
            token="https://login.heatpump.example/token",
            scopes=("control",),
        ),
    )


def test_unknown_scheme_is_worth_a_remark() -> None:
    found = loaded(
        changed("securityDefinitions", {"none": {"scheme": "ace:ACESecurityScheme"}})
    )
    assert found.security == (Security("ace:ACESecurityScheme"),)
    assert places(found) == ["securityDefinitions.none.scheme"]


SECRETS: Final[dict[str, Any]] = {
    **TD,
    "base": "coap://eve:hunter2@well.local/?api_key=hunter2&x=1",
    "securityDefinitions": {
        "none": {"scheme": "nosec"},
        "login": {
            "scheme": "basic",
            "password": "hunter2",
            "more": [{"client_secret": "hunter2"}],
        },
        "grant": {
            "scheme": "oauth2",
            "token": "https://eve:hunter2@login.local/token",
            "refresh": "/refresh",
            "proxy": "//eve:hunter2@proxy.local",
        },
        "code": {"scheme": "bearer", "token": "hunter2"},
        "arg": {"scheme": "apikey", "in": "query", "name": "magic"},
    },
    "links": [{"href": "https://a.local/x?magic=hunter2"}],
    "support": "mailto:eve@well.local",
}


def test_secrets_are_not_kept() -> None:
    found = loaded(SECRETS)
    for kept in (found.document, found.model.source, found.layouts, found.remarks):
        assert "hunter2" not in repr(kept)
    assert isinstance(found.document, dict)
    assert found.document["base"] == "coap://well.local/?api_key=&x=1"
    assert found.document["support"] == "mailto:eve@well.local"
    definitions = found.document["securityDefinitions"]
    assert definitions["grant"]["token"] == "https://login.local/token"
    assert places(found) == [
        "securityDefinitions.grant.token",
        "securityDefinitions.grant.proxy",
        "base",
        "base",
        "links[0].href",
        "securityDefinitions.login.password",
        "securityDefinitions.login.more.client_secret",
        "securityDefinitions.code.token",
    ]


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=6,
)


def paths(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of everything within a document."""
    found = [way]
    match node:
        case dict():
            for key, value in node.items():
                found += paths(value, (*way, key))
        case list():
            for index, value in enumerate(node):
                found += paths(value, (*way, index))
    return found


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_garbage_gives_only_model_errors(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    document: Any = fixture(file.name).document
    document = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(paths(document)[1:]))
        node = document
        for key in way:
            node = node[key]
        node[last] = data.draw(JSON)
    try:
        found = load_document(document, file.name, fetch)
    except ModelError:
        return
    for kind, reader in (("coap", coap_layout), ("mqtt", mqtt_layout)):
        if kind in found.layouts:
            reader(found.model, Binding(layouts=found.layouts))
