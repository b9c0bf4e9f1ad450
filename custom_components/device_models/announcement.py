"""What a device announces of itself by DNS-SD (RFC 6763), as an endpoint to offer.

An announcement is anybody's word on the local network: it is bounded here, and nothing
of it is believed before the endpoint has answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_VERIFY_SSL
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util.network import is_ip_address

from .const import CONF_SECURITY, CONF_SYSTEM, CONF_THING
from .systems import SYSTEMS, System, spelled

SERVICES: Final[Mapping[str, str]] = {
    "_coap._udp.local.": "coap",
    "_wot._tcp.local.": "http",
    "_wot._udp.local.": "coap",
}
"""The service types that are offered, and the scheme of each where none is said; the
manifest lists the same ones."""

WOT: Final = "_wot."
"""What the types of things begin with; a TXT key names their scheme (WoT Discovery,
"DNS-Based Service Discovery")."""

WAYS: Final[Mapping[str, tuple[System, Mapping[str, Any]]]] = {
    scheme: (system, said)
    for system, kind in SYSTEMS.items()
    for scheme, said in kind.announced.items()
}
"""The system of each scheme, and what an entry's data says of how it is spoken."""

IDENTITY_KEYS: Final = ("id", "ep")
"""TXT keys that tell a device apart from others whatever its instance name is: the
custom of many makers, and the endpoint name of RFC 9176 §5."""

MIN_IDENTITY: Final = 6
"""Characters; a shorter one ("1", "lamp") is likely that of every device of a make."""

MAX_NAME: Final = 63
"""Bytes of an instance name (RFC 6763 §4.1.1), here of any name in characters."""

MAX_PATH: Final = 200

OWN_KEY: Final = "uuid"
"""The TXT key with which Home Assistant marks what it announces by itself."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """An endpoint that was announced."""

    identity: str
    """What stays the same when the address changes."""
    name: str
    scheme: str
    host: str
    port: int
    hosts: frozenset[str]
    """All spellings under which the same host may be known: addresses and name."""
    thing: str | None
    """The path of its Thing Description, if it says one."""

    @classmethod
    def of(cls, info: ZeroconfServiceInfo, own: str) -> Self | None:
        """Return the endpoint that is announced; None if it cannot be used.

        ``own`` is the id of this Home Assistant, whose announcements are not meant.
        """
        properties = _texts(info.properties)
        address, port = info.ip_address, info.port
        things = info.type.startswith(WOT)
        scheme = SERVICES.get(info.type, "")
        if things:
            scheme = properties.get("scheme", scheme)
        if (
            scheme not in WAYS
            or port is None
            or not 0 < port <= 65535
            or address.is_unspecified
            or address.is_multicast
            # Only good with a zone, which is another one after the next restart.
            or (address.version == 6 and address.is_link_local)
            or properties.get(OWN_KEY) == own
        ):
            return None
        thing = None
        # A directory describes itself there, and not a device.
        if things and properties.get("type", "Thing") == "Thing":
            thing = _path(properties.get("td", ""))
        hostname = info.hostname.rstrip(".").lower()
        instance = info.name.removesuffix(info.type).rstrip(".")
        return cls(
            identity=_identity(info.type, instance, properties),
            name=_name(instance) or _name(hostname) or str(address),
            scheme=scheme,
            host=str(address),
            port=port,
            hosts=frozenset((str(address), *info.addresses, hostname)),
            thing=thing,
        )

    @property
    def address(self) -> str:
        """Host and port, for people and to compare."""
        return spelled(self.place)

    @property
    def system(self) -> System:
        """The system that it is of."""
        return WAYS[self.scheme][0]

    @property
    def place(self) -> dict[str, Any]:
        """What its user would enter."""
        return {
            CONF_SYSTEM: self.system,
            CONF_HOST: self.host,
            CONF_PORT: self.port,
            **WAYS[self.scheme][1],
        }

    @property
    def data(self) -> dict[str, Any]:
        """What an entry's data gets of it."""
        return self.place | ({CONF_THING: self.thing} if self.thing else {})

    def speaks(self, data: Mapping[str, Any]) -> bool:
        """Whether it is about the scheme of an entry's endpoint."""
        return SYSTEMS[data[CONF_SYSTEM]].scheme(data) == self.scheme

    def may_lead(self, data: Mapping[str, Any]) -> bool:
        """Whether an entry may be followed to where it is.

        It is not to a server that would be shown who we are for nothing but a name.
        """
        proven = self.scheme == "https" and data.get(CONF_VERIFY_SSL, True)
        return self.speaks(data) and bool(proven or not data.get(CONF_SECURITY))

    def is_at(self, data: Mapping[str, Any]) -> bool:
        """Whether an entry with this data leads to the same place."""
        host = str(data.get(CONF_HOST)).lower()
        at_port = data.get(CONF_PORT) == self.port
        return at_port and host in self.hosts and self.speaks(data)

    def followed(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry's data with the place at which its endpoint is now.

        A host name stays, for it leads to the new address by itself; so does an
        address that the device still has: one with several would come and go between
        them.
        """
        host = str(data[CONF_HOST])
        if host in self.hosts or not is_ip_address(host):
            host = data[CONF_HOST]
        else:
            host = self.host
        return {**data, CONF_HOST: host, CONF_PORT: self.port}


def _texts(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return the TXT pairs that have a value; their keys know no case (§6.4)."""
    return {
        str(key).lower(): value.strip()
        for key, value in properties.items()
        if isinstance(value, str) and value.strip()
    }


def _identity(service: str, instance: str, properties: Mapping[str, str]) -> str:
    """Return what tells an endpoint apart, for good.

    The instance name is unique for its service type on the link (RFC 6763 §4.1.1, with
    the conflict resolution of RFC 6762 §9), and kept by a device as its own. A device
    that is announced under both types is known by the address besides.
    """
    told = [properties[key] for key in IDENTITY_KEYS if key in properties]
    usable = [one for one in told if len(one) >= MIN_IDENTITY and one.isprintable()]
    kind = service.removesuffix(".local.")
    # Names of the DNS are compared without regard to case (RFC 6762 §16).
    return f"{kind} {(usable or [instance])[0].lower()}"


def _name(text: str) -> str:
    """Return a name as a title: one line, without what Markdown would act upon."""
    signs = (sign for sign in text if sign.isprintable() and sign not in "`<>[]|\\")
    return "".join(signs).strip()[:MAX_NAME]


def _path(text: str) -> str | None:
    """Return an absolute path on the same host, if the text is one."""
    if not text.startswith("/") or text.startswith("//") or len(text) > MAX_PATH:
        return None
    return text if text.isprintable() else None
