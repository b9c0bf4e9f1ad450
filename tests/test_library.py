"""The models at hand, and what happens when one of them changes."""

import json
import os
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.device_models import library
from custom_components.device_models.const import DOMAIN, SUBENTRY_DEVICE
from custom_components.device_models.export import async_save
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats.folders import beside
from custom_components.device_models.library import (
    BUNDLED,
    beside_own,
    read_library,
)
from custom_components.device_models.repairs import LIBRARY_INTERVAL

from .acting import device_subentry, set_up, state_of
from .flows import Fix, answered, fixed, ids, issues, only

MODEL: dict[str, Any] = {
    "urn": "urn:com:acme:thermo",
    "name": "Thermo",
    "attributes": [{"name": "temp", "type": "NUMBER", "unit": "Cel"}],
}


@pytest.fixture
def own(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the user's folder of models, in a configuration of its own."""
    hass.config.config_dir = str(tmp_path)
    folder = tmp_path / DOMAIN
    folder.mkdir()
    return folder


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a model file; a file written anew is newer."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    later = path.stat().st_mtime_ns + len(document) * 1_000_000_000
    os.utime(path, ns=(later, later))


def test_without_a_folder_there_are_the_bundled_models(tmp_path: Path) -> None:
    library = read_library(tmp_path / "nothing")
    assert set(library.models) == {path.stem for path in BUNDLED.glob("*.json")}
    assert not any(one.own for one in library.models.values())


def test_own_models_are_found_in_folders_and_in_every_format(tmp_path: Path) -> None:
    write(tmp_path / "thermo.json", MODEL)
    write(tmp_path / "acme" / "other.json", {**MODEL, "urn": "urn:y", "name": "Other"})
    (tmp_path / "third.yaml").write_text("model: thermo.json\n")
    (tmp_path / "notes.md").write_text("not a model")
    write(tmp_path / ".hidden" / "x.json", MODEL)
    library = read_library(tmp_path)
    assert {name for name, one in library.models.items() if one.own} == {
        "thermo",
        "acme/other",
        "third",
    }
    assert library.models["third"].loaded.model.name == "Thermo"
    assert library.broken == ()
    names = [one.loaded.model.name for one in library.models.values()]
    assert names == sorted(names, key=str.casefold)


def test_own_model_takes_the_place_of_a_bundled_one(tmp_path: Path) -> None:
    write(tmp_path / "water_pump.json", MODEL)
    bundled = json.loads((BUNDLED / "room_climate.json").read_text())
    bundled["model"]["name"] = "My room"
    write(tmp_path / "mine.json", bundled)
    library = read_library(tmp_path)
    assert library.models["water_pump"].loaded.model.name == "Thermo"
    assert "room_climate" not in library.models  # "mine" has its URN
    assert library.models["mine"].loaded.model.name == "My room"


def test_file_that_cannot_be_used_is_named_and_the_others_are_there(
    tmp_path: Path,
) -> None:
    write(tmp_path / "thermo.json", MODEL)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "huge.json").write_bytes(b" " * 2_000_000)
    library = read_library(tmp_path)
    assert "thermo" in library.models
    assert [err.details["source"] for err in library.broken] == [
        "broken.json",
        "huge.json",
    ]


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "thermo.json", MODEL)
    first = read_library(tmp_path).models["thermo"].loaded
    assert read_library(tmp_path).models["thermo"].loaded is first
    write(tmp_path / "thermo.json", {**MODEL, "name": "Thermometer", "description": ""})
    assert read_library(tmp_path).models["thermo"].loaded.model.name == "Thermometer"


@pytest.mark.parametrize("reference", ["../secret.json", "/etc/passwd", "link.json"])
def test_reference_does_not_lead_out_of_the_folder(
    tmp_path: Path, reference: str
) -> None:
    folder = tmp_path / "models"
    write(folder / "a.json", MODEL)
    write(tmp_path / "secret.json", MODEL)
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    fetch = beside(folder, folder)
    with pytest.raises(ModelError, match="expected a file beside"):
        fetch(reference)
    assert fetch("a.json")


def test_reference_to_nothing(hass: HomeAssistant, own: Path) -> None:
    with pytest.raises(ModelError, match="expected a file beside"):
        beside_own(hass)("missing.json")
    with pytest.raises(ModelError, match="it is not here"):
        beside_own(hass)("urn:missing")
    assert beside_own(hass)("urn:device-models:water-pump")


