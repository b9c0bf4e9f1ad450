"""The samples of a device file, and its bindings: what does not fit is an error."""

import base64
from pathlib import Path
from typing import Any, Final

import cbor2
import pytest

from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.samples import check_bindings, check_samples

from .samples import THERMO

FIXTURES: Final = Path(__file__).parents[1] / "fixtures" / "device_files"

MODEL: Final[dict[str, Any]] = {
    **THERMO,
    "attributes": [
        *THERMO["attributes"],
        {"name": "since", "type": "DATETIME"},
        {"name": "code", "type": "STRING", "sensitive": True},
    ],
}


def with_samples(*samples: Any, **more: Any) -> list[str]:
    """Return what is wrong with the samples of a device file."""
    document = {"model": MODEL, "samples": list(samples), **more}
    return [str(one) for one in check_samples(load_document(document, "x"))]


def coap(payload: Any, expect: Any, path: str = "state", **more: Any) -> dict[str, Any]:
    """Return a sample."""
    sample = {"connection": "coap", "path": path, "payload": payload}
    return {**sample, "expect": expect, **more}


def posted(payload: Any, expect: Any, path: str = "state", **more: Any) -> Any:
    """Return a sample of what a device posts."""
    return coap(payload, expect, path, **more) | {"connection": "coap_listener"}


def mqtt(
    payload: Any, expect: Any, topic: str = "state", **more: Any
) -> dict[str, Any]:
    """Return a sample."""
    sample = {"connection": "mqtt", "topic": topic, "payload": payload}
    return {**sample, "expect": expect, **more}


@pytest.mark.parametrize("path", sorted(FIXTURES.iterdir()), ids=lambda one: one.name)
def test_files_of_the_folder_test_themselves(path: Path) -> None:
    loaded = load(path.read_bytes(), "x", lambda name: (FIXTURES / name).read_bytes())
    assert list(check_samples(loaded)) == []
    assert list(check_bindings(loaded)) == []


CBOR = {"base64": base64.b64encode(cbor2.dumps({"temp": 4})).decode()}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("a JSON value", coap({"temp": 20.5}, {"temp": 20.5})),
    ("JSON as text", mqtt('{"temp": 20.5, "x": 1}', {"temp": 20.5})),
    ("text by type", coap("21", {"temp": 21}, "temp")),
    ("text over MQTT", mqtt("21", {"temp": 21}, "temp")),
    ("a number", mqtt(21, {"temp": 21}, "temp")),
    ("an absolute place", mqtt("1", {"temp": 1}, "/sample/temp")),
    ("base64", coap(CBOR, {"temp": 4}, format="cbor")),
    ("CBOR from JSON", coap({"temp": 4}, {"temp": 4}, format="cbor")),
    (
        "over HTTP",
        {"connection": "http", "url": "state", "payload": {"temp": 4}}
        | {"expect": {"temp": 4}},
    ),
    (
        "an alert over HTTP",
        {"connection": "http", "url": "alert/too_hot", "payload": {"temp": 99}}
        | {"expect": {"temp": 99}},
    ),
    ("a SenML pack", coap([{"n": "temp", "v": 4}], {"temp": 4}, format="senml+json")),
    ("a time as text", mqtt({"since": 0}, {"since": "1970-01-01T00:00:00Z"})),
    ("an alert", coap({"temp": 99, "severity": "LOW"}, {"temp": 99}, "alert/too_hot")),
    ("what is posted", posted({"temp": 20.5}, {"temp": 20.5})),
    ("one value that is posted", posted("21", {"temp": 21}, "temp")),
    ("posted CBOR", posted(CBOR, {"temp": 4}, "/sample/state", format="cbor")),
    ("a posted alert", posted({"temp": 99}, {"temp": 99}, "alert/too_hot")),
    ("an alert over MQTT", mqtt({"temp": 99}, {"temp": 99}, "alert/too_hot")),
]


@pytest.mark.parametrize(
    "sample", [row[1] for row in GOOD], ids=[row[0] for row in GOOD]
)
def test_sample_that_means_what_it_should(sample: dict[str, Any]) -> None:
    assert with_samples(sample) == []
    other = {**sample, "expect": dict.fromkeys(sample["expect"], 500)}
    assert with_samples(other) != []


