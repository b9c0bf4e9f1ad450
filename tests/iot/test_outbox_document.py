"""Outboxes that were stored: what is gone on with, and what is left out."""

import asyncio
import json
import random
import time
from typing import Any

import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.command import CommandState
from custom_components.device_models.iot.delivery import (
    Delivery,
    read_delivery,
    written_delivery,
)
from custom_components.device_models.iot.device import Availability, VirtualDevice
from custom_components.device_models.iot.ledger import UNSURE
from custom_components.device_models.iot.outbox import MAX_WAITING
from custom_components.device_models.iot.outbox_document import document_of, outbox_of
from custom_components.device_models.iot.reading import Element, Unusable
from custom_components.device_models.iot.saving import Saving

from .connections.things import until
from .samples import model_of
from .test_commands import MODEL, Peer

GOOD: dict[str, Any] = {
    "token": "t", "id": 7, "at": 1000, "until": 9e9, "action": "", "state": "queued",
    "keyed": False, "reliability": None, "reason": "", "tries": 0, "shown": [],
    "values": {"power": True}, "arguments": {},
}  # fmt: skip


class Disk:
    """What is stored, as text."""

    def __init__(self) -> None:
        self.text = ""
        self.writes = 0

    def device(self, peer: Peer, **delivery: Any) -> VirtualDevice:
        """Return a device that goes on with what is stored, and is away."""
        device = VirtualDevice(
            key="key",
            name="Lamp",
            model=model_of(MODEL),
            binding=Binding(delivery=Delivery(**{"keep": 60, **delivery})),
            port=peer,
        )
        device.report(Availability.OFFLINE, "away")

        async def save() -> None:
            await asyncio.sleep(0)
            self.writes += 1
            self.text = json.dumps(document_of(device.commands.outbox))

        stored = json.loads(self.text) if self.text else {"next_id": 1}
        outbox, _ = outbox_of(stored, "Lamp", device.model)
        device.commands.keep_in(outbox, save)
        return device


async def test_what_waits_is_gone_on_with_in_its_order() -> None:
    disk, peer = Disk(), Peer()
    before = disk.device(peer)
    await before.set("level", 3)
    await before.call("reset")
    kept = await before.change({"power": True}, key="k")
    assert [one["token"] for one in json.loads(disk.text)["pending"]][2] == "k"
    after = disk.device(peer)
    assert await after.change({"power": False}, key="k") == kept
    after.report(Availability.ONLINE)
    await until(lambda: not after.commands.pending)
    assert peer.log == [{"level": 3}, "reset", {"power": True}]
    await after.commands.end()
    again = disk.device(peer)
    done = await again.change({"power": False}, key="k")
    assert (done.state, done.over) == (CommandState.CONFIRMED, True)
    assert len(peer.log) == 3
    for device in (before, again):
        await device.commands.end()


@pytest.mark.parametrize(
    ("what", "state", "reason"),
    [
        ("reset", "failed", UNSURE),
        ("stop", "acknowledged", ""),
        ("power", "confirmed", ""),
    ],
)
async def test_what_was_on_its_way_is_done_again_only_where_that_does_no_harm(
    what: str, state: str, reason: str
) -> None:
    disk, peer = Disk(), Peer()
    before = disk.device(peer)
    peer.gate.clear()
    if what == "power":
        await before.change({"power": True}, key="k")
    else:
        await before.perform(what, key="k")
    before.report(Availability.ONLINE)
    await until(lambda: peer.log)
    crashed = disk.text
    if what == "reset":  # before it left
        assert json.loads(crashed)["pending"][0]["state"] == "sent"
    await before.commands.end()
    disk.text = crashed
    peer.gate.set()
    after = disk.device(peer)
    after.report(Availability.ONLINE)
    await until(lambda: not after.commands.pending)
    found = after.commands.outbox.get("k")
    assert found is not None
    assert (found.state, found.reason) == (state, reason)
    assert len(peer.log) == (1 if what == "reset" else 2)
    await after.commands.end()


