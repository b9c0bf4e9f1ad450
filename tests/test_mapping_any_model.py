"""Whatever a model says, Home Assistant takes what becomes of it."""

from typing import Any

from homeassistant.components.sensor.const import (
    NON_NUMERIC_DEVICE_CLASSES,
    STATE_CLASS_UNITS,
)
from homeassistant.const import EntityCategory, Platform
from hypothesis import given, strategies as st

from custom_components.device_models.const import MAX_ENABLED_ENTITIES
from custom_components.device_models.iot.formats import Loaded
from custom_components.device_models.iot.model import (
    Action,
    Attribute,
    DeviceModel,
    Format,
    FormatType,
)
from custom_components.device_models.iot.units.table import KNOWN, OTHERS
from custom_components.device_models.iot.values import DataType, Range
from custom_components.device_models.mapping import count, decide
from custom_components.device_models.mapping.decisions import DEVICE_CLASSES, objection
from custom_components.device_models.mapping.meanings import MEASURED, STATES
from custom_components.device_models.mapping.ontologies import IPSO, RESOURCE_TYPES
from custom_components.device_models.mapping.state_classes import (
    COUNTING,
    FLOWING,
    SETTINGS,
)

PHRASES = sorted({*MEASURED, *STATES, *COUNTING, *FLOWING, *SETTINGS, "mode", "rssi"})
SPELLINGS = sorted(
    {row.symbol for row in (*KNOWN, *OTHERS)}
    | {code for row in KNOWN for _, listed in row.codes for code in listed.split()}
    | {name.replace("_", " ") for row in KNOWN for name in row.names.split()}
    | {f"unit:{code}" for row in KNOWN for code in row.qudt.split()}
)
TERMS = sorted(
    {name for classes in DEVICE_CLASSES.values() for name in classes}
    | {f"saref:{phrase.title().replace(' ', '')}" for phrase in MEASURED}
    | {f"ipso:{number}" for number in IPSO}
    | {f"ipso:{number}/5700" for number in IPSO}
    | {*RESOURCE_TYPES, "ipso:3/9"}
)

words = st.sampled_from(PHRASES) | st.text(max_size=8)
texts = st.lists(words, max_size=4).map(" ".join)
names = st.lists(words, min_size=1, max_size=4).map(" ".join).filter(str.strip)
units = st.none() | st.sampled_from(SPELLINGS) | st.text(max_size=6)
floats = st.floats(-1e6, 1e6)


@st.composite
def attributes(draw: st.DrawFn) -> Attribute:
    """Draw an attribute of any kind."""
    kind = draw(st.sampled_from([one for one in DataType if one != "OBJECT"]))
    choices: dict[str, Any] = {}
    if kind in (DataType.STRING, DataType.INTEGER) and draw(st.booleans()):
        values = st.text(max_size=5) if kind is DataType.STRING else st.integers(0, 9)
        enum = draw(st.lists(values, min_size=1, max_size=5, unique=True))
        labels = st.dictionaries(st.sampled_from(enum).map(str), st.text(max_size=3))
        choices = {"enum": tuple(enum), "labels": draw(labels)}
    return Attribute(
        name=draw(names),
        type=kind,
        title=draw(texts),
        titles=draw(st.dictionaries(st.sampled_from(["de", "en-GB", ""]), texts)),
        description=draw(texts),
        unit=draw(units),
        semantic_types=tuple(draw(st.lists(st.sampled_from(TERMS), max_size=2))),
        writable=draw(st.booleans()),
        readable=draw(st.booleans()),
        sensitive=draw(st.booleans()),
        range=draw(
            st.none() | st.tuples(floats, floats).map(lambda r: Range(*sorted(r)))
        ),
        step=draw(st.none() | st.floats(1e-6, 1e3)),
        **choices,
    )


models = st.builds(
    DeviceModel,
    urn=st.just("urn:x"),
    name=st.just("X"),
    attributes=st.lists(attributes(), max_size=30).map(tuple),
    actions=st.lists(st.builds(Action, name=names), max_size=3).map(tuple),
    formats=st.lists(
        st.builds(Format, name=names, type=st.sampled_from(FormatType)), max_size=3
    ).map(tuple),
)


@given(models, st.sampled_from([None, "de", "en"]))
def test_home_assistant_takes_whatever_is_decided(
    model: DeviceModel, language: str | None
) -> None:
    decisions = decide(Loaded(model=model), language)
    assert len({decision.element_id for decision in decisions}) == len(decisions)
    assert sum(decision.enabled for decision in decisions) <= MAX_ENABLED_ENTITIES
    assert sum(count(decisions).values()) == len(decisions)
    for decision in decisions:
        assert objection(decision, model) is None
        assert {"platform", "name"} <= decision.reasons.keys()
        for name in ("device_class", "state_class", "unit", "category"):
            if getattr(decision, name) is not None:
                assert decision.reasons[name]
        if not decision.enabled:
            assert decision.reasons["enabled"]
        assert len(set(decision.options)) == len(decision.options)
        if decision.platform is Platform.SENSOR:
            assert decision.category is not EntityCategory.CONFIG
            if decision.device_class in NON_NUMERIC_DEVICE_CLASSES:
                assert decision.unit is decision.state_class is None
            if decision.state_class in STATE_CLASS_UNITS:
                assert decision.unit in STATE_CLASS_UNITS[decision.state_class]


@given(models)
def test_the_same_model_is_decided_in_the_same_way(model: DeviceModel) -> None:
    assert decide(Loaded(model=model)) == decide(Loaded(model=model))
