"""Models of every format, and what becomes of them."""

from pathlib import Path
from typing import Final

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.device_models.iot.formats import (
    FORMATS,
    Loaded,
    load,
    load_document,
)
from custom_components.device_models.iot.formats.folders import beside, model_files
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decisions import Decision, objection
from custom_components.device_models.preview import becomes

FIXTURES: Final = Path(__file__).parent / "fixtures"

FILES: Final = [path.relative_to(FIXTURES) for path in model_files(FIXTURES)]

AT_LEAST: Final = 5
"""So many models there are of each format."""


def row(decision: Decision) -> str:
    """Return one row of the mapping table."""
    state_class = decision.state_class or "–"
    why = "; ".join(f"{name}: {said}" for name, said in decision.reasons.items())
    cells = (decision.key, decision.name, becomes(decision), state_class, why)
    return " | ".join(cells)


def loaded_from(file: Path) -> Loaded:
    """Return the model of one of the files."""
    path = FIXTURES / file
    return load(path.read_bytes(), path.name, beside(path.parent, path.parent))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_mapping_table(file: Path, snapshot: SnapshotAssertion) -> None:
    loaded = loaded_from(file)
    decisions = decide(loaded)
    assert [row(decision) for decision in decisions] == snapshot
    assert not [one for one in decisions if objection(one, loaded.model)]
    assert len({one.element_id for one in decisions}) == len(decisions)
    # What a device keeps of its model is enough to read it again.
    again = load_document(loaded.document, file.name)
    assert again.model == loaded.model
    assert again.layouts == loaded.layouts
    assert decide(again) == decisions


def test_there_are_enough_models_of_each_format() -> None:
    found = [loaded_from(file).format for file in FILES]
    few = {known.name for known in FORMATS if found.count(known.name) < AT_LEAST} - {
        "Thing Model"
    }
    assert not few
    assert found.count("Thing Model") >= 3
