"""What a person decided about how elements show: the author of a file, or the user."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
import math
from typing import Any, Final

from homeassistant.components.sensor.const import SensorDeviceClass
from homeassistant.const import Platform

from ..iot.errors import ModelError
from ..iot.formats import DEVICE_FILE, Loaded
from ..iot.model import Attribute
from ..iot.reading import Element, Unusable
from ..iot.spelling import as_text
from ..iot.units.words import words_of
from ..iot.values import Range
from .composing import ROLE, key_of, lacking, names_of
from .decisions import UNITS, Decision, Kind, objection, platforms_of
from .inference import measured
from .overlay_fields import COMPOSED_FIELDS, FIELDS, VALUE_FIELDS
from .roles import RULE_OF

MEASURING: Final = ("scale", "offset")

INDEPENDENT: Final = ("name", "enabled", "category")
"""What holds whatever the values are."""

PASSED_OVER: Final = "overlay"
"""The key of the reason why something that was said does not hold."""


class Overlay:
    """One overlay, and the model that it is about."""

    def __init__(self, loaded: Loaded, reason: str = "") -> None:
        """Read the overlay of a file, or one in its place.

        Args:
            loaded: the model, and what the overlay says by kind and name of elements.
            reason: why a field is as the overlay has it, for people; by default that
                it is in the file, or that one can tell from a format without any.

        Raises:
            ModelError: it is about elements that the model does not have.

        """
        self._loaded, self._model = loaded, (model := loaded.model)
        if loaded.format in ("", DEVICE_FILE):
            reason = reason or "overlay"
        self._reason = reason or f"known from the {loaded.format}"
        self._elements: dict[tuple[str, str], Element] = {}
        self._composes = True
        known = {
            Kind.ATTRIBUTE: set(model.leaves),
            Kind.ACTION: {action.name for action in model.actions},
            Kind.FORMAT: {shape.name for shape in model.formats},
            Kind.PROBLEM: {shape.name for shape in model.formats},
        }
        try:
            top = Element(loaded.overlay, "overlay")
            for kind in Kind:
                if top.content.get(kind) is False and kind is Kind.COMPOSITION:
                    self._composes = False
                    continue
                listed = top.object(kind)
                for name in listed.content:
                    if kind is Kind.COMPOSITION:
                        self._elements[kind, name] = _composition(listed, name)
                        continue
                    if name not in known[kind]:
                        listed.refuse("the model has no such element", name)
                    self._elements[kind, name] = listed.object(name)
        except Unusable as err:
            raise err.within(model.name) from err

    def composed(self, found: Sequence[Decision]) -> Iterator[Decision]:
        """Yield what was found to be one, and what is said to be.

        Raises:
            ModelError: it is said of what cannot be.

        """
        if not self._composes:
            for one in found:
                reasons = one.because("composed", self._reason)
                yield replace(one, composed=False, reasons=reasons)
            return
        known = {one.element: one for one in found}
        for kind, name in self._elements:
            if kind == Kind.COMPOSITION and name not in known:
                known[name] = _unfound(name)
        yield from map(self.applied, known.values())

    def applied(self, decision: Decision) -> Decision:
        """Return the decision with what the overlay says.

        Raises:
            ModelError: it says what Home Assistant does not have or allow.

        """
        decided = self.wished(decision)
        if decided is not decision and (problem := objection(decided, self._model)):
            where = f"overlay.{decision.kind}.{decision.element}.{problem[0]}"
            raise Unusable(where, problem[1]).within(self._model.name)
        return decided

    def wished(self, decision: Decision) -> Decision:
        """Return the decision with what the overlay says, as it stands.

        Raises:
            ModelError: it says what Home Assistant does not have.

        """
        element = self._elements.get((decision.kind, decision.element))
        if element is None:
            return decision
        try:
            return self._read(decision, element)
        except Unusable as err:
            raise err.within(self._model.name) from err

    def fitting(self, decision: Decision) -> Decision:
        """Return the decision with what the overlay says, if it can be so."""
        try:
            return self.applied(decision)
        except ModelError as err:
            problem = err.details["problem"]
            fitting = self._without(decision, err).fitting(decision)
            return replace(fitting, reasons=fitting.because(PASSED_OVER, problem))

    def _without(self, decision: Decision, problem: ModelError) -> Overlay:
        """Return the overlay without what is wrong with it; the rest still holds."""
        element = self._elements[decision.kind, decision.element]
        wrong = problem.details["where"].removeprefix(f"{element.where}.")
        said = {
            key: value
            for key, value in element.content.items()
            if key != wrong.partition(".")[0]
        }
        if len(said) == len(element.content):  # what is wrong follows from the others
            said = {key: said[key] for key in INDEPENDENT if key in said}
            if len(said) == len(element.content):
                said = {}
        overlay = {decision.kind.value: {decision.element: said}}
        return Overlay(replace(self._loaded, overlay=overlay), self._reason)

    def _read(self, decision: Decision, element: Element) -> Decision:
        """Apply each field that the overlay has."""
        if decision.kind is Kind.COMPOSITION:
            return self._read_composition(decision, element)
        allowed = FIELDS
        if decision.kind is Kind.ATTRIBUTE:
            allowed = {**FIELDS, **VALUE_FIELDS}
        said: dict[str, Any] = {}
        for key in element.content:
            if key not in allowed:
                element.refuse(f"expected one of {', '.join(allowed)}", key)
            said[key] = allowed[key](element, key)
        decided = self._shown(decision, said)
        choices = platforms_of(decided, self._model)
        platform = said.get("platform") or decided.platform
        if platform not in choices:
            element.refuse(f"expected one of {', '.join(choices)}", "platform")
        if len(set(decided.options)) < len(decided.options):
            element.refuse("expected different labels", "labels")
        decided = _bounded(_moved(decided, platform), said)
        for key in ("device_class", "state_class", "unit", "category", "step"):
            if key in said:
                decided = replace(decided, **{key: said[key]})
        return replace(
            decided,
            name=said.get("name") or decided.name,
            enabled=said.get("enabled", decided.enabled),
            reasons={**decided.reasons, **dict.fromkeys(said, self._reason)},
        )

    def _read_composition(self, decision: Decision, element: Element) -> Decision:
        """Apply what the overlay says of a composition: its roles, and how it shows."""
        said: dict[str, Any] = {}
        for key in element.content:
            if key in COMPOSED_FIELDS:
                said[key] = FIELDS[key](element, key)
            elif key == "composed":
                said[key] = element.flag(key, default=True)
            elif key == "roles":
                said["uses"] = self._roles(decision, element.object(key))
            else:
                known = ", ".join((*COMPOSED_FIELDS, "composed", "roles"))
                element.refuse(f"expected one of {known}", key)
        if "name" in said:
            said["name"] = said["name"] or ""
        reasons = {**decision.reasons, **dict.fromkeys(said, self._reason)}
        reasons.pop("uses", None)
        for role, name in names_of(said.get("uses", {})).items():
            if decision.uses.get(role) != said["uses"][role]:
                reasons[f"{ROLE}{role}"] = f"{name}, {self._reason}"
        for role in decision.uses.keys() - said.get("uses", decision.uses).keys():
            reasons.pop(f"{ROLE}{role}", None)
        decided = replace(decision, **said, reasons=reasons)
        if problem := lacking(decided):
            element.refuse(problem, "roles")
        return decided

    def _roles(self, decision: Decision, said: Element) -> Mapping[str, str]:
        """Return which elements play which roles, with what the overlay says."""
        roles = RULE_OF[decision.platform].roles
        uses = dict(decision.uses)
        for role in said.content:
            if role not in roles:
                said.refuse(f"expected one of {', '.join(roles)}", role)
            uses.pop(role, None)
            if name := said.text(role):
                key = key_of(roles[role], name, self._model)
                uses[role] = key or said.refuse(f"{name} cannot play this role", role)
        if len(set(uses.values())) < len(uses):
            said.refuse("expected each element in one role only")
        return {role: uses[role] for role in roles if role in uses}

    def _shown(self, decision: Decision, said: Mapping[str, Any]) -> Decision:
        """Return the decision with what the overlay says of the values."""
        changes = {key: said[key] for key in VALUE_FIELDS if key in said}
        if "map" in changes:
            changes["scale"], changes["offset"] = changes.pop("map")
        if "offset" in changes:
            changes["offset"] = changes["offset"] or 0.0
        if not changes:
            return decision
        if decision.options:  # what there is to choose from is not measured
            changes = {key: changes[key] for key in changes if key not in MEASURING}
        before, transform = decision.transform, replace(decision.transform, **changes)
        decision = replace(decision, transform=transform)
        if "labels" in changes:
            enum = self._model.leaves[decision.element].enum
            raw = [as_text(choice) for choice in enum] or list(transform.labels)
            if not raw:
                return _unlisted(decision, self._model.leaves[decision.element])
            return _listed(decision, [transform.labels.get(one, one) for one in raw])
        if decision.range is not None:
            # What is entered is in the same measure as what is shown.
            ends = [
                transform.scaled(before.unscaled(end)) for end in decision.range.ends
            ]
            decision = replace(decision, range=Range(min(ends), max(ends)))
        if decision.step is not None:
            step = decision.step * abs(transform.scale / before.scale)
            decision = replace(decision, step=step)
        return decision


def _composition(listed: Element, name: str) -> Element:
    """Return what is said of a composition; false alone says that there is none.

    Raises:
        Unusable: it is of no platform that is composed.

    """
    if name.partition(":")[0] not in RULE_OF:
        known = ", ".join(RULE_OF)
        listed.refuse(f"expected one of {known}, or with a name: light:left", name)
    if listed.content[name] is False:
        return Element({"composed": False}, listed.at(name))
    return listed.object(name)


def _unfound(name: str) -> Decision:
    """Return a composition that only the overlay knows of."""
    platform, _, group = name.partition(":")
    words = " ".join(words_of(group))
    return Decision(
        platform=Platform(platform),
        kind=Kind.COMPOSITION,
        element=name,
        name=words[:1].upper() + words[1:],
        reasons={"platform": "overlay", "name": "overlay"},
    )


def _unlisted(decision: Decision, attribute: Attribute) -> Decision:
    """Return the decision for an element whose labels were taken away."""
    if not decision.options:
        return decision
    platform = decision.platform
    if platform is Platform.SELECT:
        numeric = attribute.type.is_numeric
        platform = Platform.NUMBER if numeric else Platform.TEXT
    plain = replace(decision, platform=platform, options=(), device_class=None)
    if platform not in UNITS or not attribute.type.is_numeric:
        return plain
    found = measured(plain, attribute)
    transform = replace(found.transform, mask=decision.transform.mask)
    return replace(found, transform=transform)


def _listed(decision: Decision, options: Iterable[str]) -> Decision:
    """Return the decision for an element of which one of several texts is shown."""
    platform = decision.platform
    if platform is Platform.NUMBER:
        platform = Platform.SELECT
    return replace(
        decision,
        platform=platform,
        options=tuple(options),
        device_class=SensorDeviceClass.ENUM if platform is Platform.SENSOR else None,
        state_class=None,
        unit=None,
        transform=replace(decision.transform, scale=1.0, offset=0.0),
        range=None,
        step=None,
    )


def _moved(decision: Decision, platform: Platform) -> Decision:
    """Return the decision for another platform, with what that one has, too."""
    if platform is decision.platform:
        return decision
    moved = replace(
        decision, platform=platform, device_class=None, state_class=None, category=None
    )
    if platform not in UNITS:  # what is on or off has no measure
        plain = replace(decision.transform, scale=1.0, offset=0.0)
        return replace(moved, unit=None, transform=plain, range=None, step=None)
    same = replace(moved, device_class=decision.device_class)
    return same if objection(same) is None else moved


def _bounded(decision: Decision, said: Mapping[str, Any]) -> Decision:
    """Return the decision with the bounds that the overlay says."""
    if said.keys().isdisjoint({"min", "max"}):
        return decision
    low, high = decision.range.ends if decision.range else (-math.inf, math.inf)
    if "min" in said:
        low = -math.inf if said["min"] is None else said["min"]
    if "max" in said:
        high = math.inf if said["max"] is None else said["max"]
    unbounded = math.isinf(low) and math.isinf(high)
    return replace(decision, range=None if unbounded else Range(low, high))
