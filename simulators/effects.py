"""What the actions of a simulated device do to its attributes.

A model says nothing about that, so the names decide: an action touches the attributes
whose words are in its own name or in the names of its arguments.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from custom_components.device_models.iot.errors import ValueRefusedError
from custom_components.device_models.iot.model import Action, Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType, Scalar

from .plausible import whole
from .ties import main_switch
from .words import EVENT, OFF, ON, RESET, TARGET, TOTAL, stems, words


def effects(
    model: DeviceModel,
    values: Mapping[str, Scalar],
    action: Action,
    arguments: Mapping[str, Scalar],
    now: datetime,
) -> dict[str, Scalar]:
    """Return the attributes that an action changes, with their new values."""
    changed: dict[str, Scalar] = {}
    told = words(action.name)
    if told & RESET:
        changed |= _reset(model, action)
    else:
        for name, value in arguments.items():
            if leaf := _meant(model, name):
                changed |= _put(leaf, value)
        for leaf in _named(model, action):
            changed |= _done(leaf, values[leaf.name], told, arguments, now)
    for leaf in model.leaves.values():
        changed |= _noted(leaf, action, now)
    return changed


def _reset(model: DeviceModel, action: Action) -> dict[str, Scalar]:
    """Return the values after a reset: of what the name says, else all defaults."""
    told = stems(action.name)
    changed: dict[str, Scalar] = {}
    for leaf in model.leaves.values():
        own = stems(leaf.name)
        if leaf.type.is_numeric and (own & TOTAL & told or own <= told):
            changed |= _put(leaf, 0)
    if not changed:
        for leaf in model.leaves.values():
            if leaf.writable and leaf.default is not None:
                changed |= _put(leaf, leaf.default)
    return changed


def _meant(model: DeviceModel, argument: str) -> Attribute | None:
    """Return the attribute that an argument sets: a writable one, if there is one."""
    told = words(argument)
    leaves = model.leaves.values()
    exact = [leaf for leaf in leaves if leaf.name == argument]
    wider = [leaf for leaf in leaves if leaf.writable and told <= words(leaf.name)]
    for candidates in ([leaf for leaf in exact if leaf.writable], wider, exact):
        if candidates:
            return candidates[0]
    return None


def _named(model: DeviceModel, action: Action) -> Iterator[Attribute]:
    """Yield the attributes in an action's name; a bare verb means the switch."""
    told = words(action.name)
    named = [
        leaf
        for leaf in model.leaves.values()
        if (own := words(leaf.name) - TARGET) and own <= told
    ]
    if named:
        yield from [leaf for leaf in named if leaf.writable] or named
    elif told <= ON | OFF | {"toggle", "switch"} and (leaf := main_switch(model)):
        yield leaf


def _done(
    leaf: Attribute,
    value: Scalar,
    told: frozenset[str],
    arguments: Mapping[str, Scalar],
    now: datetime,
) -> dict[str, Scalar]:
    """Return what an action that names an attribute makes of it."""
    if len(arguments) == 1:
        return _put(leaf, next(iter(arguments.values())))
    if leaf.type is DataType.BOOLEAN:
        turned_on = bool(told & ON) or (not told & OFF and not value)
        return {leaf.name: turned_on}
    if leaf.enum:
        following = leaf.enum.index(value) + 1 if value in leaf.enum else 0
        return {leaf.name: leaf.enum[following % len(leaf.enum)]}
    if leaf.type is DataType.DATETIME:
        return {leaf.name: whole(now)}
    return {}


def _noted(leaf: Attribute, action: Action, now: datetime) -> dict[str, Scalar]:
    """Return what a device writes down about any action."""
    own = words(leaf.name)
    if own in ({"last", "action"}, {"last", "command"}):
        if leaf.type is DataType.STRING:
            return _put(leaf, action.title or action.name)
        if leaf.type is DataType.DATETIME:
            return {leaf.name: whole(now)}
    if leaf.type is DataType.DATETIME and not leaf.writable and own & EVENT:
        verbs = {word + "ed" for word in words(action.name)} | words(action.name)
        if own - {"last"} <= verbs:
            return {leaf.name: whole(now)}
    return {}


def _put(leaf: Attribute, value: Scalar) -> dict[str, Scalar]:
    """Return the attribute with a value, or nothing if it may not hold it."""
    try:
        return {leaf.name: leaf.validate(value)}
    except ValueRefusedError:
        return {}
