"""Brokers behind TLS."""

from collections.abc import AsyncGenerator
import logging
from pathlib import Path
import time

from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.device_models.iot.connections.mqtt import (
    Message,
)
from custom_components.device_models.iot.connections.tls import TlsFiles
from custom_components.device_models.iot.errors import (
    UnreachableError,
)

from .certificates import Authority, private
from .mosquitto import MOSQUITTO, VERSIONS, Mosquitto, Open, attempt, mosquitto
from .things import free_port, nothing_left, until


@pytest.fixture
def home() -> Authority:
    """Return an authority made at home."""
    return Authority()


@pytest.fixture
async def secure(
    peer_program: str, tmp_path: Path, home: Authority, request: pytest.FixtureRequest
) -> AsyncGenerator[Mosquitto]:
    """Run a broker with TLS; it may want certificates of its clients."""
    pair = home.sign("localhost")
    for name, text in (
        ("ca.pem", home.certificate),
        ("broker.pem", pair.certificate),
        ("broker.key", pair.key),
    ):
        (tmp_path / name).write_text(text)
    with mosquitto(
        peer_program,
        tmp_path,
        "allow_anonymous true",
        f"cafile {tmp_path / 'ca.pem'}",
        f"certfile {tmp_path / 'broker.pem'}",
        f"keyfile {tmp_path / 'broker.key'}",
        *request.param,
    ) as running:
        await running.ready()
        yield running


OPEN_TO_ALL = pytest.mark.parametrize("secure", [()], indirect=True)
CLIENTS_SIGNED = pytest.mark.parametrize(
    "secure", [("require_certificate true",)], indirect=True
)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
@VERSIONS
async def test_broker_with_a_certificate_of_a_private_authority(
    secure: Mosquitto, home: Authority, version: str, opened: Open
) -> None:
    client = await opened(
        secure.port, version=version, tls=TlsFiles(ca=home.certificate)
    )
    assert client.address == f"mqtts://127.0.0.1:{secure.port}"
    heard: list[Message] = []
    await client.subscribe("a", heard.append)
    await client.publish("a", b"x" * 100_000)
    await until(lambda: heard)
    assert len(heard[0].payload) == 100_000


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_certificate_of_somebody_else(secure: Mosquitto) -> None:
    async with nothing_left():
        for tls in (TlsFiles(), TlsFiles(ca=Authority("Other").certificate)):
            with pytest.raises(UnreachableError, match="certificate verify failed"):
                await attempt(secure.port, tls=tls)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_certificate_for_another_name(
    peer_program: str, secure: Mosquitto, tmp_path: Path, home: Authority
) -> None:
    secure.kill()
    pair = home.sign("elsewhere", "192.0.2.1")
    (tmp_path / "broker.pem").write_text(pair.certificate)
    (tmp_path / "broker.key").write_text(pair.key)
    await secure.start()
    with pytest.raises(UnreachableError, match=r"not valid for '127\.0\.0\.1'"):
        await attempt(secure.port, tls=TlsFiles(ca=home.certificate))


@pytest.mark.peer
@MOSQUITTO
@CLIENTS_SIGNED
async def test_client_with_a_certificate(secure: Mosquitto, home: Authority) -> None:
    pair = home.sign("client")
    async with nothing_left():
        tls = TlsFiles(home.certificate, pair.certificate, pair.key)
        await attempt(secure.port, tls=tls)
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="certificate required"):
            await attempt(secure.port, tls=TlsFiles(home.certificate))
        assert time.monotonic() - began < 2
    assert pair.key not in repr(tls)


@pytest.mark.peer
@MOSQUITTO
@OPEN_TO_ALL
async def test_plain_client_at_a_secure_broker_and_the_reverse(
    peer_program: str, secure: Mosquitto, tmp_path: Path, home: Authority
) -> None:
    async with nothing_left():
        with pytest.raises(
            UnreachableError, match=r"reset by peer|closed the connection"
        ):
            await attempt(secure.port)
    (tmp_path / "plain").mkdir()
    with mosquitto(peer_program, tmp_path / "plain") as plain:
        await plain.ready()
        async with nothing_left():
            with pytest.raises(UnreachableError, match=r"reset by peer|EOF|SSL"):
                await attempt(plain.port, tls=TlsFiles(home.certificate))


def encrypted_key() -> str:
    return private(ec.generate_private_key(ec.SECP256R1()), b"secret")


@pytest.mark.parametrize(
    ("tls", "problem"),
    [
        (TlsFiles(ca="no certificate"), "the CA certificate is not usable"),
        (TlsFiles(ca="\N{SNOWMAN}"), "the CA certificate is not usable"),
        (TlsFiles(certificate="nonsense"), "the client certificate and its key"),
        (
            TlsFiles(certificate=Authority().sign("a").certificate),
            "the client certificate and its key",
        ),
        (
            TlsFiles(None, Authority().sign("a").certificate, encrypted_key()),
            "the client certificate and its key",
        ),
        (
            TlsFiles(
                None, Authority().sign("a").certificate, Authority().sign("b").key
            ),
            "the client certificate and its key",
        ),
    ],
)
async def test_parts_of_tls_that_are_none(tls: TlsFiles, problem: str) -> None:
    async with nothing_left():
        with pytest.raises(UnreachableError, match=problem):
            await attempt(free_port(), tls=tls)


@pytest.mark.peer
@MOSQUITTO
async def test_trouble_of_the_network_is_not_logged(
    broker: Mosquitto, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    states: list[bool] = []
    await opened(broker.port, states.append)
    broker.kill()
    await until(lambda: states == [False])
    await broker.start()
    await until(lambda: states == [False, True])
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
