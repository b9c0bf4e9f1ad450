"""Where the names of hosts lead, and what becomes of those that lead nowhere."""

import asyncio
from collections.abc import Sequence
import socket
from typing import Any

import pytest

from custom_components.device_models.iot.connections.coap import CoapEndpoint, names
from custom_components.device_models.iot.connections.coap.names import (
    Names,
    resolve_local_names_with,
)
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.errors import UnreachableError

from .clock import own_time
from .coap_server import Content, bare_server
from .conftest import Endpoint
from .hostile import unharmed
from .test_coap_observation import Watch
from .things import exchanges_of, until
from .udp_peer import polite, udp_peer

GET = Method.GET


class NameServer:
    """Stands for the system, which asks what the network has for name servers."""

    def __init__(self) -> None:
        self.hosts = {"lamp.test": "127.0.0.1", "127.0.0.1": "127.0.0.1"}
        self.port: int | None = None
        """Where hosts are, whatever port they are asked for at."""
        self.failure: socket.gaierror | None = None
        self.dead = False
        self.asked: list[str] = []
        self.at_once = self.most = 0

    async def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(3600 if self.dead else 0.001)
        finally:
            self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        if host not in self.hosts:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host != "127.0.0.1":
            port = self.port or port
        there = (self.hosts[host], port)
        return [(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP, "", there)]


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    """Answer what is asked of the system."""
    server = NameServer()
    loop = asyncio.get_event_loop()
    monkeypatch.setattr(loop, "getaddrinfo", server.getaddrinfo)
    monkeypatch.setattr(names, "PATIENCE", 0.1)
    return server


async def addresses(asking: Names, host: str) -> list[str]:
    return [one[4][0] for one in await asking.getaddrinfo(host, 1)]


async def test_name_is_asked_for_once_at_a_time(name_server: NameServer) -> None:
    asking = Names()
    every = await asyncio.gather(
        *(addresses(asking, name) for name in ["lamp.test", "LAMP.test."] * 10)
    )
    assert every == [["127.0.0.1"]] * 20
    assert name_server.asked == ["lamp.test"]


async def test_address_is_not_asked_for(name_server: NameServer) -> None:
    asking = Names()
    assert await addresses(asking, "192.0.2.1") == ["192.0.2.1"]
    assert await addresses(asking, "2001:db8:0::1") == ["2001:db8::1"]
    assert name_server.asked == []


