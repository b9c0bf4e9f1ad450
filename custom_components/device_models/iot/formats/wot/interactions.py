"""Everything of a Thing that has forms."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ...model import Action, Attribute, Format
from .forms import Form, Forms


class Affordance[T: (Attribute, Action, Format)](NamedTuple):
    """An element, and its forms; None where the file has none."""

    element: T
    forms: Forms | None
    bare: bool = False
    """Whether the only argument of an action is sent as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Everything of a Thing that has forms."""

    attributes: tuple[Affordance[Attribute], ...]
    actions: tuple[Affordance[Action], ...]
    formats: tuple[Affordance[Format], ...]
    together: Forms = field(default_factory=Forms)
    """Those of the Thing itself."""

    @property
    def forms(self) -> list[Form]:
        """The usable forms, in the order of the file."""
        each = [
            *(one.forms for one in self.attributes),
            *(one.forms for one in self.actions),
            *(one.forms for one in self.formats),
        ]
        listed = [forms.usable for forms in each if forms]
        return [form for forms in (self.together.usable, *listed) for form in forms]
