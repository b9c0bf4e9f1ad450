"""The systems that a config entry can be about, and how its data makes a connection.

A new system is one row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .coap import security as coap
from .const import (
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONFIRMABLE,
    CONF_INTERVAL,
    CONF_MQTT_VERSION,
    CONF_NETWORKS,
    CONF_PATIENCE,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TLS,
    CONF_WILL_TOPIC,
    DEFAULT_INTERVAL,
)
from .ha_mqtt import HomeAssistantMqttClient
from .http import settings as http
from .iot.connections.base import Capability, Connection
from .iot.connections.coap import CoapConnection, CoapEndpoint
from .iot.connections.coap_listener import (
    CoapListener,
    ListenerSettings,
    place_of,
)
from .iot.connections.http import HttpConnection
from .iot.connections.mqtt import (
    BrokerClient,
    BrokerSettings,
    MqttConnection,
)
from .iot.connections.tls import TlsFiles
from .iot.errors import ValueRefusedError


class System(StrEnum):
    """The systems, by the names that entries keep and the flow's steps have."""

    COAP = "coap"
    COAP_LISTENER = "coap_listener"
    HTTP = "http"
    HOME_ASSISTANT_MQTT = "home_assistant_mqtt"
    MQTT_BROKER = "mqtt_broker"


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a system."""

    build: Callable[[HomeAssistant, Mapping[str, Any]], Connection]
    title: Callable[[Mapping[str, Any]], str]
    identity: tuple[str, ...]
    """The data that no two entries of the system may share."""
    one_device: bool = False
    """Whether what is at its address may be one device, which says what it is."""
    defaults: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _data: {}
    """What is meant where the user has entered nothing."""
    entered: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda data: data
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda data: data
    """From what its form asks for to what an entry keeps, and back."""
    scheme: Callable[[Mapping[str, Any]], str] = lambda _data: ""
    """The URI scheme of what it speaks, where it has several."""
    announced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The schemes that are announced, and what an entry's data says of each."""
    occupied: str | None = None
    """The datum of which an entry has the only one while it runs: its port."""
    one_at: Callable[[str], object] | None = None
    """What a place is, however it is spelled, where each is that of one device only;
    None where several may share one, in parts of their own."""


def _coap(hass: HomeAssistant, data: Mapping[str, Any]) -> Connection:
    """Return the connection to a CoAP endpoint."""
    return CoapConnection(
        CoapEndpoint(
            data[CONF_HOST],
            data[CONF_PORT],
            data[CONF_CONFIRMABLE],
            data.get(CONF_PATIENCE),
            transport=coap.transport_of(data),
            security=coap.security_of(hass, data),
        ),
        thing=data.get(CONF_THING),
    )


def _coap_listener(_hass: HomeAssistant, data: Mapping[str, Any]) -> Connection:
    """Return the server that devices push to."""
    return CoapListener(
        ListenerSettings(
            data[CONF_HOST], data[CONF_PORT], tuple(data.get(CONF_NETWORKS, ()))
        )
    )


def _http(hass: HomeAssistant, data: Mapping[str, Any]) -> Connection:
    """Return the connection to an HTTP server."""
    session = async_get_clientsession(hass, verify_ssl=data.get(CONF_VERIFY_SSL, True))
    return HttpConnection(
        session, http.settings_of(data), thing=data.get(CONF_THING) or None
    )


def _home_assistant_mqtt(hass: HomeAssistant, _data: Mapping[str, Any]) -> Connection:
    """Return the connection through Home Assistant's own client."""
    return MqttConnection(HomeAssistantMqttClient(hass))


def _mqtt_broker(_hass: HomeAssistant, data: Mapping[str, Any]) -> Connection:
    """Return the connection to a broker that is not Home Assistant's."""
    tls = None
    if data.get(CONF_TLS):
        tls = TlsFiles(
            ca=data.get(CONF_CA),
            certificate=data.get(CONF_CLIENT_CERTIFICATE),
            key=data.get(CONF_CLIENT_KEY),
        )
    return MqttConnection(
        BrokerClient(
            BrokerSettings(
                host=data[CONF_HOST],
                port=data[CONF_PORT],
                username=data.get(CONF_USERNAME),
                password=data.get(CONF_PASSWORD),
                tls=tls,
                version=data[CONF_MQTT_VERSION],
                will_topic=data.get(CONF_WILL_TOPIC),
            )
        )
    )


def spelled(data: Mapping[str, Any]) -> str:
    """Return an entry's host and port as a URI has them."""
    host = data[CONF_HOST]
    return f"{f'[{host}]' if ':' in host else host}:{data[CONF_PORT]}"


def _coap_title(data: Mapping[str, Any]) -> str:
    """Return the title of an endpoint's entry."""
    return f"CoAP {spelled(data)}"


def _coap_defaults(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the usual port of the way to an endpoint."""
    return {CONF_PORT: coap.usual_port(data)}


def _http_title(data: Mapping[str, Any]) -> str:
    """Return the title of a server's entry."""
    return f"HTTP {spelled(data)}"


def _listener_title(data: Mapping[str, Any]) -> str:
    """Return the title of a listening entry."""
    return f"CoAP on {spelled(data)}"


def _broker_title(data: Mapping[str, Any]) -> str:
    """Return the title of a broker's entry."""
    return f"MQTT {spelled(data)}"


SYSTEMS: Final[Mapping[System, Kind]] = {
    System.COAP: Kind(
        _coap,
        _coap_title,
        (CONF_HOST, CONF_PORT),
        one_device=True,
        defaults=_coap_defaults,
        scheme=coap.scheme_of,
        announced=coap.ANNOUNCED,
    ),
    System.COAP_LISTENER: Kind(
        _coap_listener,
        _listener_title,
        (CONF_HOST, CONF_PORT),
        occupied=CONF_PORT,
        one_at=place_of,
    ),
    System.HTTP: Kind(
        _http,
        _http_title,
        (CONF_HOST, CONF_PORT),
        one_device=True,
        entered=http.entered,
        shown=http.shown,
        scheme=http.scheme_of,
        announced=http.ANNOUNCED,
    ),
    System.HOME_ASSISTANT_MQTT: Kind(_home_assistant_mqtt, lambda _data: "MQTT", ()),
    System.MQTT_BROKER: Kind(_mqtt_broker, _broker_title, (CONF_HOST, CONF_PORT)),
}


def connection_for(hass: HomeAssistant, data: Mapping[str, Any]) -> Connection:
    """Return the connection that an entry's data describes; it is not open yet.

    Raises:
        ValueRefusedError: something in the data is malformed.

    """
    return SYSTEMS[data[CONF_SYSTEM]].build(hass, data)


def capabilities_of(hass: HomeAssistant, data: Mapping[str, Any]) -> Capability:
    """Return what the connection of an entry can do; nothing if it cannot be."""
    try:
        return connection_for(hass, data).capabilities
    except ValueRefusedError:
        return Capability(0)


def interval_of(data: Mapping[str, Any]) -> timedelta:
    """Return how often the devices of an entry are asked."""
    seconds = data.get(CONF_INTERVAL, DEFAULT_INTERVAL.total_seconds())
    return timedelta(seconds=seconds)
