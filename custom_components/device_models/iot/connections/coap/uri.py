"""CoAP URIs (RFC 7252 §6, RFC 8323 §8), taken apart and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
import ipaddress
from typing import Final, NoReturn
from urllib.parse import quote, unquote, urljoin, urlsplit

from ...errors import ValueRefusedError
from .request import MAX_PART_BYTES

DEFAULT_PORTS: Final[Mapping[str, int]] = {
    "coap": 5683,
    "coap+tcp": 5683,
    "coap+ws": 80,
    "coaps": 5684,
    "coaps+tcp": 5684,
}
"""The schemes, and the port of a URI that has none."""

MAX_URI: Final = 2048
"""Characters: more than any path that people write by hand."""

_SAFE: Final = "!$'()*+,:=@;/~"
"""What need not be percent-encoded in paths and queries; ``&`` separates arguments."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a URI names: a resource of an endpoint."""

    scheme: str
    host: str
    port: int
    path: tuple[str, ...] = ()
    """Segments, decoded."""
    query: tuple[str, ...] = ()
    """Arguments, decoded."""

    @property
    def address(self) -> str:
        """The endpoint, as a URI without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def reference(self) -> str:
        """Path and query, as a URI has them."""
        path = "/".join(quote(part, safe=_SAFE.replace("/", "")) for part in self.path)
        query = "&".join(quote(part, safe=_SAFE) for part in self.query)
        return f"{path}?{query}" if query else path

    @property
    def uri(self) -> str:
        """The whole URI, for people and to be asked for again.

        A zone begins with %25 there (RFC 6874 §2).
        """
        return f"{self.address.replace('%', '%25', 1)}/{self.reference}"


def parse_uri(text: str) -> Target:
    """Return what a URI names.

    Raises:
        ValueRefusedError: it is none, or none that CoAP can ask for.

    """
    if len(text) > MAX_URI or not text.isprintable() or " " in text:
        _refuse(f"expected at most {MAX_URI} characters without spaces")
    try:
        parts = urlsplit(text)
        host = unquote(parts.hostname or "", errors="strict")  # %25 before a zone
        port = parts.port
        path = parts.path.split("/")[1:]
        segments = [unquote(part, errors="strict") for part in path]
        arguments = [
            unquote(part, errors="strict") for part in parts.query.split("&") if part
        ]
    except ValueError as err:
        _refuse(str(err)[:200])
    if parts.scheme not in DEFAULT_PORTS:
        _refuse(f"expected one of {', '.join(DEFAULT_PORTS)} before ://")
    if not host or parts.username is not None or parts.fragment:
        _refuse("expected a host, no user and no fragment")
    if not all(sign.isalnum() or sign in "-._:%" for sign in host):
        _refuse("expected a host name or an IP address")
    if not host.isascii():
        _refuse("expected the host name in its ASCII form (xn--…)")
    if segments == [""]:
        segments = []  # RFC 7252 §6.4 step 8: "/" is no path
    if any(part in {".", ".."} for part in segments):
        _refuse("'.' and '..' are no names of resources")
    if any(len(part.encode()) > MAX_PART_BYTES for part in (*segments, *arguments)):
        _refuse(f"a part is longer than {MAX_PART_BYTES} bytes")
    return Target(
        parts.scheme,
        host,
        DEFAULT_PORTS[parts.scheme] if port is None else port,
        tuple(segments),
        tuple(arguments),
    )


def joined(address: str, base: str, path: str) -> str:
    """Return the URI of a path; one that begins with a slash is not below the base."""
    if not path.startswith("/"):
        path = "/".join(part for part in (base.strip("/"), path) if part)
    return f"{address}/{path.removeprefix('/')}"


def resolved(base: str, reference: str) -> str:
    """Return a reference of a link as a whole URI (RFC 6690 §2.1).

    Python knows how: aiocoap, which ``request`` imports, has told it the schemes.
    """
    try:
        return urljoin(f"{base}/", reference)
    except ValueError:
        return reference  # what it is, only its author knows


def same_host(one: str, other: str) -> bool:
    """Whether two spellings mean the same host: as addresses, or else as names."""
    return _canonical(one) == _canonical(other)


def is_group(host: str) -> bool:
    """Whether a host is a multicast address."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_multicast
    except ValueError:
        return False


def _canonical(host: str) -> str:
    """Return the one spelling of a host."""
    host = host.strip().strip("[]").casefold().removesuffix(".")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _refuse(problem: str) -> NoReturn:
    raise ValueRefusedError(name="uri", problem=problem)
