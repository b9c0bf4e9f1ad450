"""What CoAP endpoints say of themselves."""

import asyncio
from collections.abc import AsyncGenerator
import json
from typing import Any, override

from aiocoap import Code, Message
import cbor2
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.device_models.iot.connections.base import Capability
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
    describe as describe_module,
)
from custom_components.device_models.iot.connections.coap.describe import describe
from custom_components.device_models.iot.connections.coap.request import (
    Method,
    Response,
)
from custom_components.device_models.iot.errors import ModelError, UnreachableError
from custom_components.device_models.iot.formats import Loaded, load_document
from custom_components.device_models.iot.matching import match
from custom_components.device_models.iot.values import DataType
from simulators.behaviour import SimulatedDevice
from simulators.coap import CoapSimulator
from simulators.models import BUNDLED, load_model

from .coap_server import Content, bare_server
from .conftest import Connect, Endpoint
from .things import free_port, nothing_left, shown, thing

TD = {
    "@context": "https://www.w3.org/2022/wot/td/v1.1",
    "id": "urn:example:greenhouse",
    "title": "Greenhouse",
    "security": "nosec_sc",
    "securityDefinitions": {"nosec_sc": {"scheme": "nosec"}},
    "properties": {
        "temperature": {
            "type": "number",
            "readOnly": True,
            "forms": [{"href": "/t", "contentType": "text/plain"}],
        }
    },
}


class Things(Content):
    """A Thing Description, as servers differ about the option Accept."""

    def __init__(self, payload: bytes, *, refuses: Code | None = None) -> None:
        super().__init__(payload, 432)
        self._refuses = refuses

    @override
    async def render_get(self, request: Message) -> Message:
        if self._refuses is not None and request.opt.accept is not None:
            return Message(code=self._refuses)
        return await super().render_get(request)


def endpoint_with(
    links: str = "", things: Content | None = None, **resources: Content
) -> Any:
    """Return a server with a listing and a Thing Description."""
    known: dict[str, Content] = {}
    if links:
        known[".well-known__core"] = Content(links.encode(), 40)
    if things is not None:
        known[".well-known__wot"] = things
    return bare_server(**known, **resources)


def types(loaded: Loaded) -> dict[str, str]:
    return {name: leaf.type.value for name, leaf in loaded.model.leaves.items()}


def values(loaded: Loaded) -> Any:
    assert isinstance(loaded.document, dict)
    return loaded.document["values"]


def loads_again(loaded: Loaded) -> bool:
    document = json.loads(json.dumps(loaded.document))
    return load_document(document, "again").model == loaded.model


@pytest.mark.parametrize("refuses", [None, Code.NOT_ACCEPTABLE, Code.BAD_OPTION])
async def test_a_thing_description_is_taken_first(
    connect: Connect, refuses: Code | None
) -> None:
    things = Things(json.dumps(TD).encode(), refuses=refuses)
    async with endpoint_with("</t>;rt=temperature", things) as server:
        connection = await connect(server.port)
        assert Capability.DESCRIBE in connection.capabilities
        loaded = await connection.describe("")
    assert loaded.model.urn == "urn:example:greenhouse"
    assert types(loaded) == {"temperature": "NUMBER"}
    assert loads_again(loaded)


async def test_a_large_description_comes_in_blocks(connect: Connect) -> None:
    long = {**TD, "description": "A house of glass. " * 200}
    async with endpoint_with("", Things(json.dumps(long).encode())) as server:
        loaded = await (await connect(server.port)).describe("")
    assert loaded.model.description.startswith("A house of glass.")


async def test_described_device_is_read(connect: Connect) -> None:
    temperature = Content(b"21.5", 0)
    async with endpoint_with(
        "", Things(json.dumps(TD).encode()), t=temperature
    ) as server:
        connection = await connect(server.port)
        loaded = await connection.describe("")
        device = thing(connection, model=loaded.model, coap=loaded.layouts["coap"])
        await connection.read(device, loaded.model.readable)
        assert shown(device) == {"temperature": 21.5}


async def test_the_listing_may_name_the_thing_description(connect: Connect) -> None:
    links = '</house/about>;rt="wot.thing";ct=432,</house/t>'
    about = Things(json.dumps(TD).encode())
    async with endpoint_with(links, house__about=about) as server:
        loaded = await (await connect(server.port)).describe("house")
    assert loaded.model.urn == "urn:example:greenhouse"


