"""What a device is: its attributes, actions and formats, as plain data.

Words and fields are those of the protocol sheet "Oracle IoT" §1, widened by what other
model formats know about an attribute (unit, enumeration, step, members …).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import override

from .errors import (
    InvalidInputError,
    NotOfferedError,
    TransactionRefusedError,
    UnknownElementError,
    ValueRefusedError,
)
from .values import DataType, JsonValue, Range, Scalar, validate


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A named value with a type: what attributes, arguments and fields have in common.

    ``source`` is the element as its file spelled it, with the keys that we do not know;
    it takes no part in comparisons.
    """

    name: str
    type: DataType
    description: str = ""
    title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    """By language (BCP 47), where the file has more than one."""
    range: Range | None = None
    step: float | None = None
    enum: tuple[Scalar, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the values of the enumeration are called, by the value as text."""
    unit: str | None = None
    """As the file spells it."""
    default: Scalar | None = None
    source: Mapping[str, JsonValue] = field(
        default_factory=dict, compare=False, repr=False
    )

    def validate(self, value: object) -> Scalar:
        """Return the value if this element may hold it.

        Raises:
            ValueRefusedError: wrong type, out of range, or not in the enumeration.

        """
        accepted = validate(self.type, value, name=self.name)
        if self.range is not None and isinstance(accepted, int | float):
            bounds = self.range
            if accepted not in bounds:
                sign, bound = (
                    (">", bounds.high) if accepted > bounds.high else ("<", bounds.low)
                )
                raise ValueRefusedError(
                    name=self.name, problem=f"{accepted} {sign} {bound:.15g}"
                )
        if self.enum and accepted not in self.enum:
            allowed = ", ".join(str(choice) for choice in self.enum)
            raise ValueRefusedError(
                name=self.name, problem=f"expected one of {allowed}"
            )
        return accepted


@dataclass(frozen=True, kw_only=True)
class Attribute(Typed):
    """One value of a device.

    ``writable`` restricts the side that uses the device; the device itself may set
    every attribute (sheet §1.2). An OBJECT has ``members``, whose values are named
    ``attribute.member``. One with a ``media_type`` has no value, but a content that is
    fetched: an image.
    """

    writable: bool = False
    readable: bool = True
    observable: bool = True
    sensitive: bool = False
    semantic_types: tuple[str, ...] = ()
    """What the value means: a device class of Home Assistant, or a term of an
    ontology, spelled as in the file (``saref:Temperature``, ``ipso:3303``)."""
    alias: str | None = None
    members: tuple[Attribute, ...] = ()
    media_type: str = ""
    """Of its content; it is neither readable nor writable then, as it has no value."""
    inferred: bool = field(default=False, compare=False, repr=False)
    """Whether its type is a guess, from a value: a person may know better."""

    @override
    def validate(self, value: object) -> Scalar:
        """Return the value if this attribute may hold it.

        Raises:
            ValueRefusedError: it does not fit; that of a sensitive one is not told.

        """
        if self.media_type:
            raise ValueRefusedError(name=self.name, problem="it has no value")
        try:
            return super().validate(value)
        except ValueRefusedError:
            if not self.sensitive:
                raise
        raise ValueRefusedError(name=self.name, problem="the value does not fit")

    def leaves(self) -> Iterator[tuple[tuple[str, ...], Attribute]]:
        """Yield what holds a value: the path of its names, and it by its full name."""
        if self.type is not DataType.OBJECT:
            yield (self.name,), self
            return
        for member in self.members:
            within = replace(
                member,
                writable=member.writable or self.writable,
                readable=member.readable and self.readable,
                observable=member.observable and self.observable,
                sensitive=member.sensitive or self.sensitive,
            )
            for path, leaf in within.leaves():
                title = ""
                if self.title and leaf.title:
                    title = f"{self.title} {leaf.title[0].lower()}{leaf.title[1:]}"
                full = replace(
                    leaf,
                    name=f"{self.name}.{leaf.name}",
                    alias=f"{self.name}.{leaf.alias}" if leaf.alias else None,
                    title=title,
                )
                yield (self.name, *path), full


@dataclass(frozen=True, kw_only=True)
class Argument(Typed):
    """One input of an action; one with a default, or an optional one, may be left out.

    What has a default is sent with it; what is optional is not sent at all.
    """

    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Field(Typed):
    """One value in a message of a format; the sender may leave out optional ones."""

    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something the device can be told to do."""

    name: str
    description: str = ""
    title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[Argument, ...] = ()
    results: tuple[Field, ...] = ()
    """What the device may answer; a single value without a name is called ``value``."""
    idempotent: bool = False
    """Whether doing it twice is the same as doing it once."""
    alias: str | None = None
    source: Mapping[str, JsonValue] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def callable_without_input(self) -> bool:
        """Whether every argument may be left out, or there is none."""
        return all(
            argument.optional or argument.default is not None
            for argument in self.arguments
        )

    def validate(self, arguments: Mapping[str, object]) -> dict[str, Scalar]:
        """Return the arguments in the model's order, defaults filled in.

        Raises:
            UnknownElementError: an argument that the action does not have.
            ValueRefusedError: an argument is missing, or its value does not fit.

        """
        known = {argument.name for argument in self.arguments}
        for name in arguments:
            if name not in known:
                raise UnknownElementError(kind="argument", name=name)
        complete: dict[str, Scalar] = {}
        for argument in self.arguments:
            if argument.name in arguments:
                complete[argument.name] = argument.validate(arguments[argument.name])
            elif argument.default is not None:
                complete[argument.name] = argument.default
            elif not argument.optional:
                raise ValueRefusedError(name=argument.name, problem="is missing")
        return complete


class FormatType(StrEnum):
    """What a message of a format is for."""

    ALERT = "ALERT"
    DATA = "DATA"


class Severity(StrEnum):
    """How bad an alert is, in rising order (sheet §2.4)."""

    LOW = "LOW"
    NORMAL = "NORMAL"
    SIGNIFICANT = "SIGNIFICANT"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """How bad it is, from 0; texts would be in the order of the alphabet."""
        return list(Severity).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clear:
    """How it shows that what an alert told of is over: in any of these ways."""

    format: str = ""
    """The name of the model's own alert that says so."""
    condition: str = ""
    """A formula (sheet §1.8) over attributes that is true then."""
    after: float | None = None
    """Seconds after the last such alert."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """The shape of a message that the device may send by itself: an alert or data."""

    name: str
    urn: str = ""
    description: str = ""
    title: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    type: FormatType = FormatType.ALERT
    fields: tuple[Field, ...] = ()
    severity: Severity = Severity.SIGNIFICANT
    """Of its alerts that do not say theirs (sheet §2.4)."""
    clear: Clear | None = None
    """How an alert of it ends; None if nothing shows that."""
    source: Mapping[str, JsonValue] = field(
        default_factory=dict, compare=False, repr=False
    )


@dataclass(frozen=True, kw_only=True)
class PolicyFunction:
    """One step of a pipeline (sheet §1.8), by the id that Oracle gave it."""

    id: str
    parameters: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    """Checked: of the types that the function takes, and about what the model has.
    Windows and delays are milliseconds; conditions and formulas are texts."""


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What happens to offered values before they are sent, in this order."""

    attribute: str | None = None
    """The attribute that it is about; None for every message of the device."""
    functions: tuple[PolicyFunction, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A device policy: how a device treats its own values (sheet §1.8)."""

    id: str
    description: str = ""
    enabled: bool = True
    last_modified: datetime | None = None
    pipelines: tuple[Pipeline, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Group:
    """Elements that belong together: one node, one instance of an object, one lamp."""

    title: str = ""
    semantic_types: tuple[str, ...] = ()
    """What they are together, spelled as those of attributes."""


@dataclass(frozen=True, kw_only=True)
class DeviceModel:
    """A device model: what one kind of device has and can do."""

    urn: str
    name: str
    description: str = ""
    version: str = ""
    manufacturer: str = ""
    draft: bool = False
    """Whether it is a beginning: perhaps without elements, to be completed."""
    attributes: tuple[Attribute, ...] = ()
    actions: tuple[Action, ...] = ()
    formats: tuple[Format, ...] = ()
    policies: tuple[Policy, ...] = ()
    semantic_types: tuple[str, ...] = ()
    """What the device is as a whole: ``Thermostat``, ``saref:Actuator``."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    """By what the names of their elements begin with, before a slash or a dot."""
    source: Mapping[str, JsonValue] = field(
        default_factory=dict, compare=False, repr=False
    )

    @cached_property
    def leaves(self) -> Mapping[str, Attribute]:
        """Every attribute that holds a value by its name; objects are taken apart."""
        return {
            leaf.name: leaf
            for attribute in self.attributes
            for _path, leaf in attribute.leaves()
        }

    @cached_property
    def readable(self) -> frozenset[str]:
        """The names of the attributes that the device gives the values of."""
        return frozenset(name for name, leaf in self.leaves.items() if leaf.readable)

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        aliases: dict[str, str] = {}
        for leaf in self.leaves.values():
            if leaf.alias:  # of two attributes with the same one, the first has it
                aliases.setdefault(leaf.alias, leaf.name)
        return aliases

    def attribute(self, name: str) -> Attribute:
        """Return the value-holding attribute of that name or alias.

        Raises:
            UnknownElementError: there is none.

        """
        leaf = self.leaves.get(name) or self.leaves.get(self._aliases.get(name, ""))
        if leaf is None:
            raise UnknownElementError(kind="attribute", name=name)
        return leaf

    def writable(self, name: str) -> Attribute:
        """Return the attribute of that name or alias, which this side may change.

        Raises:
            NotOfferedError: it may not.
            UnknownElementError: there is none.

        """
        attribute = self.attribute(name)
        if not attribute.writable:
            raise NotOfferedError(operation=f"writing {attribute.name}")
        return attribute

    def changes(self, values: Mapping[str, object]) -> dict[str, Scalar]:
        """Return values to be set together, if all of them may be.

        Raises:
            InvalidInputError: one of them may not; all that is wrong is named.

        """
        accepted: dict[str, Scalar] = {}
        refused: list[InvalidInputError] = []
        for name, value in values.items():
            try:
                attribute = self.writable(name)
                accepted[attribute.name] = attribute.validate(value)
            except InvalidInputError as err:
                refused.append(err)
        if len(refused) > 1:
            raise TransactionRefusedError(problems="; ".join(map(str, refused)))
        if refused:
            raise refused[0]
        return accepted

    def action(self, name: str) -> Action:
        """Return the action of that name or alias.

        Raises:
            UnknownElementError: there is none.

        """
        for action in self.actions:
            if name in (action.name, action.alias):
                return action
        raise UnknownElementError(kind="action", name=name)

    def format(self, name: str) -> Format:
        """Return the format of that name or URN.

        Raises:
            UnknownElementError: there is none.

        """
        for shape in self.formats:
            if name and name in (shape.name, shape.urn):
                return shape
        raise UnknownElementError(kind="format", name=name)

    @override
    def __str__(self) -> str:
        """Return the name, for messages."""
        return self.name
