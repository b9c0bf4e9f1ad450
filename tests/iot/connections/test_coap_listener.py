"""Devices push to a listening server, and fetch what waits for them."""

import asyncio
from datetime import UTC, datetime
import json
import struct
import time

import cbor2
import pytest

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.connections.base import Feed
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap_listener import (
    CoapListener,
    ListenerSettings,
)
from custom_components.device_models.iot.device import Availability, Certainty
from custom_components.device_models.iot.errors import (
    ModelError,
    NotListeningError,
    NotOfferedError,
    UnreachableError,
)
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import Severity

from .listening import (
    BASE,
    LOOPBACK,
    Listening,
    by_hand,
    counted,
    ids,
    path_to,
    waiting,
)
from .things import FLAT, STATE, THING, model_of, nothing_left, shown, thing, until
from .udp_peer import CON, NON, datagram

# Values


@pytest.mark.parametrize("method", [Method.POST, Method.PUT])
async def test_state_is_pushed(server: Listening, method: Method) -> None:
    device = await server.add()
    assert device.availability is Availability.UNKNOWN
    response = await server.send(method, "state", STATE)
    assert (response.code, response.payload) == ("2.04", b"")
    assert shown(device) == FLAT
    assert device.online


SENML = [
    {"bn": "urn:dev:7:", "n": "temperature", "u": "Cel", "v": 21.5},
    {"n": "power", "vb": False},
    {"n": "night.hour", "v": 22},
]


@pytest.mark.parametrize(
    ("payload", "content_format"),
    [
        (b'{"temperature": 21.5, "power": false, "night": {"hour": 22}}', 50),
        (b'{"temperature": 21.5, "power": false, "night": {"hour": 22}}', None),
        (b'{"temperature": 21.5, "power": false, "night": {"hour": 22}}', 0),
        (cbor2.dumps({"temperature": 21.5, "power": False, "night": {"hour": 22}}), 60),
        (json.dumps(SENML).encode(), 110),
    ],
)
async def test_part_of_the_state_in_any_format(
    server: Listening, payload: bytes, content_format: int | None
) -> None:
    device = await server.add()
    response = await server.send.post(payload, content_format=content_format)
    assert response.code == "2.04"
    assert shown(device) == {"temperature": 21.5, "power": False, "night.hour": 22}


@pytest.mark.parametrize(
    ("payload", "content_format"),
    [(b"21.5", None), (b"21.5", 0), (b"21.5", 50), (cbor2.dumps(21.5), 60)],
)
async def test_single_value_in_any_format(
    server: Listening, payload: bytes, content_format: int | None
) -> None:
    device = await server.add()
    response = await server.send(
        Method.PUT, "temperature", payload, content_format=content_format
    )
    assert response.code == "2.04"
    assert shown(device) == {"temperature": 21.5}


async def test_object_is_pushed_alone(server: Listening) -> None:
    device = await server.add()
    await server.send(Method.PUT, "night", {"hour": 21})
    assert shown(device) == {"night.hour": 21}


async def test_state_in_blocks(server: Listening) -> None:
    device = await server.add()
    long = "0123456789" * 500
    assert (await server.send.post({"label": long, "level": 4})).code == "2.04"
    assert shown(device) == {"label": long, "level": 4}


async def test_what_is_wrong_is_said_and_the_rest_is_taken(server: Listening) -> None:
    device = await server.add()
    response = await server.send.post({"temperature": 500, "level": 4})
    assert response.code == "2.04"
    assert shown(device) == {"level": 4}
    assert device.dropped == {"temperature: value_refused": 1}
    response = await server.send(Method.PUT, "temperature", b"500")
    assert response.answer == "4.00 temperature: 500 > 100"
    response = await server.send.post({"unknown": 1})
    assert response.answer == "4.00 it has none of the attributes"
    response = await server.send.post(b"{", content_format=50)
    assert response.code == "4.00"
    assert device.dropped["(other): payload_invalid"] == 1
    response = await server.send.post(b"<a/>", content_format=41)
    assert response.code == "4.15"
    assert shown(device) == {"level": 4}


async def test_sensitive_value_is_not_repeated_in_a_complaint(
    server: Listening,
) -> None:
    pin = {"name": "pin", "type": "INTEGER", "sensitive": True}
    await server.add(model=model_of(pin))
    response = await server.send(Method.PUT, "pin", b"no-number-4711")
    assert response.answer == "4.00 pin: the value does not fit"


# Alerts


