"""Between the value of an attribute and what is shown of it, both ways.

Nothing is executed: a transformation is plain data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import math
from typing import Final

from .errors import ValueRefusedError
from .spelling import as_text
from .values import Scalar

DIGITS: Final = 12
"""Significant digits that are kept: 0.1 × 3 is 0.3, not 0.30000000000000004."""


@dataclass(frozen=True, kw_only=True)
class Transform:
    """A chain of steps, each of which does nothing by default.

    To be shown, a value goes through mask, labels or invert, then scale and offset;
    what the user enters goes the same way back. A linear map is scale and offset.
    """

    mask: int | None = None
    """The bits of a whole number that count, moved down to bit 0."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What values are shown as, by the value as text; others are shown as they are."""
    invert: bool = False
    """Whether true is shown as false."""
    scale: float = 1.0
    offset: float = 0.0

    def shown(self, value: Scalar) -> Scalar:
        """Return what is shown of an attribute's value."""
        if self.mask and isinstance(value, int):
            value = (int(value) & self.mask) >> self._shift
        if (label := self.labels.get(as_text(value))) is not None:
            return label
        match value:
            case bool():
                return value is not self.invert
            case int() | float():
                return self.scaled(value)
            case _:
                return value

    def meant(self, shown: Scalar, now: Scalar | None = None) -> Scalar:
        """Return the attribute's value for what the user has entered.

        Args:
            shown: in the form in which the attribute is shown.
            now: the attribute's present value, of which a masked one is a part.

        Raises:
            ValueRefusedError: no value is shown like this, or the bits beside the
                masked ones are not known.

        """
        value = shown
        if isinstance(shown, str) and self.labels:
            value = self._labelled(shown)
        elif isinstance(shown, bool):
            value = shown is not self.invert
        elif isinstance(shown, int | float):
            value = self.unscaled(shown)
        return self._unmasked(value, now) if self.mask else value

    def scaled(self, number: float) -> float:
        """Return a number in the measure in which it is shown."""
        if not self._is_linear:
            return number
        return _rounded(number * self.scale + self.offset)

    def unscaled(self, number: float) -> float:
        """Return a number in the attribute's own measure."""
        if not self._is_linear:
            return number
        return _rounded((number - self.offset) / self.scale)

    @property
    def _is_linear(self) -> bool:
        return (self.scale, self.offset) != (1.0, 0.0)

    @property
    def _shift(self) -> int:
        """The number of the lowest bit that counts."""
        mask = self.mask or 0
        return (mask & -mask).bit_length() - 1

    def _labelled(self, shown: str) -> Scalar:
        """Return the value that a label stands for, as text.

        Raises:
            ValueRefusedError: it stands for none.

        """
        for value, label in self.labels.items():
            if label == shown:
                return value
        return shown

    def _unmasked(self, value: Scalar, now: Scalar | None) -> int:
        """Return the whole number whose masked bits are the value.

        Raises:
            ValueRefusedError: it does not fit there.

        """
        mask = self.mask or 0
        if not isinstance(now, int):
            raise ValueRefusedError(
                name="value", problem="the bits beside it are not known yet"
            )
        try:
            bits = int(value) << self._shift  # type: ignore[arg-type]
        except TypeError, ValueError:
            bits = -1
        if bits & ~mask:
            raise ValueRefusedError(
                name="value", problem=f"expected 0 to {mask >> self._shift}"
            )
        return int(now) & ~mask | bits


def _rounded(value: float) -> int | float:
    """Return a number without the traces of binary fractions."""
    if not value:
        return 0
    if not math.isfinite(value):
        return value
    rounded = round(value, DIGITS - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) else rounded