async def test_name_that_leads_elsewhere_is_followed(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH", 0.1)
    asking = Names()
    assert await addresses(asking, "lamp.test") == ["127.0.0.1"]
    name_server.hosts["lamp.test"] = "192.0.2.7"
    assert await addresses(asking, "lamp.test") == ["127.0.0.1"]
    await asyncio.sleep(0.11)
    assert await addresses(asking, "lamp.test") == ["192.0.2.7"]


@pytest.mark.parametrize("dead", [True, False])
async def test_name_leads_where_it_led_while_nobody_can_be_asked(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch, dead: bool
) -> None:
    monkeypatch.setattr(names, "FRESH", 0)
    asking = Names()
    await addresses(asking, "lamp.test")
    name_server.dead = dead
    name_server.failure = socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
    began = own_time()
    assert await addresses(asking, "lamp.test") == ["127.0.0.1"]
    assert own_time() - began < 0.3
    with pytest.raises(socket.gaierror):
        await addresses(asking, "other.test")
    await asking.close()


async def test_name_that_is_no_more_leads_nowhere(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH", 0)
    asking = Names()
    await addresses(asking, "lamp.test")
    name_server.hosts.clear()
    with pytest.raises(socket.gaierror, match="not known"):
        await addresses(asking, "lamp.test")


async def test_dead_name_server_takes_few_threads(name_server: NameServer) -> None:
    asking = Names()
    name_server.dead = True
    failed = await asyncio.gather(
        *(addresses(asking, f"{number}.test") for number in range(30)),
        return_exceptions=True,
    )
    assert all(isinstance(one, socket.gaierror) for one in failed)
    assert name_server.most == names.AT_ONCE
    await asking.close()
    assert name_server.at_once == 0


async def test_so_many_names_are_remembered(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_NAMES", 3)
    asking = Names()
    name_server.hosts = {f"{number}.test": "127.0.0.1" for number in range(5)}
    for host in (*name_server.hosts, "4.test", "0.test"):
        await addresses(asking, host)
    assert name_server.asked == [*name_server.hosts, "0.test"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["192.0.2.9"], ["192.0.2.9"]),
        (["fe80::1%lo", "192.0.2.9"], ["192.0.2.9"]),
        (["fe80::1%1"], ["fe80::1"]),
        (["fe80::1%nowhere", "no address"], ["127.0.0.1"]),
        ([], ["127.0.0.1"]),
        (None, ["127.0.0.1"]),
    ],
)
async def test_local_name(
    name_server: NameServer, found: Sequence[str] | None, expected: list[str]
) -> None:
    name_server.hosts["lamp.local"] = "127.0.0.1"

    async def resolver(host: str) -> Sequence[str]:
        assert host == "lamp.local"
        if found is None:
            raise RuntimeError("out of order")
        return found

    resolve_local_names_with(resolver)
    try:
        assert await addresses(Names(), "Lamp.local.") == expected
        assert await addresses(Names(), "lamp.test") == ["127.0.0.1"]
    finally:
        resolve_local_names_with(None)
    assert await addresses(Names(), "lamp.local") == ["127.0.0.1"]


async def test_local_name_that_nobody_answers_for(name_server: NameServer) -> None:
    async def resolver(_host: str) -> Sequence[str]:
        await asyncio.sleep(3600)
        return []

    name_server.hosts["lamp.local"] = "127.0.0.1"
    resolve_local_names_with(resolver)
    try:
        assert await addresses(Names(), "lamp.local") == ["127.0.0.1"]
    finally:
        resolve_local_names_with(None)


async def test_request_to_a_name(endpoint: Endpoint, name_server: NameServer) -> None:
    async with udp_peer(polite) as peer:
        lamp = await endpoint(peer.port, "lamp.test")
        assert (await lamp.request(GET, "a")).payload == b"fine"
        assert peer.requests[0].opt.uri_host == "lamp.test"


async def test_observation_moves_with_the_name(
    endpoint: Endpoint, name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH", 0)
    resources = Content(b"old", max_age=0), Content(b"new", max_age=0)
    async with bare_server(a=resources[0]) as old, bare_server(a=resources[1]) as new:
        name_server.port = old.port
        watch = Watch(await endpoint(5683, "lamp.test"))
        watch.start()
        await until(lambda: resources[0].observers)
        name_server.port = new.port
        await until(lambda: resources[1].observers)
        resources[1].notify(b"newest")
        await until(lambda: watch.heard[-1] == (b"newest", True))
        await until(lambda: not resources[0].observers)
        await watch.stop()


async def test_dead_name_server_is_no_answer_in_time(
    endpoint: Endpoint, name_server: NameServer
) -> None:
    name_server.dead = True
    began = own_time()
    with pytest.raises(UnreachableError, match="No address information"):
        await (await endpoint(5683, "lamp.test")).request(GET, "a")
    assert own_time() - began < 0.3


async def test_endpoint_closed_while_its_name_is_asked_for(
    name_server: NameServer,
) -> None:
    name_server.dead = True
    lamp = CoapEndpoint("lamp.test")
    await lamp.open()
    asking = asyncio.create_task(lamp.request(GET, "a"))
    await until(lambda: name_server.asked)
    began = own_time()
    await lamp.close()
    with pytest.raises(UnreachableError):
        await asking
    assert own_time() - began < 0.1
    assert name_server.at_once == 0


@pytest.mark.parametrize("confirmable", [True, False])
async def test_group_is_refused(endpoint: Endpoint, confirmable: bool) -> None:
    group = await endpoint(5683, "ff02::fd%lo", confirmable=confirmable)
    with pytest.raises(UnreachableError, match="of a group"):
        await group.request(GET, "a")


@pytest.mark.parametrize("confirmable", [True, False])
async def test_address_to_which_no_way_leads(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, confirmable: bool
) -> None:
    """The system says so while the message is being sent."""
    async with unharmed(caplog):
        nowhere = [await endpoint(5683, "fe80::1%lo", confirmable=confirmable)] * 3
        answers = await asyncio.gather(
            *(one.request(GET, "a") for one in nowhere), return_exceptions=True
        )
    assert [type(one) for one in answers] == [UnreachableError] * 3
    assert not exchanges_of(nowhere[0])._backlogs


@pytest.mark.parametrize("zone", ["lo", "1"])
async def test_zone_by_name_and_by_number(endpoint: Endpoint, zone: str) -> None:
    async with udp_peer(polite, "::1") as peer:
        there = await endpoint(peer.port, f"::1%{zone}")
        assert (await there.request(GET, "a")).payload == b"fine"
        assert peer.requests[0].opt.uri_host is None


@pytest.mark.parametrize("zone", ["nowhere", "77777", "9" * 30])
async def test_zone_that_is_none(endpoint: Endpoint, zone: str) -> None:
    with pytest.raises(UnreachableError, match=r"zone|interface"):
        await (await endpoint(5683, f"fe80::1%{zone}")).request(GET, "a")
