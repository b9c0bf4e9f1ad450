"""Reading LwM2M object definitions: the XML of the OMA registry.

LwM2M Core 1.2 appendix D, ``LWM2M.xsd``. A file describes what an object is, not which
device has it: the first instance of each is taken. What the registry leaves to
descriptions (the unit of a sensor, the names of states), the tables of common objects
say.
"""

from collections.abc import Container, Iterator
import re
from typing import Final
from xml.etree.ElementTree import Element as Node, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...errors import ModelError
from ...reading import Remarks, Unusable
from ...values import JsonValue, Range
from ..format import ModelFormat, Source
from ..loaded import Loaded
from .definition import (
    MAX_ELEMENTS,
    SENSOR_UNIT,
    TYPES,
    Resource,
    Role,
    plain,
    shown,
)
from .elements import Elements
from .objects import OBJECTS, resource_of, semantic_types
from .places import Place
from .ranges import Choices, read_range

MAX_OBJECTS: Final = 64
"""Of one file; the registry has one in each."""

MAX_ID: Final = 65535
MAX_DESCRIPTION: Final = 1000

_SIGN: Final = re.compile(r"<LWM2M[\s>/]")
_NO_UNIT: Final = re.compile(r"(?:defined by|to be defined|tbd)\b", re.IGNORECASE)
"""How texts begin that stand for a unit: *Defined by "Units" resource* and the like."""


def recognises(document: JsonValue) -> bool:
    """Whether a document is XML with the root ``LWM2M``."""
    return isinstance(document, str) and _SIGN.search(document) is not None


def load(document: JsonValue, source: Source) -> Loaded:
    """Return the model of all the objects of a file.

    Raises:
        ModelError: it is no XML, it declares entities, or nothing in it can be used.

    """
    try:
        return _read(str(document), document)
    except ParseError as err:
        problem = f"expected XML ({err})"
    except DefusedXmlException:
        problem = "expected XML without document type and entities"
    except Unusable as err:
        raise err.within(source.name) from err
    raise ModelError(source=source.name, where="", problem=problem)


def _read(text: str, document: JsonValue) -> Loaded:
    """Return the model.

    Raises:
        ParseError: it is no XML.
        DefusedXmlException: it declares what could be abused.
        Unusable: nothing in it can be used.

    """
    root: Node = fromstring(text, forbid_dtd=True)
    objects = root.findall("Object")
    if root.tag != "LWM2M" or not 0 < len(objects) <= MAX_OBJECTS:
        raise Unusable("", f"expected LWM2M with 1 to {MAX_OBJECTS} of Object")
    elements = Elements()
    numbers: dict[int, Node] = {}
    for place, node in enumerate(objects, 1):
        try:
            number = _number(_text(node, "ObjectID"), "ObjectID", numbers)
        except Unusable as err:
            elements.remarks.add(f"Object {place}", err.problem)
        else:
            numbers[number] = node
    if not numbers:
        raise Unusable("", f"expected a usable Object ({elements.remarks.all[0]})")
    for number, node in numbers.items():
        _add_object(elements, number, node, alone=len(objects) == 1)
    nodes = list(numbers.values())
    names = [name for node in nodes if (name := _text(node, "Name"))]
    single = len(nodes) == 1
    return elements.loaded(
        document,
        name=plain(", ".join(names)) or "LwM2M objects",
        urn=_text(nodes[0], "ObjectURN") if single else "",
        description=_text(nodes[0], "Description1") if single else "",
        version=_text(nodes[0], "ObjectVersion") if single else "",
    )


def _add_object(elements: Elements, number: int, node: Node, *, alone: bool) -> None:
    """Add the resources of an object."""
    remarks = elements.remarks
    if _text(node, "MultipleInstances") == "Multiple":
        message = "a device may have several; the first one is taken"
        remarks.add(f"Object {number}", message)
    title = "" if alone else _text(node, "Name")
    seen: set[int] = set()
    for where, item in _items(node, number, remarks):
        try:
            resource_id = _number(item.get("ID", ""), "ID", seen)
            seen.add(resource_id)
            resource = _resource(item, number, resource_id, where, remarks)
            elements.add_resource(
                Place(f"/{number}/0/{resource_id}", "R" in resource.operations),
                resource,
                title=shown(title, resource.title),
                unit=resource.unit,
                semantic_types=semantic_types(number, resource_id),
            )
        except Unusable as err:
            remarks.add(where, err.problem)


def _items(node: Node, number: int, remarks: Remarks) -> Iterator[tuple[str, Node]]:
    """Yield the resources of an object, each with its place."""
    for place, item in enumerate(node.iterfind("Resources/Item"), 1):
        if place > MAX_ELEMENTS:
            message = f"expected at most {MAX_ELEMENTS} resources"
            remarks.add(f"Object {number}", message)
            return
        name = _text(item, "Name")[:40]
        yield f"Object {number}, Item {item.get('ID', '?')[:8]} {name!r}", item


def _resource(
    item: Node, object_id: int, resource_id: int, where: str, remarks: Remarks
) -> Resource:
    """Return what one item defines.

    Raises:
        Unusable: nothing can be made of it.

    """
    spelled = _text(item, "Type")
    kind = TYPES.get(spelled)
    known = resource_of(object_id, resource_id)
    bounds: Range | None = None
    choices: Choices = {}
    if kind is not None:
        try:
            bounds, choices = read_range(_raw(item, "RangeEnumeration").strip(), kind)
        except Unusable as err:
            remarks.add(f"{where}.RangeEnumeration", err.problem)
    if known and known.type == spelled:
        choices = choices or known.labels
    unit = _text(item, "Units")
    if not unit or _NO_UNIT.match(unit):
        unit = _common_unit(object_id, known)
    return Resource(
        title=_text(item, "Name") or f"Resource {resource_id}",
        operations=_text(item, "Operations").upper(),
        type=spelled,
        unit=unit if kind and kind.is_numeric else "",
        role=known.role if known else Role.MAIN,
        range=bounds,
        labels=choices,
        multiple=_text(item, "MultipleInstances") == "Multiple",
        description=plain(_raw(item, "Description"), MAX_DESCRIPTION),
    ).checked()


def _common_unit(object_id: int, known: Resource | None) -> str:
    """Return the unit that the tables have for a resource, or an empty text.

    The registry leaves the unit of a sensor open: the device says it (resource 5701),
    or means the one that everybody uses.
    """
    if known is None or known.unit != SENSOR_UNIT:
        return known.unit if known else ""
    about = OBJECTS.get(object_id)
    return about.unit if about else ""


def _number(spelled: str, what: str, taken: Container[int]) -> int:
    """Return the number of an object or a resource.

    Raises:
        Unusable: it is none, or it is taken.

    """
    if not re.fullmatch("[0-9]{1,5}", spelled) or int(spelled) > MAX_ID:
        raise Unusable("", f"expected {what} from 0 to {MAX_ID}, got {spelled[:20]!r}")
    if int(spelled) in taken:
        raise Unusable("", f"the {what} {spelled} is there already")
    return int(spelled)


def _raw(node: Node, tag: str) -> str:
    """Return the text of a child, or an empty one."""
    return node.findtext(tag) or ""


def _text(node: Node, tag: str) -> str:
    """Return the text of a child on one line, or an empty one."""
    limit = MAX_DESCRIPTION if tag.startswith("Description") else 200
    return plain(_raw(node, tag), limit)


FORMAT: Final = ModelFormat(
    "LwM2M object definition", "XML with <LWM2M>", recognises, load
)
