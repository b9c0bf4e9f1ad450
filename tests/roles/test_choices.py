"""What the user, the author and time change about what is composed."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.device_models.const import (
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_OVERLAY,
)
from custom_components.device_models.export import device_file_text
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import load, load_document
from custom_components.device_models.mapping import count, decide
from custom_components.device_models.mapping.composing import names_of
from custom_components.device_models.mapping.decided import decisions_of, keep
from custom_components.device_models.mapping.decisions import Decision, Kind
from custom_components.device_models.model_change import with_model
from custom_components.device_models.preview import table

from ..flows import answered, ids, only, shown_as_enabled, suggested
from .devices import KEY, running
from .models import Document, boolean, composed, degrees, device, percent, text, uses

pytestmark = pytest.mark.usefixtures("integration")

LAMP = device(
    boolean("on"), percent("brightness"), percent("level"), boolean("fan"),
    semanticType="Light",
    overlay={"compose": {"light": {"roles": {"brightness": "brightness"}}}},
)  # fmt: skip
"""Two of its elements could be the brightness."""

PLAIN = device(boolean("on"), percent("brightness"), semanticType="Light")
VALUES = {"on": True, "brightness": 40}


def shown(decisions: tuple[Decision, ...]) -> list[str]:
    """Return the keys of what has an entity."""
    return [one.key for one in decisions if one.shown]


async def test_taken_apart_and_composed_again(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    async with running(hass, PLAIN, VALUES) as thing:
        assert ids(entity_registry) == {f"{KEY}-composition-light": "light.thing"}
        flow_id, enabled = await shown_as_enabled(hass, thing.entry)
        assert enabled == ["composition-light"]
        result = await answered(
            hass, flow_id, enabled=enabled, change="composition-light"
        )
        assert result["step_id"] == "composition"
        assert "- role on: on, semantic" not in result["description_placeholders"]
        form = suggested(result)
        assert form == {
            "enabled": True,
            "decompose": False,
            "role_on": "on",
            "role_brightness": "brightness",
        }
        result = await answered(hass, flow_id, **(form | {"decompose": True}))
        assert result["step_id"] == "entities"
        assert "not composed" in result["description_placeholders"]["rows"]
        enabled = suggested(result)["enabled"]
        assert enabled == ["attribute-on", "attribute-brightness"]
        await answered(hass, flow_id, enabled=enabled)
        await hass.async_block_till_done()
        apart = {
            f"{KEY}-attribute-on": "switch.thing_on",
            f"{KEY}-attribute-brightness": "number.thing_brightness",
        }
        assert ids(entity_registry) == apart
        assert thing.state("number.thing_brightness") == "40"
        # And back, by choosing it in the list
        flow_id, enabled = await shown_as_enabled(hass, thing.entry)
        await answered(hass, flow_id, enabled=[*enabled, "composition-light"])
        await hass.async_block_till_done()
        assert ids(entity_registry) == {f"{KEY}-composition-light": "light.thing"}
        assert thing.shown("light.thing", "brightness") == ["on", 102]
        kept = only(thing.entry).data[CONF_OVERLAY]
        assert kept["compose"]["light"] == {"composed": True}


async def test_a_part_can_be_shown_besides(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    async with running(hass, PLAIN, VALUES) as thing:
        for wanted in (True, False):
            flow_id, enabled = await shown_as_enabled(hass, thing.entry)
            assert ("attribute-on" in enabled) is not wanted
            others = [key for key in enabled if key != "attribute-on"]
            chosen = [*others, "attribute-on"] if wanted else others
            await answered(hass, flow_id, enabled=chosen)
            await hass.async_block_till_done()
            assert (f"{KEY}-attribute-on" in ids(entity_registry)) is wanted
            assert thing.state("light.thing") == "on"
        overlay = only(thing.entry).data[CONF_OVERLAY]
        assert overlay.get("attributes", {}) == {}


async def test_roles_name_and_class_are_chosen(hass: HomeAssistant) -> None:
    document = device(
        percent("up"), percent("position"), boolean("on"), semanticType="Shutter"
    )
    async with running(hass, document, {"up": 70, "position": 20}) as thing:
        assert thing.shown("cover.thing", "current_position") == ["open", 20]
        flow_id, enabled = await shown_as_enabled(hass, thing.entry)
        result = await answered(
            hass, flow_id, enabled=enabled, change="composition-cover"
        )
        form = suggested(result) | {
            "name": "Slats",
            "device_class": "blind",
            "role_position": "up",
            "role_tilt": "up",
        }
        result = await answered(hass, flow_id, **form)
        placeholders = result["description_placeholders"]
        assert result["errors"] == {"base": "choice_invalid"}
        assert placeholders["problem"] == "expected each element in one role only"
        del form["role_position"]
        result = await answered(hass, flow_id, **form)
        assert result["description_placeholders"]["problem"].startswith(
            "expected position or closure or open and close"
        )
        form |= {"role_position": "up", "role_tilt": "position", "category": "config"}
        result = await answered(hass, flow_id, **form)
        assert result["step_id"] == "entities"
        await answered(hass, flow_id, enabled=suggested(result)["enabled"])
        await hass.async_block_till_done()
        (entity,) = hass.states.async_entity_ids("cover")
        assert thing.shown(
            entity, "current_position", "current_tilt_position", "device_class"
        ) == ["open", 70, 20, "blind"]
        assert only(thing.entry).data[CONF_OVERLAY]["compose"] == {
            "cover": {
                "name": "Slats",
                "device_class": "blind",
                "category": "config",
                "roles": {"position": "up", "tilt": "position"},
            }
        }


async def test_a_device_that_was_there_before_is_not_changed(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    without = {**PLAIN, "overlay": {"compose": False}}
    kept = {
        key: said
        for key, said in keep(decide(load_document(without, "x"))).items()
        if not key.startswith("composition-")
    }
    async with running(hass, PLAIN, VALUES, **{CONF_DECISIONS: kept}) as thing:
        assert set(ids(entity_registry).values()) == {
            "switch.thing_on",
            "number.thing_brightness",
        }
        flow_id, enabled = await shown_as_enabled(hass, thing.entry)
        assert "composition-light" not in enabled
        await answered(hass, flow_id, enabled=[*enabled, "composition-light"])
        await hass.async_block_till_done()
        assert ids(entity_registry) == {f"{KEY}-composition-light": "light.thing"}


def test_what_is_known_of_a_device_later_is_not_enabled_by_itself() -> None:
    document: Document = {
        "homie": "5.0",
        "version": 1,
        "name": "Lamp",
        "nodes": {"main": {"properties": {"on": {"datatype": "boolean"}}}},
    }
    loaded = load_document(document, "x")
    kept = keep(decide(loaded))
    assert kept.keys() > {"attribute-main/on", "attribute-problem"}
    data = {CONF_DOCUMENT: document, CONF_DECISIONS: kept}
    assert any(one.key == "attribute-problem" for one in visible(data))
    before = {key: one for key, one in kept.items() if "main/on" in key}
    data = {CONF_DOCUMENT: document, CONF_DECISIONS: before}
    assert [one.key for one in visible(data)] == ["attribute-main/on"]
    problem = next(one for one in decisions(data) if one.key == "attribute-problem")
    assert problem.reasons["enabled"] == "not when the device was added"
    wanted = {"attributes": {"problem": {"enabled": True}}}
    assert len(visible({**data, CONF_OVERLAY: wanted})) == 2


def decisions(data: Document) -> tuple[Decision, ...]:
    """Return what the elements of a device have become."""
    return decisions_of(data, load_document(data[CONF_DOCUMENT], "x"))


def visible(data: Document) -> list[Decision]:
    """Return those that are enabled by themselves."""
    return [one for one in decisions(data) if one.visible]


def test_what_a_device_has_become_stays() -> None:
    loaded = load_document(PLAIN, "x")
    kept = keep(decide(loaded))
    # The rules of another time would not know it.
    other = {**PLAIN, "model": {**PLAIN["model"], "semanticType": []}}
    assert uses(other) == {}
    data = {CONF_DOCUMENT: other, CONF_DECISIONS: kept}
    decisions = decisions_of(data, load_document(other, "x"))
    assert shown(decisions) == ["composition-light"]
    # But not without what it needs.
    model = {**PLAIN["model"], "attributes": [boolean("on", writable=False)]}
    data[CONF_DOCUMENT] = {"model": model}
    decisions = decisions_of(data, load_document(data[CONF_DOCUMENT], "x"))
    assert shown(decisions) == ["attribute-on"]
    kept["composition-light"]["platform"] = "lawn_mower"
    decisions = decisions_of(data, load_document(PLAIN, "x"))
    assert shown(decisions) == ["composition-light"]


def test_author_says_what_is_composed() -> None:
    document = device(
        boolean("out1"), percent("pwm1"), boolean("out2"), percent("pwm2"),
        degrees("t"), degrees("s", writable=True),
        overlay={
            "compose": {
                "light:left": {
                    "name": "Left", "roles": {"on": "out1", "brightness": "pwm1"},
                },
                "light:right": {"roles": {"on": "out2"}, "category": "config"},
                "climate": {
                    "roles": {"target_temperature": "s", "current_temperature": "t"}
                },
            }
        },
    )  # fmt: skip
    found = composed(document)
    assert {name: names_of(one.uses) for name, one in found.items()} == {
        "light:left": {"on": "out1", "brightness": "pwm1"},
        "light:right": {"on": "out2"},
        "climate": {"target_temperature": "s", "current_temperature": "t"},
    }
    assert [one.name for one in found.values()] == ["Left", "Right", ""]
    assert found["light:left"].reasons["role on"] == "out1, overlay"
    decisions = decide(load_document(document, "x"))
    assert shown(decisions) == [
        "composition-light:left",
        "composition-light:right",
        "composition-climate",
        "attribute-pwm2",
    ]
    assert count(decisions)["light"] == 2  # type: ignore[index]


def test_author_takes_roles_and_compositions_away() -> None:
    assert uses(LAMP)["light"] == {"on": "on", "brightness": "brightness"}
    for compose in (False, {"light": False}, {"light": {"composed": False}}):
        document = {**PLAIN, "overlay": {"compose": compose}}
        assert shown(decide(load_document(document, "x"))) == [
            "attribute-on",
            "attribute-brightness",
        ]
    document = {
        **PLAIN,
        "overlay": {"compose": {"light": {"roles": {"brightness": None}}}},
    }
    assert uses(document) == {"light": {"on": "on"}}
    (light,) = composed(document).values()
    assert "role brightness" not in light.reasons


@pytest.mark.parametrize(
    ("compose", "where", "problem"),
    [
        ({"toaster": {}}, "overlay.compose.toaster", "expected one of"),
        ({"light": {"unit": "K"}}, "overlay.compose.light.unit", "expected one of"),
        ({"light": {"roles": {"heat": "on"}}}, "overlay.compose.light.roles.heat",
         "expected one of on, brightness"),
        ({"light": {"roles": {"on": "brightness"}}}, "overlay.compose.light.roles.on",
         "brightness cannot play this role"),
        ({"light": {"roles": {"on": None, "brightness": None}}},
         "overlay.compose.light.roles", "expected on or brightness"),
        ({"light:x": {}}, "overlay.compose.light:x.roles", "expected on or brightness"),
        ({"light": {"device_class": "blind"}}, "overlay.compose.light.device_class",
         "no light is a blind"),
        ({"light": {"composed": "no"}}, "overlay.compose.light.composed",
         "expected true or false"),
        (True, "overlay.compose", "expected an object"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_are(
    compose: Any, where: str, problem: str
) -> None:
    document = {**PLAIN, "overlay": {"compose": compose}}
    with pytest.raises(ModelError) as caught:
        decide(load_document(document, "x"))
    assert caught.value.details["where"] == where
    assert caught.value.details["problem"].startswith(problem)


def test_a_choice_that_does_not_fit_any_more_is_passed_over() -> None:
    loaded = load_document(PLAIN, "x")
    data = {
        CONF_DOCUMENT: PLAIN,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: {
            "compose": {
                "light": {"name": "Lamp", "roles": {"on": "gone"}},
                "cover": {"name": "No longer there"},
            }
        },
    }
    light = decisions_of(data, loaded)[0]
    assert (light.name, names_of(light.uses)["on"]) == ("Lamp", "on")
    assert light.reasons["overlay"] == "gone cannot play this role"


USER: list[tuple[Document, dict[str, Any]]] = [
    (PLAIN, {}),
    (PLAIN, {"compose": {"light": {"composed": False}}}),
    (PLAIN, {"compose": {"light": {"name": "L", "enabled": False}}}),
    (PLAIN, {"compose": {"light": {"roles": {"brightness": None}}}}),
    (PLAIN, {"attributes": {"on": {"enabled": True}}}),
    ({**PLAIN, "overlay": {"compose": False}}, {}),
    (
        {**PLAIN, "overlay": {"compose": False}},
        {"compose": {"light": {"composed": True}}},
    ),
    (LAMP, {"compose": {"light": {"roles": {"brightness": "level"}}}}),
    (LAMP, {"compose": {"light": {"category": "config"}}}),
]


@pytest.mark.parametrize(("document", "user"), USER)
def test_export_makes_the_same_device(document: Document, user: dict[str, Any]) -> None:
    loaded = load_document(document, "x")
    data = {
        CONF_DOCUMENT: document,
        CONF_DECISIONS: keep(decide(loaded)),
        CONF_OVERLAY: user,
    }
    wanted = [one for one in decisions_of(data, loaded) if one.shown]
    text = device_file_text(data, loaded)
    made = [one for one in decide(load(text.encode(), "export.yaml")) if one.shown]
    for one, other in zip(made, wanted, strict=True):
        assert (one.key, one.name, one.uses) == (other.key, other.name, other.uses)
        assert (one.enabled, one.category) == (other.enabled, other.category)


def test_export_of_a_device_whose_composition_the_rules_do_not_find() -> None:
    loaded = load_document(PLAIN, "x")
    other = {**PLAIN, "model": {**PLAIN["model"], "semanticType": []}}
    data = {CONF_DOCUMENT: other, CONF_DECISIONS: keep(decide(loaded))}
    text = device_file_text(data, load_document(other, "x"))
    made = load(text.encode(), "export.yaml")
    assert shown(decide(made)) == ["composition-light"]
    # And the other way: of one that was there before the rules found it
    kept = keep(decide(loaded))
    del kept["composition-light"]
    data = {CONF_DOCUMENT: PLAIN, CONF_DECISIONS: kept}
    made = load(device_file_text(data, loaded).encode(), "export.yaml")
    assert made.overlay == {"compose": {"light": False}}


def next_version(*attributes: Document, **user: Any) -> tuple[Decision, ...]:
    """Return what becomes of the plain lamp with another version of its model."""
    new: Document = {
        "model": {**PLAIN["model"], "attributes": list(attributes), "version": "2"}
    }
    data = {
        CONF_DOCUMENT: PLAIN,
        CONF_DECISIONS: keep(decide(load_document(PLAIN, "x"))),
        CONF_OVERLAY: user,
    }
    loaded = load_document(new, "new")
    return decisions_of(with_model(data, loaded, "new"), loaded)


def test_new_version_renames_an_element() -> None:
    decisions = next_version(
        boolean("on"),
        percent("dimmer_of_it", alias="brightness"),
        compose={"light": {"roles": {"brightness": "brightness"}, "name": "L"}},
    )
    assert shown(decisions) == ["composition-light"]
    assert names_of(decisions[0].uses) == {"on": "on", "brightness": "dimmer_of_it"}
    assert decisions[0].name == "L"
    part = decisions[2]
    assert (part.element_id, part.part_of) == (
        "attribute-brightness",
        "composition-light",
    )


def test_new_version_loses_an_element() -> None:
    decisions = next_version(boolean("on"))
    assert names_of(decisions[0].uses) == {"on": "on"}
    decisions = next_version(text("label"))
    assert shown(decisions) == ["attribute-label"]


def test_new_version_brings_an_element() -> None:
    decisions = next_version(
        boolean("on"), percent("brightness"), {"name": "color", "type": "STRING",
                                               "writable": True},
        *(percent(f"blind/{one}") for one in ("position", "tilt")),
    )  # fmt: skip
    found = {one.element: one for one in decisions if one.uses}
    assert {name: names_of(one.uses) for name, one in found.items()} == {
        "light": {"on": "on", "brightness": "brightness", "color": "color"},
        "cover:blind": {"position": "blind/position", "tilt": "blind/tilt"},
    }
    assert found["light"].reasons["role color"] == "color, the name says “color”"
    assert all(one.composed for one in decisions)


def test_new_version_that_only_says_more_is_an_offer() -> None:
    before = {**PLAIN, "model": {**PLAIN["model"], "semanticType": []}}
    data = {
        CONF_DOCUMENT: before,
        CONF_DECISIONS: keep(decide(load_document(before, "x"))),
    }
    loaded = load_document(PLAIN, "new")
    decisions = decisions_of(with_model(data, loaded, "new"), loaded)
    assert shown(decisions) == ["attribute-on", "attribute-brightness"]
    (offer,) = [one for one in decisions if one.kind is Kind.COMPOSITION]
    assert not offer.composed
    assert offer.reasons["composed"]


def test_preview_says_what_is_composed_and_why() -> None:
    rows = table(decide(load_document(PLAIN, "x")), None).splitlines()
    assert rows == [
        (
            "| Light |  | light | type Light of the device; on ← on, the name says "
            "“on”; brightness ← brightness, the name says “brightness” |"
        ),
        "| On |  | part of Light | writable BOOLEAN |",
        "| Brightness |  | part of Light | writable INTEGER; unit in the model |",
    ]


async def test_author_lets_a_part_be_shown_and_its_user_does_not(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    document = {**PLAIN, "overlay": {"attributes": {"on": {"enabled": True}}}}
    async with running(hass, document, VALUES) as thing:
        assert f"{KEY}-attribute-on" in ids(entity_registry)
        flow_id, _enabled = await shown_as_enabled(hass, thing.entry)
        await answered(hass, flow_id, enabled=["composition-light"])
        await hass.async_block_till_done()
        assert ids(entity_registry) == {f"{KEY}-composition-light": "light.thing"}
        assert only(thing.entry).data[CONF_OVERLAY]["attributes"] == {
            "on": {"enabled": False}
        }


async def test_a_composed_entity_can_be_disabled(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    async with running(hass, PLAIN, VALUES) as thing:
        flow_id, _enabled = await shown_as_enabled(hass, thing.entry)
        await answered(hass, flow_id, enabled=[])
        await hass.async_block_till_done()
        assert ids(entity_registry) == {f"{KEY}-composition-light": "light.thing"}
        entity = entity_registry.async_get("light.thing")
        assert entity is not None
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
