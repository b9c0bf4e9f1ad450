"""The life-cycle of commands, for a device that can be told at once, or later."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, override

import pytest

from custom_components.device_models.iot import command as command_module, sending
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.command import (
    Command,
    Reliability,
    back_off,
)
from custom_components.device_models.iot.delivery import Delivery
from custom_components.device_models.iot.device import (
    Availability,
    Certainty,
    VirtualDevice,
)
from custom_components.device_models.iot.errors import (
    BusyError,
    DeviceModelsError,
    NotConfirmedError,
    NotFetchedError,
    NotSentError,
    OutboxFullError,
    PartlyWrittenError,
    RejectedError,
    UnauthorizedError,
    UnknownIdError,
    UnreachableError,
)
from custom_components.device_models.iot.model import Action
from custom_components.device_models.iot.outbox import MAX_WAITING, Outbox
from custom_components.device_models.iot.values import JsonValue, Scalar

from .connections.things import until
from .samples import RecordingPort, attributes, model_of

MODEL: Final = attributes(
    {"name": "power", "type": "BOOLEAN", "writable": True},
    {"name": "level", "type": "INTEGER", "writable": True},
    {"name": "active", "type": "INTEGER", "writable": False},
    actions=[
        {"name": "reset"},
        {"name": "stop", "idempotent": True},
    ],
)

BROKEN: Final = UnreachableError(address="Lamp", reason="gone")
UNSENT: Final = NotSentError(address="Lamp", reason="gone")
BUSY: Final = BusyError(address="Lamp", answer="5.03")
NO: Final = RejectedError(address="Lamp", answer="4.03")
UNSHOWN: Final = NotConfirmedError(name="power", seconds="5")


def partly(cause: DeviceModelsError) -> PartlyWrittenError:
    error = PartlyWrittenError(done="level", rest="power", reason="…")
    error.__cause__ = cause
    return error


class Peer(RecordingPort):
    """A device that fails as it is told, in turn; nothing is that it does well."""

    def __init__(self, *failures: Exception | None) -> None:
        super().__init__()
        self.failures = list(failures)
        self.log: list[object] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.on_read: Any = None

    async def _meet(self, what: object) -> None:
        self.log.append(what)
        await self.gate.wait()
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        await self._meet(dict(values))
        return await super().write(device, values)

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        await self._meet(action.name)
        return await super().call(device, action, arguments)

    @override
    async def read(self, device: VirtualDevice, names: Any) -> float | None:
        if self.on_read is None:
            return await super().read(device, names)
        self.on_read(device)
        return None


class Followed:
    """A device, and the states that its commands go through."""

    def __init__(self, peer: Peer, **delivery: Any) -> None:
        self.peer = peer
        self.device = VirtualDevice(
            key="key",
            name="Lamp",
            model=model_of(MODEL),
            binding=Binding(delivery=Delivery(**delivery)),
            port=peer,
        )
        self.commands = self.device.commands
        self.states: list[str] = []
        self.last: dict[str, Command] = {}
        self.commands.on_command(self._note)

    def _note(self, command: Command) -> None:
        self.states.append(f"{command.name} {command.state}")
        self.last[command.token] = command

    def away(self) -> None:
        self.device.report(Availability.UNREACHABLE, "gone")

    def back(self) -> None:
        self.device.report(Availability.ONLINE)


@pytest.fixture
async def follow() -> AsyncGenerator[Any]:
    made: list[Followed] = []

    def make(*failures: Exception | None, **delivery: Any) -> Followed:
        made.append(Followed(Peer(*failures), **delivery))
        return made[-1]

    yield make
    for one in made:
        await one.commands.end()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 0.01)
    monkeypatch.setattr(sending, "CONFIRM_TIMEOUT", 0.2)


# One try, while who gave it waits


@pytest.mark.parametrize(
    ("certainty", "states"),
    [
        (Certainty.LIVE, "sent confirmed"),
        (Certainty.ASSUMED, "sent acknowledged"),
        (None, "sent acknowledged"),
    ],
)
async def test_value_that_is_taken(
    follow: Any, certainty: Certainty | None, states: str
) -> None:
    one = follow()
    one.peer.certainty = certainty
    command = await one.device.change({"power": True})
    assert one.states == [f"power {state}" for state in states.split()]
    assert command.over
    assert command.tries == 1
    assert one.commands.pending == ()
    reading = one.device.values.get("power")
    assert (reading and reading.certainty) == certainty


async def test_action_that_is_done(follow: Any) -> None:
    one = follow()
    one.peer.result = {"rebooted": 1}
    command = await one.device.perform("reset")
    assert (command.state, command.result) == ("acknowledged", {"rebooted": 1})
    assert one.states == ["reset sent", "reset acknowledged"]


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (BROKEN, "failed"),
        (UNSENT, "failed"),
        (BUSY, "failed"),
        (UNSHOWN, "failed"),
        (NO, "rejected"),
        (partly(NO), "rejected"),
        (partly(BROKEN), "failed"),
        (UnauthorizedError(address="Lamp"), "rejected"),
    ],
    ids=repr,
)
async def test_nothing_is_tried_again_if_nobody_wants_it(
    follow: Any, failure: DeviceModelsError, state: str
) -> None:
    one = follow(failure)
    with pytest.raises(type(failure)):
        await one.device.set("power", value=True)
    assert one.states == ["power sent", f"power {state}"]
    (command,) = one.last.values()
    assert command.reason == str(failure)
    assert one.device.values == {}
    assert one.commands.problems == {}  # who gave it was told


# Tries


@pytest.mark.parametrize(
    ("failure", "what", "tries"),
    [
        (BROKEN, "power", 3),
        (BUSY, "power", 3),
        (UNSHOWN, "power", 3),
        (partly(BROKEN), "power", 3),
        (partly(NO), "power", 1),
        (NO, "power", 1),
        (UnauthorizedError(address="Lamp"), "power", 1),
        (BROKEN, "stop", 3),
        (BROKEN, "reset", 1),
        (BUSY, "reset", 1),
        (UNSENT, "reset", 3),
    ],
    ids=str,
)
async def test_only_what_does_no_harm_twice_is_tried_again(
    follow: Any, failure: DeviceModelsError, what: str, tries: int
) -> None:
    one = follow(*[failure] * 9)
    options: Any = {"reliability": Reliability.NO_GUARANTEE}
    with pytest.raises(type(failure)):
        await (
            one.device.change({"power": True}, **options)
            if what == "power"
            else one.device.call(what, **options)
        )
    assert len(one.peer.log) == tries


@pytest.mark.parametrize(
    ("options", "delivery", "tries"),
    [
        ({"reliability": Reliability.NO_GUARANTEE}, {}, 3),
        ({"reliability": Reliability.BEST_EFFORT}, {}, 6),
        ({"reliability": Reliability.NO_GUARANTEE}, {"tries": 9}, 3),
        ({}, {"tries": 4}, 4),
        ({}, {}, 1),
        ({"keep": 60}, {}, 6),
        ({"reliability": Reliability.GUARANTEED_DELIVERY}, {}, 12),
    ],
)
async def test_reliability_says_how_often(
    follow: Any, options: Any, delivery: Any, tries: int
) -> None:
    one = follow(*[BROKEN] * 11, **delivery)
    with (
        pytest.raises(UnreachableError)
        if tries < 12 and "keep" not in options
        else (
            pytest.MonkeyPatch.context()  # nothing is raised
        )
    ):
        await one.device.change({"power": True}, **options)
    await until(lambda: not one.commands.pending)
    assert len(one.peer.log) == tries
    assert next(iter(one.last.values())).over


def test_back_off_grows_for_who_is_busy_and_not_for_a_broken_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sheet §6.2: 1000, 1000, 2000, 3000 ms …, up to 144."""
    monkeypatch.undo()
    assert [back_off(n, busy=True) for n in range(1, 7)] == [1, 1, 2, 3, 5, 8]
    assert back_off(50, busy=True) == 144
    assert [back_off(n, busy=False) for n in (0, 1, 9)] == [1, 1, 1]


