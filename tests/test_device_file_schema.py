"""The JSON Schema of the device file says what the loader takes, and no more."""

from collections import defaultdict
import json
from pathlib import Path
from typing import Any, Final, override

import jsonschema
import pytest

from authoring.files import load_file
from custom_components.device_models.iot.codecs import CODECS
from custom_components.device_models.iot.connections.coap import layout as coap
from custom_components.device_models.iot.connections.http import layout as http
from custom_components.device_models.iot.connections.http.resource import Way
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.formats.device_file_writing import (
    write_device_file,
)
from custom_components.device_models.iot.formats.oracle.policies import FUNCTIONS
from custom_components.device_models.iot.formats.parsing import parse
from custom_components.device_models.iot.media_types import IMAGES
from custom_components.device_models.iot.model import FormatType
from custom_components.device_models.iot.samples import (
    KINDS,
    check_bindings,
    check_samples,
)
from custom_components.device_models.iot.values import DataType
from custom_components.device_models.mapping.overlay_fields import (
    COMPOSED_FIELDS,
    FIELDS,
    VALUE_FIELDS,
)

from .iot.samples import THERMO

ROOT: Final = Path(__file__).parents[1]
FIXTURES: Final = ROOT / "tests" / "fixtures"
SCHEMA: Final[dict[str, Any]] = json.loads(
    (ROOT / "docs" / "device-file.schema.json").read_text()
)
DEFS: Final[dict[str, Any]] = SCHEMA["$defs"]
VALIDATOR: Final = jsonschema.Draft202012Validator(SCHEMA)

BUNDLED: Final = sorted((ROOT / "custom_components/device_models/models").glob("*"))
DEVICE_FILES: Final = [
    path
    for path in sorted((FIXTURES / "device_files").iterdir())
    if path.stem != "boiler_model"
]
ORACLE: Final = sorted((FIXTURES / "oracle").iterdir())
EVERYTHING: Final = sorted(path for path in FIXTURES.rglob("*") if path.is_file())


def problems(document: Any) -> list[str]:
    """Return what the schema has against a document."""
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in VALIDATOR.iter_errors(document)
    ]


def test_it_is_a_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)
    used = json.dumps(SCHEMA)
    assert [name for name in DEFS if f"#/$defs/{name}" not in used] == []


@pytest.mark.parametrize("path", [*BUNDLED, *DEVICE_FILES], ids=lambda one: one.name)
def test_device_files_are_valid(path: Path) -> None:
    assert problems(parse(path.read_bytes(), path.name)) == []


@pytest.mark.parametrize("path", ORACLE, ids=lambda one: one.name)
def test_oracle_style_models_are_valid_within_a_device_file(path: Path) -> None:
    assert problems({"model": parse(path.read_bytes(), path.name)}) == []


@pytest.mark.parametrize(
    "path", EVERYTHING, ids=lambda one: str(one.relative_to(FIXTURES))
)
def test_whatever_is_exported_is_valid(path: Path) -> None:
    assert problems(write_device_file(load_file(path))) == []


def changed(**changes: Any) -> dict[str, Any]:
    """Return a device file whose only attribute says something else."""
    attribute = {"name": "temp", "type": "NUMBER", **changes}
    return {"model": {"urn": "u", "name": "U", "attributes": [attribute]}}


def bound(place: Any, connection: str = "coap", key: str = "temp") -> dict[str, Any]:
    """Return a device file with a binding."""
    return {"model": THERMO, "binding": {connection: {"attributes": {key: place}}}}


def shown(**overlay: Any) -> dict[str, Any]:
    """Return a device file with an overlay."""
    return {"model": THERMO, "overlay": {"attributes": {"temp": overlay}}}


def sampled(**sample: Any) -> dict[str, Any]:
    """Return a device file with a sample."""
    good = {"connection": "coap", "path": "x", "payload": 1, "expect": {"temp": 1}}
    return {"model": THERMO, "samples": [{**good, **sample}]}


def alerts(name: str = "too_hot", **said: Any) -> dict[str, Any]:
    """Return a device file that says something of alerts."""
    return {"model": THERMO, "alerts": {name: said}}


def ended(clear: Any) -> dict[str, Any]:
    """Return a device file whose model says how an alert ends."""
    shape = {"name": "f", "clear": clear}
    return {"model": {"urn": "u", "name": "U", "formats": [shape]}}


