"""What the author of a device file decided about how its elements show."""

from dataclasses import replace
from enum import StrEnum
from typing import Final

from homeassistant.components.sensor.const import SensorStateClass
from homeassistant.const import EntityCategory

from .decisions import Decision, Kind, objection
from .iot.formats import Loaded
from .iot.reading import Element, Unusable


class Overlay:
    """What the author of a device file decided about how elements show."""

    FIELDS: Final = (
        "name",
        "device_class",
        "state_class",
        "unit",
        "category",
        "enabled",
    )

    def __init__(self, loaded: Loaded) -> None:
        """Read the overlay.

        Raises:
            ModelError: it is about elements that the model does not have.

        """
        self._model = loaded.model
        self._elements: dict[tuple[str, str], Element] = {}
        known = {
            Kind.ATTRIBUTE: set(loaded.model.leaves),
            Kind.ACTION: {action.name for action in loaded.model.actions},
            Kind.FORMAT: {shape.name for shape in loaded.model.formats},
        }
        try:
            top = Element(loaded.overlay, "overlay")
            for kind in Kind:
                listed = top.object(kind)
                for name in listed.content:
                    if name not in known[kind]:
                        listed.refuse("the model has no such element", name)
                    self._elements[kind, name] = listed.object(name)
        except Unusable as err:
            raise err.within(self._model.name) from err

    def applied(self, decision: Decision) -> Decision:
        """Return the decision with what the overlay says.

        Raises:
            ModelError: it says what Home Assistant does not have or allow.

        """
        element = self._elements.get((decision.kind, decision.element))
        if element is None:
            return decision
        try:
            return self._read(decision, element)
        except Unusable as err:
            raise err.within(self._model.name) from err

    def _read(self, decision: Decision, element: Element) -> Decision:
        """Apply each field that the overlay has."""
        for key in element.content:
            if key not in self.FIELDS:
                element.refuse(f"expected one of {', '.join(self.FIELDS)}", key)
        decided = replace(
            decision,
            name=element.text("name") or decision.name,
            device_class=element.text("device_class") or decision.device_class,
            state_class=self._choice(element, "state_class", SensorStateClass)
            or decision.state_class,
            unit=element.text("unit") or decision.unit,
            category=self._choice(element, "category", EntityCategory)
            or decision.category,
            enabled=element.flag("enabled", default=decision.enabled),
            reasons={**decision.reasons, **dict.fromkeys(element.content, "overlay")},
        )
        if problem := objection(decided):
            element.refuse(problem[1], problem[0])
        return decided

    @staticmethod
    def _choice[E: StrEnum](element: Element, key: str, choices: type[E]) -> E | None:
        """Return one of Home Assistant's words, if the overlay has one."""
        spelled = element.text(key)
        if not spelled:
            return None
        if spelled not in choices:
            element.refuse(f"expected one of {', '.join(choices)}", key)
        return choices(spelled)