# What waits


async def test_command_for_a_device_that_is_away_waits_for_it(follow: Any) -> None:
    one = follow(keep=60)
    one.away()
    command = await one.device.change({"power": True})
    assert (command.state, command.over) == ("queued", False)
    await one.device.call("reset")
    await one.device.change({"level": 3, "power": False})
    assert one.peer.log == []
    assert [(name, it.left[name]) for name, it in one.commands.waiting_for({"power"})]
    assert one.device.values == {}
    one.back()
    await until(lambda: not one.commands.pending)
    assert one.peer.log == ["reset", {"level": 3, "power": False}]
    assert one.last[command.token].state == "superseded"
    assert one.device.get("power") is False
    assert one.states == [
        "power queued", "reset queued", "power superseded", "level, power queued",
        "reset sent", "reset acknowledged",
        "level, power sent", "level, power confirmed",
    ]  # fmt: skip


@pytest.mark.parametrize("availability", ["unreachable", "silent", "offline"])
async def test_nothing_waits_if_that_is_not_wanted(
    follow: Any, availability: str
) -> None:
    one = follow(BROKEN)
    one.device.report(Availability(availability))
    with pytest.raises(UnreachableError):
        await one.device.set("power", value=True)
    assert len(one.peer.log) == 1


async def test_sleepy_device_is_told_when_it_was_heard(follow: Any) -> None:
    one = follow(keep=60, awake=0.3)
    await one.device.set("level", 1)  # it was never heard
    assert one.peer.log == []
    one.device.receive({"active": 5})
    await until(lambda: one.peer.log == [{"level": 1}])
    await one.device.set("level", 2)  # it still listens
    assert one.peer.log[-1] == {"level": 2}
    await asyncio.sleep(0.35)
    assert one.device.online
    await one.device.set("level", 3)
    assert len(one.peer.log) == 2
    one.device.hear()
    await until(lambda: one.device.get("level") == 3)


