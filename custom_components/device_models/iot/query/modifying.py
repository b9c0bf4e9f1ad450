"""Changes of an object, and parameters of a request, as they grow (sheet §7)."""

from collections.abc import Mapping
import copy
from typing import Self

from .expression import Expression


class M:
    """An object that is changed bit by bit, without touching the given one.

    A change is of a key at the top: a changed ``elems`` counts as a whole.
    """

    def __init__(
        self, model: Mapping[str, object] | None = None, **changes: object
    ) -> None:
        """Begin with an object, and perhaps some changes."""
        self._model = copy.deepcopy(dict(model or {}))
        self._changes: dict[str, object] = {}
        for key, value in changes.items():
            self.modify(key, value)

    def modify(self, key: str, value: object) -> Self:
        """Change one key."""
        self._changes[key] = copy.deepcopy(value)
        return self

    def done(self) -> tuple[dict[str, object], dict[str, object]]:
        """Return the object as it is with the changes, and the changes alone."""
        changed = {**self._model, **self._changes}
        return copy.deepcopy(changed), copy.deepcopy(self._changes)


class P:
    """The parameters of a request: ``P(limit=5).filter(mem.a == 1).only('id')``."""

    def __init__(self, **parameters: object) -> None:
        """Begin with some."""
        self._parameters: dict[str, str] = {}
        for name, value in parameters.items():
            self.set(name, value)

    def set(self, name: str, value: object) -> Self:
        """Set any parameter."""
        match value:
            case bool():
                self._parameters[name] = "1" if value else "0"
            case list() | tuple():
                self._parameters[name] = ",".join(map(str, value))
            case _:
                self._parameters[name] = str(value)
        return self

    def filter(self, *expressions: Expression | str) -> Self:
        """Have only what all these filters hold for."""
        text = ""
        for one in expressions:
            text = f"({text}) && ({one})" if text else str(one)
        return self.set("filter", text)

    def only(self, *fields: str) -> Self:
        """Have only these fields."""
        return self.set("only", fields)

    def refs(self, *, wanted: bool = True) -> Self:
        """Have, or not, what the results refer to."""
        return self.set("refs", wanted)

    def done(self) -> dict[str, str]:
        """Return them as they are sent."""
        return dict(self._parameters)