GOOD: Final[list[dict[str, Any]]] = [
    changed(),
    {"model": "other.json", "x-mine": 1},
    changed(type="URI", mediaType="image/png"),
    {"model": "x.json", "device": {"serialNumber": 4, "gateway": "g", "acmeRoom": "1"}},
    {"model": "x.json", "device": {"url": "https://x/", "below": "{hardwareId}"}},
    bound("temp"),
    bound({"path": "a", "pointer": "/0"}),
    bound(False),
    shown(unit=None, labels={"1": "on"}, mask="0x0C"),
    {"model": THERMO, "overlay": {"compose": False}},
    {"model": THERMO, "overlay": {"compose": {"cover": False, "light:a": {}}}},
    {"model": THERMO, "overlay": {"compose": {"light": {"roles": {"on": None}}}}},
    sampled(),
    alerts(severity="LOW", clear={"after": 1}, ignore=["temp"], window=0, repair=True),
    alerts("*", window=60, repair="critical"),
    alerts(clear=None),
    ended({"condition": "$(temp) < 30", "after": 0.5}),
]

MISTAKES: Final[list[tuple[Any, str]]] = [
    ([], ""),
    ({}, ""),
    ({"model": 5}, "model"),
    ({"model": ""}, "model"),
    ({"model": "x.json", "device": {"url": "ftp://x"}}, "device.url"),
    ({"model": "x.json", "device": {"acmeRooms": ["1"]}}, "device.acmeRooms"),
    ({"model": "x.json", "device": {"serialNumber": "x" * 256}}, "device.serialNumber"),
    ({"model": []}, "model"),
    ({"model": {"urn": "u", "attributes": [{"name": "a", "type": "URI"}]}}, "model"),
    ({"model": {"name": "U", "attributes": []}}, "model"),
    ({"model": {"urn": "u", "name": "U"}}, "model"),
    ({"model": {"urn": "u", "name": "U", "attributes": {}}}, "model"),
    (changed(type="FLOAT"), "model.attributes.0"),
    (changed(type="number"), "model.attributes.0"),
    (changed(name=""), "model.attributes.0"),
    (changed(name=None), "model.attributes.0"),
    (changed(range="0-100"), "model.attributes.0"),
    (changed(range=[0, 100]), "model.attributes.0"),
    (changed(writable="yes"), "model.attributes.0"),
    (changed(step=0), "model.attributes.0"),
    (changed(enum="a,b"), "model.attributes.0"),
    (changed(labels=["a"]), "model.attributes.0"),
    (changed(semanticType=5), "model.attributes.0"),
    (changed(type="OBJECT"), "model.attributes.0"),
    (changed(type="URI", mediaType="image/svg+xml"), "model.attributes.0"),
    ({"model": THERMO, "binding": "coap"}, "binding"),
    ({"model": THERMO, "binding": {"coap": {"attribute": {}}}}, "binding.coap"),
    (bound(True), "binding.coap"),
    (bound({"topic": "x"}), "binding.coap"),
    (bound({"path": "x"}, "mqtt"), "binding.mqtt"),
    (bound({"path": "x", "format": "xml"}), "binding.coap"),
    (bound({"path": "x", "pointer": "value"}), "binding.coap"),
    (bound({"path": "x", "method": "PUSH"}), "binding.coap"),
    ({"model": THERMO, "overlay": []}, "overlay"),
    (shown(icon="mdi:x"), "overlay.attributes.temp"),
    (shown(enabled="no"), "overlay.attributes.temp"),
    (shown(category="main"), "overlay.attributes.temp"),
    (shown(scale=0), "overlay.attributes.temp"),
    (shown(map=[0, 1, 2]), "overlay.attributes.temp"),
    ({"model": THERMO, "overlay": {"actions": {"reset": {"mask": 1}}}}, "overlay"),
    ({"model": THERMO, "overlay": {"compose": True}}, "overlay.compose"),
    ({"model": THERMO, "overlay": {"compose": {"a b": {}}}}, "overlay.compose"),
    ({"model": THERMO, "overlay": {"compose": {"light": True}}}, "overlay.compose"),
    ({"model": THERMO, "overlay": {"compose": {"light": {"unit": 1}}}}, "overlay"),
    ({"model": {**THERMO, "groups": []}}, "model.groups"),
    ({"model": THERMO, "samples": {}}, "samples"),
    (sampled(connection="http"), "samples.0"),
    (bound({"url": "x", "observe": True}, "http"), "binding.http"),
    (bound({"path": "x"}, "http"), "binding.http"),
    (sampled(connection="mqtt"), "samples.0"),
    (sampled(expect={}), "samples.0"),
    ({"model": THERMO, "policies": [{"id": "P"}]}, "policies.0"),
    (alerts(repair="sometimes"), "alerts.too_hot.repair"),
    (alerts(severity="BAD"), "alerts.too_hot.severity"),
    (alerts(window=-1), "alerts.too_hot.window"),
    (alerts(wide=1), "alerts.too_hot"),
    (alerts("*", severity="LOW"), "alerts.*"),
    (alerts(clear={}), "alerts.too_hot.clear"),
    (ended({"after": 0}), "model.formats.0.clear.after"),
    (ended({"when": "x"}), "model.formats.0.clear"),
    ({"model": THERMO, "security": [{"where": "header"}]}, "security.0"),
]


