"""Nodes that give the values of an object in one answer."""

import json
from typing import Any, override

from aiocoap import Code, Message
import cbor2
import pytest

from custom_components.device_models.iot.connections.coap.packs import (
    instances_of,
    resource_in,
)
from custom_components.device_models.iot.formats.ipso.links import parse_links

from .coap_server import BareServer, Content, bare_server
from .conftest import Connect
from .things import shown, thing

CBOR, JSON, TEXT = 112, 110, 0

TEMPERATURE: list[dict[str, Any]] = [
    {"bn": "/3303/0/", "n": "5700", "u": "Cel", "v": 21.5},
    {"n": "5601", "v": 18},
    {"n": "5750", "vs": "Cellar"},
]
LABELS = {"bn": -2, "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4}

LISTED = "</3303/0/5700>;obs,</3303/0/5601>,</3303/0/5602>,</3303/0/5750>"


class Instance(Content):
    """An instance of an object, in the formats that its node has."""

    def __init__(self, records: list[dict[str, Any]], *formats: int) -> None:
        super().__init__()
        self.records = records
        self.formats = formats

    @override
    async def render_get(self, request: Message) -> Message:
        self.requests.append(request)
        accept = request.opt.accept
        if accept not in self.formats:
            return Message(code=Code.NOT_ACCEPTABLE)
        if accept == JSON:
            payload = json.dumps(self.records).encode()
        else:
            short = [
                {LABELS[key]: it for key, it in one.items()} for one in self.records
            ]
            payload = cbor2.dumps(short)
        return Message(payload=payload, content_format=accept)


def node(links: str, instance: Content | None = None, **resources: Content) -> Any:
    """Return a node with one temperature, and what else it has."""
    known: dict[str, Content] = {".well-known__core": Content(links.encode(), 40)}
    if instance is not None:
        known["3303__0"] = instance
    return bare_server(**known, **resources)


def values_of(server: BareServer, *path: str) -> list[Message]:
    """Return how often the value of a resource was asked for."""
    return server.resources[path].requests


@pytest.mark.parametrize("formats", [(CBOR,), (JSON,), (JSON, CBOR)])
async def test_an_instance_is_read_in_one_request(
    connect: Connect, formats: tuple[int, ...]
) -> None:
    instance = Instance(TEMPERATURE, *formats)
    highest = Content(b"25", TEXT)
    async with node(
        LISTED,
        instance,
        **{"3303__0__5700": Content(b"22", TEXT), "3303__0__5602": highest},
    ) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        assert values_of(server, "3303", "0", "5700") == []
        units = {name: leaf.unit for name, leaf in loaded.model.leaves.items()}
        assert units["3303/0/5700"] == units["3303/0/5602"] == "Cel"
        title = loaded.model.leaves["3303/0/5700"].title
        assert title == "Cellar"
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        before, asked = len(instance.requests), len(highest.requests)
        await connection.read(device, device.model.readable)
        assert len(instance.requests) == before + 1
        # What is not in the pack is asked for by itself.
        assert len(highest.requests) == asked + 1
        assert values_of(server, "3303", "0", "5700") == []
        assert shown(device) == {
            "3303/0/5700": 21.5,
            "3303/0/5601": 18,
            "3303/0/5602": 25,
            "3303/0/5750": "Cellar",
        }


async def test_a_pack_shows_what_is_in_an_object_that_is_listed_alone(
    connect: Connect,
) -> None:
    records = [*TEMPERATURE, {"n": "6040", "v": 1}, {"n": "5605/0", "v": 1}]
    async with node('</3303>;ver="1.1"', Instance(records, JSON)) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        assert set(loaded.model.leaves) == {
            "3303/0/5700",
            "3303/0/5601",
            "3303/0/5750",
        }
        assert [str(one) for one in loaded.remarks] == [
            "/3303/0/6040: it is not known what it is; left out"
        ]
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        await connection.read(device, device.model.readable)
        assert shown(device)["3303/0/5700"] == 21.5


async def test_what_no_longer_gives_a_pack_is_read_one_by_one(
    connect: Connect,
) -> None:
    instance = Instance(TEMPERATURE, JSON)
    single = {
        "3303__0__5700": Content(b"22", TEXT),
        "3303__0__5601": Content(b"17", TEXT),
        "3303__0__5750": Content(b"Attic", TEXT),
    }
    async with node("</3303/0>", instance, **single) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        instance.formats = ()
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        before = len(instance.requests)
        await connection.read(device, device.model.readable)
        assert shown(device) == {
            "3303/0/5700": 22,
            "3303/0/5601": 17,
            "3303/0/5750": "Attic",
        }
        await connection.read(device, device.model.readable)
        assert len(instance.requests) == before + 1  # not in vain again


async def test_nodes_without_packs_are_not_asked_for_long(connect: Connect) -> None:
    many = ",".join(
        f"</3303/{number}/{one}>" for number in range(9) for one in (5700, 5601)
    )
    instance = Content(b"[]", 50)
    async with node(many, instance) as server:
        await (await connect(server.port)).describe("")
        asked = [request.opt.accept for request in instance.requests]
        assert asked == [CBOR, JSON]


@pytest.mark.parametrize(
    "payload",
    [b"{", b"[]", b'[{"n": "x", "v": 1}]', b'[{"bn": "/3304/0/5700", "v": 1}]'],
)
async def test_pack_of_no_use(connect: Connect, payload: bytes) -> None:
    instance = Content(payload, JSON)
    async with node(
        LISTED, instance, **{"3303__0__5700": Content(b"22", TEXT)}
    ) as server:
        loaded = await (await connect(server.port)).describe("")
        layout: Any = loaded.layouts["coap"]
        assert "packs" not in layout
        assert set(loaded.model.leaves) > {"3303/0/5700"}


async def test_writes_go_to_the_resource_itself(connect: Connect) -> None:
    records = [
        {"bn": "/3311/0/", "n": "5850", "vb": False},
        {"n": "5851", "v": 50},
    ]
    level = Content(b"50", TEXT)
    async with bare_server(
        **{
            ".well-known__core": Content(b"</3311/0>", 40),
            "3311__0": Instance(records, CBOR),
            "3311__0__5851": level,
        }
    ) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        await connection.read(device, device.model.readable)
        assert shown(device) == {"3311/0/5850": False, "3311/0/5851": 50}
        await device.set("3311/0/5851", 70)
        (written,) = level.asked(Code.PUT)
        assert (written.payload, written.opt.content_format) == (b"70", TEXT)


async def test_members_of_a_pack_of_the_nodes_own_have_units(connect: Connect) -> None:
    pack = [
        {"bn": "urn:dev:mac:0024befffe804ff1:", "n": "air", "u": "Cel", "v": 21.5},
        {"n": "damp", "u": "%RH", "v": 40},
        {"n": "door", "vb": True},
    ]
    one = [{"n": "water", "u": "m", "v": 2}]
    async with node(
        "</sensors>;ct=110,</depth>;ct=110",
        sensors=Content(json.dumps(pack).encode(), JSON),
        depth=Content(json.dumps(one).encode(), JSON),
    ) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        assert {name: leaf.unit for name, leaf in loaded.model.leaves.items()} == {
            "sensors.air": "Cel",
            "sensors.damp": "%RH",
            "sensors.door": None,
            "depth": "m",
        }
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        await connection.read(device, device.model.readable)
        assert shown(device) == {
            "sensors.air": 21.5,
            "sensors.damp": 40,
            "sensors.door": True,
            "depth": 2,
        }


@pytest.mark.parametrize(
    ("links", "instances"),
    [
        ("</3303/0/5700>", []),  # one value is one request
        ("</3303/0/5700>,</3303/0/5601>", ["/3303/0"]),
        ("</3303/0>", ["/3303/0"]),
        ("</3303>", ["/3303/0"]),
        ("</3303>,</3303/1>", ["/3303/1"]),
        ("</3303>,</3303/0/5700>", []),
        ("</dev/3303/0>,</dev/3304/0>", ["/dev/3303/0", "/dev/3304/0"]),
        ("</9/1>,</temp>,</a/3303b/1>", []),
    ],
)
def test_instances_that_are_asked(links: str, instances: list[str]) -> None:
    assert instances_of(parse_links(links)) == instances


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("5700", "/3303/0/5700"),
        ("/3303/0/5700", "/3303/0/5700"),
        ("urn:dev:mac:00:/3303/0/5700", "/3303/0/5700"),
        ("/3303/0/5700/1", None),
        ("/3304/0/5700", None),
        ("temperature", None),
    ],
)
def test_names_in_packs(name: str, path: str | None) -> None:
    assert resource_in("/3303/0", name) == path