@pytest.mark.parametrize(
    ("payload", "content_format", "severity"),
    [
        (b'{"temperature": 80, "severity": "CRITICAL"}', 50, Severity.CRITICAL),
        (b'{"temperature": 80, "severity": "dire"}', 50, Severity.SIGNIFICANT),
        (b'{"temperature": 80}', None, Severity.SIGNIFICANT),
        (cbor2.dumps({"temperature": 80}), 60, Severity.SIGNIFICANT),
        (b"80", 50, Severity.SIGNIFICANT),
    ],
)
async def test_alert(
    server: Listening,
    payload: bytes,
    content_format: int | None,
    severity: Severity,
) -> None:
    device = await server.add()
    alerts: list[Alert] = []
    device.on_alert("hot", alerts.append)
    response = await server.send.post(
        payload, "alert/hot", content_format=content_format
    )
    assert response.code == "2.04"
    assert [(one.fields, one.severity) for one in alerts] == [
        ({"temperature": 80}, severity)
    ]
    assert device.online


async def test_alert_that_is_none(server: Listening) -> None:
    device = await server.add()
    count = counted(device, "hot")
    assert (await server.send.post({"x": 1}, "alert/hot")).code == "4.00"
    assert (await server.send.post(b"\xff", "alert/hot")).code == "4.00"
    xml = await server.send.post(b"<a/>", "alert/hot", content_format=41)
    assert xml.code == "4.15"
    assert (await server.send.get("alert/hot")).code == "4.05"
    assert count() == 0


@pytest.mark.parametrize("kind", [CON, NON])
async def test_duplicates_are_done_once(server: Listening, kind: int) -> None:
    device = await server.add()
    count = counted(device, "hot")
    options = path_to("alert", "hot")
    message = datagram(
        kind, Method.POST, 7, b"t", b'{"temperature": 80}', [*options, (12, b"\x32")]
    )
    async with by_hand(server.port) as raw:
        for _ in range(3):
            raw.transport.sendto(message)
            await asyncio.sleep(0.02)
        await until(lambda: raw.received)
        assert all(data[1] == 0x44 for data in raw.received)  # 2.04
    assert count() == 1


# What waits


async def test_device_that_only_wakes_to_post(server: Listening) -> None:
    device = await server.add()
    await server.send.post(STATE)
    await device.set("power", value=True)
    await device.call("move", {"x": 3})
    assert shown(device)["power"] is False  # until the device says otherwise
    assert len(device.commands.outbox.waiting) == 2
    wanted = [
        {"set": {"power": True}},
        {"call": "move", "arguments": {"x": 3}},
    ]
    response = await server.send.post({"temperature": 21})
    assert (response.code, response.content_format) == ("2.04", 50)
    assert waiting(response) == wanted
    # It is handed out until the device has confirmed it.
    response = await server.send.post()
    assert waiting(response) == wanted
    set_id, call_id = ids(response)
    response = await server.send(Method.POST, "state", {"power": True})
    assert shown(device)["power"] is True
    assert ids(response) == [call_id]
    assert (await server.send.get(f"commands/{set_id}")).code == "4.04"
    gone = await server.send(Method.DELETE, f"commands/{call_id}")
    assert gone.code == "2.02"
    assert (await server.send(Method.DELETE, f"commands/{call_id}")).code == "4.04"
    response = await server.send.post()
    assert response.payload == b""
    assert len(device.commands.outbox.waiting) == 0


async def test_commands_are_fetched(server: Listening) -> None:
    device = await server.add()
    response = await server.send.get("commands")
    assert (response.code, response.payload) == ("2.05", b"[]")
    assert device.online
    await device.set("level", 1)
    await device.set("level", 2)  # the latest one wins
    response = await server.send.get("commands")
    assert waiting(response) == [{"set": {"level": 2}}]
    assert json.loads(response.payload)[0]["age"] == 0


async def test_members_of_an_object_go_together(server: Listening) -> None:
    device = await server.add()
    await server.send.post(STATE)
    await device.set("night.hour", 23)
    response = await server.send.post()
    assert waiting(response) == [{"set": {"night": {"hour": 23, "dim": 0.5}}}]
    await server.send.post({"night": {"hour": 23}})
    assert len(device.commands.outbox.waiting) == 0


