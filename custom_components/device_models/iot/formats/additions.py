"""What a user has added to the model of a device: computed values, alerts, policies.

Spelled as in an Oracle-style model. What the model has itself by now is not added: the
device knows better.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from ..alert_rules import with_usable_clears
from ..model import Pipeline, Policy
from ..reading import Element, Remarks, Unusable
from ..values import JsonValue
from .loaded import Loaded
from .merging import merged
from .oracle.policies import EVERYTHING, read_policies
from .oracle.reading import read_attribute, read_format

CONNECTIONS: Final = ("coap", "coap_listener", "http", "mqtt")
"""Those whose layouts name elements: on none of them is there what was added."""

MAX_ADDED: Final = 200
"""Of each kind."""

WHERE: Final = "added"


def with_additions(
    loaded: Loaded,
    added: Mapping[str, JsonValue],
    policies: JsonValue,
    switched_off: Collection[str],
) -> Loaded:
    """Return a model with what its user has added.

    Args:
        loaded: the model.
        added: ``attributes`` and ``formats``.
        policies: a list of policies.
        switched_off: the keys of pipelines that are not followed, of these policies or
            of the model's.

    """
    remarks = Remarks()
    model, top = loaded.model, Element(added, WHERE)
    try:
        names = {*model.leaves, *(one.name for one in model.attributes)}
        attributes = tuple(
            read_attribute(one, remarks)
            for one in _new(top, "attributes", names, remarks)
        )
        names = {one.name for one in model.formats}
        formats = tuple(
            read_format(one, remarks) for one in _new(top, "formats", names, remarks)
        )
        model = replace(
            model,
            attributes=model.attributes + attributes,
            formats=model.formats + formats,
        )
        model = with_usable_clears(model, remarks)
        own = read_policies(Element({"policies": policies}, WHERE), model, remarks)
    except Unusable as err:
        remarks.add(err.where, err.problem)
        return replace(loaded, remarks=(*loaded.remarks, *remarks.all))
    model = replace(model, policies=_followed(model.policies + own, switched_off))
    absent = {
        "attributes": {one.name: False for one in attributes},
        "alerts": {one.name: False for one in formats},
    }
    return replace(
        loaded,
        model=model,
        layouts=_without(loaded.layouts, absent),
        remarks=(*loaded.remarks, *remarks.all),
    )


def pipeline_key(policy: Policy, pipeline: Pipeline) -> str:
    """Return what a pipeline is known by."""
    return f"{policy.id}/{pipeline.attribute or EVERYTHING}"


def _new(
    top: Element, key: str, names: Collection[str], remarks: Remarks
) -> Iterator[Element]:
    """Yield what is added and is not there by itself."""
    for where, value in top.items(key, limit=MAX_ADDED):
        element = Element.of(value, where)
        if element.text("name") in names:
            remarks.add(where, "the model has it by itself now")
        else:
            yield element


def _followed(
    policies: Iterable[Policy], switched_off: Collection[str]
) -> tuple[Policy, ...]:
    """Return policies without the pipelines that are switched off."""
    if not switched_off:
        return tuple(policies)
    left: list[Policy] = []
    for policy in policies:
        pipelines = tuple(
            one
            for one in policy.pipelines
            if pipeline_key(policy, one) not in switched_off
        )
        if pipelines:
            left.append(replace(policy, pipelines=pipelines))
    return tuple(left)


def _without(
    layouts: Mapping[str, JsonValue], absent: Mapping[str, Mapping[str, JsonValue]]
) -> Mapping[str, JsonValue]:
    """Return layouts without what is on no connection."""
    said = {key: names for key, names in absent.items() if names}
    if not said:
        return layouts
    return {
        **layouts,
        **{name: merged(layouts.get(name, {}), said) for name in CONNECTIONS},
    }
