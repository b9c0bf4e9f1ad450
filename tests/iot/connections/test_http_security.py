"""An HTTP server is shown who we are, and nobody else is."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
import json
import logging
from typing import Any, override

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.device_models.iot.connections.http import (
    Credentials,
    HttpConnection,
    HttpSettings,
    Scheme,
    server as server_module,
)
from custom_components.device_models.iot.connections.http.request import Request
from custom_components.device_models.iot.connections.http.unanswered import (
    UnansweredError,
    translated,
)
from custom_components.device_models.iot.errors import (
    CommunicationError,
    DeviceModelsError,
    UnauthorizedError,
    UnreachableError,
    ValueRefusedError,
)
from simulators.behaviour import SimulatedDevice
from simulators.http import HttpSimulator
from simulators.http_access import Access
from simulators.models import load_model

from .http_server import (
    Content,
    http_connection,
    http_server,
    value,
)
from .things import shown, thing

SECRET = "open.sesame/1+2"
NAME = "me"


def credentials(
    scheme: str, where: str = "header", url: str = "", secret: str = SECRET
) -> tuple[Credentials, ...]:
    """Return what the simulators want to be shown."""
    return (
        Credentials(
            scheme=Scheme(scheme),
            username=NAME,
            secret=secret,
            where=where,
            name="X-API-Key" if scheme == "apikey" else "",
            token_url=f"{url}oauth2/token" if scheme == "oauth2" else "",
        ),
    )


@pytest.fixture
def room() -> SimulatedDevice:
    """A room climate controller."""
    return SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)


@pytest.mark.parametrize(
    ("scheme", "where"),
    [
        ("basic", "header"),
        ("digest", "header"),
        ("bearer", "header"),
        ("oauth2", "header"),
        ("apikey", "header"),
        ("apikey", "query"),
        ("apikey", "cookie"),
    ],
)
async def test_every_scheme(
    room: SimulatedDevice,
    scheme: str,
    where: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    access = Access(scheme, NAME, SECRET, where=where)
    model = load_model("room_climate")
    async with HttpSimulator(room, speed=0, access=access) as simulator:
        url = simulator.url
        shown_ = credentials(scheme, where, url)
        async with http_connection(url, security=shown_) as connection:
            device = thing(connection, model=model)
            await connection.read(device, model.readable)
            assert device.values.keys() == model.readable
            assert not device.dropped
            await device.set("fanSpeed", 3)
            assert room.values["fanSpeed"] == 3
            refusals: list[int] = []
            connection.on_unauthorized = lambda: refusals.append(1)
            connection._server.on_unauthorized = connection.on_unauthorized
            trace = json.dumps(connection.trace(device))
            access.secret = "changed"
            access.tokens.clear()
            for _ in range(2):
                with pytest.raises(UnauthorizedError) as caught:
                    await connection.read(device, model.readable)
                assert SECRET not in str(caught.value)
            assert refusals == [1]
            access.secret = SECRET
            await connection.read(device, model.readable)
            assert device.online
        assert SECRET not in trace + caplog.text + repr(shown_)
        wrong = credentials(scheme, where, url, "wrong")
        with pytest.raises(UnauthorizedError):
            await reading(url, security=wrong)
        with pytest.raises(UnauthorizedError):
            await reading(url)


@dataclass
class Choice(Access):
    """Lets in with a digest, and says that it would with other things."""

    fields: Sequence[str] = ()
    """What it says; ``{own}`` stands for what it wants."""

    @override
    def challenge(self) -> web.Response:
        """Return the answer to those who do not show it."""
        answer = super().challenge()
        own = answer.headers.popone("WWW-Authenticate")
        for field in self.fields:
            answer.headers.add("WWW-Authenticate", field.format(own=own))
        return answer


@pytest.mark.parametrize(
    "fields",
    [
        ['Basic realm="things", {own}'],
        ["Negotiate, {own}"],
        ['Basic realm="things"', "{own}"],
        ['Basic realm="Digest realm=, Digest nonce=1", {own}'],
        ['{own}, Basic realm="things", charset = "UTF-8"'],
        ['Digest realm="x", nonce="1", algorithm=SHA-512-256, qop="auth", {own}'],
        ['Digest realm="x", nonce="1", algorithm=SHA-512-256', "Bearer", "{own}"],
    ],
)
async def test_digest_among_other_schemes(
    room: SimulatedDevice, fields: list[str]
) -> None:
    access = Choice("digest", NAME, SECRET, fields=fields)
    async with HttpSimulator(room, speed=0, access=access) as simulator:
        await reading(simulator.url, security=credentials("digest"))
        with pytest.raises(UnauthorizedError):
            await reading(simulator.url, security=credentials("digest", secret="no"))


@pytest.mark.parametrize(
    "field",
    [
        'Basic realm="things"',
        "Digest",
        "Digest ,",
        'Digest realm="' + 9_000 * "x",
        'Digest realm="x", nonce="1", algorithm=SHA-512-256',
        ", ,, =",
    ],
)
async def test_digest_is_not_what_the_server_takes(
    room: SimulatedDevice, field: str
) -> None:
    access = Choice("digest", NAME, SECRET, fields=[field])
    async with HttpSimulator(room, speed=0, access=access) as simulator:
        with pytest.raises(CommunicationError):
            await reading(simulator.url, security=credentials("digest"))


async def reading(url: str, **settings: Any) -> None:
    """Open a connection, and read what it describes."""
    async with http_connection(url, **settings) as connection:
        found = await connection.describe("")  # it tells that to anybody
        device = thing(connection, model=found.model, http=found.layouts["http"])
        await connection.read(device, {"temperature"})


async def test_wrong_credentials_are_told_early() -> None:
    async def handle(request: web.Request) -> web.Response:
        right = request.headers.get("Authorization") == f"Bearer {SECRET}"
        return web.Response(status=200 if right else 401)

    async with http_server({"/": handle, "/.well-known/wot": value({})}) as server:
        async with http_connection(server.url, security=credentials("bearer")):
            pass
        with pytest.raises(UnauthorizedError):
            async with http_connection(
                server.url, security=credentials("bearer", secret="no")
            ):
                pass


async def test_all_of_several() -> None:
    level = value(3)
    both = (*credentials("basic"), *credentials("apikey", "query"))
    async with (
        http_server({"/level": level}) as server,
        http_connection(server.url, security=both) as connection,
    ):
        device = thing(connection, http={"state": False})
        await connection.read(device, {"level"})
        (request,) = level.requests
        assert request.headers["Authorization"].startswith("Basic ")
        assert request.query == {"X-API-Key": SECRET}


async def test_names_that_were_chosen() -> None:
    level = value(3)
    some = (
        Credentials(scheme=Scheme.BEARER, secret="b", name="X-Token"),
        Credentials(scheme=Scheme.BEARER, secret="q", where="query"),
        Credentials(scheme=Scheme.APIKEY, secret="c d", where="cookie", name="k"),
    )
    async with (
        http_server({"/level": level}) as server,
        http_connection(server.url, security=some) as connection,
    ):
        await connection.read(thing(connection, http={"state": False}), {"level"})
        (request,) = level.requests
        assert request.headers["X-Token"] == "b"
        assert request.query == {"access_token": "q"}
        assert request.headers["Cookie"] == "k=c d"


# Nobody else is shown it


@pytest.mark.parametrize("where", ["header", "query", "cookie"])
async def test_other_hosts_are_shown_nothing(where: str) -> None:
    secret, public = value(1, status=401), value(3)
    async with http_server({"/secret": secret, "/public": public}) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")

        async def moved(_request: web.Request) -> web.Response:
            raise web.HTTPFound(f"{elsewhere}/public")

        async with (
            http_server({"/moved": moved}) as server,
            http_connection(
                server.url, security=credentials("apikey", where)
            ) as connection,
        ):
            layout = {
                "state": False,
                "attributes": {
                    "level": f"{elsewhere}/secret",
                    "temperature": f"{elsewhere}/public",
                    "label": "moved",
                },
            }
            device = thing(connection, http=layout)
            problems: dict[str, str] = {}
            device.on_problem(lambda name, why: problems.update({name: why}))
            await connection.read(device, {"level", "temperature"})
            assert shown(device) == {"temperature": 3}
            assert "credentials are not sent to other hosts" in problems["level"]
            with pytest.raises(DeviceModelsError, match="not sent to other hosts"):
                await device.set("level", 3)
            await connection.read(device, {"label"})
        for request in (*secret.requests, *public.requests):
            assert SECRET not in f"{request.url} {dict(request.headers)}"


async def test_refusal_of_another_host_is_not_ours() -> None:
    refusals: list[bool] = []
    async with (
        http_server({"/level": value(1, status=401)}) as other,
        http_server() as server,
        aiohttp.ClientSession() as session,
    ):
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        settings = HttpSettings(url=server.url, security=credentials("bearer"))
        connection = HttpConnection(session, settings)
        connection.on_unauthorized = lambda: refusals.append(True)
        await connection.open()
        layout = {"state": False, "attributes": {"level": f"{elsewhere}/level"}}
        device = thing(connection, http=layout)
        device.receive({"level": 3})
        await connection.read(device, {"level"})
        assert not shown(device)
        assert not refusals
        await connection.close()


async def test_other_ports_of_the_host_are_shown_it() -> None:
    level = value(3)
    async with (
        http_server({"/level": level}) as other,
        http_server() as server,
        http_connection(server.url, security=credentials("bearer")) as connection,
    ):
        layout = {"state": False, "attributes": {"level": f"{other.url}/level"}}
        await connection.read(thing(connection, http=layout), {"level"})
        assert SECRET in level.requests[0].headers["Authorization"]


# Tokens


@pytest.fixture
async def session() -> AsyncGenerator[Any]:
    """Make a session."""
    async with aiohttp.ClientSession() as session:
        yield session


async def test_token_is_got_again_when_it_ends() -> None:
    tokens = iter(range(9))
    given: list[dict[str, Any]] = []

    async def give(request: web.Request) -> web.Response:
        form = dict(await request.post())
        given.append({**form, "basic": "Authorization" in request.headers})
        if given[-1]["basic"]:
            return web.json_response({"error": "invalid_client"}, status=401)
        answer = {"access_token": f"t{next(tokens)}", "expires_in": lifetime}
        return web.json_response(answer)

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.json_response(3, status=200 if seen[-1] not in ended else 401)

    seen: list[str] = []
    ended: set[str] = set()
    lifetime: float = 100
    one = Credentials(
        scheme=Scheme.OAUTH2,
        username=NAME,
        secret=SECRET,
        token_url="/token",
        scopes=("a", "b"),
    )
    handlers = {"/token": give, "/level": handle, "/": handle}
    async with (
        http_server(handlers) as server,
        http_connection(server.url, security=(one,)) as connection,
    ):
        device = thing(connection, http={"state": False})
        await connection.read(device, {"level"})
        assert seen == ["Bearer t0"] * 2
        # Some want the credentials in the form, and not as all have to know it.
        assert [one["basic"] for one in given] == [True, False]
        assert given[1] == {
            "grant_type": "client_credentials",
            "scope": "a b",
            "client_id": NAME,
            "client_secret": SECRET,
            "basic": False,
        }
        ended.add("Bearer t0")
        lifetime = 0
        await connection.read(device, {"level"})
        assert seen[2:] == ["Bearer t0", "Bearer t1"]
        await connection.read(device, {"level"})
        assert seen[4:] == ["Bearer t2"]


@pytest.mark.parametrize("lifetime", ["100", "9" * 400, "1e999", "NaN", "-1"])
async def test_token_that_comes_in_pieces(lifetime: str) -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"access_token": "abc", ')
        await asyncio.sleep(0.05)
        await response.write(f'"expires_in": {lifetime}}}'.encode())
        return response

    level = value(3)
    one = Credentials(scheme=Scheme.OAUTH2, secret=SECRET, token_url="/token")
    async with (
        http_server({"/token": give, "/level": level}) as server,
        http_connection(server.url, security=(one,)) as connection,
    ):
        await connection.read(thing(connection, http={"state": False}), {"level"})
        assert level.requests[0].headers["Authorization"] == "Bearer abc"


async def test_token_that_has_no_end() -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 65_536)
        return response

    one = Credentials(scheme=Scheme.OAUTH2, secret=SECRET, token_url="/token")
    async with http_server({"/token": give}) as server:
        with pytest.raises(UnreachableError, match="no token"):
            async with http_connection(server.url, security=(one,)):
                pass


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Content(b"{}"), UnreachableError),
        (Content(b"["), UnreachableError),
        (Content(b'{"access_token": 1}'), UnreachableError),
        (Content(b'{"access_token": "a\\nb"}'), UnreachableError),
        (Content(b"", status=500), UnreachableError),
        (Content(b"", status=302, headers={"Location": "/"}), UnreachableError),
        (Content(b"{}", status=400), UnauthorizedError),
    ],
)
async def test_token_that_is_not_given(
    answer: Content, error: type[DeviceModelsError]
) -> None:
    async with http_server({"/token": answer}) as server:
        one = Credentials(
            scheme=Scheme.OAUTH2, secret=SECRET, token_url=f"{server.url}/token"
        )
        with pytest.raises(error, match="/token") as caught:
            async with http_connection(server.url, security=(one,)):
                pass
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"scheme": Scheme.APIKEY, "where": "body"}, "where: expected one of header"),
        ({"scheme": Scheme.APIKEY, "where": "cookie"}, "name: expected the name of"),
        ({"scheme": Scheme.BASIC, "username": "a:b"}, "username: expected a name"),
        ({"scheme": Scheme.DIGEST, "username": "a:b"}, "username: expected a name"),
        ({"scheme": Scheme.BEARER, "secret": "a\r\nb"}, "secret: expected printable"),
        ({"scheme": Scheme.OAUTH2}, "token_url: expected an address"),
        ({"scheme": Scheme.OAUTH2, "token_url": "http://x/"}, "https://"),
        ({"scheme": Scheme.OAUTH2, "token_url": "http://["}, "https://"),
        ({"scheme": Scheme.OAUTH2, "token_url": "https://a:b@x/"}, "without user"),
    ],
)
async def test_what_cannot_be_shown(
    given: dict[str, Any], problem: str, session: Any
) -> None:
    settings = HttpSettings(url="http://h", security=(Credentials(**given),))
    with pytest.raises(ValueRefusedError, match=problem):
        HttpConnection(session, settings)


async def test_nothing_is_shown_without_tls_that_was_with_it(session: Any) -> None:
    settings = HttpSettings(url="https://h", security=credentials("bearer"))
    server = server_module.HttpServer(session, settings)
    for url, own in (
        ("https://h/x", True),
        ("https://h:8443/x", True),
        ("wss://h/x", True),
        ("http://h/x", False),
        ("ws://h/x", False),
        ("https://h.evil/x", False),
    ):
        assert server.is_own(URL(url)) is own


async def test_what_aiohttp_does_not_send_is_told_without_its_words() -> None:
    class Open:
        closed = False

    request = Request(url=URL("http://192.0.2.1/on"))
    with pytest.raises(UnansweredError, match="cannot be asked that") as caught:
        async with translated(request, Open()):
            raise ValueError("Newline in header: " + SECRET)
    assert SECRET not in str(caught.value)
