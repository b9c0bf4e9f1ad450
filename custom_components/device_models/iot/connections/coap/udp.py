"""CoAP over UDP: an aiocoap context on one socket."""

from collections.abc import Callable
from typing import Any

import aiocoap
from aiocoap.resource import Site


async def open_udp(
    site: Site | None = None,
    bind: tuple[str, int] | None = None,
    *,
    admit: Callable[[str], bool] | None = None,
) -> Any:
    """Return a context: a server's if there is a site, else a client's.

    Args:
        site: the resources to serve.
        bind: address and port to listen on; for a server only.
        admit: told the address of who sent a datagram, before it is looked at; whether
            it is to be taken.

    Raises:
        OSError: this machine has no such address, or no network that could be used.

    """
    if site is None:
        return await aiocoap.Context.create_client_context(transports=["udp6"])
    return await aiocoap.Context.create_server_context(
        site, bind=bind, transports=["udp6"]
    )
