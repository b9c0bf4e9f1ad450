"""MQTT (3.1.1 and 5) through whichever client it is handed."""

from .broker import BrokerClient
from .client import Message, MqttClient
from .connection import MqttConnection
from .homie_watch import announced
from .settings import BrokerSettings

__all__ = [
    "BrokerClient",
    "BrokerSettings",
    "Message",
    "MqttClient",
    "MqttConnection",
    "announced",
]
