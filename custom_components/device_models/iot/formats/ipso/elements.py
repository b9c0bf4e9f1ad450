"""Making a model of resources: elements, their places, and how much is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...metadata import Metadata
from ...model import Action, Attribute, DeviceModel, Group
from ...reading import Remarks, Unusable
from ...values import JsonValue
from ..loaded import Loaded
from ..urns import fingerprint
from .definition import MAX_ELEMENTS, OPAQUE, TYPES, Resource, Role
from .places import Pack, Place


@dataclass(slots=True)
class Elements:
    """The elements of a model that is being read."""

    remarks: Remarks = field(default_factory=Remarks)
    groups: dict[str, Group] = field(default_factory=dict)
    """What the instances of objects are, by what the names of their resources begin
    with."""
    based: bool = False
    """Whether the paths are those below the device's base path."""
    packs: Mapping[str, Pack] = field(default_factory=dict)
    """What answers with several values, by its path."""
    _attributes: dict[str, Attribute] = field(default_factory=dict)
    _actions: dict[str, Action] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _places: dict[str, dict[str, JsonValue]] = field(
        default_factory=lambda: {"attributes": {}, "actions": {}}
    )
    _overlay: dict[str, dict[str, JsonValue]] = field(
        default_factory=lambda: {"attributes": {}, "actions": {}}
    )

    def add_resource(
        self,
        place: Place,
        resource: Resource,
        *,
        title: str,
        unit: str = "",
        semantic_types: tuple[str, ...] = (),
    ) -> None:
        """Add what a resource of an object is: an attribute, or an action.

        Raises:
            Unusable: nothing can be made of it.

        """
        resource.checked()
        if resource.operations == "E":
            action = Action(
                name=place.name, title=title, description=resource.description
            )
            self._add("actions", place)
            self._show("actions", place.name, resource.role, writable=True)
            self._actions[place.name] = action
            return
        opaque = resource.type == OPAQUE
        attribute = Attribute(
            name=place.name,
            type=TYPES[resource.type],
            title=title,
            description=resource.description,
            unit=unit or None,
            range=resource.range,
            enum=tuple(resource.labels),
            labels={
                str(value): text for value, text in resource.labels.items() if text
            },
            readable="R" in resource.operations,
            writable="W" in resource.operations and not opaque,
            observable=place.observe,
            semantic_types=semantic_types,
        )
        if opaque:
            place = replace(place, format="octets")
        elif resource.type == "Boolean" and place.format == "text" and place.digits:
            place = replace(place, format="digits")
        self.add_attribute(place, attribute, resource.role)

    def add_attribute(
        self, place: Place, attribute: Attribute, role: Role = Role.MAIN
    ) -> None:
        """Add an attribute whose name is that of the place.

        Raises:
            Unusable: it cannot be asked for, or another one has its name.

        """
        leaves = [leaf for _path, leaf in attribute.leaves()]
        names = {leaf.name for leaf in leaves}
        if len(names) < len(leaves) or not names.isdisjoint(self._names):
            raise Unusable("", "expected a name that no other resource has")
        if len(self._names) + len(leaves) > MAX_ELEMENTS:
            raise Unusable("", f"expected at most {MAX_ELEMENTS} values")
        self._add("attributes", place)
        self._names |= names
        for leaf in leaves:
            self._show("attributes", leaf.name, role, writable=leaf.writable)
        self._attributes[place.name] = attribute

    def _add(self, kind: str, place: Place) -> None:
        """Note where an element is.

        Raises:
            Unusable: it cannot be asked for, or there are too many.

        """
        place.checked()
        if len(self._actions) >= MAX_ELEMENTS:
            raise Unusable("", f"expected at most {MAX_ELEMENTS} actions")
        layout: dict[str, JsonValue] = {"path": self._spelled(place.path)}
        if kind == "attributes":
            layout["observe"] = place.observe
            if place.format:
                layout["format"] = place.format
        self._places[kind][place.name] = layout

    def _spelled(self, path: str) -> str:
        """Return a path as layouts have it."""
        return path.removeprefix("/") if self.based else path

    def _layout(self) -> dict[str, JsonValue]:
        """Return where everything is."""
        layout: dict[str, JsonValue] = {"state": False, **self._places}
        packs: dict[str, JsonValue] = {}
        for path, pack in self.packs.items():
            pointers: dict[str, JsonValue] = {
                name: f"/{known.replace('~', '~0').replace('/', '~1')}"
                for resource, known in pack.names.items()
                if (name := Place(resource).name) in self._attributes
            }
            if len(pointers) > 1:
                packs[self._spelled(path)] = {
                    "format": pack.format,
                    "attributes": pointers,
                }
        return layout | ({"packs": packs} if packs else {})

    def _show(self, kind: str, name: str, role: Role, *, writable: bool) -> None:
        """Note how much of an element is shown."""
        if role is Role.MAIN:
            return
        shown: dict[str, JsonValue] = {
            "category": "config" if writable else "diagnostic"
        }
        if role is Role.HIDDEN:
            shown["enabled"] = False
        self._overlay[kind][name] = shown

    def loaded(
        self,
        document: JsonValue,
        *,
        name: str,
        urn: str = "",
        description: str = "",
        version: str = "",
        manufacturer: str = "",
        metadata: Metadata | None = None,
    ) -> Loaded:
        """Return the model.

        Raises:
            Unusable: there is nothing in it.

        """
        if not (self._attributes or self._actions):
            first = f" ({self.remarks.all[0]})" if self.remarks.all else ""
            problem = f"expected at least one usable resource{first}"
            raise Unusable("", problem[:200])
        names = (*self._attributes, *self._actions)
        model = DeviceModel(
            urn=urn or f"urn:coap:resources:{fingerprint(names)}",
            name=name,
            description=description,
            version=version,
            manufacturer=manufacturer,
            attributes=tuple(self._attributes.values()),
            actions=tuple(self._actions.values()),
            groups=self.groups,
        )
        return Loaded(
            model=model,
            layouts={"coap": self._layout()},
            overlay={kind: shown for kind, shown in self._overlay.items() if shown},
            metadata=metadata or {},
            remarks=tuple(self.remarks.all),
            document=document,
        )
