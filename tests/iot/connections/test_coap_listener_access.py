"""Who may send what to a listening server, and how much of it."""

import asyncio
from functools import partial
import logging
from typing import Any

from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.connections.coap_listener import (
    CoapListener,
    ListenerSettings,
    blocks,
    limits,
    site,
)
from custom_components.device_models.iot.connections.coap_listener.limits import (
    Bucket,
    Limits,
    Rate,
)
from custom_components.device_models.iot.connections.coap_listener.settings import (
    DEFAULT_NETWORKS,
    is_within,
    networks,
    plain_address,
)
from custom_components.device_models.iot.errors import ModelError, ValueRefusedError

from .listening import LOOPBACK, Listening, by_hand, listening, path_to, waiting
from .things import STATE, shown, until
from .udp_peer import CON, NON, datagram

# Who


async def test_key(server: Listening, caplog: pytest.LogCaptureFixture) -> None:
    device = await server.add(key="s3cret ä&=")
    await device.call("reset")
    for query in ("", "?key=", "?key=wrong", "?key=s3cret", "?other=s3cret%20ä%26="):
        for path in ("state", "commands", "alert/hot", "temperature", "commands/1"):
            method = Method.GET if path == "commands" else Method.POST
            response = await server.send(method, f"{path}{query}", STATE)
            assert (response.code, response.payload) == ("4.01", b""), (path, query)
    assert shown(device) == {}
    assert not device.online
    response = await server.send.post(STATE, "state?key=s3cret%20%C3%A4%26%3D")
    assert waiting(response) == [{"call": "reset", "arguments": {}}]
    assert "s3cret" not in caplog.text
    assert "s3cret" not in repr(device.binding)
    refusals = [one for one in caplog.messages if "not authorised" in one]
    assert refusals == [
        f"Refused POST from {LOOPBACK}: not authorised; more from there is only counted"
    ]


async def test_senders(server: Listening) -> None:
    device = await server.add("one", senders=("192.0.2.7", "198.51.100.0/24"))
    other = await server.add("other", senders=("192.0.2.7", "127.0.0.1"))
    assert (await server.send.post(STATE, "/one/state")).code == "4.01"
    assert (await server.send.post(STATE, "/other/state")).code == "2.04"
    assert (device.online, other.online) == (False, True)


async def test_senders_that_are_none(server: Listening) -> None:
    for spelled in ("shed.local", "10.0.0.0/33", ""):
        with pytest.raises(ModelError, match=r"senders: .* is no IP address"):
            await server.add(senders=(spelled,))


async def test_networks() -> None:
    async with listening(["192.168.0.0/16"]) as server:
        device = await server.add(published=True)
        for path in ("state", "nowhere"):
            assert (await server.send.post(STATE, path)).code == "4.01"
        assert (await server.send.get("/.well-known/core")).code == "4.01"
        assert not device.online


def test_networks_that_are_none() -> None:
    with pytest.raises(ValueRefusedError, match="'home' is no IP address"):
        CoapListener(ListenerSettings(LOOPBACK, networks=("home",)))
    with pytest.raises(ValueRefusedError, match="at most 64 networks"):
        networks(["10.0.0.1"] * 65, "networks")
    for host in ("localhost", "", "10.0.0.1/8"):
        with pytest.raises(ValueRefusedError, match="host: expected an IP address"):
            CoapListener(ListenerSettings(host))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.168.7.7", True),
        ("::ffff:192.168.7.7", True),
        ("fe80::1%eth0", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("172.32.0.1", False),
        ("", False),
        ("no address", False),
    ],
)
def test_default_networks_are_private(address: str, *, inside: bool) -> None:
    assert is_within(address, networks(DEFAULT_NETWORKS, "")) is inside


def test_an_address_has_one_spelling() -> None:
    assert plain_address("::ffff:10.0.0.1") == "10.0.0.1"
    assert plain_address("[FE80:0::1%2]") == "fe80::1"


