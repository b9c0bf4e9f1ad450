"""What an entry's data says of how a CoAP endpoint is reached, and proves itself."""

from collections.abc import Mapping
from hashlib import blake2b
import json
from pathlib import Path
from typing import Any, Final, NoReturn

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.file import WriteError, write_utf8_file_atomic
from homeassistant.util.hass_dict import HassKey

from ..const import (
    CONF_ALGORITHM,
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_HASH,
    CONF_ID_CONTEXT,
    CONF_IDENTITY,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_RECIPIENT_ID,
    CONF_SENDER_ID,
    CONF_SHARED_KEY,
    CONF_TRANSPORT,
    DOMAIN,
)
from ..iot.connections.coap.security import (
    ALGORITHMS,
    HASHES,
    MAX_IDENTITY,
    MAX_KEY,
    MAX_OSCORE_ID,
    MAX_SECRET,
    OscoreKeys,
    PreSharedKey,
    Security,
)
from ..iot.connections.coap.sequence import SequenceNumbers
from ..iot.connections.coap.transports import TRANSPORTS, Transport
from ..iot.connections.coap.uri import Target, same_host
from ..iot.connections.tls import TlsFiles
from ..iot.errors import ValueRefusedError

HEXADECIMAL: Final = "0x"
"""What a key begins with that is not text."""

DATA_NUMBERS: Final[HassKey[dict[str, SequenceNumbers]]] = HassKey(f"{DOMAIN}_oscore")
"""By keys, whoever uses them: a connection, or the flow that tries it."""


ANNOUNCED: Final[Mapping[str, Mapping[str, Any]]] = {
    TRANSPORTS[way].scheme: {CONF_TRANSPORT: way}
    for way in (Transport.UDP, Transport.TCP, Transport.DTLS, Transport.TLS)
}
"""The schemes that endpoints announce, and what an entry's data says of each."""


def transport_of(data: Mapping[str, Any]) -> Transport:
    """Return how an entry's endpoint is reached."""
    return Transport(data.get(CONF_TRANSPORT, Transport.UDP))


def scheme_of(data: Mapping[str, Any]) -> str:
    """Return the URI scheme of how an entry's endpoint is reached."""
    return TRANSPORTS[transport_of(data)].scheme


def usual_port(data: Mapping[str, Any]) -> int:
    """Return the port of an entry's endpoint, where none is said."""
    return TRANSPORTS[transport_of(data)].port


@callback
def security_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Security | None:
    """Return what an entry's endpoint needs to know who we are.

    Raises:
        ValueRefusedError: something of it is malformed; it names the field.

    """
    match transport_of(data):
        case Transport.DTLS:
            return PreSharedKey(
                _text_or_octets(data, CONF_IDENTITY, MAX_IDENTITY),
                _text_or_octets(data, CONF_SHARED_KEY, MAX_KEY),
            )
        case Transport.TLS:
            return TlsFiles(
                ca=data.get(CONF_CA),
                certificate=data.get(CONF_CLIENT_CERTIFICATE),
                key=data.get(CONF_CLIENT_KEY),
            )
        case Transport.OSCORE:
            return _oscore(hass, data)
        case _:
            return None


def leads_to(data: Mapping[str, Any], target: Target) -> bool:
    """Whether an entry is about the endpoint of a target."""
    scheme = TRANSPORTS[transport_of(data)].scheme
    return (data[CONF_PORT], scheme) == (target.port, target.scheme) and same_host(
        data[CONF_HOST], target.host
    )


def _oscore(hass: HomeAssistant, data: Mapping[str, Any]) -> OscoreKeys:
    """Return the keys of OSCORE, with their sequence numbers."""
    secret = _octets(data, CONF_MASTER_SECRET, MAX_SECRET)
    salt = _octets(data, CONF_MASTER_SALT, MAX_SECRET)
    sender = _octets(data, CONF_SENDER_ID, MAX_OSCORE_ID)
    recipient = _octets(data, CONF_RECIPIENT_ID, MAX_OSCORE_ID)
    context = None
    if CONF_ID_CONTEXT in data:
        context = _octets(data, CONF_ID_CONTEXT, MAX_SECRET)
    if not secret:
        _refuse(CONF_MASTER_SECRET, "expected at least one byte")
    if sender == recipient:
        _refuse(CONF_RECIPIENT_ID, "expected another ID than that of the sender")
    algorithm = data.get(CONF_ALGORITHM, ALGORITHMS[0])
    hash_name = data.get(CONF_HASH, HASHES[0])
    parts = (secret, salt, sender, context or b"", f"{algorithm} {hash_name}".encode())
    return OscoreKeys(
        master_secret=secret,
        master_salt=salt,
        sender_id=sender,
        recipient_id=recipient,
        id_context=context,
        algorithm=algorithm,
        hash=hash_name,
        numbers=_numbers(hass, parts),
    )


def _numbers(hass: HomeAssistant, parts: tuple[bytes, ...]) -> SequenceNumbers:
    """Return the sequence numbers of the keys that the parts make: always the same.

    They are kept in the cache: what comes back out of a backup would be too old.
    """
    told = b"".join(len(part).to_bytes(2) + part for part in parts)
    name = blake2b(told, digest_size=16, person=b"sequence numbers").hexdigest()
    known = hass.data.setdefault(DATA_NUMBERS, {})
    if name not in known:
        path = Path(hass.config.cache_path(DOMAIN, f"oscore-{name}.json"))

        async def load() -> int | None:
            return await hass.async_add_executor_job(_read, path)

        async def save(number: int) -> None:
            await hass.async_add_executor_job(_write, path, number)

        known[name] = SequenceNumbers(load, save)
    return known[name]


def _read(path: Path) -> int | None:
    """Return the number in a file; None if it is not there, or spoilt.

    Raises:
        OSError: it is there, and cannot be read.

    """
    try:
        number = json.loads(path.read_bytes())["reserved"]
    except FileNotFoundError, ValueError, LookupError, TypeError:
        return None
    return number if isinstance(number, int) else None


def _write(path: Path, number: int) -> None:
    """Write a number into a file that only Home Assistant may read.

    Raises:
        OSError: it cannot be written.

    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({"reserved": number})
    try:
        write_utf8_file_atomic(str(path), text, private=True)
    except WriteError as err:
        raise OSError(f"{path.parent} cannot be written to") from err


def _text_or_octets(data: Mapping[str, Any], key: str, most: int) -> bytes:
    """Return the bytes of a text, or of hexadecimal digits that are marked as such."""
    text = str(data.get(key, ""))
    if text.lower().startswith(HEXADECIMAL):
        return _octets({key: text[len(HEXADECIMAL) :]}, key, most)
    return _limited(key, text.encode(errors="replace"), most)


def _octets(data: Mapping[str, Any], key: str, most: int) -> bytes:
    """Return the bytes of hexadecimal digits."""
    try:
        value = bytes.fromhex(str(data.get(key, "")))
    except ValueError:
        _refuse(key, "expected hexadecimal digits, two for each byte")
    return _limited(key, value, most)


def _limited(key: str, value: bytes, most: int) -> bytes:
    """Return bytes that are not too many."""
    if len(value) > most:
        _refuse(key, f"expected at most {most} bytes")
    return value


def _refuse(key: str, problem: str) -> NoReturn:
    raise ValueRefusedError(name=key, problem=problem)
