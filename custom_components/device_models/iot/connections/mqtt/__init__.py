"""MQTT (3.1.1 and 5) through whichever client it is handed."""

from .broker import BrokerClient
from .client import Message, MqttClient
from .connection import MqttConnection
from .settings import BrokerSettings

__all__ = [
    "BrokerClient",
    "BrokerSettings",
    "Message",
    "MqttClient",
    "MqttConnection",
]