async def test_unknown_paths(server: Listening) -> None:
    await server.add()
    for path in ("", "x", "state/x", "alert", "alert/x", "commands/x", "commands/1/2"):
        assert (await server.send.post(STATE, path)).code == "4.04", path
    assert (await server.send.get("/")).code == "4.04"


async def test_methods_that_are_not_offered(server: Listening) -> None:
    await server.add()
    for method in (Method.GET, Method.DELETE, Method.FETCH, Method.PATCH):
        assert (await server.send(method, "state")).code == "4.05"
    assert (await server.send.post(STATE, "commands")).code == "4.05"
    assert (await server.send.post(STATE, "/.well-known/core")).code == "4.05"


async def test_condition_is_not_passed_over(server: Listening) -> None:
    device = await server.add()
    response = await server.send(Method.PUT, "level", b"1", if_match=b"x")
    assert response.code == "4.02"
    assert shown(device) == {}


# How much


async def test_document_that_is_too_long(server: Listening) -> None:
    device = await server.add()
    response = await server.send.post({"label": "x" * 33_000})
    assert response.code == "4.13"
    assert shown(device) == {}


async def test_blocks_that_do_not_fit_together(server: Listening) -> None:
    device = await server.add()
    path = path_to("state")

    def block(message_id: int, number: int, payload: bytes, *, more: bool) -> bytes:
        value = bytes([number << 4 | more << 3 | 0])  # of 16 bytes
        return datagram(NON, 2, message_id, b"t", payload, [*path, (27, value)])

    async with by_hand(server.port) as raw:
        raw.transport.sendto(block(1, 1, b'"level": 1}', more=False))  # no beginning
        raw.transport.sendto(block(2, 0, b'{"level"', more=True))  # too short
        raw.transport.sendto(block(3, 0, b'{"temperature": ', more=True))
        raw.transport.sendto(block(4, 2, b"21}", more=False))  # a gap
        raw.transport.sendto(block(5, 0, b'{"temperature": ', more=True))
        raw.transport.sendto(block(6, 1, b"21}", more=False))
        await until(lambda: len(raw.received) == 6)
    codes = [Code(data[1]).dotted for data in raw.received]
    assert codes == ["4.08", "4.08", "2.31", "4.08", "2.31", "2.04"]
    assert shown(device) == {"temperature": 21}