async def test_members_that_are_set_one_after_the_other_are_both_set(
    server: Listening,
) -> None:
    device = await server.add()
    await server.send.post(STATE)
    await device.set("night.hour", 1)
    await device.set("night.dim", 0.9)
    both = {"set": {"night": {"hour": 1, "dim": 0.9}}}
    response = await server.send.get("commands")
    assert waiting(response) == [both, both]
    # One is confirmed, but not reported yet: the other does not take it back.
    await server.send(Method.DELETE, f"commands/{ids(response)[0]}")
    assert waiting(await server.send.get("commands")) == [both]
    # What the device reports is how it is.
    response = await server.send.post({"night": {"hour": 5}})
    assert waiting(response) == [{"set": {"night": {"hour": 5, "dim": 0.9}}}]
    await server.send.post({"night": {"dim": 0.9}})
    assert len(device.commands.outbox.waiting) == 0


@pytest.mark.parametrize(
    ("options", "content_format"),
    [
        ({"content_format": 60, "payload": cbor2.dumps({"level": 1})}, 60),
        ({"accept": 60}, 60),
        ({"content_format": 50, "payload": b'{"level": 1}', "accept": 60}, 60),
        ({"content_format": 0, "payload": b'{"level": 1}'}, 50),
    ],
)
async def test_commands_come_as_was_asked(
    server: Listening, options: dict[str, object], content_format: int
) -> None:
    device = await server.add()
    await device.call("reset")
    response = await server.send.post(**options)  # type: ignore[arg-type]
    assert response.content_format == content_format
    decode = cbor2.loads if content_format == 60 else json.loads
    (command,) = decode(response.payload)
    assert (command["call"], command["arguments"]) == ("reset", {})


async def test_commands_in_senml(server: Listening) -> None:
    device = await server.add()
    await device.set("power", value=True)
    await device.call("move", {"x": 3})
    response = await server.send.get("commands", accept=110)
    first, second = ids(await server.send.get("commands"))
    assert json.loads(response.payload) == [
        {"n": f"{first}.age", "v": 0},
        {"n": f"{first}.set.power", "vb": True},
        {"n": f"{second}.age", "v": 0},
        {"n": f"{second}.call", "vs": "move"},
        {"n": f"{second}.arguments.x", "v": 3},
    ]


async def test_what_is_not_accepted_is_not_done(server: Listening) -> None:
    device = await server.add()
    assert (await server.send.post({"level": 1}, accept=41)).code == "4.06"
    assert (await server.send.get("commands", accept=0)).code == "4.06"
    assert shown(device) == {}


async def test_value_that_is_never_reported_is_confirmed_as_done(
    server: Listening,
) -> None:
    model = model_of(
        {"name": "level", "type": "INTEGER", "writable": True},
        {"name": "mode", "type": "STRING", "writable": True, "readable": False},
    )
    device = await server.add(model=model)
    await device.set("level", 1)
    await device.set("mode", "eco")
    for number in ids(await server.send.get("commands")):
        assert shown(device) == {}
        await server.send(Method.DELETE, f"commands/{number}")
    assert shown(device) == {"mode": "eco"}
    assert device.values["mode"].certainty is Certainty.LIVE


