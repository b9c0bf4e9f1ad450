"""What has changed from one version of a device model to the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .model import Action, Attribute, DeviceModel, Format, Typed

type _Element = Attribute | Action | Format

MAX_NAMED: Final = 20
"""So many names are listed in one sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new version of a model has that the old one had not, and the reverse.

    Elements are named as ``attribute temp``; an attribute within an object by its
    full name.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] | None = None
    """The old names, by the new ones."""
    changed: Mapping[str, str] | None = None
    """What is different about an element, by its new name."""

    def __bool__(self) -> bool:
        """Whether anything has changed."""
        return bool(self.added or self.removed or self.renamed or self.changed)

    def sentences(self) -> list[str]:
        """Return what has changed, for people."""
        renamed = [f"{old} → {new}" for new, old in (self.renamed or {}).items()]
        changed = [f"{name}: {what}" for name, what in (self.changed or {}).items()]
        return [
            f"{word}: {_listed(names)}"
            for word, names in (
                ("Added", list(self.added)),
                ("Removed", list(self.removed)),
                ("Renamed", renamed),
                ("Changed", changed),
            )
            if names
        ]


def difference(before: DeviceModel, after: DeviceModel) -> Difference:
    """Return what is different in a new version of a model.

    An element was renamed if the new one says so by its alias, or if just one that went
    and one that came are the same but for their names.
    """
    old, new = elements(before), elements(after)
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    renamed = _renamed(
        {name: old[name] for name in gone}, {name: new[name] for name in come}
    )
    origin = {name: name for name in new if name in old} | renamed
    changed = {
        name: what
        for name, was in origin.items()
        if (what := _changes(old[was], new[name]))
    }
    return Difference(
        added=tuple(name for name in come if name not in renamed),
        removed=tuple(name for name in gone if name not in renamed.values()),
        renamed=renamed,
        changed=changed,
    )


def elements(model: DeviceModel) -> dict[str, _Element]:
    """Return the elements of a model that users see, by kind and name."""
    found: dict[str, _Element] = {
        f"attribute {name}": leaf for name, leaf in model.leaves.items()
    }
    found |= {f"action {action.name}": action for action in model.actions}
    return found | {f"format {shape.name}": shape for shape in model.formats}


def _renamed(
    gone: Mapping[str, _Element], come: Mapping[str, _Element]
) -> dict[str, str]:
    """Return the old names of what was renamed, by the new ones."""
    renamed: dict[str, str] = {}
    for name, element in come.items():
        alias = getattr(element, "alias", None)
        former = f"{name.partition(' ')[0]} {alias}"
        if alias and former in gone and former not in renamed.values():
            renamed[name] = former
    left = {name: _shape(one) for name, one in gone.items()}
    for was in renamed.values():
        del left[was]
    came = {name: _shape(one) for name, one in come.items() if name not in renamed}
    for name, shape in came.items():
        alike = [was for was, other in left.items() if other == shape]
        if len(alike) == 1 and list(came.values()).count(shape) == 1:
            renamed[name] = alike[0]
    return renamed


def _shape(element: _Element) -> tuple[object, ...]:
    """Return what an element is but for its name, to tell whether two are alike."""
    match element:
        case Attribute():
            return (
                "attribute",
                element.description,
                element.unit,
                element.semantic_types,
                element.writable,
                element.readable,
                element.media_type,
                *_typed(element),
            )
        case Action():
            arguments = [(item.name, *_typed(item)) for item in element.arguments]
            return ("action", element.description, arguments)
        case _:
            fields = [(item.name, *_typed(item)) for item in element.fields]
            return ("format", element.description, element.type, fields)


def _typed(item: Typed) -> tuple[object, ...]:
    """Return what values an element takes."""
    return (item.type, item.range, item.enum, item.default)


def _changes(old: _Element, new: _Element) -> str:
    """Return what is different about an element, for people."""
    match old, new:
        case Attribute(), Attribute():
            words = [
                f"{word} {_said(before)} → {_said(now)}"
                for word, before, now in (
                    # One that was guessed from a value is no news.
                    ("type", old.type, old.type if new.inferred else new.type),
                    ("unit", old.unit, new.unit),
                    ("range", old.range, new.range),
                    ("choices", old.enum, new.enum),
                    ("step", old.step, new.step),
                    ("content", old.media_type or None, new.media_type or None),
                )
                if before != now
            ]
            for word, was, now in (
                ("writable", old.writable, new.writable),
                ("readable", old.readable, new.readable),
                ("sensitive", old.sensitive, new.sensitive),
            ):
                if was is not now:
                    words.append(f"{'now' if now else 'no longer'} {word}")
            return ", ".join(words)
        case Action(), Action():
            same = _arguments(old) == _arguments(new)
            return "" if same else "arguments"
        case Format(), Format():
            words = []
            if old.type is not new.type:
                words.append(f"type {old.type} → {new.type}")
            if [_field(item) for item in old.fields] != [
                _field(item) for item in new.fields
            ]:
                words.append("fields")
            if old.severity is not new.severity:
                words.append(f"severity {old.severity} → {new.severity}")
            if old.clear != new.clear:
                words.append("when its alerts are over")
            return ", ".join(words)
        case _:
            return ""


def _arguments(action: Action) -> list[tuple[object, ...]]:
    """Return what tells the arguments of two actions apart."""
    return [(item.name, *_typed(item)) for item in action.arguments]


def _field(item: Typed) -> tuple[object, ...]:
    """Return what tells a field from another."""
    return (item.name, item.type)


def _said(value: object) -> str:
    """Return a property of an attribute, for people."""
    match value:
        case None | ():
            return "none"
        case tuple():
            return _listed([str(item) for item in value])
        case _:
            return str(value)


def _listed(names: list[str]) -> str:
    """Return names in one line, of bounded length."""
    shown = ", ".join(names[:MAX_NAMED])
    more = len(names) - MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
