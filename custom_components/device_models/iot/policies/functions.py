"""The functions that let a value, or a message, go on or not (protocol sheet §1.8).

A gate is told of what comes, and says whether it goes on. Each has its state: a gate is
made for one pipeline of one device.
"""

import base64
from collections.abc import Callable, Mapping
import hashlib
import hmac
from typing import Final, NamedTuple

from ..formula import Formula
from ..model import Severity
from ..reading import Element
from ..values import JsonValue, Scalar
from .message import Message, Raised, Setting, fitted

ONE_IN: Final = 30
"""Of so many values one is let through where they are taken at random (sheet §1.8)."""

type Gate = Callable[[object, Message], bool]
type Change = Callable[[Scalar, Message], Scalar | None]

type Parameters = Mapping[str, JsonValue]
"""Of a function: read and checked by ``formats.oracle.policies``."""


class Making(NamedTuple):
    """What a function is made from."""

    parameters: Element
    setting: Setting
    whole: bool
    """Whether it is for whole messages, not for the values of one attribute."""

    def formula(self, key: str) -> Formula:
        """Return a formula."""
        return self.setting.formula(self.parameters.required_text(key))

    def seconds(self, key: str) -> float:
        """Return a time that is given in milliseconds."""
        return self.number(key) / 1000

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number."""
        value = self.parameters.content.get(key, default)
        return value if isinstance(value, int) else default


def _filter_condition(made: Making) -> Gate:
    """Drop what a condition holds for."""
    condition, setting = made.formula("condition"), made.setting
    return lambda _value, message: not setting.holds(condition, message)


def _sample_quality(made: Making) -> Gate:
    """Let all through, every n-th, or one in many at random."""
    rate, setting = made.number("rate"), made.setting
    count = 0

    def gate(_value: object, _message: Message) -> bool:
        nonlocal count
        if rate < 0:
            return setting.chance() < 1 / ONE_IN
        count += 1
        return rate == 0 or count % rate == 0

    return gate


def _eliminate_duplicates(made: Making) -> Gate:
    """Drop what was let through less than a window ago."""
    window, clock = made.seconds("window"), made.setting.clock
    last: tuple[object, float] | None = None

    def gate(value: object, _message: Message) -> bool:
        nonlocal last
        now = clock.time()
        if last is not None and last[0] == value and now - last[1] < window:
            return False
        last = (value, now)
        return True

    return gate


def _detect_duplicates(made: Making) -> Gate:
    """Let all through, and raise one alert per window in which something repeats."""
    window, clock = made.seconds("window"), made.setting.clock
    alert = _alert(made)
    seen: tuple[object, float] | None = None
    told = False

    def gate(value: object, message: Message) -> bool:
        nonlocal seen, told
        now = clock.time()
        if seen is None or seen[0] != value or now - seen[1] >= window:
            seen, told = (value, now), False
        elif not told:
            told = True
            alert(message)
        return True

    return gate


def _alert_condition(made: Making) -> Gate:
    """Raise an alert when a condition holds.

    Our own: one whose format says under which condition it is over is raised once
    until then, so that a value that swings around a limit raises one.
    """
    name = made.parameters.object("alert").required_text("urn")
    shape = made.setting.host.model.format(name)
    over = shape.clear.condition if shape.clear else ""
    is_alerted = made.setting.host.is_alerted
    return _when(
        made,
        _alert(made),
        made.setting.formula(over) if over else None,
        lambda: is_alerted(shape.name),  # perhaps from before a restart
    )


def _action_condition(made: Making) -> Gate:
    """Have the device do something when a condition holds.

    Our own: with ``clear``, a condition, it does it once until that holds.
    """
    over = made.formula("clear") if made.parameters.content.get("clear") else None
    return _when(made, _action(made), over)


def _when(
    made: Making,
    do: Callable[[Message], None],
    over: Formula | None,
    was_done: Callable[[], bool] = lambda: False,
) -> Gate:
    """Return a gate that does something when a condition holds.

    Of whole messages, it looks at those with a value that the conditions name.

    Args:
        made: from what.
        do: what is done.
        over: the condition that has to hold before it is done again; None for none.
        was_done: whether it was done before the gate was made, and still counts.

    """
    condition, setting = made.formula("condition"), made.setting
    filters = made.parameters.flag("filter", default=True)
    about = setting.names(condition) | (setting.names(over) if over else frozenset())
    done: bool | None = None

    def gate(_value: object, message: Message) -> bool:
        nonlocal done
        if done is None:
            done = over is not None and was_done()
        if made.whole and about.isdisjoint(message.values):
            return True
        holds = setting.holds(condition, message)
        if holds and not done:
            done = over is not None
            do(message)
        elif done and over is not None and not holds:
            done = not setting.holds(over, message)
        return not (holds and filters)

    return gate


GATES: Final[Mapping[str, Callable[[Making], Gate]]] = {
    "filterCondition": _filter_condition,
    "sampleQuality": _sample_quality,
    "eliminateDuplicates": _eliminate_duplicates,
    "detectDuplicates": _detect_duplicates,
    "alertCondition": _alert_condition,
    "actionCondition": _action_condition,
}
"""By the ids of the functions, for values and for whole messages alike."""


def privacy_policy(made: Making) -> Change:
    """Replace a text by what it is known again by, but cannot be read from."""
    level = made.parameters.required_text("level")
    key = made.parameters.text("hashingKey").encode()

    def change(value: Scalar, _message: Message) -> Scalar:
        if level == "none" or not isinstance(value, str):
            return value
        text = value.encode()
        if level == "one-way":
            digest = hashlib.sha256(text).digest()
        else:
            digest = hmac.digest(key, text, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    return change


def _alert(made: Making) -> Callable[[Message], None]:
    """Return what raises the alert of the parameters."""
    said, setting = made.parameters.object("alert"), made.setting
    shape = setting.host.model.format(said.required_text("urn"))
    severity = Severity(said.text("severity") or Severity.NORMAL)
    spelled = said.object("fields").content
    fields = [
        (item, _given(spelled[item.name], setting))
        for item in shape.fields
        if item.name in spelled
    ]

    def do(message: Message) -> None:
        told = {
            item.name: fitted(item, _value(given, message, setting))
            for item, given in fields
        }
        setting.raise_alert(Raised(shape.name, told, severity, by_condition=True))

    return do


def _action(made: Making) -> Callable[[Message], None]:
    """Return what has the action of the parameters carried out."""
    said, setting = made.parameters.object("action"), made.setting
    action = setting.host.model.action(said.required_text("name"))
    given = [_given(value, setting) for value in said.array("arguments")]
    arguments = list(zip(action.arguments, given, strict=False))

    def do(message: Message) -> None:
        told: dict[str, object] = {
            item.name: fitted(item, value)
            for item, one in arguments
            if (value := _value(one, message, setting)) is not None
        }
        setting.act(action.name, told)

    return do


type _Given = Formula | float | bool


def _given(value: JsonValue, setting: Setting) -> _Given:
    """Return a formula, or a value that stands for itself."""
    if isinstance(value, bool | int | float):
        return value
    return setting.formula(str(value))


def _value(given: _Given, message: Message, setting: Setting) -> Scalar | None:
    return setting.evaluate(given, message) if isinstance(given, Formula) else given
