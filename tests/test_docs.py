"""What the documents show works."""

import json
from pathlib import Path
import re
from typing import Any, Final

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.formats import load
from custom_components.device_models.mapping import decide
from custom_components.device_models.overlay import Overlay

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "device-file.md").read_text()
EXAMPLES: Final[list[dict[str, Any]]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
]


def test_example_can_be_loaded_and_bound() -> None:
    example = EXAMPLES[-1]
    loaded = load(json.dumps(example).encode(), "example")
    assert loaded.remarks == ()
    assert len(decide(loaded)) == 2
    binding = Binding(layouts=loaded.layouts)
    CoapConnection(CoapEndpoint("localhost")).check(loaded.model, binding)


def test_parts_of_the_frame_are_the_ones_that_are_read() -> None:
    frame = EXAMPLES[0]
    assert set(frame) == {"model", "binding", "overlay"}
    frame["model"]["attributes"] = [{"name": "a", "type": "NUMBER"}]
    assert load(json.dumps(frame).encode(), "frame").model.name == "Thermo"


@pytest.mark.parametrize("field", Overlay.FIELDS)
def test_every_field_of_the_overlay_is_described(field: str) -> None:
    assert f"`{field}`" in PAGE


def test_automation_of_the_readme_is_about_entities_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"\b(?:event|switch)\.pump\w*", readme)) - {"event.pump"}
    assert used == {"event.pump_dry_run", "switch.pump_pump"}
