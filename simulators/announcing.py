"""A simulated device that makes itself known on the network, as real ones do."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Final, NamedTuple

from ifaddr import get_adapters
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf


class Service(NamedTuple):
    """What a server is announced as."""

    kind: str
    properties: Mapping[str, str] = {}


SERVICE: Final = "_coap._udp.local."
ENDPOINT: Final = Service(SERVICE)

THINGS: Final[Mapping[str, Service]] = {
    scheme: Service(
        f"_wot.{transport}.local.",
        {"td": "/.well-known/wot", "type": "Thing", "scheme": scheme},
    )
    for scheme, transport in (("coap", "_udp"), ("http", "_tcp"))
}
"""By scheme: WoT Discovery, "DNS-Based Service Discovery"."""

MAX_INSTANCE: Final = 50
"""Characters; RFC 6763 §4.1.1 has 63 bytes, of which a number may take some."""


class Announcement:
    """A server, announced by DNS-SD (RFC 6763) over multicast DNS.

    Only on the interfaces of its own addresses: one on loopback is for this machine.
    """

    def __init__(self, name: str, host: str, service: Service = ENDPOINT) -> None:
        """Note what to announce; 0.0.0.0 is all networks that the machine is on.

        Raises:
            ValueError: the host is no IPv4 address, or there is no network.

        """
        address = IPv4Address(host)
        self._addresses = own_addresses() if address.is_unspecified else [host]
        if not self._addresses:
            raise ValueError("this machine is on no network")
        self._service = service
        self._name = name.replace(".", " ")[:MAX_INSTANCE]
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self, port: int) -> str:
        """Begin to announce; returns the instance name, which is nobody else's.

        It has the port in it: those on one machine do not hear each other's probes,
        for they share a port and each answer reaches one of them.

        Raises:
            OSError: the address is not one of this machine.

        """
        self._zeroconf = AsyncZeroconf(
            interfaces=self._addresses, ip_version=IPVersion.V4Only
        )
        kind, properties = self._service
        info = ServiceInfo(
            kind,
            f"{self._name} {port}.{kind}",
            port=port,
            properties=dict(properties),
            server=f"simulated-{port}.local.",
            parsed_addresses=self._addresses,
        )
        registered = await self._zeroconf.async_register_service(
            info, allow_name_change=True
        )
        await registered
        return info.name.removesuffix(f".{kind}")

    async def stop(self) -> None:
        """Say good-bye, if it was started."""
        if self._zeroconf is not None:
            running, self._zeroconf = self._zeroconf, None
            await running.async_unregister_all_services()
            await running.async_close()


def host_for_others(host: str) -> str:
    """Return the host of a server as others may spell it in a URI."""
    if host == "0.0.0.0":  # noqa: S104  (whoever listens there is told to have it)
        host = next(iter(own_addresses()), host)
    return f"[{host}]" if ":" in host else host


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine on networks."""
    found = [ip.ip for adapter in get_adapters() for ip in adapter.ips if ip.is_IPv4]
    addresses = [one for one in found if isinstance(one, str)]
    return [one for one in addresses if not IPv4Address(one).is_loopback]