async def test_an_unusable_thing_description_is_told_and_passed_over(
    connect: Connect,
) -> None:
    things = Things(b'{"@context": "https://www.w3.org/2022/wot/td/v1.1"}')
    async with endpoint_with("</t>", things, t=Content(b"21.5", 0)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert types(loaded) == {"t": "NUMBER"}
    assert any(remark.where == "/.well-known/wot" for remark in loaded.remarks)


async def test_any_other_object_there_is_no_thing_description(
    connect: Connect,
) -> None:
    things = Things(b'{"uptime": 12}')
    async with endpoint_with("</t>", things, t=Content(b"21.5", 0)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert types(loaded) == {"t": "NUMBER"}


@pytest.mark.parametrize(
    ("payload", "content_format", "value"),
    [
        (b"21.5", 0, 21.5),
        (b"21", None, 21),
        (b" 21 \n", 0, 21),
        (b"true", 0, True),
        (b"False", 0, False),
        (b"on", 0, "on"),
        (b"007", 0, "007"),
        (b'{"a": 1}', 0, {"a": 1}),
        (b"Hall", None, "Hall"),
        (b'{"a": {"b": "c"}}', 50, {"a": {"b": "c"}}),
        (cbor2.dumps({"a": 1.5}), 60, {"a": 1.5}),
        (b'[{"bn":"urn:dev:1:","n":"t","v":21.5}]', 110, 21.5),
        (
            b'[{"bn":"urn:dev:1:","n":"t","v":21.5},{"n":"h","v":40}]',
            110,
            {"t": 21.5, "h": 40},
        ),
        (b"", 0, None),
        (b"NaN", 0, None),
        (b"\xff\xfe", 0, None),
        (b"\x00\x01", 42, None),
        (b"\x89PNG", 22, None),
        (b"{", 50, None),
        (b"x" * 5000, 0, None),
    ],
)
async def test_values_by_content_format(
    connect: Connect, payload: bytes, content_format: int | None, value: Any
) -> None:
    async with endpoint_with("</x>", x=Content(payload, content_format)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert values(loaded) == ({} if value is None else {"/x": value})
    assert loads_again(loaded)


async def test_ipso_resources_are_known_by_their_numbers(connect: Connect) -> None:
    links = (
        '</3303/0/5700>;rt="oma.lwm2m";obs,</3303/0/5701>,</3/0/4>,</3/0/1>,'
        "</0/0/5>,</rd>;rt=core.rd,</.well-known/core>"
    )
    forbidden = Content(b"\x00key")
    server_with = endpoint_with(
        links,
        **{
            "3303__0__5700": Content(b"21.5", 0),
            "3303__0__5701": Content(b"Cel", 0),
            "3__0__1": Content(b"Fern 3", 0),
            "0__0__5": forbidden,
        },
    )
    async with server_with as server:
        loaded = await (await connect(server.port)).describe("")
    attribute = loaded.model.attribute("3303/0/5700")
    assert attribute.type is DataType.NUMBER
    assert attribute.unit == "Cel"
    assert loaded.model.name == "Fern 3"
    assert [action.name for action in loaded.model.actions] == ["3/0/4"]
    assert not forbidden.requests


async def test_what_cannot_be_read_is_left_out(connect: Connect) -> None:
    async with endpoint_with("</t>,</gone>", t=Content(b"1", 0)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert types(loaded).keys() == {"t"}
    assert any(remark.where == "/gone" for remark in loaded.remarks)


@pytest.mark.parametrize("failure", [Code.UNAUTHORIZED, Code.SERVICE_UNAVAILABLE])
async def test_what_gives_no_value_now_stays(connect: Connect, failure: Code) -> None:
    silent = Content(b"1", 0)
    silent.failure = failure
    async with endpoint_with("</a>,</b>", a=silent, b=Content(b"2", 0)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert types(loaded).keys() == {"a", "b"}
    assert values(loaded) == {"/b": 2}


async def test_only_what_is_below_the_base(connect: Connect) -> None:
    links = (
        "</room/t>,</room2/t>,</room>,<coap://other/room/x>,</room/%ff>,<//o/room/y>"
    )
    async with endpoint_with(
        links, room__t=Content(b"1", 0), room2__t=Content(b"2", 0)
    ) as server:
        loaded = await (await connect(server.port)).describe("/room/")
    assert values(loaded) == {"/room/t": 1}
    assert loaded.model.name == "room"


async def test_secrets_are_not_asked_for_and_not_kept(connect: Connect) -> None:
    password = Content(b"hunter2", 0)
    state = {
        "ssid": "home", "wifiPassword": "hunter2", "pin": 1234, "token": ["hunter2"],
        "nested": {"apiKey": "hunter2", "pinned": True, "secret": False},
    }  # fmt: skip
    async with endpoint_with(
        "</wifi/password>,</state>",
        wifi__password=password,
        state=Content(json.dumps(state).encode()),
    ) as server:
        loaded = await (await connect(server.port)).describe("")
    assert not password.requests
    assert "hunter2" not in repr(loaded)
    assert "1234" not in repr(loaded)
    assert values(loaded)["/state"] == {
        "ssid": "home", "wifiPassword": "", "pin": 0, "token": [""],
        "nested": {"apiKey": "", "pinned": True, "secret": False},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "asked"),
    [
        ("", True),
        (";ct=0", True),
        (';ct="22 50"', True),
        (";ct=22", False),
        (";sz=4096", True),
        (";sz=4097", False),
        (";sz=99999999999999999999", False),
        (";sz=some", True),
    ],
)
async def test_pictures_and_documents_are_not_asked_for(
    connect: Connect, attributes: str, asked: bool
) -> None:
    one = Content(b"1", 0)
    async with endpoint_with(f"</x>{attributes},</y>", x=one, y=one) as server:
        loaded = await (await connect(server.port)).describe("")
    assert ("/x" in values(loaded)) is asked


async def test_the_attributes_of_links_are_kept(connect: Connect) -> None:
    title = r"The \"big\" \\ one, or so; yes"
    links = f'</t>;title="{title}";if=core.p;obs'
    async with endpoint_with(links, t=Content(b"1", 0)) as server:
        loaded = await (await connect(server.port)).describe("")
    assert loaded.model.attribute("t").title == 'The "big" \\ one, or so; yes'


async def test_the_number_of_requests_is_bounded(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe_module, "MAX_ASKED", 3)
    one = Content(b"1", 0)
    resources = {f"r{number}": one for number in range(6)}
    links = ",".join(f"</{name}>" for name in resources)
    async with endpoint_with(links, **resources) as server:
        loaded = await (await connect(server.port)).describe("")
    assert len(one.requests) == 3
    assert len(types(loaded)) == 6


class Slow(Content):
    """A resource that takes its time."""

    @override
    async def render_get(self, request: Message) -> Message:
        await asyncio.sleep(0.15)
        return await super().render_get(request)


async def test_the_time_is_bounded(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe_module, "SECONDS", 0.4)
    slow = Slow(b"1", 0)
    resources = {f"r{number}": slow for number in range(8)}
    links = ",".join(f"</{name}>" for name in resources)
    async with endpoint_with(links, **resources) as server:
        loaded = await (await connect(server.port)).describe("")
    assert 0 < len(values(loaded)) < 8
    assert len(types(loaded)) == 8


class Mute(Content):
    """A resource that never answers."""

    @override
    async def render_get(self, request: Message) -> Message:
        await asyncio.sleep(5)
        return await super().render_get(request)


class Dying:
    """An endpoint that answers no more when it has given its first value."""

    def __init__(self, endpoint: CoapEndpoint) -> None:
        self._endpoint = endpoint
        self.address = endpoint.address
        self.asked: list[str] = []

    async def request(self, method: Method, path: str, **more: Any) -> Response:
        self.asked.append(path)
        if path in {"/b", "/c"}:
            raise UnreachableError(address=self.address, reason="no answer")
        return await self._endpoint.request(method, path, **more)


async def test_one_silent_resource_is_passed_over(connect: Connect) -> None:
    async with endpoint_with(
        "</a>,</b>", a=Mute(b"1", 0), b=Content(b"2", 0)
    ) as server:
        loaded = await (await connect(server.port)).describe("")
        assert values(loaded) == {"/b": 2}
        assert types(loaded).keys() == {"a", "b"}


async def test_an_endpoint_that_goes_away_is_described_as_far_as_it_got(
    endpoint: Endpoint,
) -> None:
    async with endpoint_with("</a>,</b>,</c>", a=Content(b"1", 0)) as server:
        dying: Any = Dying(await endpoint(server.port))
        loaded, _sign = await describe(dying, "")
    assert values(loaded) == {"/a": 1}
    assert dying.asked[-1] == "/b"


@pytest.fixture
async def room() -> AsyncGenerator[CoapSimulator]:
    device = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    async with CoapSimulator(device, speed=0, base="room") as running:
        yield running


async def test_a_simulated_device_is_recognised(
    connect: Connect, room: CoapSimulator
) -> None:
    connection = await connect(room.port)
    async with nothing_left(timers=False):
        loaded = await connection.describe("room")
    path = BUNDLED / "room_climate.json"
    bundled = load_document(json.loads(path.read_text()), "room_climate")
    assert match(bundled, loaded, "room").score == 100
    assert loads_again(loaded)


async def test_without_a_listing_the_state_is_asked_for(connect: Connect) -> None:
    state = Content(b'{"temperature": 21.5, "on": true}')
    async with endpoint_with(room__state=state) as server:
        loaded = await (await connect(server.port)).describe("room")
    assert values(loaded) == {"/room/state": {"temperature": 21.5, "on": True}}
    assert {name.rpartition(".")[2] for name in types(loaded)} == {"temperature", "on"}


@pytest.mark.parametrize(
    ("links", "base", "words"),
    [
        ("", "", ["GET /.well-known/wot: 4.04", "core: 4.04", "GET /state: 4.04"]),
        ("", "room", ["GET /room/state: 4.04"]),
        ("</kitchen/t>", "room", ["0 of 1 links are below it"]),
        ("this is no listing", "", ["2.05 (link 1: expected <target>"]),
        ("</gone>", "", ["GET /gone: 4.04"]),
    ],
)
async def test_nothing_there_is_told_with_what_was_asked(
    connect: Connect, links: str, base: str, words: list[str]
) -> None:
    async with endpoint_with(links) as server:
        connection = await connect(server.port)
        with pytest.raises(ModelError) as caught:
            await connection.describe(base)
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("base", ["a/../b", "%ff", "x" * 300])
async def test_a_base_that_is_no_path(connect: Connect, base: str) -> None:
    async with endpoint_with("</t>") as server:
        connection = await connect(server.port)
        with pytest.raises(ModelError, match="expected a path") as caught:
            await connection.describe(base)
    assert len(str(caught.value)) < 300


async def test_nobody_answers(endpoint: Endpoint) -> None:
    connection = CoapConnection(await endpoint(free_port()))
    with pytest.raises(UnreachableError):
        await connection.describe("")


class Answers:
    """An endpoint that answers as a test says, in a moment."""

    address = "coap://garbage:5683"

    def __init__(self, *payloads: tuple[bytes, int | None]) -> None:
        self._payloads = payloads
        self._asked = 0

    async def request(self, method: Method, path: str, **more: Any) -> Response:
        payload, content_format = self._payloads[self._asked % len(self._payloads)]
        self._asked += 1
        return Response("2.05", payload, content_format)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    things=st.binary(max_size=60),
    links=st.one_of(st.binary(max_size=60), st.just(b"</a>,</b>;ct=0,</3303/0/5700>")),
    payload=st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)),
    content_format=st.sampled_from([None, 0, 42, 50, 60, 110, 112]),
)
def test_garbage_gives_a_model_or_a_model_error(
    things: bytes, links: bytes, payload: bytes, content_format: int | None
) -> None:
    answers: Any = Answers((things, 432), (links, 40), (payload, content_format))
    try:
        said = asyncio.run(describe(answers, ""))[0].document
    except ModelError as err:
        said = str(err)
    assert len(json.dumps(said).encode()) < 4000
    assert not isinstance(said, str) or len(said) < 300


async def test_path_of_a_value_is_no_description(connect: Connect) -> None:
    air, whole = Content(b"21", 0), Content(b"occupied", 0)
    async with endpoint_with(
        "</room>,</room/air>", room=whole, room__air=air
    ) as server:
        loaded = await (await connect(server.port)).describe("room")
    assert loaded.format == "CoRE link listing"
    assert types(loaded) == {"air": "NUMBER"}
    assert not any("Thing" in str(remark) for remark in loaded.remarks)


async def test_path_of_a_description_comes_before_that_of_the_endpoint(
    connect: Connect,
) -> None:
    other = Content(json.dumps({**TD, "title": "Shed"}).encode(), 432)
    well_known = Things(json.dumps(TD).encode())
    async with endpoint_with("", well_known, things__shed=other) as server:
        connection = await connect(server.port)
        assert (await connection.describe("things/shed")).model.name == "Shed"
        assert (await connection.describe("")).model.name == "Greenhouse"