BAD: list[tuple[Any, str]] = [
    (coap({"temp": 1}, {"temp": 2}), "samples[0].expect.temp: expected 2, got 1"),
    (coap({}, {"temp": 2}), "samples[0].expect.temp: expected a value, got none"),
    (
        mqtt({"since": 1000}, {"since": 0}),
        "samples[0].expect.since: expected 0, got 1000",
    ),
    (
        coap({"code": "a"}, {"code": "b"}),
        "samples[0].expect.code: expected another value",
    ),
    (
        coap({"temp": 1}, {"heat": 2}),
        "samples[0].expect.heat: the model has no attribute 'heat'",
    ),
    (
        coap({"temp": 1}, {"temp": "warm"}),
        "samples[0].expect.temp: temp: expected a finite number, got 'warm'",
    ),
    (
        coap({"temp": 1, "maxThreshold": 7}, {"temp": 1}),
        "samples[0].payload: maxThreshold: 7 < 65",
    ),
    (
        mqtt("{", {"temp": 1}),
        "samples[0].payload: payload is not usable JSON: Expecting property name",
    ),
    (
        coap({"unit": "C"}, {"temp": 1}, "alert/too_hot"),
        "samples[0].payload: temp: is missing",
    ),
    (coap("x", {"temp": 1}, "nowhere"), "samples[0].path: the device is not listened"),
    (mqtt("x", {"temp": 1}, "a/b"), "samples[0].topic: the device is not listened to"),
    (coap("x", {"temp": 1}, format="xml"), "samples[0].format: expected one of json"),
    (coap("x", {}), "samples[0].expect: expected the values of some attributes"),
    (coap({"base64": "?"}, {"temp": 1}), "samples[0].payload.base64: expected base64"),
    (
        {"connection": "coap", "path": "state", "expect": {"temp": 1}},
        "samples[0].payload: is missing",
    ),
    (
        {"connection": "smoke"},
        "samples[0].connection: expected one of coap, coap_listener, http, mqtt",
    ),
    ({"connection": "mqtt", "path": "x"}, "samples[0].topic: expected a text"),
    ("sample", "samples[0]: expected an object"),
]


@pytest.mark.parametrize(("sample", "problem"), BAD)
def test_sample_that_differs_is_told_with_its_place(sample: Any, problem: str) -> None:
    found = with_samples(sample)
    assert found[0].startswith(problem)
    assert all(len(one) < 300 for one in found)


def test_what_is_not_a_list_of_samples() -> None:
    assert with_samples(*[{}] * 501) == ["samples: expected at most 500 elements"]


def test_all_samples_are_checked() -> None:
    wrong = coap({"temp": 1}, {"temp": 2})
    found = with_samples(wrong, coap({"temp": 1}, {"temp": 1}), wrong)
    assert [one.split(".")[0] for one in found] == ["samples[0]", "samples[2]"]


def test_only_device_files_have_samples() -> None:
    loaded = load_document({**THERMO, "samples": [5]}, "x")
    assert list(check_samples(loaded)) == []
    assert list(check_samples(Loaded(model=loaded.model))) == []


BINDINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({"coap": {"attributes": {"temp": "t"}}, "http": {"x": 1}}, []),
    (
        {"coap": {"attributes": {"heat": "t"}}, "mqtt": {"state": 5}},
        [
            "binding.coap.attributes.heat: the model has no such element",
            "binding.mqtt.state: expected a topic, or an object with a topic",
        ],
    ),
    ({"coap": 5}, ["binding.coap: expected an object"]),
]


@pytest.mark.parametrize(("binding", "problems"), BINDINGS)
def test_binding_that_cannot_be_used(
    binding: dict[str, Any], problems: list[str]
) -> None:
    document = {"model": THERMO, "binding": binding}
    loaded = load_document(document, "x")
    assert [str(one) for one in check_bindings(loaded)] == problems


def test_samples_say_nothing_of_a_binding_that_cannot_be_used() -> None:
    binding = {"coap": {"attributes": {"heat": "t"}}}
    assert with_samples(coap({"temp": 1}, {"temp": 2}), binding=binding) == []
