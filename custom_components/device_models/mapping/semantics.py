"""What an attribute may be in Home Assistant, the surest first.

Semantic types count most, then the unit, then the words of name, title and description.
"""

from collections.abc import Iterator
from itertools import takewhile

from homeassistant.const import Platform

from ..iot.model import Attribute
from ..iot.units import Unit
from ..iot.units.words import ending, phrases, words_of
from .decisions import DEVICE_CLASSES
from .meanings import (
    CONTRARY,
    MEASURED,
    NARROWER,
    PLACING,
    STATES,
    SWITCHES,
    TRAILING,
    UNIT_CLASSES,
)
from .ontologies import by_terms


def device_classes(
    attribute: Attribute, platform: Platform, unit: Unit
) -> Iterator[tuple[str, str]]:
    """Yield what an attribute may be, the surest first, each with its reason.

    An empty device class ends the search: what it is, is known, and none fits.
    """
    for term in attribute.semantic_types:
        if term in DEVICE_CLASSES.get(platform, frozenset()):
            yield term, "semantic type"
    yield from by_terms(attribute)
    if platform is Platform.BINARY_SENSOR:
        yield from _by_state(attribute)
    elif platform is Platform.SWITCH:
        yield from _by_switch(attribute)
    else:
        yield from _by_unit(attribute, unit)
        yield from _by_measure(attribute)


def _by_unit(attribute: Attribute, unit: Unit) -> Iterator[tuple[str, str]]:
    """Yield what the unit says, and what the name makes of it."""
    if unit.quantity:
        yield unit.quantity, unit.why
    device_class = UNIT_CLASSES.get(unit.symbol)
    if device_class is None:
        return
    for words in (words_of(attribute.name), words_of(attribute.title)):
        for word, narrower in phrases(words, NARROWER.get(device_class, {})):
            also = "" if narrower == device_class else f" and the word “{word}”"
            yield narrower, f"unit {unit.symbol}{also}"
    yield device_class, f"unit {unit.symbol}"


def _by_measure(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """Yield what the words say of something that is measured."""
    for where, text in (("name", attribute.name), ("title", attribute.title)):
        for phrase, classes in phrases(words_of(text), MEASURED):
            for device_class in classes or ("",):
                yield device_class, f"the {where} says “{phrase}”"
    found = list(phrases(words_of(attribute.description), MEASURED))
    if len({classes[:1] for _phrase, classes in found}) == 1:
        phrase, classes = found[0]
        for device_class in classes:
            yield device_class, f"the description says “{phrase}”"


def _by_state(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """Yield what name and title say of something that is true or not."""
    for where, text in (("name", attribute.name), ("title", attribute.title)):
        words = words_of(text)
        if CONTRARY.intersection(words):
            return
        words = tuple(takewhile(lambda word: word not in PLACING, words))
        end = len(words)
        while end and (words[end - 1] in TRAILING or words[end - 1].isdecimal()):
            end -= 1
        for last in range(end, len(words) + 1):
            for phrase, device_class in ending(words[:last], STATES):
                yield device_class, f"the {where} says “{phrase}”"


def _by_switch(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """Yield what name and title say of something that is switched."""
    for where, text in (("name", attribute.name), ("title", attribute.title)):
        for phrase, device_class in phrases(words_of(text), SWITCHES):
            yield device_class, f"the {where} says “{phrase}”"