async def test_what_the_device_shows_already_is_not_sent_again() -> None:
    disk, peer = Disk(), Peer()
    disk.text = json.dumps(
        {"next_id": 1, "pending": [{**GOOD, "state": "sent", "tries": 1}]}
    )
    device = disk.device(peer)
    device.receive({"power": True}, heard=False)
    assert device.commands.pending == ()
    await device.commands.end()


async def test_what_goes_at_once_is_not_stored_but_with_a_key() -> None:
    disk, peer = Disk(), Peer()
    device = disk.device(peer, keep=0)
    device.report(Availability.ONLINE)
    await device.call("reset")
    assert disk.writes == 0
    await device.call("reset", key="k")
    assert json.loads(disk.text)["over"][0]["token"] == "k"
    await device.commands.end()
    # It was on its way without being stored as something that waits.
    now = time.time()
    stored = {**GOOD, "at": now, "until": now, "keyed": True, "state": "sent"}
    disk.text = json.dumps({"next_id": 1, "pending": [stored]})
    again = disk.device(peer, keep=0)
    found = again.commands.outbox.get("t")
    assert found is not None
    assert (found.state, found.reason) == (CommandState.FAILED, UNSURE)
    await again.commands.end()


@pytest.mark.parametrize(
    ("but", "problem"),
    [
        ("nothing", "expected an object"),
        ({"token": ""}, "token: expected a text"),
        ({"token": "x" * 129}, "token: expected at most 128 characters"),
        ({"state": "lost"}, "state: expected the state of a command"),
        ({"reliability": "some"}, "reliability: expected a reliability"),
        ({"id": -1}, "id: expected a number that is not negative"),
        ({"id": True}, "id: expected a number"),
        ({"until": float("inf")}, "until: expected a number"),
        ({"values": {}}, "values: expected an action, or values"),
        ({"values": {"active": 1}}, "writing active is not offered here"),
        ({"values": {"power": 7}}, "power: expected"),
        ({"values": {"other": 7}}, "the model has no attribute 'other'"),
        ({"action": "fly"}, "the model has no action 'fly'"),
        ({"action": "reset", "arguments": {"x": 1}}, "no argument 'x'"),
        ({"token": "t"}, "it is there twice"),
        ({"shown": "x"}, "shown: expected an array"),
    ],
    ids=str,
)
def test_broken_command_is_left_out_alone(but: Any, problem: str) -> None:
    broken = but if isinstance(but, str) else {**GOOD, "token": "u", **but}
    document: Any = {"next_id": 5, "fetched": True, "pending": [GOOD, broken]}
    outbox, remarks = outbox_of(document, "Lamp", model_of(MODEL))
    assert [one.token for one in outbox.pending] == ["t"]
    assert outbox.fetched
    assert outbox.next_id > 5
    (remark,) = remarks
    assert problem in str(remark)


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, {"next_id": "x"}, {"next_id": 1, "pending": {}},
     {"next_id": 1, "pending": [GOOD] * (MAX_WAITING * 2 + 1)}],
    ids=lambda it: str(it)[:30],
)  # fmt: skip
def test_foreign_document_is_an_empty_outbox(document: Any) -> None:
    outbox, remarks = outbox_of(document, "Lamp", model_of(MODEL))
    assert len(outbox) == 0
    assert len(remarks) == 1


# Saving


async def test_saves_at_the_same_time_are_one() -> None:
    begun = 0

    async def save() -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0.01)

    saving = Saving(save)
    await asyncio.gather(*(saving.now() for _ in range(50)))
    assert begun == 1
    first = asyncio.create_task(saving.now())
    await until(lambda: begun == 2)
    await asyncio.gather(first, *(saving.now() for _ in range(50)))
    assert begun == 3  # what was asked for during a save is in the next one
    await saving.settled()


