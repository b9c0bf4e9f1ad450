"""What lights and fans have in common: on or off, and how much."""

from abc import abstractmethod
from typing import Any, ClassVar

from .composed import ComposedEntity
from .exceptions import rewords_errors


class Graded(ComposedEntity):
    """What is on or off, and perhaps more or less so: without *on*, nothing is off."""

    degree: ClassVar[str]
    """The role that says how much."""

    @abstractmethod
    def share(self) -> float | None:
        """Return how much it is on, from 0 to 1; None if that is not known."""

    @property
    def is_on(self) -> bool | None:
        """Whether it is on."""
        if self.has("on"):
            return self.truth("on")
        share = self.share()
        return None if share is None else share > 0

    def turned_on(self) -> dict[str, object]:
        """Return the value with which *on* is on, if there is such an element."""
        return {"on": self.on_off("on", on=True)} if self.has("on") else {}

    @rewords_errors
    async def async_turn_off(self, **_kwargs: Any) -> None:
        """Turn it off."""
        if self.has("on"):
            await self.turn("on", on=False)
        else:
            await self.change({self.degree: self.level(self.degree, 0)})