def test_file_is_read_again_when_one_that_it_refers_to_has_changed(
    tmp_path: Path,
) -> None:
    write(tmp_path / "thermo.json", MODEL)
    (tmp_path / "device.yaml").write_text("model: thermo.json")
    assert read_library(tmp_path).models["device"].loaded.model.name == "Thermo"
    write(tmp_path / "thermo.json", {**MODEL, "name": "Other", "description": ""})
    assert read_library(tmp_path).models["device"].loaded.model.name == "Other"


@pytest.mark.usefixtures("integration")
async def test_library_in_the_flow(
    hass: HomeAssistant, own: Path, room_entry: MockConfigEntry
) -> None:
    write(own / "thermo.json", MODEL)
    (own / "broken.json").write_text("{")
    await set_up(hass, room_entry)
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (room_entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
    )
    flow_id = started["flow_id"]
    result = await answered(hass, flow_id, next_step_id="library")
    (field,) = result["data_schema"].schema.values()
    labels = {one["value"]: one["label"] for one in field.config["options"]}
    assert labels["thermo"] == "Thermo · urn:com:acme:thermo · yours"
    assert labels["water_pump"] == "Water pump · urn:device-models:water-pump"
    assert "broken.json" in result["description_placeholders"]["broken"]
    write(own / "thermo.json", {**MODEL, "attributes": MODEL["attributes"], "a": 1})
    result = await answered(hass, flow_id, model="thermo")
    assert result["step_id"] == "path"


def changed_room() -> dict[str, Any]:
    """Return a newer version of a bundled model."""
    document: dict[str, Any] = json.loads((BUNDLED / "room_climate.json").read_text())
    attributes = document["model"]["attributes"]
    attributes[:] = [one for one in attributes if one["name"] != "humidity"]
    attributes.append({"name": "dewPoint", "type": "NUMBER", "unit": "Cel"})
    document["overlay"] = {}
    document["model"]["version"] = "2"
    return document


