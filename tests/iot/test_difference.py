"""What is different between two versions of a model."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.device_models.iot.difference import difference
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import DeviceModel

TEMP = {"name": "temp", "type": "NUMBER", "unit": "Cel", "range": "0,50"}
MODE = {"name": "mode", "type": "STRING", "enum": ["a", "b"], "writable": True}
RESET = {"name": "reset"}
ALERT = {"name": "hot", "value": {"fields": [{"name": "temp", "type": "NUMBER"}]}}


def model(
    *attributes: dict[str, Any],
    actions: tuple[dict[str, Any], ...] = (),
    formats: tuple[dict[str, Any], ...] = (),
) -> DeviceModel:
    """Return a model."""
    document: dict[str, Any] = {
        "urn": "urn:x",
        "name": "X",
        "attributes": [*attributes, {"name": "always", "type": "BOOLEAN"}],
        "actions": [*actions],
        "formats": [*formats],
    }
    return load_document(document, "model").model


def test_same_model_has_no_difference() -> None:
    one = model(TEMP, MODE, actions=(RESET,), formats=(ALERT,))
    assert not difference(one, one)
    assert difference(one, replace(one, description="Words")).sentences() == []


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        (model(), model(TEMP), ["Added: attribute temp"]),
        (model(TEMP, MODE), model(TEMP), ["Removed: attribute mode"]),
        (
            model({"name": "view", "type": "URI"}),
            model({"name": "view", "type": "URI", "mediaType": "image/png"}),
            ["Changed: attribute view: content none → image/png, no longer readable"],
        ),
        (
            model(TEMP),
            model({**TEMP, "name": "temperature"}),
            ["Renamed: attribute temp → attribute temperature"],
        ),
        (
            model(TEMP),
            model({"name": "t", "alias": "temp", "type": "INTEGER"}),
            [
                "Renamed: attribute temp → attribute t",
                (
                    "Changed: attribute t: type NUMBER → INTEGER, unit Cel → none, "
                    "range 0 to 50 → none"
                ),
            ],
        ),
        (
            model(TEMP),
            model({**TEMP, "name": "a"}, {**TEMP, "name": "b"}),
            ["Added: attribute a, attribute b", "Removed: attribute temp"],
        ),
        (
            model(MODE),
            model({**MODE, "enum": ["a", "c"], "writable": False}),
            ["Changed: attribute mode: choices a, b → a, c, no longer writable"],
        ),
        (
            model(TEMP),
            model({**TEMP, "step": 0.5, "writable": True}),
            ["Changed: attribute temp: step none → 0.5, now writable"],
        ),
        (
            model(TEMP),
            model({**TEMP, "sensitive": True, "labels": {"0": "zero"}}),
            ["Changed: attribute temp: now sensitive"],
        ),
        (
            model(actions=(RESET,)),
            model(actions=({"name": "restart"},)),
            ["Renamed: action reset → action restart"],
        ),
        (
            model(actions=(RESET,)),
            model(actions=({**RESET, "argType": "BOOLEAN"},)),
            ["Changed: action reset: arguments"],
        ),
        (
            model(formats=(ALERT,)),
            model(formats=({**ALERT, "type": "DATA", "value": {}},)),
            ["Changed: format hot: type ALERT → DATA, fields"],
        ),
        (
            model(formats=(ALERT,)),
            model(formats=({**ALERT, "name": "too_hot"},)),
            ["Renamed: format hot → format too_hot"],
        ),
        (
            model({"name": "o", "type": "OBJECT", "members": [TEMP, MODE]}),
            model({"name": "o", "type": "OBJECT", "members": [TEMP]}),
            ["Removed: attribute o.mode"],
        ),
    ],
)
def test_difference_in_words(
    before: DeviceModel, after: DeviceModel, sentences: list[str]
) -> None:
    found = difference(before, after)
    assert found
    assert found.sentences() == sentences


def test_long_list_is_cut() -> None:
    many = [{"name": f"a{number}", "type": "NUMBER"} for number in range(25)]
    (sentence,) = difference(model(), model(*many)).sentences()
    assert sentence.endswith("attribute a19 and 5 more")
