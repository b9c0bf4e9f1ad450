"""From the description of a Homie device to a model, and where it is on the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import re
from typing import Final

from ...model import (
    Action,
    Argument,
    Attribute,
    DeviceModel,
    Field,
    Format,
    FormatType,
    Group,
)
from ...reading import Element, Remarks, Unusable
from ...values import DataType, JsonValue
from ..format import Source
from ..loaded import Loaded
from ..typed import MAX_ELEMENTS
from ..urns import slug
from .described import Described, description_of
from .lifecycle import (
    AVAILABILITY,
    ROOT_AVAILABILITY,
    SHOWN,
    STATE,
    lifecycle_of,
)
from .properties import Held, color_terms, held

ID: Final = re.compile(r"[^\s/+#$.\0][^\s/+#.\0]{0,79}")
"""More than the convention's [a-z0-9-], which many devices do not keep to; but no
wildcards, and no dot, which stands before the members of objects."""


@dataclass(slots=True)
class _Elements:
    """What the properties of a device become, and their places."""

    attributes: list[Attribute] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    formats: list[Format] = field(default_factory=list)
    accepts: bool = False
    """Whether the device may have ``$target``: since version 5."""
    places: dict[str, dict[str, JsonValue]] = field(
        default_factory=lambda: {"attributes": {}, "actions": {}, "alerts": {}}
    )

    def add(self, element: Element, path: str, title: str, remarks: Remarks) -> None:
        """Add a property.

        Convention, "Settable and retained properties": what is not retained is
        momentary: an alert. Settable, it is told to the device: an action, and what the
        device itself publishes there is data.
        """
        settable = element.flag("settable", default=False)
        place: dict[str, JsonValue] = {"topic": path, "format": "text"}
        command = f"{path}/set"
        common: Held = held(element, remarks)
        if element.flag("retained", default=True):
            if settable:
                place["write"] = command
                if self.accepts:
                    place["accepted"] = f"{path}/$target"
                if common["type"] is DataType.DATETIME:
                    place["times"] = "iso"
            attribute = Attribute(
                name=path,
                title=title,
                writable=settable,
                semantic_types=color_terms(element, named=self.accepts),
                **common,
            )
            self.attributes.append(attribute)
            self.places["attributes"][path] = place
        elif settable:
            argument = Argument(name="value", default=_only(common), **common)
            self.actions.append(Action(name=path, title=title, arguments=(argument,)))
            self.places["actions"][path] = {**place, "topic": command}
            self._add_event(path, title, common, FormatType.DATA)
        else:
            self._add_event(path, title, common, FormatType.ALERT)

    def _add_event(self, path: str, title: str, common: Held, kind: FormatType) -> None:
        """Add what a device publishes in the moment of it."""
        value = Field(name="value", **common)
        shape = Format(name=path, title=title, type=kind, fields=(value,))
        self.formats.append(shape)
        self.places["alerts"][path] = {"topic": path, "format": "text"}


def load(document: JsonValue, source: Source) -> Loaded:
    """Read what a Homie device says of itself.

    Raises:
        ModelError: it is not usable, or describes no property.

    """
    remarks = Remarks()
    try:
        described = description_of(document)
        model, layout = _read(described, remarks)
    except Unusable as err:
        raise err.within(source.name) from err
    shown = {name: how for name, how in SHOWN.items() if name in model.leaves}
    return Loaded(
        model=model,
        layouts={"mqtt": layout},
        overlay={"attributes": shown},
        metadata=described.metadata,
        remarks=tuple(remarks.all),
        document=document,
    )


def _read(
    described: Described, remarks: Remarks
) -> tuple[DeviceModel, dict[str, JsonValue]]:
    """Return the model, and the layout for MQTT."""
    top = described.element
    for where, problem in described.problems:
        remarks.add(where, problem)
    name = top.text("name").strip() or described.id or "Homie device"
    elements = _Elements(accepts=described.is_version_5)
    for element, path, title in _properties(top, name, remarks):
        try:
            elements.add(element, path, title, remarks)
        except Unusable as err:
            remarks.add(err.where, err.problem)
    if children := [child for child in top.array("children") if isinstance(child, str)]:
        listed = ", ".join(children)
        remarks.add(top.at("children"), f"devices of their own: {listed}"[:200])
    if not children and not any(elements.places.values()):
        problem = "expected at least one usable property"
        top.refuse(f"{problem} ({remarks.all[0]})" if remarks.all else problem)
    own = lifecycle_of(described)
    elements.places["attributes"] |= {
        STATE.name: {"topic": "$state", "format": "text"},
        # What a message of many topics says comes with the problems.
        **{one.name: False for one in own.attributes if one is not STATE},
    }
    elements.places["alerts"] |= {one.name: False for one in own.formats}
    version = top.content.get("version")
    model = DeviceModel(
        urn=f"urn:homie:{_urn_part(top, described.id, name)}",
        name=name,
        version=str(version) if isinstance(version, str | int | float) else "",
        attributes=(*elements.attributes, *own.attributes),
        actions=tuple(elements.actions),
        formats=(*elements.formats, *own.formats),
        semantic_types=tuple(filter(None, [top.text("type").strip()])),
        groups=dict(_groups(top)),
        source=top.content,
    )
    layout: dict[str, JsonValue] = {
        "state": False,
        "cleared": described.is_version_5,
        "availability": _availability(described),
        "problems": own.problems,
    }
    return model, layout | elements.places


def _properties(
    top: Element, device: str, remarks: Remarks
) -> Iterator[tuple[Element, str, str]]:
    """Yield each property, its path below the device, and what it is called.

    Raises:
        Unusable: there are too many.

    """
    count = 0
    for node_id, node in _listed(top.object("nodes"), remarks):
        try:
            group = node.text("name").strip() or _spaced(node_id)
            properties = node.object("properties")
        except Unusable as err:
            remarks.add(err.where, err.problem)
            continue
        group = "" if group == device else group
        for property_id, element in _listed(properties, remarks):
            count += 1
            if count > MAX_ELEMENTS:
                top.refuse(f"expected at most {MAX_ELEMENTS} properties", "nodes")
            own = element.content.get("name")
            name = own.strip() if isinstance(own, str) else ""
            yield element, f"{node_id}/{property_id}", _title(group, name, property_id)


def _groups(top: Element) -> Iterator[tuple[str, Group]]:
    """Yield what each node is: its name, and its type."""
    for node_id, node in _listed(top.object("nodes"), Remarks()):
        said = [node.content.get(key) for key in ("name", "type")]
        name, kind = (one.strip() if isinstance(one, str) else "" for one in said)
        if name or kind:
            types = tuple(filter(None, [kind]))
            yield node_id, Group(title=name, semantic_types=types)


def _listed(parent: Element, remarks: Remarks) -> Iterator[tuple[str, Element]]:
    """Yield the elements of an object by their ids; others become remarks."""
    for key, value in parent.content.items():
        try:
            if not (ID.fullmatch(key) and key.isprintable()):
                parent.refuse(f"expected an id such as light-1, got {key[:40]!r}")
            yield key, Element.of(value, parent.at(key))
        except Unusable as err:
            remarks.add(err.where, err.problem)


def _title(group: str, name: str, property_id: str) -> str:
    """Return the name of a property after that of its node: Ceiling light power."""
    name = name or _spaced(property_id)
    if not group or name.lower().startswith(group.lower()):
        return _capital(name)
    # What begins with two capitals is an abbreviation, such as CO2.
    lower = name if name[:2].isupper() or len(name) == 1 else name[0].lower() + name[1:]
    return _capital(f"{group} {lower}")


def _spaced(identifier: str) -> str:
    """Return an id as people write it."""
    return _capital(re.sub(r"[-_]+", " ", identifier).strip() or identifier)


def _capital(text: str) -> str:
    """Return a text with a capital in the beginning."""
    return text[0].upper() + text[1:]


def _availability(described: Described) -> JsonValue:
    """Return which messages say whether the device is there."""
    own = dict(AVAILABILITY)
    root = described.element.content.get("root")
    if not (isinstance(root, str) and ID.fullmatch(root) and described.prefix):
        return own
    return [own, {"topic": f"/{described.prefix}{root}/$state", **ROOT_AVAILABILITY}]


def _only(common: Held) -> str | bool | None:
    """Return what a command says that can say just one thing.

    True or false as a momentary command is a button, and what it says is true.
    """
    if common["type"] is DataType.BOOLEAN:
        return True
    match common["enum"]:
        case (str(choice),):
            return choice
        case _:
            return None


def _urn_part(top: Element, device: str, name: str) -> str:
    """Return what tells this kind of device from others."""
    return slug(top.text("type")) or slug(device) or slug(name) or "device"