async def test_result_and_refusal_of_commands(
    server: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    device = await server.add()
    problems: list[tuple[str, str]] = []
    device.on_problem(lambda name, text: problems.append((name, text)))
    for _ in range(4):
        await device.call("reset")
    done, result, refused, broken = ids(await server.send.get("commands"))
    path = "commands/{}".format
    assert (await server.send.post(path=path(done))).code == "2.04"
    assert (
        await server.send.post({"value": "clandestine"}, path(result))
    ).code == "2.04"
    response = await server.send.post(b"too hot", f"{path(refused)}?refused")
    assert response.code == "2.04"
    assert problems == [("reset", "Thing answered refused too hot")]
    assert "refused too hot" in caplog.text
    assert (await server.send.post(b"{", path(broken))).code == "4.00"
    assert len(device.commands.outbox.waiting) == 1
    counts = server.listener.trace(device)[0]["commands"]
    assert counts == {"done": 1, "result": 1, "refused": 1}
    assert "clandestine" not in str(server.listener.trace(device))


async def test_command_that_is_not_fetched_is_told_of(
    server: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    device = await server.add(keep=0.1)
    told: list[int | None] = []
    device.commands.on_command(
        lambda _: told.append(len(device.commands.outbox.waiting))
    )
    await device.call("reset")
    await asyncio.sleep(0.05)
    await device.call("reset")
    await until(lambda: told and told[-1] == 0)
    assert told == [1, 2, 1, 0]
    assert device.dropped == {"(other): not_fetched": 2}
    assert caplog.text.count("the device did not confirm it") == 1
    assert (await server.send.get("commands")).payload == b"[]"


async def test_what_waits_is_handed_over_when_a_device_is_edited(
    server: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    device = await server.add(keep=60)
    await device.set("level", 7)
    await device.set("label", "hall")
    await device.call("move", {"x": 1})
    await device.call("reset")
    await device.call("reset")
    first, *_, last = ids(await server.send.get("commands"))
    document = {**THING, "actions": [THING["actions"][1]]}
    document["attributes"] = [
        {**one, "range": "0,5"} if one["name"] == "level" else one
        for one in THING["attributes"]
    ]
    edited = await server.add(
        "other",
        model=load_document(document, "edited").model,
        layout={"attributes": {"label": {"write": False}}},
        keep=0.6,
        after=device,
    )
    response = await server.send.get("/other/commands")
    assert waiting(response) == [{"call": "move", "arguments": {"x": 1}}]
    assert ids(response) == [first + 2]
    assert len(edited.commands.outbox.waiting) == 1
    assert server.listener.trace(edited)[0]["commands"] == {"unfit": 1}
    assert caplog.text.count("dropped label is not offered") == 1
    # Ids go on, and what is new waits as long as it does now.
    await edited.call("move", {"x": 2})
    assert ids(await server.send.get("/other/commands"))[-1] > last
    await until(lambda: len(edited.commands.outbox.waiting) == 1)


async def test_what_waits_for_too_long_meanwhile_is_told_of(server: Listening) -> None:
    device = await server.add(keep=0.05)
    await device.call("reset")
    await server.remove(device)
    await asyncio.sleep(0.1)
    device = await server.add(after=device)
    await until(lambda: len(device.commands.outbox.waiting) == 0)
    assert device.dropped == {"(other): not_fetched": 1}


async def test_times_are_sent_as_the_binding_says(server: Listening) -> None:
    model = model_of(
        {"name": "wake", "type": "DATETIME", "writable": True},
        {"name": "sleep", "type": "DATETIME", "writable": True},
    )
    layout = {"attributes": {"sleep": {"times": "iso"}}}
    device = await server.add(model=model, layout=layout)
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    await device.set("wake", moment)
    await device.set("sleep", moment)
    assert waiting(await server.send.post()) == [
        {"set": {"wake": 1767323045000}},
        {"set": {"sleep": "2026-01-02T03:04:05+00:00"}},
    ]


async def test_long_answer_comes_in_blocks(server: Listening) -> None:
    device = await server.add()
    await device.set("label", "x" * 3000)
    await device.call("reset")
    response = await server.send.post({"level": 1})
    assert waiting(response) == [
        {"set": {"label": "x" * 3000}},
        {"call": "reset", "arguments": {}},
    ]


async def test_what_the_device_is_not_told(server: Listening) -> None:
    layout = {"attributes": {"level": {"write": False}}, "actions": {"reset": False}}
    device = await server.add(layout=layout)
    with pytest.raises(NotOfferedError):
        await device.set("level", 1)
    with pytest.raises(NotOfferedError):
        await device.call("reset")
    await device.set("power", value=True)
    stranger = thing(server.listener, base="elsewhere")
    with pytest.raises(UnreachableError):
        await stranger.set("power", value=True)
    assert len(stranger.commands.outbox.waiting) == 0
    assert server.listener.trace(stranger) == []
    assert len(device.commands.outbox.waiting) == 1


# Being there


async def test_device_that_falls_silent(server: Listening) -> None:
    device = await server.add(silent_after=0.2)
    await server.send.post(STATE)
    assert device.online
    await until(lambda: device.availability is Availability.SILENT)
    assert "silent for over 0.2 s" in device.reason
    await server.send.post()
    assert device.online


async def test_health(server: Listening) -> None:
    device = await server.add()
    health = server.listener.health(device)
    assert (health.last_heard, health.push_age) == (None, None)
    await server.send.post(STATE)
    health = server.listener.health(device)
    assert health.last_heard is not None
    assert health.push_age is not None
    assert health.push_age < 5
    assert health.feed is Feed.PUSH
    assert health.last_heard == server.listener.health(device).last_heard
    assert server.listener.pushed(device) == FLAT.keys()


async def test_trace_has_no_secrets(server: Listening) -> None:
    device = await server.add(key="s3cret")
    await server.send.post({"label": "hidden"}, "state?key=s3cret")
    counts, message = server.listener.trace(device)
    assert message["request"] == "POST /garden/shed/state"
    assert (message["from"], message["outcome"]) == (LOOPBACK, "2.04")
    assert "s3cret" not in str((counts, message))
    assert "hidden" not in str(message)


async def test_port_that_is_taken(server: Listening) -> None:
    for host in (LOOPBACK, "0.0.0.0", "::"):  # noqa: S104  (it must not get it)
        other = CoapListener(ListenerSettings(host, server.port))
        with pytest.raises(NotListeningError, match="in use"):
            await other.open()
        await other.close()


async def test_address_that_is_not_of_this_machine() -> None:
    listener = CoapListener(ListenerSettings("192.0.2.1", 5683))
    with pytest.raises(NotListeningError, match=r"coap://192\.0\.2\.1:5683"):
        await listener.open()


async def test_nothing_is_left(server: Listening) -> None:
    async with nothing_left(timers=False):
        device = await server.add(silent_after=9, keep=9)
        await device.call("reset")
        await server.listener.detach(device)
        await server.listener.detach(device)
    assert (await server.send.post(STATE)).code == "4.04"


async def test_device_without_a_path_of_its_own() -> None:
    listener = CoapListener(ListenerSettings(LOOPBACK))
    for base in ("", "/", "a/../b", "a?b"):
        device = thing(listener, base=base)
        with pytest.raises(ModelError, match="base: expected a path"):
            listener.check(device.model, device.binding)


async def test_two_devices_do_not_get_each_others_values(server: Listening) -> None:
    one = await server.add("one")
    other = await server.add("other")
    again = await server.add("one")  # is there already: a look at it only
    await server.send.post({"level": 1}, "/one/state")
    assert (shown(one), shown(other), shown(again)) == ({"level": 1}, {}, {})
    await server.listener.detach(again)
    await server.send.post({"level": 2}, "/one/state")
    assert shown(one) == {"level": 2}


async def test_two_devices_at_one_place(
    server: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    one = await server.add("garden/shed")
    other = await server.add("/garden//she%64/")
    assert "Thing is not listened to at /garden/shed/alert/hot, /garden" in caplog.text
    await server.send.post(STATE)
    assert (shown(one), shown(other)) == (FLAT, {})
    # It has the place as soon as that is free.
    await server.listener.detach(one)
    assert (await server.send.post({"level": 9})).code == "2.04"
    assert shown(other) == {"level": 9}
    await server.listener.detach(other)
    assert (await server.send.post(STATE)).code == "4.04"


# Before a device is known


async def test_what_was_posted_before_is_not_taken_for_new_again(
    server: Listening,
) -> None:
    assert (await server.send.post({"level": 1, "power": True})).absent
    device = await server.add()
    assert shown(device) == {"level": 1, "power": True}
    await server.send(Method.PUT, "level", b"2")
    await server.listener.detach(device)
    device = await server.add()
    assert shown(device) == {}
    assert device.availability is Availability.UNKNOWN


async def test_device_for_a_look_takes_nothing_away(server: Listening) -> None:
    look = await server.add(quiet=True, key="k")
    # Nobody does what it says: so it is told as without the look.
    assert (await server.send.post({"level": 9}, "state?key=k")).code == "4.04"
    assert (await server.send.post({"level": 8}, "state?key=x")).code == "4.04"
    assert shown(look) == {"level": 9}
    await server.listener.detach(look)
    device = await server.add()
    assert shown(device) == {"level": 8}
    look = await server.add(quiet=True)
    await server.send.post({"level": 7})
    assert (shown(device), shown(look)) == ({"level": 7}, {"level": 7})
    await server.listener.detach(device)
    assert (await server.send.post(STATE)).code == "4.04"


async def test_command_that_waits_no_longer_is_no_new_device(
    server: Listening,
) -> None:
    await server.add()
    for path in ("commands/5", "state/x"):
        assert (await server.send.post({"value": 1}, path)).code == "4.04"
    for place in (f"{BASE}/commands", f"{BASE}/state"):
        with pytest.raises(ModelError, match="nothing was posted below"):
            await server.listener.describe(place)


async def test_device_that_was_silent_before_it_was_known(server: Listening) -> None:
    await server.send.post({"level": 1})
    await asyncio.sleep(0.3)
    device = await server.add(silent_after=1.5)
    assert device.online
    await until(lambda: not device.online)
    assert device.last_heard is not None
    assert time.monotonic() - device.last_heard < 1.8


def test_message_by_hand_is_what_it_should_be() -> None:
    assert struct.unpack("!BBH", datagram(CON, 2, 7)[:4]) == (0x40, 2, 7)
