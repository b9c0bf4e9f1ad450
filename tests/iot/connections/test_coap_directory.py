"""What can be found on CoAP endpoints: things, and registered endpoints."""

from collections.abc import AsyncGenerator
import json
import socket
import sys
from typing import override

from aiocoap import Message
import pytest

from custom_components.device_models.iot.connections.base import Capability, Found
from custom_components.device_models.iot.connections.coap import directory as module
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.errors import ModelError, UnreachableError
from custom_components.device_models.iot.formats.ipso.links import parse_links

from .coap_server import Content, bare_server
from .conftest import Connect, Endpoint
from .programs import running
from .test_coap_describe import TD
from .test_libcoap import answers
from .things import free_port

LINKS = 40


class Lookup(Content):
    """The endpoint lookup of a Resource Directory, in pages if those are asked for."""

    def __init__(self, *links: str, pages: bool = True) -> None:
        super().__init__()
        self.links = links
        self.pages = pages

    @override
    async def render_get(self, request: Message) -> Message:
        self.requests.append(request)
        query = dict(one.split("=") for one in request.opt.uri_query)
        links = self.links
        if self.pages:
            page, count = int(query.get("page", 0)), int(query.get("count", 1000))
            links = links[page * count : (page + 1) * count]
        return Message(payload=",".join(links).encode(), content_format=LINKS)


def listing(*links: str) -> Content:
    """Return what an endpoint lists."""
    return Content(",".join(links).encode(), LINKS)


LOOKUP = '</rd-lookup/ep>;rt="core.rd-lookup-ep";ct=40'


def registered(number: int) -> list[str]:
    """Return endpoints as a lookup has them."""
    return [
        f'</rd/{one}>;ep="node{one}";base="coap://192.0.2.{one}:5683";rt="core.rd-ep"'
        for one in range(1, number + 1)
    ]


async def test_things_of_an_endpoint(connect: Connect) -> None:
    core = listing(
        '</lamp>;rt="wot.thing";ct=432;title="A lamp"',
        '</fan>;rt="x wot.thing"',
        '<coap://192.0.2.1/far>;rt="wot.thing"',
        "</lamp/on>",
    )
    fan = {**TD, "title": "Fan"}
    async with bare_server(
        **{".well-known__core": core, ".well-known__wot": Content(b"{}", 432)},
        lamp=Content(json.dumps(TD).encode(), 432),
        fan=Content(json.dumps(fan).encode(), 50),
    ) as server:
        connection = await connect(server.port)
        assert Capability.DISCOVER in connection.capabilities
        found = await connection.discover()
        assert found == [
            Found("/lamp", "A lamp", base=""),
            Found("/fan", "/fan", base=""),
        ]
        models = [await connection.describe(one.reference) for one in found]
        assert [one.model.name for one in models] == ["Greenhouse", "Fan"]


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("number", [0, 3, 120])
async def test_endpoints_of_a_directory(
    connect: Connect, number: int, pages: bool
) -> None:
    lookup = Lookup(*registered(number), pages=pages)
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": lookup}
    ) as server:
        found = await (await connect(server.port)).discover()
    assert found == [
        Found("", f"node{one}", address=f"coap://192.0.2.{one}:5683")
        for one in range(1, number + 1)
    ]
    assert len(lookup.requests) <= 3


async def test_huge_directory_is_cut(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PAGES", 2)
    lookup = Lookup(*registered(250))
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": lookup}
    ) as server:
        connection = await connect(server.port)
        assert len(await connection.discover()) == 100
        monkeypatch.setattr(module, "MAX_FOUND", 7)
        assert len(await connection.discover()) == 7


@pytest.mark.parametrize(
    ("link", "name", "address"),
    [
        (
            '</rd/1>;ep="a";d="lab";base="coap://h.example"',
            "a (lab)",
            "coap://h.example",
        ),
        (
            '</rd/1>;base="coaps://[2001:db8::1]:61616"',
            "[2001:db8::1]:61616",
            "coaps://[2001:db8::1]:61616",
        ),
        ('</rd/1>;ep="a";base="coap+tcp://h/x"', "a", "coap+tcp://h"),
    ],
)
async def test_where_an_endpoint_is(
    connect: Connect, link: str, name: str, address: str
) -> None:
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": Lookup(link)}
    ) as server:
        found = await (await connect(server.port)).discover()
    assert found == [Found("", name, address=address)]


async def test_endpoints_that_cannot_be_asked_are_left_out(connect: Connect) -> None:
    links = [
        '</rd/1>;ep="a"',
        '</rd/2>;ep="b";base="http://192.0.2.1"',
        '</rd/3>;ep="c";base="coap://user@192.0.2.1"',
        '</rd/4>;ep="d";base="coap://[::1"',
        '</rd/5>;ep="e";base="coap://h:99999"',
        '</rd/6>;ep="f";base="coap://h:0"',
    ]
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": Lookup(*links)}
    ) as server:
        assert await (await connect(server.port)).discover() == []


async def test_endpoint_that_is_registered_on_itself(connect: Connect) -> None:
    lookup = Lookup()
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": lookup}
    ) as server:
        own = f"coap://127.0.0.1:{server.port}"
        lookup.links = (f'</rd/1>;ep="me";base="{own}/sub"',)
        assert await (await connect(server.port)).discover() == [Found("sub", "me")]


@pytest.mark.parametrize(
    "core", [Content(b"<", LINKS), Content(b"x", 0), None, Content(b"", LINKS)]
)
async def test_endpoint_that_lists_nothing(
    connect: Connect, core: Content | None
) -> None:
    resources = {} if core is None else {".well-known__core": core}
    async with bare_server(**resources) as server:
        connection = await connect(server.port)
        if core is not None and not core.payload:
            assert await connection.discover() == []
        else:
            with pytest.raises(ModelError, match=r"/\.well-known/core"):
                await connection.discover()


async def test_directory_whose_lookup_fails(connect: Connect) -> None:
    lookup = Lookup()
    lookup.render_get = Content(b"<", LINKS).render_get  # type: ignore[method-assign]
    async with bare_server(
        **{".well-known__core": listing(LOOKUP), "rd-lookup__ep": lookup}
    ) as server:
        connection = await connect(server.port)
        with pytest.raises(ModelError, match="/rd-lookup/ep"):
            await connection.discover()
        await server.stop()
        with pytest.raises(UnreachableError):
            await connection.discover()


@pytest.fixture
async def rd(endpoint: Endpoint) -> AsyncGenerator[int]:
    """Run aiocoap's Resource Directory; returns its port."""
    port = free_port(socket.SOCK_DGRAM)
    command = [sys.executable, "-m", "aiocoap.cli.rd", "--bind", f"127.0.0.1:{port}"]
    with running(*command):
        await answers(endpoint, port)
        yield port


async def test_directory_of_another_make(
    connect: Connect, endpoint: Endpoint, rd: int
) -> None:
    node = await endpoint(rd)
    listed = await node.request(Method.GET, ".well-known/core")
    (place,) = (
        link.target
        for link in parse_links(listed.payload.decode())
        if "core.rd" in link.terms("rt")
    )
    made = await node.request(
        Method.POST,
        f"{place}?ep=boiler&d=cellar&base=coap://127.0.0.1:9999",
        payload=b"</3303/0/5700>;rt=oma.lwm2m",
        content_format=LINKS,
    )
    assert made.success, made.answer
    found = await (await connect(rd)).discover()
    assert found == [Found("", "boiler (cellar)", address="coap://127.0.0.1:9999")]
