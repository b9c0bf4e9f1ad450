"""Simulated devices of any device model, over CoAP, HTTP and MQTT, and their faults.

In a program::

    device = SimulatedDevice(load_model("room_climate"), seed=1)
    async with CoapSimulator(device, port=5683, base="room") as simulator:
        simulator.faults.silent = True
        await simulator.reboot()

From the command line: ``python -m simulators --help``.
"""

from .behaviour import Alert, Call, ReadOnlyError, SimulatedDevice
from .coap import CoapSimulator
from .coap_push import CoapPushSimulator
from .faults import Faults
from .http import HttpSimulator
from .models import load_model
from .mqtt import MqttSimulator
from .relay import UdpRelay
from .simulator import Simulator

__all__ = [
    "Alert",
    "Call",
    "CoapPushSimulator",
    "CoapSimulator",
    "Faults",
    "HttpSimulator",
    "MqttSimulator",
    "ReadOnlyError",
    "SimulatedDevice",
    "Simulator",
    "UdpRelay",
    "load_model",
]