@pytest.mark.parametrize("document", GOOD)
def test_what_is_right_is_valid(document: Any) -> None:
    assert problems(document) == []


@pytest.mark.parametrize(("document", "where"), MISTAKES)
def test_a_typical_mistake_is_found_where_it_is(document: Any, where: str) -> None:
    found = problems(document)
    assert found
    assert found[0].startswith(where)


def keys(name: str) -> set[str]:
    """Return the keys that a definition names."""
    definition = DEFS[name]
    named = set(definition.get("properties", {}))
    for part in definition.get("allOf", ()):
        named |= keys(part["$ref"].rpartition("/")[2])
    return named


READ: Final[defaultdict[str, set[str]]] = defaultdict(set)
"""By the definition in the schema, the keys that were looked at."""


class Watched(dict[str, Any]):
    """An object of a document that notes which of its keys are looked at."""

    def __init__(self, kind: str, **content: Any) -> None:
        super().__init__(content)
        self._kind = kind

    @override
    def get(self, key: str, default: Any = None) -> Any:
        READ[self._kind].add(key)
        return super().get(key, default)

    @override
    def __getitem__(self, key: str) -> Any:
        READ[self._kind].add(key)
        return super().__getitem__(key)

    @override
    def __contains__(self, key: object) -> bool:
        READ[self._kind].add(str(key))
        return super().__contains__(key)


