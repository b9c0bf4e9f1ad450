"""What the documents show works."""

import json
from pathlib import Path
import re
from typing import Any, Final

from authoring.__main__ import COMMANDS
from authoring.lint import check
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.iot.formats.device_file import OWN_KEYS
from custom_components.device_models.iot.formats.folders import SUFFIXES
from custom_components.device_models.iot.samples import check_samples
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.overlay_fields import (
    FIELDS,
    VALUE_FIELDS,
)

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "device-file.md").read_text()
SCHEMA: Final[dict[str, Any]] = json.loads(
    (ROOT / "docs" / "device-file.schema.json").read_text()
)
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
    assert set(frame) == set(SCHEMA["properties"]) - {"devicePolicies"}
    assert set(frame) == {*OWN_KEYS, "device", "samples"} - {"devicePolicies"}
    frame["model"]["attributes"] = [{"name": "a", "type": "NUMBER"}]
    assert load(json.dumps(frame).encode(), "frame").model.name == "Thermo"


def test_samples_mean_what_they_say() -> None:
    (samples,) = (example for example in EXAMPLES if set(example) == {"samples"})
    binding = {"coap": {"attributes": {"power": {"path": "meter", "pointer": "/p"}}}}
    loaded = load_document({**EXAMPLES[-1], **samples, "binding": binding}, "example")
    assert list(check_samples(loaded)) == []


def test_every_field_of_the_overlay_is_described() -> None:
    assert {
        name for name in (*FIELDS, *VALUE_FIELDS) if f"`{name}`" not in PAGE
    } == set()


def test_every_key_of_the_schema_is_described() -> None:
    named = set(re.findall(r"\w+", PAGE))
    for definition in SCHEMA["$defs"].values():
        keys = set(definition.get("properties", {}))
        assert keys - named - {"address", "items", "*"} == set()


def test_commands_are_described() -> None:
    page = (ROOT / "docs" / "model-command.md").read_text()
    assert set(re.findall(r"`script/model (\w+) ", page)) == set(COMMANDS)
    for suffix in SUFFIXES:
        assert f"`{suffix}`" in page
    (report,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    model = ROOT / "custom_components/device_models/models/water_pump.json"
    assert set(json.loads(report)) == set(json.loads(check(model).as_json()))


def test_automation_of_the_readme_is_about_entities_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"\b(?:event|switch)\.pump\w*", readme)) - {"event.pump"}
    assert used == {"event.pump_dry_run", "switch.pump_pump"}
