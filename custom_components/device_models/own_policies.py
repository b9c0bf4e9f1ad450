"""The policies of a device as its data keeps them, and as its user sees them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from homeassistant.util import dt as dt_util

from .const import (
    CONF_ADDED,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_OVERLAY,
    CONF_POLICIES,
    CONF_POLICIES_OFF,
)
from .iot.formats import load_document
from .iot.formats.additions import WHERE, pipeline_key
from .iot.model import DeviceModel, Pipeline, Policy, PolicyFunction
from .iot.values import JsonValue
from .mapping import decide
from .mapping.decided import keep, known_better, loaded_of, settled
from .mapping.decisions import Kind
from .policy_forms import Draft, WrongField
from .preview import escaped

SECRET_PARAMETERS: Final = ("hashingKey",)

ADDED: Final = (Kind.ATTRIBUTE, Kind.FORMAT, Kind.PROBLEM)
"""The kinds of what a policy may add."""

MAX_SAID: Final = 120
"""Characters of what a function does."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One pipeline, for people."""

    key: str
    own: bool
    """Whether the user has added it."""
    policy: Policy
    pipeline: Pipeline
    followed: bool

    @property
    def title(self) -> str:
        """What it is about, and what it does."""
        does = ", then ".join(_said(one) for one in self.pipeline.functions)
        return f"{self.pipeline.attribute or 'all messages'}: {does}"

    @property
    def row(self) -> str:
        """Its row in the table."""
        source = "you" if self.own else f"the model ({self.policy.id})"
        cells = (self.title, source, "yes" if self.followed else "no")
        return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def _said(function: PolicyFunction) -> str:
    """Return what a function does."""
    given = ", ".join(
        f"{name} {_worded(value)}"
        for name, value in function.parameters.items()
        if name not in SECRET_PARAMETERS
    )
    text = f"{function.id} ({given})" if given else function.id
    return text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}…"


def _worded(value: JsonValue) -> str:
    """Return a parameter in a few words: of an alert or an action, which one it is."""
    if isinstance(value, Mapping):
        return " ".join(part for part in value.values() if isinstance(part, str))
    return str(value)


def pipelines_of(data: Mapping[str, Any]) -> tuple[Shown, ...]:
    """Return all pipelines of a device, also those that are switched off."""
    loaded = load_document(data[CONF_DOCUMENT], "")
    everything = known_better(loaded, {**data, CONF_POLICIES_OFF: []})
    own = {policy["id"] for policy in data.get(CONF_POLICIES, ())}
    off = data.get(CONF_POLICIES_OFF, ())
    return tuple(
        Shown(
            key := pipeline_key(policy, pipeline),
            policy.id in own,
            policy,
            pipeline,
            policy.enabled and key not in off,
        )
        for policy in everything.model.policies
        for pipeline in policy.pipelines
    )


def problems_of(data: Mapping[str, Any]) -> list[str]:
    """Return what of the user's own cannot be used with the model as it is now."""
    return [str(one) for one in loaded_of(data).remarks if one.where.startswith(WHERE)]


def following(data: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Return the data of a device that follows these of its pipelines."""
    off = [one.key for one in pipelines_of(data) if one.key not in keys]
    return {**data, CONF_POLICIES_OFF: off}


def without(data: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """Return the data of a device without some of the user's pipelines."""
    gone = {one.policy.id for one in pipelines_of(data) if one.own and one.key in keys}
    policies = [one for one in data.get(CONF_POLICIES, ()) if one["id"] not in gone]
    unused = {
        name
        for policy in data.get(CONF_POLICIES, ())
        if policy["id"] in gone
        for name in policy.get("names", ())
    }
    added = {
        kind: [one for one in elements if one["name"] not in unused]
        for kind, elements in data.get(CONF_ADDED, {}).items()
    }
    off = [key for key in data.get(CONF_POLICIES_OFF, ()) if key not in keys]
    kept = {
        **data,
        CONF_POLICIES: policies,
        CONF_ADDED: added,
        CONF_POLICIES_OFF: off,
    }
    model = loaded_of(kept).model
    there = {*model.leaves, *(one.name for one in model.formats)}
    return _forgotten(kept, unused - there)


def _forgotten(data: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """Return the data of a device without what was decided about what is gone.

    What comes under the same name later is something else.
    """
    keys = {f"{kind.word}-{name}" for kind in ADDED for name in gone}
    kept = {
        key: it for key, it in data.get(CONF_DECISIONS, {}).items() if key not in keys
    }
    chosen = {
        kind: {name: it for name, it in of_kind.items() if name not in gone}
        if kind in ADDED
        else of_kind
        for kind, of_kind in data.get(CONF_OVERLAY, {}).items()
    }
    return {**data, CONF_DECISIONS: kept, CONF_OVERLAY: chosen}


def with_draft(
    data: Mapping[str, Any], draft: Draft, title: str, language: str
) -> dict[str, Any]:
    """Return the data of a device with one more policy; what it adds is enabled.

    Raises:
        WrongField: it cannot be used.

    """
    before = loaded_of(data)
    kept = data.get(CONF_DECISIONS) or keep(settled(data, before, language))
    policy: dict[str, JsonValue] = {
        "id": uuid4().hex[:12],
        "description": title,
        "lastModified": round(dt_util.utcnow().timestamp() * 1000),
        "pipelines": [draft.pipeline],
        "names": list(draft.names),
    }
    known = data.get(CONF_ADDED, {})
    data = {
        **data,
        CONF_POLICIES: [*data.get(CONF_POLICIES, ()), policy],
        CONF_ADDED: {
            "attributes": [*known.get("attributes", ()), *draft.attributes],
            "formats": [*known.get("formats", ()), *draft.formats],
        },
    }
    loaded = loaded_of(data)
    if wrong := loaded.remarks[len(before.remarks) :]:
        raise WrongField("base", "policy_invalid", {"problem": wrong[0].message})
    fresh = (
        replace(one, enabled=True)
        for one in decide(loaded, language)
        if one.element in draft.names and one.key not in kept
    )
    return {**data, CONF_DECISIONS: {**kept, **keep(tuple(fresh))}}


def without_secrets(model: DeviceModel) -> DeviceModel:
    """Return a model whose policies hold no keys."""
    return replace(
        model, policies=tuple(_policy_without(policy) for policy in model.policies)
    )


def _policy_without(policy: Policy) -> Policy:
    def plain(functions: Iterable[PolicyFunction]) -> Iterator[PolicyFunction]:
        for one in functions:
            given = {
                name: value
                for name, value in one.parameters.items()
                if name not in SECRET_PARAMETERS
            }
            yield replace(one, parameters=given)

    return replace(
        policy,
        pipelines=tuple(
            replace(one, functions=tuple(plain(one.functions)))
            for one in policy.pipelines
        ),
    )
