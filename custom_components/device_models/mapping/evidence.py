"""What says that a group of elements is a thing of some kind, and not another one."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..iot.model import DeviceModel
from ..iot.units.words import MAX_PHRASE, any_phrase, ending, words_of
from .grouping import Match, group_of
from .ontologies import ipso_numbers, term_words
from .roles.rule import Rule

FILLING: Final = frozenset({
    "actuator", "channel", "control", "controller", "device", "main", "module", "node",
    "ora", "room", "smart", "the", "unit", "wall",
})  # fmt: skip
"""Words beside the name of a thing that change nothing about what it is; *ora* is what
Oracle's own names begin with."""

SIDES: Final = frozenset({
    "a", "b", "back", "bottom", "c", "d", "east", "first", "front", "left", "lower",
    "north", "one", "rear", "right", "second", "south", "third", "top", "two", "upper",
    "west",
})  # fmt: skip
"""Words after the name of a thing that tell it from others."""


class Evidence(NamedTuple):
    """What says what a group is."""

    reason: str
    thing: str
    """What it is called, as in the table; empty if nothing calls it so."""
    of_device: bool = False
    """Whether it is what the whole device is."""


def evidence(
    rule: Rule,
    place: str,
    subject: tuple[str, ...],
    played: Sequence[Match],
    model: DeviceModel,
    *,
    alone: bool,
) -> Evidence | None:
    """Return what says that a group is such a thing; None if nothing does.

    Args:
        rule: about such things.
        place: of the group.
        subject: the words that tell it from others in its place.
        played: its elements and their roles.
        model: of the device.
        alone: whether it is the only group of the device that could be one.

    """
    group = group_of(place, model)
    found = list(_of_terms(rule, group.semantic_types, "of the group"))
    found += _of_texts(rule, (place, group.title), "of the group")
    for match in played:
        if thing := thing_in(rule, match.subject):
            name = match.element.held.name
            found.append(Evidence(f"the name {name} says “{thing}”", thing))
    whole = [*_of_terms(rule, model.semantic_types, "of the device")]
    whole += _of_texts(rule, (model.name,), "of the device")
    told = next((match.reason for match in played if match.tells), "")
    roles = frozenset(match.role for match in played)
    thing = next((one.thing for one in (*found, *whole) if one.thing), "")
    is_device = not subject and (alone or not place)
    if told or (told := _objects(rule, group.semantic_types, played)):
        return Evidence(told, thing, is_device and bool(whole))
    texts = (place, group.title, *group.semantic_types, " ".join(subject))
    if not place:
        texts += (model.name, *model.semantic_types)
    if any(any_phrase(words_of(text), rule.contrary) for text in texts):
        return None
    if found or (whole and (is_device or len(roles) > 1)):
        return (found or whole)[0]._replace(of_device=is_device and bool(whole))
    if rule.is_certain(roles):
        return Evidence("these belong together", "", is_device)
    return None


def _of_terms(rule: Rule, terms: Sequence[str], whose: str) -> Iterator[Evidence]:
    """Yield what semantic types say."""
    for term in terms:
        if thing := thing_in(rule, tuple(term_words(term).split())):
            yield Evidence(f"type {term} {whose}", thing)


def _of_texts(rule: Rule, texts: Sequence[str], whose: str) -> list[Evidence]:
    """Return what names say."""
    return [
        Evidence(f"the name {whose} says “{thing}”", thing)
        for text in texts
        if (thing := thing_in(rule, words_of(text)))
    ]


def _objects(rule: Rule, terms: Sequence[str], played: Sequence[Match]) -> str:
    """Return which object of IPSO it is; empty if it is none."""
    for some in (terms, *(match.element.terms for match in played)):
        number, _resource = ipso_numbers(some) or ("", "")
        if number in rule.numbers:
            return f"object {number} of IPSO"
    return ""


def thing_in(rule: Rule, words: tuple[str, ...]) -> str:
    """Return what a name says that its bearer is; empty if it is no such thing.

    The last word of a name says what it is: a *light sensor* is no light. Numbers,
    sides and words that say nothing may follow.
    """
    end = len(words)
    while end and (words[end - 1].isdecimal() or words[end - 1] in FILLING | SIDES):
        end -= 1
    return next((phrase for phrase, _ in ending(words[:end], rule.things)), "")


def without_thing(rule: Rule, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return words without those that say what kind of thing it is."""
    left: list[str] = []
    start = 0
    while start < len(words):
        for length in range(min(MAX_PHRASE, len(words) - start), 0, -1):
            if " ".join(words[start : start + length]) in rule.things:
                start += length
                break
        else:
            if words[start] not in FILLING:
                left.append(words[start])
            start += 1
    return tuple(left)
