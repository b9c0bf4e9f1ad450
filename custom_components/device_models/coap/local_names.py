"""The names that end in .local, which Home Assistant itself asks the network for.

The C library of its container does not know multicast DNS (RFC 6762).
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from homeassistant.components.zeroconf import async_get_async_instance
from homeassistant.core import HomeAssistant
from zeroconf import AddressResolver, IPVersion  # type: ignore[attr-defined]

from ..iot.connections.coap import resolve_local_names_with

PATIENCE: Final = 2000
"""Milliseconds: two questions, and time to answer the second one."""


async def async_addresses(hass: HomeAssistant, host: str) -> Sequence[str]:
    """Return the addresses of a host; none if nobody answers for it."""
    zeroconf = (await async_get_async_instance(hass)).zeroconf
    resolver = AddressResolver(f"{host}.")
    if not await resolver.async_request(zeroconf, PATIENCE):
        return ()
    return [str(one) for one in resolver.ip_addresses_by_version(IPVersion.All)]


def async_setup_local_names(hass: HomeAssistant) -> None:
    """Have CoAP ask Home Assistant for local names."""
    resolve_local_names_with(partial(async_addresses, hass))
