"""Another model, or another version of it, for a device that is there already."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import replace
from itertools import count
from typing import Any, Final

from .const import (
    CONF_ALERTS,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_IGNORED,
    CONF_OVERLAY,
    CONF_SOURCE,
)
from .iot.difference import difference
from .iot.formats import Loaded
from .iot.model import DeviceModel
from .iot.values import JsonValue
from .mapping import decide
from .mapping.decided import keep, known_before, known_better, model_of
from .mapping.decisions import Decision, Kind
from .mapping.succession import chosen_on, composed_on

BY_NAME: Final = ("attributes", "actions", "alerts", "formats")
"""What a layout, or an overlay, says of single elements."""


def changes_by(data: Mapping[str, Any], new: Loaded) -> list[str]:
    """Return what a new model would change about a device, for people."""
    before, new = model_of(data), known_better(new, data)
    sentences = difference(before.model, new.model).sentences()
    both = _names(before.model) & _names(new.model)
    if _of(both, before.layouts) != _of(both, new.layouts):
        sentences.append("Changed: where its elements are found (the binding)")
    if _of(both, {"": before.overlay}) != _of(both, {"": new.overlay}):
        sentences.append(
            "Changed: how its author wants new elements shown (the overlay)"
        )
    versions = (before.model.version, new.model.version)
    if sentences and versions[0] != versions[1]:
        sentences.insert(0, f"Version: {versions[0] or '–'} → {versions[1] or '–'}")
    return sentences


def _names(model: DeviceModel) -> AbstractSet[str]:
    """Return the names of all elements of a model."""
    return {
        *(one.name for one in model.attributes),
        *(one.name for one in model.actions),
        *(one.name for one in model.formats),
    }


def _of(
    names: AbstractSet[str], layouts: Mapping[str, JsonValue]
) -> list[tuple[str, str, JsonValue]]:
    """Return what layouts say of some elements, and of all; the address is no matter.

    A device is where its connection is, and what comes or goes is told as such.
    """
    said: list[tuple[str, str, JsonValue]] = []
    for connection, layout in layouts.items():
        for key, content in layout.items() if isinstance(layout, Mapping) else ():
            shown = content
            if key in BY_NAME and isinstance(content, Mapping):
                shown = {name: content[name] for name in content if name in names}
            if key != "address" and shown != {}:
                said.append((connection, key, shown))
    return sorted(said, key=lambda one: one[:2])


def with_model(
    data: Mapping[str, Any], new: Loaded, source: str, language: str | None = None
) -> dict[str, Any]:
    """Return the data of a device with a new model.

    What is in both models stays what it has become, also under a new name; what has
    come, or is different, is decided by the rules.

    Raises:
        ModelError: the overlay of the new model cannot be used.

    """
    before = model_of(data)
    data = _with_alerts(data, difference(before.model, new.model).renamed or {})
    new = known_better(new, data)
    changes = difference(before.model, new.model)
    kept = known_before(data, before, language)
    former = {_key(name): _key(was) for name, was in (changes.renamed or {}).items()}
    former |= _problems(former)
    different = {_key(name) for name in changes.changed or ()}
    different |= {_key(name) for name in changes.added}
    decided = decide(new, language)
    elements = _distinct(
        [
            _continued(
                fresh,
                kept.get(former.get(fresh.key, fresh.key)),
                different=fresh.key in different,
            )
            for fresh in decided
            if fresh.kind is not Kind.COMPOSITION
        ],
    )
    added = {_key(name) for name in changes.added}
    compositions = composed_on(kept.values(), decided, former, added, new.model)
    decisions = (*compositions, *elements)
    changed = {
        **data,
        CONF_DOCUMENT: new.document,
        CONF_SOURCE: source,
        CONF_DECISIONS: keep(decisions),
        CONF_OVERLAY: _overlay(data.get(CONF_OVERLAY, {}), decisions, former)
        | chosen_on(data.get(CONF_OVERLAY, {}), decisions, former),
    }
    changed.pop(CONF_IGNORED, None)
    return changed


def _continued(
    fresh: Decision, before: Decision | None, *, different: bool
) -> Decision:
    """Return the decision about an element that was there before, or has come."""
    if before is None:
        return fresh
    renamed = before.element != fresh.element
    origin = before.element_id if renamed else before.origin
    if different:
        return replace(fresh, origin=origin, enabled=before.enabled)
    return replace(before, element=fresh.element, origin=origin)


def _distinct(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return decisions of different ids.

    What is new may have the name that something had before it was renamed.
    """
    taken = {one.origin for one in decisions if one.origin}
    keys = {one.key for one in decisions}
    distinct: list[Decision] = []
    for decision in decisions:
        if decision.origin or decision.key not in taken:
            distinct.append(decision)
            continue
        origin = next(
            free
            for number in count(2)
            if (free := f"{decision.key}-{number}") not in taken | keys
        )
        distinct.append(replace(decision, origin=origin))
    return tuple(distinct)


def _overlay(
    overlay: Mapping[str, Mapping[str, JsonValue]],
    decisions: tuple[Decision, ...],
    former: Mapping[str, str],
) -> dict[str, dict[str, JsonValue]]:
    """Return the user's choices about elements that are still there."""
    kept: dict[str, dict[str, JsonValue]] = {}
    for decision in decisions:
        if decision.kind is Kind.COMPOSITION:
            continue
        _kind, _, name = former.get(decision.key, decision.key).partition("-")
        choice = overlay.get(decision.kind, {}).get(name)
        if choice is not None:
            kept.setdefault(decision.kind, {})[decision.element] = choice
    return kept


def _with_alerts(
    data: Mapping[str, Any], renamed: Mapping[str, str]
) -> Mapping[str, Any]:
    """Return a device's data with what its user says of alerts under their new names.

    Args:
        data: of the device.
        renamed: the former names of elements, as a difference names both.

    """
    now = {
        was.partition(" ")[2]: name.partition(" ")[2]
        for name, was in renamed.items()
        if name.startswith(f"{Kind.FORMAT.word} ")
    }
    if not now or CONF_ALERTS not in data:
        return data
    alerts: dict[str, Any] = {}
    for name, said in data[CONF_ALERTS].items():
        clear = said.get("clear") or {}
        if (ending := clear.get("format")) in now:
            said = {**said, "clear": {**clear, "format": now[ending]}}  # noqa: PLW2901
        alerts[now.get(name, name)] = said
    return {**data, CONF_ALERTS: alerts}


def _problems(former: Mapping[str, str]) -> dict[str, str]:
    """Return the former keys of what shows whether alerts of formats are over."""
    word = f"{Kind.FORMAT.word}-"
    return {
        key.replace(word, f"{Kind.PROBLEM.word}-", 1): was.replace(
            word, f"{Kind.PROBLEM.word}-", 1
        )
        for key, was in former.items()
        if key.startswith(word)
    }


def _key(name: str) -> str:
    """Return the key of the decision about an element, as a difference names it."""
    kind, _, element = name.partition(" ")
    return f"{kind}-{element}"
