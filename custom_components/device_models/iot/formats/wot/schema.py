"""Data schemas to attributes, arguments and fields (§5.3.2): what has members."""

from typing import Final

from ...model import Argument, Attribute, Field
from ...reading import Element
from ..typed import MAX_ELEMENTS, MAX_MEMBER_DEPTH, Common
from .reading import Reading, Unsupported, types_of, unsupported
from .typed import is_object, read_typed

SECRET_FORMAT: Final = "password"  # noqa: S105  (no secret itself)
"""JSON Schema: a text that is not shown."""

VALUE: Final = "value"
"""What a single value without a name is called."""


def read_attribute(
    name: str,
    schema: Element,
    reading: Reading,
    *,
    writable: bool = True,
    depth: int = MAX_MEMBER_DEPTH,
) -> Attribute:
    """Return what a schema says as an attribute; objects have members.

    Args:
        name: what the attribute is called.
        schema: the data schema.
        reading: where remarks go.
        writable: whether what it is a member of can be written.
        depth: how many levels of objects may be within.

    Raises:
        Unusable: the schema is not valid.
        Unsupported: we have no such values.

    """
    read_only = schema.flag("readOnly", default=False)
    write_only = schema.flag("writeOnly", default=False)
    if read_only and write_only:
        schema.refuse("expected not both of readOnly and writeOnly", "writeOnly")
    writable = writable and not read_only
    members: tuple[Attribute, ...] = ()
    if is_object(schema):
        if not depth:
            unsupported(schema, f"objects may be nested {MAX_MEMBER_DEPTH} deep")
        members = _members(schema, reading, writable=writable, depth=depth - 1)
    return Attribute(
        **read_typed(name, schema, reading),
        # A member that can only be read would become writable with its object.
        writable=writable and all(member.writable for member in members),
        readable=not write_only,
        sensitive=schema.text("format") == SECRET_FORMAT,
        semantic_types=types_of(schema),
        members=members,
    )


def _members(
    schema: Element, reading: Reading, *, writable: bool, depth: int
) -> tuple[Attribute, ...]:
    """Return the members of an object; what is of no use is left out."""
    members: list[Attribute] = []
    for name, inner in schemas_within(schema):
        try:
            member = read_attribute(
                name, inner, reading, writable=writable, depth=depth
            )
        except Unsupported as err:
            reading.remarks.add(err.where, err.problem)
        else:
            members.append(member)
    if not members:
        unsupported(schema, "an object needs at least one usable member", "properties")
    return tuple(members)


def schemas_within(schema: Element) -> list[tuple[str, Element]]:
    """Return the schemas of the members of an object."""
    properties = schema.object("properties")
    if len(properties.content) > MAX_ELEMENTS:
        schema.refuse(f"expected at most {MAX_ELEMENTS} elements", "properties")
    return [(name, properties.object(name)) for name in properties.content]


def required_of(schema: Element) -> set[str]:
    """Return the names of the members that must be there."""
    names = schema.array("required")
    if not all(isinstance(name, str) for name in names):
        schema.refuse("expected a list of names", "required")
    return {name for name in names if isinstance(name, str)}


def read_arguments(schema: Element, reading: Reading) -> tuple[Argument, ...]:
    """Return the arguments of an action; one that it needs must be usable.

    Raises:
        Unusable: the schema is not valid.
        Unsupported: it needs an argument that we cannot give.

    """
    if not is_object(schema):
        return (Argument(**_with_constant(read_typed(VALUE, schema, reading), schema)),)
    required = required_of(schema)
    arguments: list[Argument] = []
    for name, inner in schemas_within(schema):
        try:
            if is_object(inner):
                unsupported(inner, "arguments cannot be objects")
            common = _with_constant(read_typed(name, inner, reading), inner)
        except Unsupported as err:
            if name in required:
                raise
            reading.remarks.add(err.where, f"left out of the input: {err.problem}")
            continue
        optional = name not in required and common["default"] is None
        arguments.append(Argument(**common, optional=optional))
    if unknown := required - {argument.name for argument in arguments}:
        unsupported(schema, f"nothing is said of {min(unknown)[:40]!r}", "required")
    return tuple(arguments)


def _with_constant(common: Common, schema: Element) -> Common:
    """Return an argument that has one possible value with it as its default."""
    if "const" in schema.content and len(common["enum"]) == 1:
        return {**common, "default": common["enum"][0]}
    return common


def read_fields(schema: Element, reading: Reading) -> tuple[Field, ...]:
    """Return the fields of a message; what is of no use is left out.

    Raises:
        Unusable: the schema is not valid.

    """
    if is_object(schema):
        required = required_of(schema)
        listed = [
            (name, inner, name not in required)
            for name, inner in schemas_within(schema)
        ]
    else:
        listed = [(VALUE, schema, False)]
    fields: list[Field] = []
    for name, inner, optional in listed:
        try:
            if is_object(inner):
                unsupported(inner, "fields cannot be objects")
            fields.append(Field(**read_typed(name, inner, reading), optional=optional))
        except Unsupported as err:
            reading.remarks.add(err.where, err.problem)
    return tuple(fields)


def schema_at(element: Element, key: str) -> Element | None:
    """Return the schema at a place, if there is one that says something."""
    schema = element.object(key)
    return schema if schema.content else None