@pytest.mark.usefixtures("integration")
async def test_changed_model_is_a_repair_and_entities_keep_their_ids(
    hass: HomeAssistant,
    hass_client: Fix,
    own: Path,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await set_up(hass, room_entry)
    assert issues(hass) == []
    before = ids(entity_registry)
    # An update brings a new version.
    write(own / "room_climate.json", changed_room())
    async_fire_time_changed(hass, dt_util.utcnow() + LIBRARY_INTERVAL)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert ids(entity_registry) == before  # nothing happens by itself
    (issue,) = issues(hass)
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["device"] == "Room"
    told = issue.translation_placeholders["changes"]
    assert "Version: – → 2" in told
    assert "Added: attribute dewPoint" in told
    assert "Removed: attribute humidity" in told
    await fixed(hass, hass_client, "take")
    assert issues(hass) == []
    after = ids(entity_registry)
    key = only(room_entry).data["key"]
    assert after.pop(f"{key}-attribute-dewPoint")
    assert after == {
        unique_id: entity_id
        for unique_id, entity_id in before.items()
        if not unique_id.endswith("attribute-humidity")
    }
    assert state_of(hass, "sensor.room_temperature") != "unavailable"


@pytest.mark.usefixtures("integration")
async def test_present_model_can_be_kept_until_there_is_yet_another(
    hass: HomeAssistant,
    hass_client: Fix,
    own: Path,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    await set_up(hass, room_entry)
    before = ids(entity_registry)
    document = changed_room()
    write(own / "room_climate.json", document)
    await hass.config_entries.async_reload(room_entry.entry_id)
    await fixed(hass, hass_client, "stay")
    assert issues(hass) == []
    await hass.config_entries.async_reload(room_entry.entry_id)
    assert issues(hass) == []
    assert ids(entity_registry) == before
    document["model"]["attributes"].pop()
    write(own / "room_climate.json", document)
    await hass.config_entries.async_reload(room_entry.entry_id)
    assert len(issues(hass)) == 1
    await hass.config_entries.async_remove(room_entry.entry_id)
    assert issues(hass) == []


@pytest.mark.usefixtures("integration")
@pytest.mark.parametrize("choice", ["take", "stay"])
async def test_repair_of_what_is_gone(
    hass: HomeAssistant,
    hass_client: Fix,
    own: Path,
    room_entry: MockConfigEntry,
    choice: str,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    write(own / "room_climate.json", changed_room())
    await set_up(hass, room_entry)
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await begun.json()
    hass.config_entries.async_remove_subentry(room_entry, only(room_entry).subentry_id)
    await hass.async_block_till_done()
    done = await client.post(
        f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": choice}
    )
    assert (await done.json())["reason"] == "gone"


@pytest.mark.usefixtures("integration")
async def test_change_of_the_binding_is_told_in_words(
    hass: HomeAssistant, own: Path, room_entry: MockConfigEntry
) -> None:
    document = json.loads((BUNDLED / "room_climate.json").read_text())
    document["binding"] = {"coap": {"state": False}}
    write(own / "room_climate.json", document)
    await set_up(hass, room_entry)
    (issue,) = issues(hass)
    assert issue.translation_placeholders is not None
    told = issue.translation_placeholders["changes"]
    assert told == "- Changed: where its elements are found (the binding)"


@pytest.mark.usefixtures("integration")
async def test_model_of_the_library_that_does_not_fit_the_connection(
    hass: HomeAssistant, own: Path, room_entry: MockConfigEntry
) -> None:
    binding = {"coap": {"attributes": {"wrong": "x"}}}
    write(own / "thermo.json", {"model": MODEL, "binding": binding})
    write(own / "room.json", {"model": changed_room()["model"], "binding": binding})
    await set_up(hass, room_entry)
    flows = hass.config_entries.subentries
    for source, name in (("library", "thermo"), ("device", "room")):
        started = await flows.async_init(
            (room_entry.entry_id, SUBENTRY_DEVICE), context={"source": SOURCE_USER}
        )
        flow_id = started["flow_id"]
        result = await answered(hass, flow_id, next_step_id=source)
        if source == "device":
            result = await answered(hass, flow_id)
            while result["type"] is FlowResultType.SHOW_PROGRESS:
                await hass.async_block_till_done()
                result = dict(await flows.async_configure(flow_id))
        result = await answered(hass, flow_id, model=name)
        assert result["errors"] == {"base": "model_invalid"}


def test_no_more_than_so_many_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "MAX_FILES", 2)
    for name in "abc":
        write(tmp_path / f"{name}.json", {**MODEL, "urn": name})
    found = read_library(tmp_path).models
    assert {name for name, one in found.items() if one.own} == {"a", "b"}


def test_file_that_is_not_there_any_more(tmp_path: Path) -> None:
    (tmp_path / "gone.json").symlink_to(tmp_path / "nothing")
    (problem,) = read_library(tmp_path).broken
    assert str(problem) == "gone.json: (top): no such file or directory"


@pytest.mark.usefixtures("integration")
@pytest.mark.parametrize(
    "wrong",
    [
        {"overlay": {"attributes": {"temperature": {"device_class": "nonsense"}}}},
        {"binding": {"coap": {"attributes": {"wrong": "x"}}}},
    ],
)
async def test_changed_model_that_cannot_be_used_changes_nothing(
    hass: HomeAssistant,
    hass_client: Fix,
    own: Path,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    wrong: dict[str, Any],
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    write(own / "room_climate.json", {"model": changed_room()["model"], **wrong})
    await set_up(hass, room_entry)
    before = ids(entity_registry)
    done = await taken(hass, hass_client)
    assert done["reason"] == "model_invalid"
    assert ids(entity_registry) == before
    assert len(issues(hass)) == 1


@pytest.mark.usefixtures("integration")
async def test_changed_model_that_another_device_has_there(
    hass: HomeAssistant,
    hass_client: Fix,
    own: Path,
    room_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    assert await async_setup_component(hass, REPAIRS, {})
    document = changed_room()
    document["model"]["urn"] = "urn:other"
    write(own / "room_climate.json", document)
    other = device_subentry("room_climate", "Other", "", source="paste", key="other")
    hass.config_entries.async_add_subentry(
        room_entry,
        ConfigSubentry(
            data=MappingProxyType(other["data"]),
            subentry_type=SUBENTRY_DEVICE,
            title="Other",
            unique_id="urn:other",
        ),
    )
    await set_up(hass, room_entry)
    before = ids(entity_registry)
    assert (await taken(hass, hass_client))["reason"] == "already_configured"
    assert ids(entity_registry) == before


async def taken(hass: HomeAssistant, hass_client: Fix) -> dict[str, Any]:
    """Take the new version of the only issue; returns what comes of it."""
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    done = await client.post(
        f"/api/repairs/issues/fix/{(await begun.json())['flow_id']}",
        json={"next_step_id": "take"},
    )
    answer: dict[str, Any] = await done.json()
    await hass.async_block_till_done()
    return answer


async def test_saved_device_takes_the_name_of_no_other_model(
    hass: HomeAssistant, own: Path
) -> None:
    write(own / "thermo.json", MODEL)
    with pytest.raises(FileExistsError):
        await async_save(hass, "Thermo", "model: {}")
    await async_save(hass, "Thermo 2", "model: {}")
    assert (own / "thermo_2.yaml").exists()
