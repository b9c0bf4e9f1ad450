"""What a user has added to a model."""

from pathlib import Path
from typing import Any, Final

import pytest

from custom_components.device_models.iot import connections
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.formats.additions import (
    CONNECTIONS,
    with_additions,
)

from ..samples import THERMO

ATTRIBUTE: Final = {"name": "double", "type": "NUMBER"}
FORMAT: Final = {"name": "hot", "clear": {"condition": "$(temp) < 5"}}


def added(**kinds: Any) -> Loaded:
    """Return the example of the sheet with what was added."""
    return with_additions(load_document(THERMO, "thermo"), kinds, [], ())


def test_every_connection_that_names_elements_is_told_what_it_does_not_have() -> None:
    folders = Path(connections.__file__).parent.iterdir()
    assert {one.name for one in folders if (one / "layout.py").is_file()} == set(
        CONNECTIONS
    )
    loaded = added(attributes=[ATTRIBUTE], formats=[FORMAT])
    absent = {"attributes": {"double": False}, "alerts": {"hot": False}}
    assert loaded.layouts == dict.fromkeys(CONNECTIONS, absent)


def test_layout_that_is_there_stays() -> None:
    layout: dict[str, Any] = {"state": False, "attributes": {"temp": "t"}}
    below = load_document({"model": THERMO, "binding": {"coap": layout}}, "thermo")
    loaded = with_additions(below, {"attributes": [ATTRIBUTE]}, [], ())
    assert loaded.layouts["coap"] == {
        "state": False,
        "attributes": {"temp": "t", "double": False},
    }


def test_without_anything_added_nothing_changes() -> None:
    below = load_document(THERMO, "thermo")
    assert with_additions(below, {}, [], ()) == below


@pytest.mark.parametrize("name", ["temp", "maxThreshold"])
def test_what_the_model_has_itself_is_not_added(name: str) -> None:
    loaded = added(attributes=[{"name": name, "type": "STRING"}])
    assert len(loaded.model.attributes) == 2
    (remark,) = loaded.remarks
    assert "by itself" in remark.message


def test_end_of_an_added_alert_that_cannot_be_is_remarked() -> None:
    loaded = added(formats=[{**FORMAT, "clear": {"format": "nothing"}}])
    assert loaded.model.format("hot").clear is None
    assert len(loaded.remarks) == 1


@pytest.mark.parametrize(
    "kinds",
    [
        {"attributes": 5},
        {"formats": ["x"]},
        {"attributes": [{"name": 5}]},
        {"attributes": [{"type": "NUMBER"}]},
        {"attributes": [ATTRIBUTE] * 201},
    ],
)
def test_additions_that_cannot_be_read_are_left_out_as_a_whole(kinds: Any) -> None:
    loaded = added(**kinds)
    assert loaded.model == load_document(THERMO, "thermo").model
    assert len(loaded.remarks) == 1
