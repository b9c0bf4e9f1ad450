"""An outbox as a JSON document, and back: what is broken in it is left out."""

from collections.abc import Mapping
from dataclasses import replace
import math
from typing import Final

from .command import Command, CommandState, Reliability
from .errors import DeviceModelsError
from .model import DeviceModel
from .outbox import FIRST_ID, MAX_REMEMBERED, MAX_WAITING, Outbox
from .reading import Element, Remark, Remarks, Unusable
from .spelling import as_json
from .values import JsonValue, Scalar

MAX_TOKEN: Final = 128
"""Characters."""

MAX_REASON: Final = 1000
"""Characters."""

UNSAVED: Final = 1024
"""Ids that may have been given, and handed out, after the last save."""


def document_of(outbox: Outbox) -> dict[str, JsonValue]:
    """Return what is to outlive this side: what waits, and what is remembered."""
    pending: list[JsonValue] = [
        {
            **_common(one),
            "values": _json(one.values),
            "arguments": _json(one.arguments),
            "tries": one.tries,
            "shown": [*sorted(one.shown)],
        }
        for one in outbox.pending
        if one.stored
    ]
    over: list[JsonValue] = [
        {**_common(one), "result": one.result} for one in outbox.remembered
    ]
    return {
        "next_id": outbox.next_id,
        "fetched": outbox.fetched,
        "pending": pending,
        "over": over,
    }


def outbox_of(
    document: JsonValue, name: str, model: DeviceModel
) -> tuple[Outbox, tuple[Remark, ...]]:
    """Return a stored outbox, and what was left out of it.

    That is what is broken, and what the model has no more or would not take.

    Args:
        document: what was stored.
        name: of the device, for errors.
        model: of the device.

    """
    remarks = Remarks()
    commands: dict[str, Command] = {}
    try:
        top = Element.of(document, "")
        next_id = int(_number(top, "next_id", FIRST_ID)) + UNSAVED
        fetched = top.flag("fetched", default=False)
        for key, limit in (("over", MAX_REMEMBERED), ("pending", MAX_WAITING * 2)):
            for where, item in top.items(key, limit=limit):
                try:
                    command = _command(Element.of(item, where), model, key == "over")
                except Unusable as err:
                    remarks.add(err.where, err.problem)
                    continue
                except DeviceModelsError as err:
                    remarks.add(where, str(err))
                    continue
                if command.token in commands:
                    remarks.add(where, "it is there twice")
                    continue
                commands[command.token] = command
    except Unusable as err:
        remarks.add(err.where or "(top)", err.problem)
        return Outbox(name, commands.values()), tuple(remarks.all)
    outbox = Outbox(name, commands.values(), next_id % FIRST_ID, fetched=fetched)
    return outbox, tuple(remarks.all)


def _common(command: Command) -> dict[str, JsonValue]:
    """Return what is stored of each command."""
    return {
        "token": command.token,
        "id": command.id,
        "at": command.at,
        "until": command.until,
        "action": command.action,
        "reliability": command.reliability,
        "keyed": command.keyed,
        "state": command.state,
        "reason": command.reason[:MAX_REASON],
    }


def _json(values: Mapping[str, Scalar]) -> dict[str, JsonValue]:
    """Return values as JSON has them."""
    return {name: as_json(value) for name, value in values.items()}


def _command(element: Element, model: DeviceModel, over: bool) -> Command:  # noqa: FBT001
    """Return a command.

    Raises:
        DeviceModelsError: the device of the model cannot be told it.
        Unusable: it is broken.

    """
    token = element.required_text("token")
    if len(token) > MAX_TOKEN:
        element.refuse(f"expected at most {MAX_TOKEN} characters", "token")
    state = element.text("state")
    if state not in CommandState:
        element.refuse("expected the state of a command", "state")
    reliability = element.text("reliability")
    if reliability and reliability not in Reliability:
        element.refuse("expected a reliability", "reliability")
    command = Command(
        token=token,
        id=int(_number(element, "id", FIRST_ID - 1)),
        at=_number(element, "at", math.inf),
        until=_number(element, "until", math.inf),
        action=element.text("action"),
        reliability=Reliability(reliability) if reliability else None,
        keyed=element.flag("keyed", default=False),
        state=CommandState(state),
        over=over,
        reason=element.text("reason")[:MAX_REASON],
    )
    if over:
        return replace(command, result=element.content.get("result"))
    if command.action:
        action = model.action(command.action)
        arguments = action.validate(element.object("arguments").content)
        command = replace(command, action=action.name, arguments=arguments)
    else:
        values = element.object("values").content
        named = {name: model.writable(name) for name in values}
        accepted = {
            attribute.name: attribute.validate(values[name])
            for name, attribute in named.items()
        }
        if not accepted:
            element.refuse("expected an action, or values", "values")
        command = replace(command, values=accepted)
    shown = frozenset(one for one in element.array("shown") if isinstance(one, str))
    tries = int(_number(element, "tries", 1e9))
    return replace(command, tries=tries, shown=shown & command.values.keys())


def _number(element: Element, key: str, most: float) -> float:
    """Return a number that is not negative."""
    value = element.content.get(key)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value <= most
        or not math.isfinite(value)
    ):
        element.refuse("expected a number that is not negative", key)
    return value
