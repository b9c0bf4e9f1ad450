"""Names of multicast DNS, which Home Assistant itself asks the network for."""

from collections.abc import AsyncGenerator
from ipaddress import ip_address
import socket
from unittest.mock import patch

from homeassistant.core import HomeAssistant
import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from custom_components.device_models.coap import local_names
from custom_components.device_models.coap.local_names import (
    async_addresses,
    async_setup_local_names,
)
from custom_components.device_models.iot.connections.coap import CoapEndpoint
from custom_components.device_models.iot.connections.coap.request import Method

from .iot.connections.udp_peer import polite, udp_peer


@pytest.fixture
async def network(socket_enabled: None) -> AsyncGenerator[AsyncZeroconf]:
    """Have a host on the loopback interface that answers for its name."""
    lamp = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    service = AsyncServiceInfo(
        "_test._udp.local.",
        "lamp._test._udp.local.",
        addresses=[ip_address("127.0.0.1").packed],
        port=5683,
        server="lamp.local.",
    )
    await (await lamp.async_register_service(service))
    asking = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    yield asking
    await asking.async_close()
    await lamp.async_close()


async def test_local_name_is_asked_for(
    hass: HomeAssistant, network: AsyncZeroconf, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def instance(_hass: HomeAssistant) -> AsyncZeroconf:
        return network

    monkeypatch.setattr(local_names, "async_get_async_instance", instance)
    monkeypatch.setattr(local_names, "PATIENCE", 400)
    assert list(await async_addresses(hass, "lamp.local")) == ["127.0.0.1"]
    assert list(await async_addresses(hass, "nobody.local")) == []
    async_setup_local_names(hass)
    async with udp_peer(polite) as peer:
        lamp = CoapEndpoint("Lamp.local", peer.port)
        await lamp.open()
        with patch.object(
            hass.loop, "getaddrinfo", side_effect=socket.gaierror("not asked")
        ):
            answer = await lamp.request(Method.GET, "a")
        await lamp.close()
    assert answer.payload == b"fine"
    assert peer.requests[0].opt.uri_host == "lamp.local"
