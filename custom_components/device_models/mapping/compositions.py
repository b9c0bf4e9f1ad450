"""Which elements of a model are one thing: a light, a thermostat, a shutter.

Pure: the rules are the tables in ``roles``. Elements are looked at in groups: those of
one object, one node or one instance, and those whose names begin with the same words
(*left brightness*). A group becomes an entity if enough roles are played there, none by
two alike, and if something says what the whole is (``mapping.evidence``). What is not
certain is left as it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..iot.model import DeviceModel
from ..iot.units.words import any_phrase, ending
from .composing import ROLE
from .decisions import Decision, Kind
from .evidence import Evidence, evidence, thing_in, without_thing
from .fitting import fits
from .grouping import Element, Match, elements_of, title_of
from .ontologies import ipso_numbers, term_words
from .roles import RULES
from .roles.rule import THING, Rule

BY_NAME, BY_OBJECT, BY_TERM = 1, 2, 3
"""How surely an element plays a role."""


def compositions(model: DeviceModel) -> Iterator[Decision]:
    """Yield what is to be one entity, with the reason for each of its parts."""
    elements = tuple(elements_of(model))
    used: set[str] = set()
    for rule in RULES:
        free = [element for element in elements if element.key not in used]
        for decision in _by_rule(rule, free, model):
            if used.isdisjoint(decision.uses.values()):
                used.update(decision.uses.values())
                yield decision


def _by_rule(
    rule: Rule, elements: Sequence[Element], model: DeviceModel
) -> Iterator[Decision]:
    """Yield what one rule makes of the elements that are free."""
    matches = [match for one in elements for match in _matches(rule, one)]
    groups: dict[tuple[str, tuple[str, ...]], list[Match]] = {}
    for match in _together(matches):
        subject = without_thing(rule, match.subject)
        groups.setdefault((match.element.place, subject), []).append(match)
    bases = {
        where: group
        for where, group in groups.items()
        if not rule.needed.isdisjoint(match.role for match in group)
    }
    for (place, subject), group in bases.items():
        played = _played(group)
        if len(bases) == 1:
            played |= _borrowed(rule, played, matches)
        if rule.is_enough(frozenset(played)):
            some = tuple(played.values())
            alone = len(bases) == 1
            found = evidence(rule, place, subject, some, model, alone=alone)
            if found is not None:
                yield _decision(rule, place, subject, played, found, model)


def _matches(rule: Rule, element: Element) -> Iterator[Match]:
    """Yield the roles that an element may play, by what says it most clearly."""
    named = _by_name(rule, element)
    subject = named[0].subject if named else ()
    termed = _by_term(rule, element, subject)
    if not termed and any_phrase(element.words + element.titled, rule.contrary):
        return
    yield from termed or _by_object(rule, element) or named


def _by_term(rule: Rule, element: Element, subject: tuple[str, ...]) -> list[Match]:
    """Return the roles that semantic types say."""
    words = {term_words(term): term for term in reversed(element.terms)}
    return [
        Match(name, element, BY_TERM, subject, f"semantic type {said[-1]}", role.tells)
        for name, role in rule.roles.items()
        if (said := [term for text, term in words.items() if text in role.types])
        and fits(role, element.held)
    ]


def _by_object(rule: Rule, element: Element) -> list[Match]:
    """Return the roles that the numbers of IPSO say."""
    number, resource = ipso_numbers(element.terms) or ("", "")
    full = f"{number}/{resource}" if resource else number
    return [
        Match(name, element, BY_OBJECT, (), f"object {number} of IPSO")
        for name, role in rule.roles.items()
        if number and full in role.resources and fits(role, element.held)
    ]


def _by_name(rule: Rule, element: Element) -> list[Match]:
    """Return the roles that the name says, or else the title: by its last words."""
    for where, words in (("name", element.words), ("title", element.titled)):
        end = len(words)
        while end and words[end - 1].isdecimal():
            end -= 1
        said = list(ending(words[:end], rule.phrases))
        if thing_in(rule, words):
            said.append((THING, rule.phrases.get(THING, ())))
        for phrase, roles in said:
            before = end if phrase == THING else end - len(phrase.split())
            subject = words[:before] + words[end:]
            if where == "title" and element.place:
                subject = ()
            spelled = " ".join(words) if phrase == THING else phrase
            reason = f"the {where} says “{spelled}”"
            found = [
                Match(role, element, BY_NAME, subject, reason)
                for role in roles
                if fits(rule.roles[role], element.held)
            ]
            if found:
                return found
    return []


def _together(matches: Sequence[Match]) -> Iterator[Match]:
    """Yield the matches, those by terms without subject where each role is there once.

    Their names may be of any language: no words in them tell anything.
    """
    count = Counter(
        (match.element.place, match.role)
        for match in matches
        if match.strength == BY_TERM
    )
    twice = {place for (place, _role), times in count.items() if times > 1}
    for match in matches:
        alone = match.strength == BY_TERM and match.element.place not in twice
        yield match._replace(subject=()) if alone else match


def _played(matches: Sequence[Match]) -> dict[str, Match]:
    """Return who plays which role; a role that two play alike is left out."""
    by_role: dict[str, list[Match]] = {}
    for match in matches:
        by_role.setdefault(match.role, []).append(match)
    played: dict[str, Match] = {}
    taken: set[str] = set()
    for role, some in by_role.items():
        strongest = max(match.strength for match in some)
        best = [match for match in some if match.strength == strongest]
        if len(best) == 1 and best[0].element.key not in taken:
            played[role] = best[0]
            taken.add(best[0].element.key)
    return played


def _borrowed(
    rule: Rule, played: Mapping[str, Match], matches: Sequence[Match]
) -> dict[str, Match]:
    """Return who plays a role from elsewhere in the device, if only one can."""
    taken = {match.element.key for match in played.values()}
    return _played([
        match
        for match in matches
        if rule.roles[match.role].anywhere
        and match.role not in played
        and match.element.key not in taken
        and not without_thing(rule, match.subject)
    ])  # fmt: skip


def _decision(
    rule: Rule,
    place: str,
    subject: tuple[str, ...],
    played: Mapping[str, Match],
    found: Evidence,
    model: DeviceModel,
) -> Decision:
    """Return what a group becomes."""
    group = "/".join(filter(None, (place, "-".join(subject))))
    some = tuple(played.values())
    name, why = title_of(place, some, model, of_device=found.of_device)
    ordered = {role: played[role] for role in rule.roles if role in played}
    decision = Decision(
        platform=rule.platform,
        kind=Kind.COMPOSITION,
        element=f"{rule.platform}:{group}" if group else str(rule.platform),
        name=name,
        device_class=rule.things.get(found.thing) or None,
        uses={role: match.element.key for role, match in ordered.items()},
        reasons={"platform": found.reason, "name": why},
    )
    if decision.device_class:
        reasons = decision.because("device_class", f"“{found.thing}”")
        decision = replace(decision, reasons=reasons)
    told = {
        f"{ROLE}{role}": f"{match.element.held.name}, {match.reason}"
        for role, match in ordered.items()
    }
    return replace(decision, reasons={**decision.reasons, **told})
