"""What a table of roles is made of.

A composed entity (a light, a thermostat) uses several elements of a device, each in a
role: *on*, *brightness*. A rule says which roles there are, by what they are known, and
what must be there. Texts with commas are lists: phrases of names, in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from functools import cached_property
from typing import Final

from homeassistant.const import Platform


class Holds(Enum):
    """What an element must hold to play a role (``mapping.fitting`` has the tests)."""

    ON_OFF = auto()
    """True or false, or two choices that mean on and off."""
    NUMBER = auto()
    LEVEL = auto()
    """A number between two known ends, from 0 or more on; or percent."""
    TEMPERATURE = auto()
    COLOUR_TEMPERATURE = auto()
    """Kelvin or mired, by its unit or its range."""
    COLOUR = auto()
    """A text, or a number with 8 bits for each of red, green and blue."""
    COORDINATE = auto()
    TEXT = auto()
    CHOICE = auto()
    """One of several texts, whatever they are."""
    WORDS = auto()
    """One of several texts, each of which the role's meanings know."""
    COMMAND = auto()
    """Something to be done, without input: an action."""
    ORDER = auto()
    """One of several words that can be sent, each of which the role's meanings know: a
    writable attribute, or an action with one argument."""


class Access(StrEnum):
    """What must be possible with an attribute."""

    READ = "read"
    ONLY_READ = "only read"
    WRITE = "write"


READ, ONLY_READ, WRITE = Access

THING: Final = "*"
"""What stands in a table for an element that is called as the thing itself."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """One role, and by what an element is known that plays it."""

    holds: Holds
    access: Access = READ
    words: str = ""
    """How its name ends; ``*`` stands for the name of the thing alone: *lamp*."""
    terms: str = ""
    """Semantic types: the words of their last part (``BrightnessProperty``)."""
    ipso: str = ""
    """Objects or resources of IPSO."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What choices mean to Home Assistant, by their words."""
    tells: bool = False
    """Whether a term for it says by itself what the whole is."""
    anywhere: bool = False
    """Whether it may be from another group of the device, if only one fits."""

    @cached_property
    def phrases(self) -> frozenset[str]:
        """The words, one by one."""
        return frozenset(listed(self.words))

    @cached_property
    def types(self) -> frozenset[str]:
        """The terms, one by one."""
        return frozenset(listed(self.terms))

    @cached_property
    def resources(self) -> frozenset[str]:
        """The objects and resources, one by one."""
        return frozenset(listed(self.ipso))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What may be composed to an entity of one platform."""

    platform: Platform
    things: Mapping[str, str]
    """What such a thing is called, and which device class it then has; also the last
    part of semantic types, and the type of a Homie node."""
    unlike: str = ""
    """Words beside which it is something else."""
    objects: str = ""
    """Objects of IPSO that are such a thing."""
    enough: tuple[str, ...]
    """Sets of roles of which one must be there."""
    certain: tuple[str, ...] = ()
    """Sets of roles that say by themselves what the whole is."""
    roles: Mapping[str, Role]

    @cached_property
    def phrases(self) -> Mapping[str, tuple[str, ...]]:
        """The roles that a name may mean, by how it ends."""
        table: dict[str, tuple[str, ...]] = {}
        for name, role in self.roles.items():
            for phrase in role.phrases:
                table[phrase] = (*table.get(phrase, ()), name)
        return table

    @cached_property
    def contrary(self) -> frozenset[str]:
        """The words beside which it is something else."""
        return frozenset(listed(self.unlike))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The objects of IPSO, one by one."""
        return frozenset(listed(self.objects))

    @cached_property
    def needed(self) -> frozenset[str]:
        """The roles of which one must be in the group itself."""
        named = {role for one in self.enough for role in listed(one)}
        return frozenset(role for role in named if not self.roles[role].anywhere)

    def is_enough(self, played: frozenset[str]) -> bool:
        """Whether a set of roles makes an entity."""
        return any(played.issuperset(listed(one)) for one in self.enough)

    def is_certain(self, played: frozenset[str]) -> bool:
        """Whether a set of roles says what the whole is."""
        return any(played.issuperset(listed(one)) for one in self.certain)


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a text with commas."""
    return tuple(part for one in text.split(",") if (part := one.strip()))


def by_word(**words: str) -> Mapping[str, str]:
    """Return what each word stands for; that of ``none`` is known, and says nothing."""
    return {
        word: "" if meaning == "none" else meaning
        for meaning, text in words.items()
        for word in listed(text)
    }
