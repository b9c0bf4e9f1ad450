"""What an address on the command line is about, and how it is asked."""

import argparse
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from getpass import getpass
import os
import sys
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import aiohttp

from custom_components.device_models.iot.connections.base import Connection
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    CoapEndpoint,
)
from custom_components.device_models.iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
)
from custom_components.device_models.iot.connections.tls import TlsFiles
from custom_components.device_models.iot.fetching import load_url
from custom_components.device_models.iot.formats import Loaded

PASSWORD_VARIABLE: Final = "DEVICE_MODELS_PASSWORD"  # noqa: S105  (its name)
"""The environment variable that may hold the password."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked."""

    shown: str
    """The address for people, without secrets."""
    base: str
    ask: Callable[[], Awaitable[Loaded]]


def target_of(options: argparse.Namespace) -> Target:
    """Return what an address is about.

    Raises:
        ValueError: it is none that can be asked; the message repeats no password.
        OSError: the file with the password cannot be read.

    """
    uri = urlsplit(options.uri)
    if uri.password is not None:
        raise ValueError(
            "a password is seen by everybody on a command line: use "
            f"{PASSWORD_VARIABLE} or --password-file"
        )
    make = _SCHEMES.get(uri.scheme)
    if make is None or not uri.hostname:
        raise ValueError(f"expected {', '.join(f'{one}://' for one in _SCHEMES)}HOST …")
    return make(uri, options)


def _coap(uri: SplitResult, _options: argparse.Namespace) -> Target:
    """Return a CoAP endpoint."""
    _must_be_plain(uri)
    if uri.username is not None:
        raise ValueError("expected an address without a user name")
    endpoint = CoapEndpoint(uri.hostname or "", uri.port or 5683)
    base = uri.path.strip("/")
    shown = f"{endpoint.address}/{base}"
    return Target(shown, base, lambda: _described(CoapConnection(endpoint), base))


def _mqtt(uri: SplitResult, options: argparse.Namespace) -> Target:
    """Return a topic of a broker."""
    _must_be_plain(uri)
    secure = uri.scheme == "mqtts"
    username = unquote(uri.username) if uri.username else None
    settings = BrokerSettings(
        host=uri.hostname or "",
        port=uri.port or (8883 if secure else 1883),
        username=username,
        password=_password(username, options),
        tls=TlsFiles() if secure else None,
        version=options.mqtt_version,
    )
    base = unquote(uri.path).strip("/")
    connection = MqttConnection(BrokerClient(settings))
    shown = f"{settings.address}/{base}"
    return Target(shown, base, lambda: _described(connection, base))


def _http(uri: SplitResult, _options: argparse.Namespace) -> Target:
    """Return a model file of a web server."""

    async def ask() -> Loaded:
        async with aiohttp.ClientSession() as session:
            return await load_url(session, uri.geturl())

    host = f"[{uri.hostname}]" if ":" in (uri.hostname or "") else uri.hostname
    port = f":{uri.port}" if uri.port else ""
    return Target(f"{uri.scheme}://{host}{port}{uri.path}", "", ask)


_SCHEMES: Final[Mapping[str, Callable[[SplitResult, argparse.Namespace], Target]]] = {
    "coap": _coap,
    "mqtt": _mqtt,
    "mqtts": _mqtt,
    "http": _http,
    "https": _http,
}


def _must_be_plain(uri: SplitResult) -> None:
    """See whether an address has nothing but host, port and path.

    Raises:
        ValueError: it has more.

    """
    if uri.query or uri.fragment:
        raise ValueError("expected an address without '?' and '#'")


def _password(username: str | None, options: argparse.Namespace) -> str | None:
    """Return the password of a user, from wherever it is.

    Raises:
        OSError: the file cannot be read.

    """
    if options.password_file is not None:
        text: str = options.password_file.read_text(encoding="utf-8")
        return text.removesuffix("\n")
    if username is None:
        return None
    if (password := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return password
    return getpass(f"Password of {username}: ") if sys.stdin.isatty() else None


async def _described(connection: Connection, base: str) -> Loaded:
    """Return what is behind a connection, which is open for as long as that takes.

    Raises:
        CommunicationError: nobody is there, or lets us in.
        ModelError: nothing that a model could be made of.

    """
    await connection.open()
    try:
        return await connection.describe(base)
    finally:
        await connection.close()