async def test_save_that_fails_is_told_and_the_next_one_is_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [OSError(28, "full")]

    async def save() -> None:
        if failures:
            raise failures.pop()

    saving = Saving(save)
    with pytest.raises(OSError, match="full"):
        await saving.now()
    assert "full" in caplog.text
    await saving.now()


# A device that sleeps


async def test_500_commands_to_a_device_that_sleeps_for_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bounded; the latest value wins; actions in order; what is too old is dropped."""
    clock = 1e9
    monkeypatch.setattr("time.time", lambda: clock)
    disk, peer, chance = Disk(), Peer(), random.Random(1)
    device = disk.device(peer, keep=1800)
    newest: dict[str, object] = {}
    calls: list[tuple[float, str]] = []
    refused = 0
    expired: list[str] = []
    device.commands.on_command(
        lambda it: expired.append(it.token) if it.state == "expired" else None
    )
    for number in range(500):
        clock = 1e9 + number * 7.2
        device.commands._ledger.expire()
        kind = chance.choice(("level", "level", "level", "power", "stop"))
        if kind == "stop" and number % 2:
            try:
                await device.call("stop")
            except Exception:  # noqa: BLE001  (it is full)
                refused += 1
            else:
                calls.append((clock, "stop"))
        else:
            value: object = number if kind != "power" else bool(number % 2)
            name = "level" if kind != "power" else "power"
            await device.set(name, value)
            newest[name] = value
        assert len(device.commands.pending) <= MAX_WAITING
    clock = 1e9 + 3600
    device.commands._ledger.expire()
    alive = [call for at, call in calls if at + 1800 > clock]
    assert len(expired) == len(calls) - len(alive)
    assert expired
    device.report(Availability.ONLINE)
    await until(lambda: not device.commands.pending)
    told: dict[str, object] = {}
    for one in peer.log:
        if isinstance(one, dict):
            assert not told.keys() & one.keys()  # each attribute once
            told |= one
    assert told == newest
    assert [one for one in peer.log if one == "stop"] == alive
    await device.commands.end()


# Settings


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, Delivery()),
        ({"keep": 0, "awake": 5}, Delivery(keep=0, awake=5)),
        ({"tries": 3, "assume": True}, Delivery(tries=3, assume=True)),
        ({"confirm": "echo", "timeout": 9}, Delivery(echo=True, timeout=9)),
        ({"confirm": "answer"}, Delivery(echo=False)),
        ({"confirm": {"level": "active"}}, Delivery(shown_by={"level": "active"})),
    ],
    ids=str,
)
def test_settings(said: Any, meant: Delivery) -> None:
    assert read_delivery(Element(said, "commands")) == meant
    assert read_delivery(Element(written_delivery(meant), "commands")) == meant


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"kept": 1}, "commands.kept: expected keep, awake"),
        ({"keep": -1}, "commands.keep: expected a number from 0"),
        ({"keep": True}, "commands.keep: expected a number"),
        ({"keep": float("nan")}, "commands.keep: expected a number"),
        ({"tries": 0}, "commands.tries: expected a number from 1"),
        ({"confirm": 7}, "commands.confirm: expected answer, echo"),
        ({"confirm": {"level": 7}}, "commands.confirm.level: expected a text"),
        ({"assume": "yes"}, "commands.assume: expected true or false"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(said: Any, problem: str) -> None:
    with pytest.raises(Unusable, match=problem):
        read_delivery(Element(said, "commands"))


def test_what_the_user_says_lies_over_the_file() -> None:
    file = Delivery(keep=9, tries=2, echo=True, shown_by={"a": "b"})
    user = Delivery(keep=0, echo=False, shown_by={"c": "d"})
    both = user.over(file)
    assert both == Delivery(keep=0, tries=2, echo=False, shown_by={"a": "b", "c": "d"})
    assert (both.shown("a"), both.shown("x"), file.shown("x")) == ("b", None, "x")