async def test_try_that_finds_the_device_away_does_not_count(follow: Any) -> None:
    one = follow(*[BROKEN] * 9, keep=60)
    one.away()
    await one.device.set("power", value=True)
    one.peer.gate.clear()
    for number in range(9):
        one.back()
        await until(lambda: len(one.peer.log) == number + 1)  # noqa: B023
        one.away()
        one.peer.gate.set()
        await until(lambda: one.commands._task is None)
        one.peer.gate.clear()
    one.peer.gate.set()
    one.back()
    await until(lambda: one.device.get("power") is True)


async def test_command_that_fails_while_it_waits_is_told_of(
    follow: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one = follow(NO, keep=60)
    one.away()
    await one.device.set("power", value=True)
    await one.device.set("level", 1)
    one.back()
    await until(lambda: not one.commands.pending)
    assert one.commands.problems == {"power": "Lamp answered 4.03"}
    assert caplog.text.count("Lamp answered 4.03") == 1
    assert one.device.get("level") == 1
    await one.device.set("power", value=True)
    assert one.commands.problems == {}


async def test_command_expires(follow: Any) -> None:
    one = follow()
    one.away()
    command = await one.device.change({"power": True}, keep=0.1)
    over = await one.commands.over(command.token)
    assert over.state == "expired"
    assert "waited for 0.1 s" in one.commands.problems["power"]
    with pytest.raises(UnknownIdError):
        await one.commands.over(command.token)


async def test_who_waits_behind_others_gets_the_answer(follow: Any) -> None:
    one = follow(None, None, NO, keep=60)
    one.away()
    for what in ("reset", "stop"):
        await one.device.call(what)
    one.peer.gate.clear()
    one.back()
    await until(lambda: len(one.peer.log) == 1)
    given = asyncio.create_task(one.device.change({"level": 1}))
    await asyncio.sleep(0)
    one.peer.gate.set()
    with pytest.raises(RejectedError):
        await given
    assert one.peer.log == ["reset", "stop", {"level": 1}]
    assert one.commands.problems == {}


async def test_who_waits_behind_others_does_not_wait_for_ever(follow: Any) -> None:
    one = follow(*[BROKEN] * 3, keep=60)
    one.away()
    await one.device.set("power", value=True)
    await one.device.set("level", 1)
    one.peer.gate.clear()
    one.back()
    await until(lambda: len(one.peer.log) == 1)
    given = asyncio.create_task(one.device.perform("stop"))
    await asyncio.sleep(0)
    one.peer.gate.set()
    assert (await given).state == "queued"
    await until(lambda: not one.commands.pending)
    assert one.last[given.result().token].state == "acknowledged"


async def test_back_off_ends_when_something_more_urgent_comes(
    follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 60)
    one = follow(BUSY, keep=60)
    command = await one.device.change({"power": True})
    assert command.state == "queued"
    await until(lambda: one.commands._pause is not None)
    given = asyncio.create_task(one.device.perform("stop"))
    await until(lambda: one.commands.outbox.get(command.token) is not None)
    await asyncio.sleep(0.05)
    assert len(one.peer.log) == 1
    await one.device.perform("reset", reliability=Reliability.GUARANTEED_DELIVERY)
    await given
    assert one.peer.log == [{"power": True}, {"power": True}, "stop", "reset"]


async def test_fault_of_ours_stops_nothing_else(follow: Any) -> None:
    one = follow(ZeroDivisionError(), keep=60)
    one.away()
    await one.device.set("power", value=True)
    await one.device.set("level", 1)
    one.back()
    await until(lambda: one.device.get("level") == 1)
    assert "power failed" in one.states


async def test_who_does_not_wait_any_more_leaves_nothing_behind(follow: Any) -> None:
    one = follow()
    one.peer.gate.clear()
    given = asyncio.create_task(one.device.set("power", value=True))
    await until(lambda: one.peer.log)
    given.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given
    assert one.states[-1] == "power failed"
    assert one.commands.pending == ()


async def test_nothing_is_sent_after_the_end(follow: Any) -> None:
    one = follow(keep=60)
    one.away()
    await one.device.set("power", value=True)
    one.peer.gate.clear()
    one.back()
    await until(lambda: one.peer.log)
    await one.commands.end()
    assert [it.state for it in one.commands.pending] == ["sent"]
    one.back()
    one.device.hear()
    assert len(one.peer.log) == 1


# Keys, cancelling


async def test_second_command_with_the_same_key_is_none(follow: Any) -> None:
    one = follow()
    first = await one.device.perform("reset", key="k")
    assert await one.device.perform("reset", key="k") == first
    assert one.peer.log == ["reset"]
    one.away()
    waits = await one.device.change({"level": 1}, key="l", keep=60)
    assert await one.device.change({"level": 2}, key="l", keep=60) == waits
    assert waits.values == {"level": 1}


async def test_what_waits_can_be_taken_back(follow: Any) -> None:
    one = follow(keep=60)
    one.away()
    command = await one.device.change({"power": True})
    assert one.commands.cancel(command.token).state == "cancelled"
    with pytest.raises(UnknownIdError):
        one.commands.cancel(command.token)
    one.back()
    await asyncio.sleep(0)
    assert one.peer.log == []


# What shows that it was done


async def test_value_that_another_attribute_shows(follow: Any) -> None:
    one = follow(shown_by={"level": "active"})
    given = asyncio.create_task(one.device.change({"level": 7, "power": True}))
    await until(lambda: "level, power acknowledged" in one.states)
    assert one.device.get("level") is None
    assert one.device.get("power") is True
    one.device.receive({"active": 6})
    one.device.receive({"active": 7})
    assert (await given).state == "confirmed"
    assert one.device.get("level") == 7


async def test_value_that_is_asked_for(follow: Any) -> None:
    one = follow(echo=True)
    one.peer.on_read = lambda device: device.receive({"level": 7})
    assert (await one.device.change({"level": 7})).state == "confirmed"


async def test_value_that_is_never_shown(follow: Any) -> None:
    one = follow(echo=True, timeout=0.05)
    with pytest.raises(NotConfirmedError, match=r"level was sent.*0\.05 s"):
        await one.device.set("level", 7)
    assert one.states[-1] == "level failed"
    assert one.device.get("level") is None


async def test_value_that_shows_late_is_not_sent_again(
    follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 60)
    one = follow(echo=True, timeout=0.05, keep=60)
    command = await one.device.change({"level": 7})
    assert command.state == "queued"
    assert "did not confirm it" in command.reason
    one.device.receive({"level": 7})
    assert one.last[command.token].state == "confirmed"
    assert one.commands.pending == ()


@pytest.mark.parametrize("before", [3, None])
async def test_value_can_be_assumed_until_it_fails(
    follow: Any, before: int | None
) -> None:
    one = follow(NO, assume=True)
    if before is not None:
        one.device.receive({"level": before})
    known = one.device.values.get("level")
    one.peer.gate.clear()
    given = asyncio.create_task(one.device.set("level", 7))
    await until(lambda: one.device.get("level") == 7)
    assert one.device.values["level"].certainty is Certainty.ASSUMED
    one.peer.gate.set()
    with pytest.raises(RejectedError):
        await given
    assert one.device.values.get("level") == known


async def test_what_the_device_says_meanwhile_is_not_taken_back(follow: Any) -> None:
    one = follow(NO, assume=True, keep=60)
    one.away()
    await one.device.set("level", 7)
    one.device.receive({"level": 5}, heard=False)
    one.back()
    await until(lambda: not one.commands.pending)
    assert one.device.get("level") == 5


async def test_what_was_known_outlives_several_assumptions(follow: Any) -> None:
    one = follow(assume=True, keep=60)
    one.device.receive({"level": 1})
    one.away()
    await one.device.set("level", 2)
    command = await one.device.change({"level": 3})
    assert one.device.get("level") == 3
    one.commands.cancel(command.token)
    assert one.device.get("level") == 1


async def test_what_is_too_much_is_not_shown(follow: Any) -> None:
    one = follow(assume=True, keep=60)
    one.away()
    await one.device.set("level", 1)
    for _ in range(MAX_WAITING - 1):
        await one.device.call("stop")
    with pytest.raises(OutboxFullError):
        await one.device.set("power", value=True)
    assert one.device.get("level") == 1
    assert one.device.get("power") is None


async def test_nothing_to_set_is_no_command(follow: Any) -> None:
    one = follow()
    assert (await one.device.change({})).over
    assert (one.states, one.peer.log) == ([], [])


async def test_expired_command_fails_for_who_waits(follow: Any) -> None:
    one = follow(None, keep=60)
    one.away()
    await one.device.call("reset")
    await one.device.call("reset")
    one.peer.gate.clear()
    one.back()
    await until(lambda: one.peer.log)
    with pytest.raises(NotFetchedError):
        await one.device.change({"level": 1}, keep=0.05)


# At the same time


@pytest.mark.parametrize(
    "options", [{"keep": 60}, {"reliability": Reliability.NO_GUARANTEE}]
)
async def test_older_value_is_not_sent_again_after_a_newer_one(
    follow: Any, options: Any
) -> None:
    one = follow(BROKEN)
    one.peer.gate.clear()
    old = asyncio.create_task(one.device.change({"power": True, "level": 1}, **options))
    await until(lambda: one.peer.log)
    new = asyncio.create_task(one.device.change({"level": 2}))
    await until(lambda: len(one.peer.log) == 2)
    one.peer.gate.set()
    await asyncio.gather(old, new)
    await until(lambda: not one.commands.pending)
    assert one.peer.log[2:] == [{"power": True}]
    assert one.device.get("level") == 2


async def test_value_is_superseded_though_it_is_on_its_way(follow: Any) -> None:
    one = follow(BROKEN)
    one.peer.gate.clear()
    old = asyncio.create_task(one.device.change({"level": 1}, keep=60))
    await until(lambda: one.peer.log)
    new = asyncio.create_task(one.device.change({"level": 2}))
    await until(lambda: len(one.peer.log) == 2)
    one.peer.gate.set()
    assert (await old).state == "superseded"
    assert (await new).state == "confirmed"
    assert one.commands.pending == ()


async def test_same_key_at_the_same_time_is_one_command() -> None:
    class Fetched(Peer):
        fetched = True

    peer = Fetched()
    one = Followed(peer)
    peer.gate.clear()
    both = [asyncio.create_task(one.device.perform("reset", key="k")) for _ in "12"]
    await until(lambda: len(peer.log) == 2)
    peer.gate.set()
    first, second = await asyncio.gather(*both)
    assert first.id == second.id
    assert one.states == ["reset queued"]
    await one.commands.end()


async def test_who_gives_a_command_that_may_wait_may_leave(follow: Any) -> None:
    one = follow(keep=60)
    one.peer.gate.clear()
    given = asyncio.create_task(one.device.change({"level": 1}))
    await until(lambda: one.peer.log)
    given.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given
    one.peer.gate.set()
    await until(lambda: one.device.get("level") == 1)
    assert one.commands.pending == ()


async def test_nobody_waits_for_a_pause(
    follow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "BACK_OFF", 60)
    one = follow(BUSY, keep=60)
    await one.device.change({"power": True})
    await until(lambda: one.commands._pause is not None)
    async with asyncio.timeout(5):
        assert (await one.device.change({"level": 1})).state == "queued"


async def test_nobody_waits_for_ever_for_what_cannot_wait(follow: Any) -> None:
    one = follow(*[BROKEN] * 30)
    with pytest.raises(UnreachableError):
        await one.device.change(
            {"level": 1}, keep=0, reliability=Reliability.GUARANTEED_DELIVERY
        )
    assert len(one.peer.log) == Reliability.BEST_EFFORT.tries


async def test_assumed_value_stays_while_it_is_on_its_way(follow: Any) -> None:
    one = follow(NO, assume=True)
    one.device.receive({"level": 1})
    one.peer.gate.clear()
    old = asyncio.create_task(one.device.change({"level": 2}))
    await until(lambda: one.peer.log)
    one.away()
    new = await one.device.change({"level": 3}, keep=60)
    one.peer.gate.set()
    with pytest.raises(RejectedError):
        await old
    assert one.device.get("level") == 3
    one.commands.cancel(new.token)
    assert one.device.get("level") == 1


# The end


async def test_what_fails_after_the_end_is_not_tried_again(follow: Any) -> None:
    saved: list[int] = []

    async def save() -> None:
        saved.append(len(one.commands.pending))

    one = follow(*[BROKEN] * 9, keep=60)
    one.commands.keep_in(Outbox("Lamp"), save)
    one.peer.gate.clear()
    given = asyncio.create_task(one.device.change({"level": 1}))
    await until(lambda: one.peer.log)
    await one.commands.end()
    saved.clear()
    one.peer.gate.set()
    await given
    await asyncio.sleep(0.1)
    assert len(one.peer.log) == 1
    assert saved == []


async def test_who_waits_is_let_go_at_the_end(follow: Any) -> None:
    one = follow(keep=60)
    one.away()
    await one.device.call("reset")
    one.device.availability = Availability.ONLINE
    given = asyncio.create_task(one.device.perform("stop"))
    await asyncio.sleep(0)
    await one.commands.end()
    async with asyncio.timeout(5):
        assert (await given).state == "queued"
    assert one.peer.log == []


async def test_nothing_is_assumed_after_the_end(follow: Any) -> None:
    one = follow(assume=True, keep=60)
    one.device.receive({"level": 1})
    one.away()
    await one.device.change({"level": 2, "power": True})
    await one.commands.end()
    assert one.device.get("level") == 1
    assert one.device.values["level"].certainty is Certainty.LIVE
    assert one.device.get("power") is None
