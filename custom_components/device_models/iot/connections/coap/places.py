"""What a device has where on a CoAP endpoint, and how places are read from a file."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass

from ...reading import Element
from ..layout import offered
from .request import Method, split_path
from .resource import Resource, Target, Writing


@dataclass(frozen=True, slots=True)
class CoapLayout:
    """All resources of one device."""

    resources: tuple[Resource, ...]
    """What can be read: the shared one first, if there is one."""
    writes: dict[str, Writing]
    """By the names of the attributes that hold a value."""
    together: Writing | None
    """Takes several attributes in one message."""
    actions: dict[str, Target]
    alerts: Mapping[str, Target]

    @property
    def shared(self) -> Resource | None:
        """The resource with all attributes, unless the device has none."""
        first = self.resources[0] if self.resources else None
        return first if first and first.shared and not first.absent else None

    def forget(self) -> None:
        """Forget what the device does not have, or is too busy for: it was away.

        Nor may it be asked whether what it said before is still so: after a restart an
        ETag may come to stand for something else.
        """
        for resource in self.resources:
            resource.absent_until = resource.busy_until = 0.0
            resource.etag = None

    def asked_for(self, names: AbstractSet[str]) -> list[Resource]:
        """Return the resources that may have the attributes, the best one first.

        Those that the device does not have are left out, but for one if there is no
        other: to be asked in vain is a sign of life, too.
        """
        candidates = [one for one in self.resources if names & one.names]
        return [one for one in candidates if not one.absent] or candidates[:1]

    def writings(self, names: AbstractSet[str]) -> list[Writing]:
        """Return where the attributes are written: in one message where that can be.

        Raises:
            NotOfferedError: one of them cannot be written here.

        """
        if self.together is not None and (len(names) > 1 or names - self.writes.keys()):
            return [self.together]
        found = [offered(self.writes, name) for name in sorted(names)]
        return list({writing.path: writing for writing in found}.values())


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one device, without queries."""

    values: frozenset[str]
    others: frozenset[str]
    """Those of actions and alerts."""
    secret: frozenset[str]
    """Those where a value is a secret."""


def without_query(paths: Iterable[str]) -> frozenset[str]:
    """Return paths without what is asked for at them."""
    return frozenset(path.partition("?")[0] for path in paths)


def method_of(element: Element, key: str, known: tuple[Method, ...]) -> Method:
    """Return a method that an override names, or the first of those there are."""
    name = element.text(key).upper()
    if not name:
        return known[0]
    for method in known:
        if method.name == name:
            return method
    element.refuse(f"expected one of {', '.join(one.name for one in known)}", key)


def checked(element: Element, path: str) -> str:
    """Return the path if it can be sent."""
    try:
        split_path(path)
    except ValueError as err:
        element.refuse(f"expected a path: {err}")
    return path
