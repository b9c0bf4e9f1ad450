"""A device as a file that other users can take in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.device_models.const import (
    CONF_ALERTS,
    CONF_COMMANDS,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_OVERLAY,
    DOMAIN,
)
from custom_components.device_models.export import device_file_text
from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.decided import (
    decisions_of,
    keep,
    loaded_of,
)

from .acting import set_up
from .flows import (
    answered,
    changing,
    element_form,
    shown_as_enabled,
    suggested,
)

pytestmark = pytest.mark.usefixtures("integration")


async def test_export_is_a_file_that_makes_the_same_device(
    hass: HomeAssistant, room_entry: MockConfigEntry, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    await set_up(hass, room_entry)
    flow_id, enabled = await shown_as_enabled(hass, room_entry)
    form = await element_form(hass, flow_id, "attribute-carbonDioxide", enabled)
    await answered(hass, flow_id, **(form | {"name": "Air"}))
    await answered(hass, flow_id, enabled=enabled)
    await hass.async_block_till_done()
    (subentry_id,) = room_entry.subentries
    result: Any = await room_entry.start_subentry_reconfigure_flow(hass, subentry_id)
    flow_id = result["flow_id"]
    result = await answered(hass, flow_id, next_step_id="export")
    text = suggested(result)["document"]
    loaded = load(text.encode(), "export.yaml")
    assert loaded.overlay["attributes"]["carbonDioxide"] == {"name": "Air"}  # type: ignore[index,call-overload]
    result = await answered(hass, flow_id, document=text, file="..")
    assert result["errors"] == {"base": "file_invalid"}
    result = await answered(hass, flow_id, document=text, file="My room.yaml")
    assert result["reason"] == "saved"
    assert (tmp_path / DOMAIN / "my_room.yaml").read_text() == text
    flow_id = await changing(hass, room_entry, "export")
    result = await answered(hass, flow_id, document=text, file="my room")
    assert result["errors"] == {"base": "file_exists"}
    result = await answered(hass, flow_id, document=text)
    assert result["reason"] == "exported"


@pytest.mark.parametrize(
    ("author", "user"),
    [
        ({"map": [0, 10, 0, 100]}, {"scale": 2}),
        ({"unit": "W", "device_class": "power"}, {"platform": "binary_sensor"}),
        ({"min": 10, "max": 20}, {"scale": 2}),
        ({"labels": {"0": "Off", "1": "On"}}, {"labels": {}}),
        ({}, {"unit": "°F"}),
        ({}, {"min": None, "state_class": "total"}),
        ({"name": "Level"}, {"category": None, "enabled": False}),
    ],
)
def test_export_says_what_author_and_user_have_said_together(
    author: dict[str, Any], user: dict[str, Any]
) -> None:
    attribute = {
        "name": "tenths",
        "type": "INTEGER",
        "unit": "0.1 Cel",
        "range": "0,100",
        "writable": True,
    }
    overlay = {"attributes": {"tenths": author}}
    document: dict[str, Any] = {
        "model": {"urn": "urn:x", "name": "X", "attributes": [attribute]},
        "overlay": overlay,
    }
    loaded = load_document(document, "x")
    data = {
        "document": document,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: {"attributes": {"tenths": user}},
    }
    (wanted,) = decisions_of(data, loaded)
    (made,) = decide(load(device_file_text(data, loaded).encode(), "export.yaml"))
    assert replace(made, reasons={}) == replace(wanted, reasons={})


def test_export_says_how_alerts_and_commands_are_treated() -> None:
    model = {
        "urn": "urn:test",
        "name": "Test",
        "attributes": [{"name": "level", "type": "INTEGER", "writable": True}],
        "formats": [
            {"name": "full", "urn": "urn:test:full", "value": {"fields": []}},
        ],
    }
    data = {
        CONF_DOCUMENT: {"model": model, "commands": {"keep": 60, "tries": 2}},
        CONF_COMMANDS: {"keep": 3600, "confirm": "echo"},
        CONF_ALERTS: {"full": {"window": 30, "clear": {"after": 60}}},
    }
    wanted = loaded_of(data)
    written = load(device_file_text(data, wanted).encode(), "export.yaml")
    assert written.delivery == wanted.delivery
    assert written.delivery.keep == 3600
    assert written.alerts == wanted.alerts
    assert written.model.formats == wanted.model.formats


def test_export_of_a_device_with_more_than_a_screenful() -> None:
    attributes = [{"name": f"a{i}", "type": "NUMBER"} for i in range(60)]
    document: dict[str, Any] = {"urn": "urn:x", "name": "X", "attributes": attributes}
    loaded = load_document(document, "x")
    user = {f"a{i}": {"enabled": i > 45} for i in range(0, 60, 2)}
    data = {
        "document": document,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: {"attributes": user},
    }
    wanted = [one.enabled for one in decisions_of(data, loaded)]
    made = decide(load(device_file_text(data, loaded).encode(), "export.yaml"))
    assert [one.enabled for one in made] == wanted