async def test_unfinished_documents_are_forgotten(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_UNFINISHED", 2)
    await server.add()
    path = path_to("state")
    async with by_hand(server.port) as raw:
        for number in range(3):
            query = (15, b"n=%d" % number)
            options = [*path, query, (27, b"\x08")]
            begun = datagram(NON, 2, number, b"t", b'{"temperature": ', options)
            raw.transport.sendto(begun)
        for number in (2, 0):
            query = (15, b"n=%d" % number)
            options = [*path, query, (27, b"\x10")]
            ended = datagram(NON, 2, 10 + number, b"t", b"21}", options)
            raw.transport.sendto(ended)
        await until(lambda: len(raw.received) == 5)
    codes = [Code(data[1]).dotted for data in raw.received]
    assert codes == ["2.31", "2.31", "2.31", "2.04", "4.08"]


async def test_document_that_grows_too_long(server: Listening) -> None:
    device = await server.add()
    path = path_to("label")
    async with by_hand(server.port) as raw:
        for number in range(33):
            value = (number << 4 | 8 | 6).to_bytes(2)
            block = datagram(NON, 2, number, b"t", b"x" * 1024, [*path, (27, value)])
            raw.transport.sendto(block)
            await until(partial(raw.has_received, number + 1))
        reserved = datagram(NON, 2, 99, b"t", b"x", [*path, (27, b"\x07")])
        raw.transport.sendto(reserved)
        await until(lambda: len(raw.received) == 34)
    codes = [Code(data[1]).dotted for data in raw.received]
    assert codes == ["2.31"] * 32 + ["4.13", "4.00"]
    assert shown(device) == {}


async def test_answers_that_nobody_goes_on_to_fetch_are_forgotten(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "MAX_UNFINISHED", 1)
    device = await server.add()
    await device.set("label", "x" * 100)

    def post(message_id: int, query: bytes, number: int) -> bytes:
        path = path_to("state")
        options = [*path, (15, query), (23, bytes([number << 4 | 1]))]
        return datagram(NON, 2, message_id, b"t", b"", options)

    async with by_hand(server.port) as raw:
        raw.transport.sendto(post(1, b"a", 0))
        raw.transport.sendto(post(2, b"b", 0))
        raw.transport.sendto(post(3, b"b", 1))
        raw.transport.sendto(post(4, b"a", 1))
        await until(lambda: len(raw.received) == 4)
    codes = [Code(data[1]).dotted for data in raw.received]
    assert codes == ["2.04", "2.04", "2.04", "4.08"]


async def test_blocks_of_what_waits_tell_of_which_document_they_are(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7959 §2.4."""
    monkeypatch.setattr(blocks, "MAX_UNFINISHED", 1)
    device = await server.add(published=True)
    await server.send.post({"label": "y" * 100})
    await device.set("label", "x" * 100)

    def get(message_id: int, name: bytes, number: int) -> bytes:
        path = path_to(name.decode())
        options = [*path, (23, bytes([number << 4 | 1]))]
        return datagram(NON, 1, message_id, b"t", b"", options)

    async with by_hand(server.port) as raw:

        async def etag(*request: Any) -> bytes | None:
            before = len(raw.received)
            raw.transport.sendto(get(*request))
            await until(lambda: len(raw.received) > before)
            found: bytes | None = Message.decode(raw.received[-1]).opt.etag
            return found

        first = await etag(1, b"commands", 0)
        assert first
        assert await etag(2, b"commands", 1) == first
        await etag(3, b"label", 0)  # takes the place of what was kept
        await device.set("level", 1)
        assert await etag(4, b"commands", 2) not in {first, None}


async def test_further_block_of_what_was_never_answered(server: Listening) -> None:
    device = await server.add(published=True)
    await server.send.post({"label": "x" * 3000})
    path = path_to("state")
    async with by_hand(server.port) as raw:
        post = datagram(NON, 2, 1, b"t", b"", [*path, (23, b"\x16")])
        raw.transport.sendto(post)
        get = datagram(NON, 1, 2, b"t", b"", [*path, (23, b"\x16")])
        raw.transport.sendto(get)  # what is read can be read again
        beyond = datagram(NON, 1, 3, b"t", b"", [*path, (23, b"\x96")])
        raw.transport.sendto(beyond)
        await until(lambda: len(raw.received) == 3)
    codes = [Code(data[1]).dotted for data in raw.received]
    assert codes == ["4.08", "2.05", "4.08"]
    assert device.online


async def test_sender_that_asks_too_often_is_told_to_wait(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REQUESTS", Rate(0.1, 3))
    device = await server.add()
    codes = [(await server.send.post({"level": n})).code for n in range(4)]
    assert codes == ["2.04", "2.04", "2.04", "4.29"]
    response = await server.send.post({"level": 9})
    assert (response.busy, response.max_age) == (True, 10)
    assert shown(device) == {"level": 2}
    assert server.listener.trace(device)[0]["put_off"] == 2


async def test_far_too_much_is_not_even_looked_at(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DATAGRAMS", Rate(0.1, 5))
    device = await server.add()
    path = path_to("level")
    async with by_hand(server.port) as raw:
        for number in range(50):
            level = str(number).encode()
            raw.transport.sendto(datagram(NON, 3, number, b"t", level, path))
        await until(lambda: server.listener.trace(device)[0]["dropped"] == 45)
        await asyncio.sleep(0.05)
    assert len(raw.received) == 5
    assert shown(device) == {"level": 4}


def test_what_one_has_too_many_of_does_not_count_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "DATAGRAMS", Rate(1, 3))
    monkeypatch.setattr(limits, "ALL_DATAGRAMS", Rate(1, 5))
    both = Limits(networks(DEFAULT_NETWORKS, ""))
    assert [both.admit("10.0.0.1") for _ in range(9)] == [True] * 3 + [False] * 6
    assert both.admit("::ffff:10.0.0.1") is False  # the same one
    assert [both.admit("10.0.0.2") for _ in range(3)] == [True, True, False]
    assert both.dropped == 8


async def test_strangers_do_not_spend_what_is_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "STRANGERS", Rate(0.1, 30))
    monkeypatch.setattr(limits, "ALL_REQUESTS", Rate(0.1, 10))
    monkeypatch.setattr(limits, "ALL_DATAGRAMS", Rate(0.1, 40))
    monkeypatch.setattr(limits, "MAX_SOURCES", 2)
    async with listening(["127.0.0.1"]) as server:
        device = await server.add()
        await server.send.post({"level": 1})
        for host in range(2, 12):
            async with by_hand(server.port, f"127.0.0.{host}") as raw:
                for number in range(10):
                    get = datagram(NON, 1, number, b"t", b"", [(11, b"x")])
                    raw.transport.sendto(get)
                if host < 5:  # of them, there are tokens for
                    await until(partial(raw.has_received, 10))
        for level in range(2, 7):
            assert (await server.send.post({"level": level})).code == "2.04"
        counts = server.listener.trace(device)[0]
    assert (counts["refused"], counts["dropped"]) == ({"4.01": 30}, 70)
    assert counts["put_off"] == 0


def test_only_so_many_senders_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SOURCES", 2)
    monkeypatch.setattr(limits, "REQUESTS", Rate(0.01, 1))
    both = Limits(networks(DEFAULT_NETWORKS, ""))
    assert [both.take_request(f"10.0.0.{n}") for n in (1, 2, 1)] == [
        0,
        0,
        pytest.approx(100, 1),
    ]
    assert both.take_request("10.0.0.3") == 0  # 2 is forgotten
    assert both.take_request("10.0.0.2") == 0
    assert both.put_off == 1


def test_bucket_fills_again() -> None:
    bucket = Bucket(Rate(2, 4))
    now = bucket.at
    assert [bucket.take(now) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert bucket.take(now + 0.5) == 0
    assert bucket.take(now + 0.5) == 0.5
    assert [bucket.take(now + 60) > 0 for _ in range(5)] == [False] * 4 + [True]


async def test_lines_of_the_log_are_bounded(
    server: Listening,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(site, "MAX_LINES", 0)
    device = await server.add(key="x")
    caplog.set_level(logging.INFO)
    for _ in range(20):
        assert (await server.send.post(b"\xff")).code == "4.01"
    assert "authorised" not in caplog.text
    assert server.listener.trace(device)[0]["refused"] == {"4.01": 20}


async def test_no_answer_where_none_is_wanted(server: Listening) -> None:
    device = await server.add()
    path = path_to("state")
    async with by_hand(server.port) as raw:
        # RFC 7967: no answers of class 2, 4 and 5
        wanted = [*path, (258, b"\x1a")]
        raw.transport.sendto(_long_delta(NON, 1, b'{"level": 5}', wanted))
        await until(lambda: shown(device) == {"level": 5})
        raw.transport.sendto(datagram(CON, 0, 99))  # a ping
        await until(lambda: raw.received)
        await asyncio.sleep(0.02)
    assert [data[0] >> 4 & 3 for data in raw.received] == [3]  # its RST alone


def _long_delta(
    kind: int, message_id: int, payload: bytes, options: list[tuple[int, bytes]]
) -> bytes:
    """Return a message whose last option has a number far from the one before."""
    *before, (number, value) = options
    start = datagram(kind, 2, message_id, b"t", b"", before)
    delta = number - before[-1][0] - 13
    return start + bytes([0xD0 | len(value), delta]) + value + b"\xff" + payload
