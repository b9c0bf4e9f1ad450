"""What proves to an endpoint who we are, and to us who it is."""

from dataclasses import dataclass, field
from typing import Final

import aiocoap.error

from ..tls import TlsFiles
from .sequence import SequenceNumbers

MAX_IDENTITY: Final = 128
MAX_KEY: Final = 64
"""Bytes; what any implementation of DTLS must take (RFC 4279 §5.3)."""

MAX_SECRET: Final = 64
"""Bytes of a master secret or salt: more than any algorithm has use for."""

MAX_OSCORE_ID: Final = 7
"""Bytes of a sender or recipient ID (RFC 8613 §3.3), for nonces of 13 bytes."""

ALGORITHMS: Final = (
    "AES-CCM-16-64-128",
    "AES-CCM-16-64-256",
    "AES-CCM-16-128-128",
    "AES-CCM-16-128-256",
    "ChaCha20/Poly1305",
    "A128GCM",
    "A192GCM",
    "A256GCM",
)
"""By their names in the registry of COSE algorithms, the usual one first (RFC 8613
§3.2); without those that leave less room for IDs, or do not authenticate."""

HASHES: Final = ("sha256", "sha384", "sha512")
"""Of HKDF, the usual one first."""


class RefusedError(aiocoap.error.Error):  # type: ignore[misc]  # aiocoap is untyped
    """An endpoint does not take our credentials, or has none that we take."""

    def __init__(self, *, certain: bool = True) -> None:
        """Note whether it said so; a bad network may look like that, too."""
        super().__init__()
        self.certain = certain


@dataclass(frozen=True, slots=True)
class PreSharedKey:
    """The key of DTLS, and the name under which the endpoint knows it (RFC 4279)."""

    identity: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OscoreKeys:
    """The parameters of an OSCORE security context (RFC 8613 §3.2), for us as client.

    ``algorithm`` is one of ``ALGORITHMS``, ``hash`` one of ``HASHES``.
    """

    master_secret: bytes = field(repr=False)
    sender_id: bytes
    recipient_id: bytes
    master_salt: bytes = field(default=b"", repr=False)
    id_context: bytes | None = None
    algorithm: str = ALGORITHMS[0]
    hash: str = HASHES[0]
    numbers: SequenceNumbers = field(compare=False, repr=False)


type Security = PreSharedKey | OscoreKeys | TlsFiles
"""What the transport of an endpoint needs of it."""
