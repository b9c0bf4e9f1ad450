"""What is shown of one attribute, and what is meant by what its user enters."""

from datetime import datetime

from .iot.device import Certainty, Reading, VirtualDevice
from .iot.model import Attribute
from .iot.spelling import WORDS, as_text, from_text
from .iot.values import DataType, Scalar
from .mapping.decisions import Decision


class Shown:
    """One attribute of a device, in the measure in which it was decided to be shown."""

    def __init__(self, device: VirtualDevice, decision: Decision) -> None:
        """Look up the attribute."""
        self.device = device
        self.decision = decision
        self.attribute: Attribute = device.model.attribute(decision.element)

    @property
    def name(self) -> str:
        """The name of the attribute."""
        return self.attribute.name

    @property
    def reading(self) -> Reading | None:
        """What is known of it; None if nothing is."""
        return self.device.values.get(self.name)

    @property
    def current(self) -> Scalar | None:
        """What is shown of the attribute's value; None while that is unknown."""
        reading = self.reading
        return self.decision.transform.shown(reading.value) if reading else None

    @property
    def number(self) -> float | None:
        """What is shown, if it is a number."""
        value = self.current
        return value if isinstance(value, int | float) else None

    @property
    def text(self) -> str | None:
        """What is shown, as text."""
        return None if (value := self.current) is None else as_text(value)

    @property
    def option(self) -> str | None:
        """What is shown, if it is one of the options."""
        return text if (text := self.text) in self.decision.options else None

    @property
    def truth(self) -> bool | None:
        """Whether what is shown means on: true, not 0, or a word for it."""
        on: bool | None
        match value := self.current:
            case bool():
                return value
            case str() if self.attribute.type is DataType.BOOLEAN:  # a label
                reading = self.reading
                on = reading is not None and reading.value is True
            case str():
                on = WORDS.get(value.lower())
            case int() | float():
                on = bool(value)
            case _:
                on = None
        return None if on is None else on is not self.decision.transform.invert

    @property
    def time(self) -> datetime | None:
        """What is shown, if it is a time."""
        return value if isinstance(value := self.current, datetime) else None

    @property
    def assumed(self) -> bool:
        """Whether the value was sent, and the device cannot confirm it."""
        reading = self.reading
        if reading is None:
            return not self.attribute.readable
        return reading.certainty is Certainty.ASSUMED

    def on_off(self, *, on: bool) -> Scalar:
        """Return what is shown of an attribute that is on, or off."""
        if self.attribute.type is DataType.BOOLEAN:
            return on
        transform = self.decision.transform
        meant = on is not transform.invert
        for text in (*transform.labels.values(), *self.decision.options):
            if WORDS.get(text.lower()) is meant:
                return text
        if self.attribute.type.is_numeric:
            return int(meant)
        return "on" if meant else "off"

    def meant(self, shown: Scalar) -> object:
        """Return the attribute's value for what is to be shown of it.

        Raises:
            ValueRefusedError: no value is shown like this.

        """
        reading = self.reading
        now = reading.value if reading else None
        meant = self.decision.transform.meant(shown, now)
        if not isinstance(meant, str):
            return meant
        choices = {as_text(choice): choice for choice in self.attribute.enum}
        return choices.get(meant, from_text(self.attribute.type, meant))
