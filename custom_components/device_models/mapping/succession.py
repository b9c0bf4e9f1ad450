"""Compositions of a device that gets another version of its model."""

from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import replace
from typing import Any

from ..iot.model import DeviceModel
from ..iot.values import JsonValue
from .composing import ROLE, left, names_of
from .decisions import Decision, Kind


def composed_on(
    kept: Iterable[Decision],
    fresh: Iterable[Decision],
    former: Mapping[str, str],
    added: AbstractSet[str],
    model: DeviceModel,
) -> Iterator[Decision]:
    """Yield what is composed with the new model.

    What was composed stays: with elements under their new names, with those that have
    come, and without those that have gone. If too few are left, the others are shown by
    themselves. What is found anew in elements that were there is an offer.

    Args:
        kept: what was decided so far.
        fresh: what the rules make of the new model.
        former: the old keys of elements that were renamed, by the new ones.
        added: the keys of elements that have come.
        model: the new one.

    """
    renamed = {old: new for new, old in former.items()}
    found = [one for one in fresh if one.kind is Kind.COMPOSITION]
    taken: set[str] = set()
    for before in kept:
        if before.kind is not Kind.COMPOSITION:
            continue
        uses = {role: renamed.get(key, key) for role, key in before.uses.items()}
        same = next((one for one in found if _is_same(one, before, uses)), None)
        reasons = dict(before.reasons)
        if same is not None:
            taken.add(same.key)
            come = {role: key for role, key in same.uses.items() if key in added}
            uses = come | uses
            for role in come.keys() - before.uses.keys():
                reasons[f"{ROLE}{role}"] = same.reasons[f"{ROLE}{role}"]
        if still := left(replace(before, uses=uses, reasons=reasons), model):
            yield still
    for one in found:
        if one.key in taken:
            continue
        if added.isdisjoint(one.uses.values()):
            reasons = {**one.reasons, "composed": "not when the device was added"}
            one = replace(one, composed=False, reasons=reasons)  # noqa: PLW2901
        yield one


def _is_same(fresh: Decision, before: Decision, uses: Mapping[str, str]) -> bool:
    """Whether two compositions are one, perhaps under another name."""
    if fresh.platform is not before.platform:
        return False
    return fresh.key == before.key or not set(fresh.uses.values()).isdisjoint(
        uses.values()
    )


def _name(key: str) -> str:
    """Return the name of the element that a key is of."""
    return key.partition("-")[2]


def chosen_on(
    overlay: Mapping[str, Mapping[str, JsonValue]],
    decisions: Iterable[Decision],
    former: Mapping[str, str],
) -> dict[str, dict[str, JsonValue]]:
    """Return the user's choices about compositions that are still there."""
    renamed = dict(zip(names_of(former).values(), map(_name, former), strict=True))
    chosen: dict[str, JsonValue] = {}
    for decision in decisions:
        said: Any = overlay.get(decision.kind, {}).get(decision.element)
        if decision.kind is not Kind.COMPOSITION or said is None:
            continue
        chosen[decision.element] = said
        if roles := said.get("roles"):
            new = {role: renamed.get(name, name) for role, name in roles.items()}
            chosen[decision.element] = {**said, "roles": new}
    return {Kind.COMPOSITION.value: chosen} if chosen else {}
