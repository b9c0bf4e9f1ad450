"""Whatever a model says, what is composed of it can work."""

import time
from typing import Any, Final

from hypothesis import given, strategies as st

from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.model import (
    Action,
    Attribute,
    DeviceModel,
    Group,
)
from custom_components.device_models.iot.values import DataType, Range
from custom_components.device_models.mapping import decide
from custom_components.device_models.mapping.composing import element_of, lacking
from custom_components.device_models.mapping.decided import decisions_of, keep
from custom_components.device_models.mapping.decisions import Kind, objection
from custom_components.device_models.mapping.fitting import fits
from custom_components.device_models.mapping.roles import RULE_OF, RULES

from .models import device, number

ROLES: Final = [role for rule in RULES for role in rule.roles.values()]
THINGS: Final = sorted({thing for rule in RULES for thing in rule.things})
PHRASES: Final = sorted({phrase for role in ROLES for phrase in role.phrases - {"*"}})
TERMS: Final = sorted(
    {f"x:{term.title().replace(' ', '')}Property" for r in ROLES for term in r.types}
    | {f"ipso:{number}" for role in ROLES for number in role.resources}
)
MEANINGS: Final = sorted({word for role in ROLES for word in role.meanings})

things = st.sampled_from(THINGS)
names = st.tuples(
    st.sampled_from(["", "a/", "b.", "3311/0/"]),
    st.lists(things | st.sampled_from(PHRASES), min_size=1, max_size=2),
).map(lambda parts: parts[0] + "_".join(parts[1]).replace(" ", "_"))
terms = st.lists(st.sampled_from(TERMS), max_size=1).map(tuple)


@st.composite
def attributes(draw: st.DrawFn) -> Attribute:
    """Draw an attribute that may well play a role."""
    kind = draw(st.sampled_from([one for one in DataType if one != "OBJECT"]))
    more: dict[str, Any] = {}
    if kind is DataType.STRING and draw(st.booleans()):
        words = st.lists(st.sampled_from(MEANINGS), min_size=1, max_size=4, unique=True)
        more["enum"] = tuple(draw(words))
    if kind.is_numeric and draw(st.booleans()):
        more["range"] = draw(
            st.sampled_from([Range(0, 100), Range(0, 0xFFFFFF), Range(150, 500)])
        )
    return Attribute(
        name=draw(names),
        type=kind,
        unit=draw(st.sampled_from([None, "%", "°C", "K", "mired"])),
        semantic_types=draw(terms),
        writable=draw(st.booleans()),
        readable=draw(st.booleans()),
        **more,
    )


groups = st.builds(Group, title=st.just("") | things, semantic_types=terms)
models = st.builds(
    DeviceModel,
    urn=st.just("urn:x"),
    name=things,
    attributes=st.lists(attributes(), max_size=12, unique_by=lambda one: one.name).map(
        tuple
    ),
    actions=st.lists(st.builds(Action, name=names), max_size=4).map(tuple),
    semantic_types=st.lists(things, max_size=1).map(tuple),
    groups=st.dictionaries(st.sampled_from(["a", "b", "3311/0"]), groups),
)


@given(models)
def test_what_is_composed_can_work(model: DeviceModel) -> None:
    loaded = Loaded(model=model)
    decisions = decide(loaded)
    found = [one for one in decisions if one.kind is Kind.COMPOSITION]
    used = [key for one in found for key in one.uses.values()]
    assert len(set(used)) == len(used)
    for one in found:
        roles = RULE_OF[one.platform].roles
        assert lacking(one) == ""
        assert objection(one, model) is None
        assert one.reasons["platform"]
        assert list(one.uses) == [role for role in roles if role in one.uses]
        for role, key in one.uses.items():
            element = element_of(key, model)
            assert element is not None
            assert fits(roles[role], element)
            assert one.reasons[f"role {role}"]
    by_key = {one.key: one for one in decisions}
    assert len(by_key) == len(decisions)
    assert all(by_key[key].part_of for key in used if key in by_key)
    # And what is kept is what was decided.
    data = {"decisions": keep(decisions)}
    assert [one.uses for one in decisions_of(data, loaded)] == [
        one.uses for one in decisions
    ]


def test_large_models_take_no_long_time() -> None:
    attributes = [number(f"channel{i}/target_level_{i % 7}") for i in range(2000)]
    loaded = load_document(device(*attributes, name="Light"), "x")
    begun = time.perf_counter()
    decide(loaded)
    assert time.perf_counter() - begun < 10  # of a busy machine; one second else
