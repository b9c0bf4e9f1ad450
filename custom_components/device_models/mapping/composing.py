"""Compositions among the decisions about a device: what they use, and who says so."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from ..iot.model import Action, Attribute, DeviceModel
from .decisions import Decision, Kind
from .fitting import fits
from .roles import RULE_OF
from .roles.rule import Role, listed

PART: Final = "part"
"""The key of the reason why an element has no entity of its own."""

ROLE: Final = "role "
"""How the keys of the reasons begin why an element plays a role."""


def assembled(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return decisions of which those are parts whose elements are shown in others.

    Somebody may want an element to be shown by itself, too, and has said so.
    """
    listed = tuple(decisions)
    owners: dict[str, Decision] = {}
    for one in listed:
        if one.kind is Kind.COMPOSITION and one.composed:
            for key in one.uses.values():
                owners.setdefault(key, one)
    return tuple(_owned(one, owners.get(one.key)) for one in listed)


def parts_of(decisions: Iterable[Decision]) -> frozenset[str]:
    """Return the keys of the elements that compositions use."""
    composed = (one for one in decisions if one.kind is Kind.COMPOSITION)
    return frozenset(
        key for one in composed if one.composed for key in one.uses.values()
    )


def _owned(decision: Decision, owner: Decision | None) -> Decision:
    """Return a decision as part of another one, or of none."""
    reasons = {key: why for key, why in decision.reasons.items() if key != PART}
    if owner is not None:
        reasons[PART] = f"part of {owner.title}"
    part_of = owner.key if owner is not None and not decision.wanted else ""
    if part_of == decision.part_of and reasons == decision.reasons:
        return decision
    return replace(decision, part_of=part_of, reasons=reasons)


def element_of(key: str, model: DeviceModel) -> Attribute | Action | None:
    """Return the element that a decision with this key is about, if it is there."""
    word, _, name = key.partition("-")
    if word == Kind.ATTRIBUTE.word:
        return model.leaves.get(name)
    if word == Kind.ACTION.word:
        return next((one for one in model.actions if one.name == name), None)
    return None


def candidates(role: Role, model: DeviceModel) -> dict[str, Attribute | Action]:
    """Return the elements that can play a role, by the keys of their decisions."""
    known: dict[str, Attribute | Action] = {
        f"{Kind.ATTRIBUTE.word}-{name}": leaf for name, leaf in model.leaves.items()
    }
    known |= {f"{Kind.ACTION.word}-{one.name}": one for one in model.actions}
    return {key: one for key, one in known.items() if fits(role, one)}


def key_of(role: Role, name: str, model: DeviceModel) -> str | None:
    """Return the key of the element of a name that can play a role; None if none."""
    for kind in (Kind.ATTRIBUTE, Kind.ACTION):
        element = element_of(key := f"{kind.word}-{name}", model)
        if element is not None and fits(role, element):
            return key
    return None


def left(decision: Decision, model: DeviceModel) -> Decision | None:
    """Return a composition with those of its elements that the model still has.

    None if they are not enough for an entity.
    """
    rule = RULE_OF.get(decision.platform)
    if rule is None:
        return None
    uses = {
        role: key
        for role, key in decision.uses.items()
        if role in rule.roles
        and (element := element_of(key, model)) is not None
        and fits(rule.roles[role], element)
    }
    if not rule.is_enough(frozenset(uses)):
        return None
    return decision if uses == decision.uses else replace(decision, uses=uses)


def lacking(decision: Decision) -> str:
    """Return what a composition needs that it has not; empty if it has enough."""
    rule = RULE_OF[decision.platform]
    if not decision.composed or rule.is_enough(frozenset(decision.uses)):
        return ""
    ways = " or ".join(" and ".join(listed(one)) for one in rule.enough)
    return f"expected {ways}"


def names_of(uses: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the elements that play roles."""
    return {role: key.partition("-")[2] for role, key in uses.items()}
