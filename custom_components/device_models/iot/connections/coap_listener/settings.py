"""Where is listened, and to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
import ipaddress
from typing import Final

from ...errors import ValueRefusedError

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_NETWORKS: Final = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)
"""What is private, link-local, or this machine (RFC 6890): nothing of the internet."""

MAX_NETWORKS: Final = 64


def networks(spelled: Iterable[str], name: str) -> tuple[Network, ...]:
    """Return networks, or single addresses, that are spelled as texts.

    Raises:
        ValueRefusedError: one of them is none, or there are too many.

    """
    listed = [text.strip() for text in spelled]
    if len(listed) > MAX_NETWORKS:
        problem = f"expected at most {MAX_NETWORKS} networks"
        raise ValueRefusedError(name=name, problem=problem)
    found: list[Network] = []
    for text in listed:
        try:
            # 192.168.1.7/24 means the network that the address is in.
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError as err:
            problem = f"{text[:50]!r} is no IP address and no network"
            raise ValueRefusedError(name=name, problem=problem) from err
    return tuple(found)


def plain_address(host: str) -> str:
    """Return an IP address in the one spelling that is compared: no zone, no mapping.

    Anything else stays as it is, and is in no network.
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_within(host: str, among: Iterable[Network]) -> bool:
    """Whether an address is in one of some networks."""
    try:
        address = ipaddress.ip_address(plain_address(host))
    except ValueError:
        return False
    return any(address in network for network in among)


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where is listened, and to whom."""

    host: str
    """An IP address of this machine; ``::`` for all of both versions."""
    port: int = 5683
    networks: tuple[str, ...] = DEFAULT_NETWORKS

    @property
    def address(self) -> str:
        """The address for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"coap://{host}:{self.port}"

    def admitted(self) -> tuple[Network, ...]:
        """Return the networks whose senders are answered.

        Raises:
            ValueRefusedError: one of them is none.

        """
        return networks(self.networks, "networks")

    def check_host(self) -> None:
        """See whether the address could be one.

        Raises:
            ValueRefusedError: it is none.

        """
        try:
            ipaddress.ip_address(self.host)
        except ValueError as err:
            problem = "expected an IP address of this machine, 0.0.0.0 or ::"
            raise ValueRefusedError(name="host", problem=problem) from err
