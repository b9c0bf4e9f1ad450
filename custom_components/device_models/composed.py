"""What the entities have in common that are composed of several elements."""

from collections.abc import Iterable, Mapping
from enum import IntFlag
from typing import override

from homeassistant.core import callback

from .coordinator import DeviceCoordinator
from .entity import ModelEntity
from .iot.device import Certainty
from .iot.spelling import as_text
from .iot.values import DataType, Scalar
from .mapping.composing import element_of
from .mapping.decisions import Decision
from .mapping.fitting import bounds_of, meanings_of, orders_of
from .mapping.roles import RULE_OF
from .shown import Shown


class ComposedEntity(ModelEntity):
    """An entity that shows several elements of a device, each in its role."""

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Look up the elements."""
        super().__init__(coordinator, decision)
        self.rule = RULE_OF[decision.platform]
        decided = {one.key: one for one in coordinator.decisions}
        self.parts: dict[str, Shown] = {}
        """The attributes, by their roles."""
        self.actions: dict[str, str] = {}
        """The names of the actions, by their roles."""
        for role, key in decision.uses.items():
            _word, _, name = key.partition("-")
            if name in self.device.model.leaves and key in decided:
                self.parts[role] = Shown(self.device, decided[key])
            elif element_of(key, self.device.model) is not None:
                self.actions[role] = name

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the attributes, and have them asked for."""
        await super().async_added_to_hass()
        for part in self.parts.values():
            if part.attribute.readable:
                self.async_on_remove(
                    self.coordinator.async_add_listener(_nothing, part.name)
                )
        self.async_on_remove(self.device.on_change(self._changed))
        self.notice(frozenset())

    @callback
    def _changed(self, names: frozenset[str]) -> None:
        """Show what has changed, once for each message."""
        roles = frozenset(
            role for role, part in self.parts.items() if part.name in names
        )
        if roles:
            self.notice(roles)
            self.async_write_ha_state()

    def notice(self, roles: frozenset[str]) -> None:
        """Take note of which roles have other values now."""

    @property
    @override
    def attribute_names(self) -> Iterable[str]:
        return [part.name for part in self.parts.values()]

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether what is shown was sent, and the device cannot confirm it."""
        readings = [part.reading for part in self.parts.values()]
        if any(one and one.certainty is Certainty.ASSUMED for one in readings):
            return True
        return not any(part.attribute.readable for part in self.parts.values())

    def has(self, *roles: str) -> bool:
        """Whether there is an element for each of the roles."""
        return all(role in self.parts or role in self.actions for role in roles)

    def can(self, role: str) -> bool:
        """Whether it can do what a role is for."""
        return self.has(role)

    def features[Features: IntFlag](
        self, by_role: Mapping[str, Features], always: Features
    ) -> Features:
        """Return what it can do always, and by its roles."""
        for role, feature in by_role.items():
            if self.can(role):
                always |= feature
        return always

    # What is shown

    def truth(self, role: str) -> bool | None:
        """Return whether a role is on; None if that is not known, or has no element."""
        return part.truth if (part := self.parts.get(role)) else None

    def number(self, role: str) -> float | None:
        """Return the number of a role in the unit in which it is shown."""
        return part.number if (part := self.parts.get(role)) else None

    def option(self, role: str) -> str | None:
        """Return which of its choices a role has."""
        return part.option if (part := self.parts.get(role)) else None

    def options(self, role: str) -> list[str]:
        """Return the choices of a role."""
        return list(part.decision.options) if (part := self.parts.get(role)) else []

    def text(self, role: str) -> str | None:
        """Return what a role says."""
        return part.text if (part := self.parts.get(role)) else None

    def raw(self, role: str) -> Scalar | None:
        """Return the value of a role as the device has it."""
        part = self.parts.get(role)
        return part.reading.value if part and part.reading else None

    def fraction(self, role: str) -> float | None:
        """Return where a level is between its ends: from 0 to 1."""
        value = self.raw(role)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        low, high = self._ends(role)
        return min(max((value - low) / (high - low), 0.0), 1.0)

    def meaning(self, role: str) -> str | None:
        """Return what the choice of a role means to Home Assistant."""
        value = self.raw(role)
        return None if value is None else self.meanings(role).get(as_text(value))

    def means(self, role: str, meaning: str) -> bool | None:
        """Return whether the choice of a role means this; None if it is not known."""
        now = self.meaning(role)
        return None if now is None else now == meaning

    def meanings(self, role: str) -> Mapping[str, str]:
        """Return what the choices of a role mean, by the values as text."""
        known = self.rule.roles[role]
        if part := self.parts.get(role):
            return meanings_of(part.attribute, known) or {}
        if name := self.actions.get(role):
            return orders_of(self.device.model.action(name), known) or {}
        return {}

    # What is to be

    def on_off(self, role: str, *, on: bool) -> object:
        """Return the value with which a role is on, or off."""
        part = self.parts[role]
        return part.meant(part.on_off(on=on))

    def level(self, role: str, fraction: float) -> float:
        """Return the value at which a level is so far between its ends."""
        attribute = self.parts[role].attribute
        low, high = self._ends(role)
        value = low + fraction * (high - low)
        step = attribute.step or (1 if attribute.type is DataType.INTEGER else 0)
        if step:
            value = low + round((value - low) / step) * step
        bounds = bounds_of(attribute)
        bottom = bounds.low if bounds else low
        value = min(max(value, bottom), high)
        return round(value) if attribute.type is DataType.INTEGER else round(value, 6)

    def choice(self, role: str, meaning: str) -> Scalar:
        """Return the first choice of a role that means this.

        Raises:
            StopIteration: none does; what there is, is offered by the entity.

        """
        text = next(text for text, one in self.meanings(role).items() if one == meaning)
        if part := self.parts.get(role):
            enum = part.attribute.enum
        else:
            enum = self.device.model.action(self.actions[role]).arguments[0].enum
        return next(one for one in enum if as_text(one) == text)

    def _ends(self, role: str) -> tuple[float, float]:
        """Return the values that stand for nothing and for all of a level."""
        bounds = bounds_of(self.parts[role].attribute)
        return bounds.ends if bounds else (0.0, 100.0)

    # The way out

    async def change(self, values: Mapping[str, object]) -> None:
        """Change the attributes of several roles at once; each shows once confirmed."""
        named = {self.parts[role].name: value for role, value in values.items()}
        await self.device.change(named)

    async def turn(self, role: str, *, on: bool) -> None:
        """Turn a role on, or off."""
        await self.change({role: self.on_off(role, on=on)})

    async def set_shown(self, role: str, shown: float | str) -> None:
        """Change what a role shows."""
        await self.change({role: self.parts[role].meant(shown)})

    async def do(self, role: str) -> None:
        """Have the device do what a role is for."""
        await self.device.call(self.actions[role])

    async def order(self, role: str, meaning: str) -> None:
        """Send the word of a role that means this: as an attribute, or an action."""
        choice = self.choice(role, meaning)
        if role in self.parts:
            await self.device.change({self.parts[role].name: choice})
            return
        action = self.device.model.action(self.actions[role])
        await self.device.call(action.name, {action.arguments[0].name: choice})


@callback
def _nothing() -> None:
    """Listen only so that a value is asked for."""
