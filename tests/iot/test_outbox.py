"""The commands of one device, as plain data."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.command import Command, CommandState
from custom_components.device_models.iot.errors import OutboxFullError
from custom_components.device_models.iot.outbox import (
    FIRST_ID,
    MAX_CHARACTERS,
    MAX_REMEMBERED,
    MAX_WAITING,
    REMEMBERED,
    Outbox,
)

QUEUED, SENT = CommandState.QUEUED, CommandState.SENT
CONFIRMED, SUPERSEDED = CommandState.CONFIRMED, CommandState.SUPERSEDED


class Giver:
    """Puts commands into an outbox, at times of its own."""

    def __init__(self, **more: Any) -> None:
        self.box = Outbox("Lamp", **more)
        self.number = 0

    def __call__(self, at: float = 1000, keep: float = 60, **what: Any) -> Command:
        self.number += 1
        known = {"action", "token", "keyed", "state", "tries", "arguments"}
        said = {key: what.pop(key) for key in known & what.keys()}
        command = Command(
            **{
                "token": str(self.number),
                "id": self.box.new_id(),
                "at": at,
                "until": at + keep,
                "values": what,
                **said,
            }
        )
        self.box.put(command)
        return command

    @property
    def told(self) -> list[object]:
        """What waits, in order: values or an action."""
        return [one.action or dict(one.values) for one in self.box.waiting]


@pytest.fixture
def give() -> Giver:
    return Giver()


def test_latest_value_wins_a_transaction_keeps_its_others_and_actions_their_order(
    give: Giver,
) -> None:
    first = give(power=True, level=3)
    give(action="reset")
    give(power=False)
    give(action="reset")
    assert give.told == [{"level": 3}, "reset", {"power": False}, "reset"]
    ids = [one.id for one in give.box.waiting]
    assert ids == sorted(set(ids))
    last = replace(first, values={"level": 3})
    assert give.box.pending[0] == last
    changed = give.box.put(replace(first, token="new", id=1, values={"level": 4}))
    assert changed == [last.ended(SUPERSEDED)] or changed[0].state is SUPERSEDED
    assert give.told == ["reset", {"power": False}, "reset", {"level": 4}]


@pytest.mark.parametrize("fetched", [True, False])
def test_what_was_sent_is_replaced_only_if_it_is_handed_out_again(
    *, fetched: bool
) -> None:
    give = Giver(fetched=fetched)
    give(power=True, state=SENT)
    give(power=False)
    values = [dict(one.values) for one in give.box.pending]
    new: dict[str, object] = {"power": False}
    assert values == ([new] if fetched else [{"power": True}, new])


@pytest.mark.parametrize(
    ("reported", "settled"), [(21.5, True), (21.5000001, True), (21, False)]
)
def test_value_that_a_device_shows_waits_no_longer(
    reported: float, *, settled: bool
) -> None:
    give = Giver(fetched=True)
    give(target=21.5)
    give(action="target")
    changed = give.box.see({"target": reported, "other": 21.5})
    assert [one.state for one in changed] == ([CONFIRMED] if settled else [])
    assert give.told == (["target"] if settled else [{"target": 21.5}, "target"])


@pytest.mark.parametrize(
    ("state", "tries", "seen"),
    [(QUEUED, 0, False), (QUEUED, 1, True), (SENT, 1, False)],
)
def test_only_what_was_sent_before_can_have_been_done(
    give: Giver, state: CommandState, tries: int, *, seen: bool
) -> None:
    give(power=True, state=state, tries=tries)
    assert bool(give.box.see({"power": True})) is seen


def test_parts_of_a_transaction_are_shown_one_by_one() -> None:
    give = Giver(fetched=True)
    give(power=True, level=3)
    (part,) = give.box.see({"power": True})
    assert (part.over, part.left) == (False, {"level": 3})
    assert give.box.see({"power": False}) == []  # it has changed again since
    (whole,) = give.box.see({"level": 3})
    assert (whole.over, whole.state) == (True, CONFIRMED)
    assert len(give.box) == 0


def test_rest_that_was_shown_already_is_confirmed_when_the_other_is_replaced() -> None:
    give = Giver(fetched=True)
    first = give(power=True, level=3)
    give.box.see({"power": True})
    (changed,) = give.box.put(replace(first, token="new", values={"level": 4}))
    assert (changed.state, changed.over) == (CONFIRMED, True)


def test_command_is_of_no_use_after_its_time(give: Giver) -> None:
    give(power=True, at=1000)
    give(level=3, at=1030)
    give(action="reset", at=1000, state=SENT)  # on its way: who sends it sees to it
    give(action="now", at=1000, keep=0)
    assert give.box.expires == 1060
    assert give.box.expire(1059) == []
    (over,) = give.box.expire(1060)
    assert (over.name, over.state) == ("power", CommandState.EXPIRED)
    assert give.told == [{"level": 3}]
    assert give.box.expires == 1090


def test_age_of_a_command(give: Giver) -> None:
    command = give(action="move", arguments={"x": 3})
    assert command.age(1012.7) == 12
    assert command.age(900) == 0  # the clock was set back


def test_value_that_is_set_again_waits_anew(give: Giver) -> None:
    give(power=True, at=1000)
    give(power=True, at=1050)
    assert give.box.expire(1100) == []


def test_there_is_a_limit_to_what_waits(give: Giver) -> None:
    for _ in range(MAX_WAITING):
        give(action="reset")
    with pytest.raises(OutboxFullError, match="64 commands wait for Lamp"):
        give(power=True)
    assert len(give.box) == MAX_WAITING
    give(power=True, keep=0)  # what does not wait is not counted
    give = Giver()
    give(label="x" * MAX_CHARACTERS)
    with pytest.raises(OutboxFullError):
        give(other="x")
    assert give.told == [{"label": "x" * MAX_CHARACTERS}]
    give(label="x")  # in place of the long one
    assert give.told == [{"label": "x"}]


def test_what_became_of_commands_with_a_key_is_remembered_for_a_time(
    give: Giver,
) -> None:
    for number in range(MAX_REMEMBERED + 1):
        one = give(power=True, token=f"key {number}", keyed=True, at=1000 + number)
        give.box.note(one.ended(CONFIRMED, result=[number]))
    give.box.note(give(power=True).ended(CONFIRMED))
    assert len(give.box.remembered) == MAX_REMEMBERED
    assert give.box.get("key 0") is None
    known = give.box.get("key 1")
    assert known is not None
    assert (known.state, known.result) == (CONFIRMED, [1])
    give.box.expire(1001 + REMEMBERED)
    assert give.box.get("key 1") is None
    assert give.box.get("key 2") is not None


def test_long_result_is_not_remembered(give: Giver) -> None:
    one = give(action="list", keyed=True)
    give.box.note(one.ended(CommandState.ACKNOWLEDGED, result="x" * 20_000))
    known = give.box.get(one.token)
    assert known is not None
    assert known.result is None


def test_ids_after_a_restart_are_others() -> None:
    """Whatever the clock says, and however many there were."""
    seen: set[int] = set()
    for _ in range(50):
        box = Outbox("Lamp")
        seen |= {box.new_id() for _ in range(20)}
    assert len(seen) == 1000


def test_ids_go_on_where_they_were_and_fit_into_32_bits() -> None:
    give = Giver(next_id=FIRST_ID - 1)
    first = give(power=True)
    assert [one.id for one in (first, give(level=3))] == [FIRST_ID - 1, 0]
    again = Outbox("Lamp", give.box.pending, FIRST_ID - 1)
    assert again.new_id() == 1
    assert again.waiting == give.box.waiting


class Plain:
    """What an outbox should be: a list that is looked through each time.

    Of each command its token, what is left of its values, when it ends, and whether it
    was sent.
    """

    def __init__(self, *, fetched: bool) -> None:
        self.give, self.now, self.fetched = Giver(fetched=fetched), 1000.0, fetched
        self.all: list[list[Any]] = []

    def cut(self, dropped: Callable[[str, int], bool], *, all_: bool) -> None:
        """Take values away, of commands that are sent too or not."""
        for one in self.all:
            if one[1] and (all_ or self.fetched or not one[3]):
                one[1] = {k: v for k, v in one[1].items() if not dropped(k, v)}
        self.all = [one for one in self.all if one[1] != {}]

    def put(self, values: dict[str, int]) -> None:
        command = self.give(self.now, 60, **values)
        self.cut(lambda name, _: name in values, all_=False)
        self.all.append([command.token, dict(values), self.now + 60, False])

    def do(self, _: None) -> None:
        command = self.give(self.now, 60, action="do")
        self.all.append([command.token, None, self.now + 60, False])

    def send(self, _: None) -> None:
        for one in [one for one in self.all if not one[3]][:1]:
            one[3] = True
            command = self.give.box.get(one[0])
            assert command is not None
            self.give.box.note(replace(command, state=SENT, tries=1))

    def see(self, values: dict[str, int]) -> None:
        self.give.box.see(values)
        if self.fetched:
            self.cut(lambda name, value: values.get(name) == value, all_=True)

    def later(self, seconds: int) -> None:
        self.now += seconds
        self.give.box.expire(self.now)
        self.all = [
            one
            for one in self.all
            if one[2] > self.now or (one[3] and not self.fetched)
        ]


NAMES = st.sampled_from("abc")
VALUES = st.dictionaries(NAMES, st.integers(0, 2), min_size=1)
NOTHING = st.none()
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(Plain.put), VALUES),
        st.tuples(st.just(Plain.do), NOTHING),
        st.tuples(st.just(Plain.send), NOTHING),
        st.tuples(st.just(Plain.see), VALUES),
        st.tuples(st.just(Plain.later), st.integers(1, 40)),
    ),
    max_size=40,
)


@given(steps=STEPS, fetched=st.booleans())
def test_outbox_is_what_a_plain_list_would_be(
    steps: list[tuple[Any, Any]], *, fetched: bool
) -> None:
    plain = Plain(fetched=fetched)
    for step, what in steps:
        step(plain, what)
        assert [
            [one.token, dict(one.left) if one.values else None]
            for one in plain.give.box.pending
        ] == [one[:2] for one in plain.all]
