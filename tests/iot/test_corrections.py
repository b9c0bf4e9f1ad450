"""What a person knows better about a model."""

from typing import Any

import pytest

from custom_components.device_models.iot.corrections import corrected
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import DeviceModel

SAMPLE = load_document({"a": 1, "b": {"c": "x", "d": {"e": 2.5}}}, "sample").model


def types(model: DeviceModel) -> dict[str, tuple[str, bool]]:
    """Return types, and whether it can be written, by name."""
    return {name: (one.type, one.writable) for name, one in model.leaves.items()}


def test_guesses_are_corrected_wherever_they_are() -> None:
    corrections: Any = {
        "a": {"type": "BOOLEAN"},
        "b.c": {"writable": True},
        "b.d.e": {"type": "INTEGER", "writable": True},
        "gone": {"type": "STRING"},
    }
    assert types(corrected(SAMPLE, corrections)) == {
        "a": ("BOOLEAN", False),
        "b.c": ("STRING", True),
        "b.d.e": ("INTEGER", True),
    }


@pytest.mark.parametrize(
    "said", [{}, {"type": "OBJECT"}, {"type": "x"}, {"type": 5}, {"writable": "yes"}]
)
def test_nonsense_corrects_nothing(said: Any) -> None:
    assert corrected(SAMPLE, {"a": said, "b": {"type": "STRING"}}) == SAMPLE


def test_what_was_said_is_no_guess() -> None:
    model: Any = {
        "urn": "u",
        "name": "U",
        "attributes": [{"name": "a", "type": "NUMBER"}],
    }
    said = load_document(model, "model").model
    assert corrected(said, {"a": {"type": "STRING"}}) == said