def test_every_key_that_is_read_is_in_the_schema() -> None:
    def value(kind: str, **more: Any) -> Watched:
        return Watched(kind, name="v", type="NUMBER", **more)

    def place(kind: str, **more: Any) -> Watched:
        return Watched(kind, **more)

    policy = Watched(
        "policy", id="P", pipelines=[{"pipeline": [{"id": "batchByCost"}]}]
    )
    member = value("attribute")
    document = Watched(
        "",
        model=Watched(
            "oracleModel",
            urn="u",
            name="U",
            groups={"g": Watched("group", title="G")},
            attributes=[
                value("attribute", writable=True),
                Watched("attribute", name="o", type="OBJECT", members=[member]),
                Watched("attribute", name="i", type="URI", mediaType="image/png"),
            ],
            actions=[
                Watched("action", name="old", argType="NUMBER"),
                Watched(
                    "action",
                    name="new",
                    arguments=[value("argument")],
                    results=[value("result")],
                ),
            ],
            formats=[
                Watched(
                    "format",
                    name="f",
                    type="ALERT",
                    value={"fields": [value("field")]},
                    clear=Watched("clear", after=1),
                )
            ],
        ),
        binding={
            "coap": Watched(
                "coap",
                state=place("coapPlace", path="state", writable=True),
                attributes={"v": place("coapPlace"), "i": place("coapPlace")},
                actions={"new": place("coapPlace")},
                alerts={"f": place("coapPlace")},
                packs={"p": Watched("coapPack", format="json", attributes={"v": ""})},
            ),
            "coap_listener": Watched(
                "coapListener",
                state=place("coapListenerPlace", path="state"),
                attributes={"v": place("coapListenerPlace")},
                actions={"new": False},
                alerts={"f": place("coapListenerPlace")},
                commands="c",
            ),
            "http": Watched(
                "http",
                state=place("httpPlace", url="state", writable=True),
                attributes={
                    "v": place("httpPlace", observe="sse"),
                    "i": place("httpPlace"),
                },
                actions={"new": place("httpPlace")},
                alerts={"f": place("httpPlace", end=Watched("httpEnd", url="e"))},
            ),
            "mqtt": Watched(
                "mqtt",
                state=place("mqttPlace", topic="t", write="w"),
                attributes={"v": place("mqttPlace")},
                actions={"new": place("mqttPlace")},
                alerts={"f": place("mqttPlace")},
                availability=place("availability"),
                problems=Watched(
                    "problems", attribute="v", topic="t", below="b", alert="f"
                ),
            ),
        },
        alerts={"f": Watched("alertRule"), "*": Watched("alertRuleOfAll")},
        policies=[policy],
        security=[Watched("security", scheme="basic")],
        samples=[
            Watched("sample", connection="coap", path="v", payload=1, expect={"v": 1}),
            Watched("sample", connection="mqtt", topic="v", payload=1, expect={"v": 1}),
            Watched("sample", connection="http", url="v", payload=1, expect={"v": 1}),
            Watched(
                "sample",
                connection="coap_listener",
                path="v",
                payload=1,
                expect={"v": 1},
            ),
        ],
    )
    loaded = load_document(document, "watched")
    assert list(check_bindings(loaded)) == []
    assert list(check_samples(loaded)) == []
    top = set(SCHEMA["properties"])
    # What tells other formats apart is looked at, too, and is none of ours.
    for kind, read in READ.items():
        if kind not in {"", "oracleModel"}:
            assert read - {"name"} <= keys(kind), kind  # names are in every place
    assert {"model", "binding", "overlay", "policies", "security", "samples"} <= top
    assert "alerts" in top
    assert keys("oracleModel") <= READ["oracleModel"]
    # And the other way: the schema promises nothing that is not read.
    alerting = ("format", "clear", "alertRule", "alertRuleOfAll")
    others = ("attribute", "group", "field", "result", "policy", "sample")
    for kind in (*alerting, *others):
        assert keys(kind) <= READ[kind], kind
    places = ("coapPlace", "coapPack", "coap", "coapListenerPlace", "coapListener")
    others = ("httpPlace", "httpEnd", "http", "mqttPlace", "mqtt", "problems")
    for kind in (*places, *others, "availability"):
        assert keys(kind) - {"address"} <= READ[kind], kind


def test_words_are_those_that_are_known() -> None:
    place = DEFS["coapPlace"]["properties"]
    assert set(DEFS["attribute"]["properties"]["type"]["enum"]) == set(DataType)
    assert set(DEFS["type"]["enum"]) == set(DataType) - {"OBJECT"}
    assert set(DEFS["format"]["properties"]["type"]["enum"]) == set(FormatType)
    assert set(DEFS["codec"]["enum"]) == set(CODECS)
    assert set(DEFS["image"]["enum"]) == set(IMAGES)
    assert set(DEFS["sample"]["properties"]["connection"]["enum"]) == set(KINDS)
    assert {one.upper() for one in place["method"]["enum"]} == {
        method.name for method in (*coap.READ_METHODS, *coap.CALL_METHODS)
    }
    assert {one.upper() for one in place["write_method"]["enum"]} == {
        method.name for method in coap.WRITE_METHODS
    }
    there = DEFS["httpPlace"]["properties"]
    assert set(there["method"]["enum"]) == {*http.READ_METHODS, *http.CALL_METHODS}
    assert set(there["write_method"]["enum"]) == {*http.WRITE_METHODS}
    assert set(there["observe"]["enum"]) - {False} == set(Way)
    ends = DEFS["httpEnd"]["properties"]["method"]["enum"]
    assert set(ends) == {*http.END_METHODS}
    pipeline = DEFS["policy"]["properties"]["pipelines"]["items"]["properties"]
    functions = pipeline["pipeline"]["items"]["properties"]["id"]["enum"]
    assert set(functions) == set(FUNCTIONS)


def test_overlay_has_the_fields_that_are_read() -> None:
    assert keys("shown") == set(FIELDS)
    assert keys("shownAttribute") == set(FIELDS) | set(VALUE_FIELDS)
    assert keys("composition") == {*COMPOSED_FIELDS, "composed", "roles"}
