"""What covers and valves have in common: how far they are open, and how they move."""

from typing import override

from .composed import ComposedEntity

OPEN, CLOSE, STOP, POSITION = "open", "close", "stop", "position"


class Opening(ComposedEntity):
    """What opens and closes."""

    @property
    def settable(self) -> bool:
        """Whether it can be told how far to open."""
        return self.has("position") or self.has("closure")

    @override
    def can(self, role: str) -> bool:
        """Whether it can be told to open, to close or to stop, or how far to open."""
        if self.has(role) or role in self.meanings("order").values():
            return True
        if role == POSITION:
            return self.settable
        return role in (OPEN, CLOSE) and (self.settable or self.has("open_close"))

    def percent_open(self) -> int | None:
        """Return how far it is open; None if that is not known."""
        for role in ("current_position", "position"):
            if self.has(role):
                return _percent(self.fraction(role))
        closed = _percent(self.fraction("closure"))
        return None if closed is None else 100 - closed

    @property
    def is_opening(self) -> bool | None:
        """Whether it says that it is opening."""
        return self.means("state", "opening")

    @property
    def is_closing(self) -> bool | None:
        """Whether it says that it is closing."""
        return self.means("state", "closing")

    @property
    def is_closed(self) -> bool | None:
        """Whether it is closed; None if that is not known."""
        if state := self.meaning("state"):
            return state == "closed"
        for role in ("is_open", "open_close"):
            if (is_open := self.truth(role)) is not None:
                return not is_open
        percent = self.percent_open()
        return None if percent is None else percent == 0

    async def move(self, order: str) -> None:
        """Open, close or stop it, in the way that the device has for it."""
        if self.has(order):
            await self.do(order)
        elif order in self.meanings("order").values():
            await self.order("order", order)
        elif self.settable:
            await self.move_to(100 if order == OPEN else 0)
        else:
            value = self.on_off("open_close", on=order == OPEN)
            await self.change({"open_close": value})

    async def move_to(self, percent: int) -> None:
        """Open it so far."""
        if self.has("position"):
            await self.change({"position": self.level("position", percent / 100)})
        else:
            await self.change({"closure": self.level("closure", 1 - percent / 100)})


def _percent(fraction: float | None) -> int | None:
    """Return a fraction in percent; what is a little open is not closed."""
    if fraction is None:
        return None
    return min(max(round(fraction * 100), fraction > 0), 100)
