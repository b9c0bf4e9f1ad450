"""What waits for a device that is not always there."""

import pytest

from custom_components.device_models.iot.errors import OutboxFullError
from custom_components.device_models.iot.model import Action
from custom_components.device_models.iot.outbox import (
    FIRST_ID,
    MAX_CHARACTERS,
    MAX_WAITING,
    Outbox,
)

RESET = Action(name="reset")


def outbox(keep: float = 60) -> Outbox:
    return Outbox("Lamp", keep)


def told(box: Outbox) -> list[object]:
    """Return what waits, in order: an attribute and its value, or an action."""
    return [
        one.name if one.value is None else (one.name, one.value) for one in box.waiting
    ]


def test_latest_value_of_an_attribute_wins_and_actions_keep_their_order() -> None:
    box = outbox()
    box.put({"power": True, "level": 3}, 1000)
    box.call(RESET, {}, 1001)
    first = {one.name: one.id for one in box.waiting}
    box.put({"power": False}, 1002)
    box.call(RESET, {}, 1003)
    assert told(box) == [("level", 3), "reset", ("power", False), "reset"]
    ids = [one.id for one in box.waiting]
    assert ids == sorted(set(ids))
    # Who confirms what was replaced does not confirm the new value.
    assert box.take(first["power"]) is None
    assert len(box) == 4


@pytest.mark.parametrize(
    ("reported", "settled"), [(21.5, True), (21.5000001, True), (21, False)]
)
def test_value_that_is_reported_waits_no_longer(
    reported: float, *, settled: bool
) -> None:
    box = outbox()
    box.put({"target": 21.5}, 1000)
    box.call(Action(name="target"), {}, 1000)  # of the same name
    assert box.see({"target": reported, "other": 21.5}) is settled
    assert told(box) == (["target"] if settled else [("target", 21.5), "target"])


def test_command_is_taken_once() -> None:
    box = outbox()
    box.call(Action(name="move"), {"x": 3}, 1000)
    (command,) = box.waiting
    assert command.arguments == {"x": 3}
    assert command.age(1012.7) == 12
    assert command.age(900) == 0  # the clock was set back
    assert box.take(command.id) == command
    assert box.take(command.id) is None
    assert box.expires is None


def test_command_is_of_no_use_after_its_time() -> None:
    box = outbox(keep=60)
    box.put({"power": True}, 1000)
    box.put({"level": 3}, 1030)
    assert box.expires == 1060
    assert box.expire(1059) == []
    assert [one.name for one in box.expire(1060)] == ["power"]
    assert told(box) == [("level", 3)]


def test_value_that_is_set_again_waits_anew() -> None:
    box = outbox(keep=60)
    box.put({"power": True}, 1000)
    box.put({"power": True}, 1050)
    assert box.expire(1100) == []


def test_there_is_a_limit_to_what_waits() -> None:
    box = outbox()
    for _ in range(MAX_WAITING):
        box.call(RESET, {}, 1000)
    with pytest.raises(OutboxFullError, match="64 commands wait for Lamp"):
        box.put({"power": True}, 1000)
    assert len(box) == MAX_WAITING
    box = outbox()
    box.put({"label": "x" * MAX_CHARACTERS}, 1000)
    with pytest.raises(OutboxFullError):
        box.put({"other": "x"}, 1000)
    box.put({"label": "x"}, 1000)  # in place of the long one
    assert told(box) == [("label", "x")]


def test_ids_after_a_restart_are_others() -> None:
    """Whatever the clock says, and however many there were."""
    seen: set[int] = set()
    for _ in range(50):
        box = outbox()
        for _ in range(20):
            box.call(RESET, {}, 1000)
        seen |= {one.id for one in box.waiting}
    assert len(seen) == 1000


def test_ids_go_on_where_they_were() -> None:
    before = outbox()
    before.put({"power": True, "level": 3}, 1000)
    old = [one.id for one in before.waiting]
    after = Outbox("Lamp", 60, next_id=before.next_id)
    after.put({"power": True, "level": 3}, 1000)
    assert [one.id for one in after.waiting] == [one + 2 for one in old]


def test_what_was_stored_still_waits() -> None:
    before = outbox()
    before.put({"power": True}, 1000)
    before.call(RESET, {}, 1001)
    after = Outbox("Lamp", 60, before.waiting, before.waiting[0].id)
    assert after.waiting == before.waiting
    after.put({"level": 3}, 1002)
    assert told(after) == [("power", True), "reset", ("level", 3)]
    assert len({one.id for one in after.waiting}) == 3


def test_ids_fit_into_32_bits() -> None:
    box = Outbox("Lamp", 60, next_id=FIRST_ID - 1)
    box.put({"power": True, "level": 3}, 0)
    assert [one.id for one in box.waiting] == [FIRST_ID - 1, 0]
