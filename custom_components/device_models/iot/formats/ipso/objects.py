"""The common objects of the LwM2M registry: those of IPSO, and the core ones.

Facts from the definitions of the Open Mobile Alliance; the wording is ours. The unit is
the one that the registry gives as an example, where devices agree on it.
"""

from collections.abc import Mapping
from typing import Final

from ...values import Range
from .definition import DIAGNOSTIC, HIDDEN, SENSOR_UNIT, Object, Resource
from .resources import RESOURCES

_DEVICE: Final[Mapping[int, Resource]] = {
    0: Resource("Manufacturer", "R", "String", role=HIDDEN),
    1: Resource("Model", "R", "String", role=HIDDEN),
    2: Resource("Serial number", "R", "String", role=HIDDEN),
    3: Resource("Firmware version", "R", "String", role=DIAGNOSTIC),
    4: Resource("Reboot", "E", role=DIAGNOSTIC),
    5: Resource("Factory reset", "E", role=HIDDEN),
    6: Resource("Power sources", "R", "Integer", multiple=True),
    7: Resource("Power source voltage", "R", "Integer", "mV", multiple=True),
    8: Resource("Power source current", "R", "Integer", "mA", multiple=True),
    9: Resource("Battery level", "R", "Integer", "%EL", DIAGNOSTIC, Range(0, 100)),
    10: Resource("Free memory", "R", "Integer", "kB", HIDDEN),
    11: Resource("Error code", "R", "Integer", multiple=True),
    12: Resource("Reset error code", "E", role=HIDDEN),
    13: Resource("Current time", "RW", "Time", role=HIDDEN),
    14: Resource("UTC offset", "RW", "String", role=HIDDEN),
    15: Resource("Time zone", "RW", "String", role=HIDDEN),
    16: Resource("Supported bindings", "R", "String", role=HIDDEN),
    17: Resource("Device type", "R", "String", role=HIDDEN),
    18: Resource("Hardware version", "R", "String", role=HIDDEN),
    19: Resource("Software version", "R", "String", role=HIDDEN),
    20: Resource(
        "Battery state",
        "R",
        "Integer",
        role=DIAGNOSTIC,
        labels={
            0: "Normal",
            1: "Charging",
            2: "Charged",
            3: "Damaged",
            4: "Low",
            5: "Not installed",
            6: "Unknown",
        },
    ),
    21: Resource("Total memory", "R", "Integer", "kB", HIDDEN),
    22: Resource("Other device information", "R", "Objlnk", multiple=True),
}

_CONNECTIVITY: Final[Mapping[int, Resource]] = {
    0: Resource("Network bearer", "R", "Integer", role=HIDDEN),
    1: Resource("Available network bearers", "R", "Integer", multiple=True),
    2: Resource("Signal strength", "R", "Integer", "dBm", DIAGNOSTIC),
    3: Resource("Link quality", "R", "Integer", role=DIAGNOSTIC),
    4: Resource("IP addresses", "R", "String", multiple=True),
    5: Resource("Router IP addresses", "R", "String", multiple=True),
    6: Resource("Link utilisation", "R", "Integer", "%", HIDDEN, Range(0, 100)),
    7: Resource("Access point names", "R", "String", multiple=True),
    8: Resource("Cell", "R", "Integer", role=HIDDEN),
    9: Resource("Mobile network code", "R", "Integer", role=HIDDEN),
    10: Resource("Mobile country code", "R", "Integer", role=HIDDEN),
    11: Resource("Signal-to-noise ratio", "R", "Integer", "dB", HIDDEN),
    12: Resource("Location area code", "R", "Integer", role=HIDDEN),
    13: Resource("Coverage enhancement level", "R", "Integer", role=HIDDEN),
}

_FIRMWARE: Final[Mapping[int, Resource]] = {
    0: Resource("Package", "W", "Opaque"),
    1: Resource("Package URI", "RW", "String", role=HIDDEN),
    2: Resource("Update", "E", role=HIDDEN),
    3: Resource(
        "State",
        "R",
        "Integer",
        role=HIDDEN,
        labels={0: "Idle", 1: "Downloading", 2: "Downloaded", 3: "Updating"},
    ),
    5: Resource("Update result", "R", "Integer", role=HIDDEN),
    6: Resource("Package name", "R", "String", role=HIDDEN),
    7: Resource("Package version", "R", "String", role=HIDDEN),
    8: Resource("Protocols", "R", "Integer", multiple=True),
    9: Resource(
        "Delivery method",
        "R",
        "Integer",
        role=HIDDEN,
        labels={0: "Pull", 1: "Push", 2: "Both"},
    ),
}

_LOCATION: Final[Mapping[int, Resource]] = {
    0: Resource("Latitude", "R", "Float", "deg", range=Range(-90, 90)),
    1: Resource("Longitude", "R", "Float", "deg", range=Range(-180, 180)),
    2: Resource("Altitude", "R", "Float", "m"),
    3: Resource("Radius of position", "R", "Float", "m", DIAGNOSTIC),
    4: Resource("Velocity", "R", "Opaque", role=HIDDEN),
    5: Resource("Time of position", "R", "Time", role=HIDDEN),
    6: Resource("Speed", "R", "Float", "m/s"),
}

_VALUE: Final = (5700,)

OBJECTS: Final[Mapping[int, Object]] = {
    3: Object("", (4, 16), own=_DEVICE),
    4: Object("", (0, 2), own=_CONNECTIVITY),
    5: Object("Firmware", (1, 2, 3, 5, 9), own=_FIRMWARE),
    6: Object("", (0, 1, 5), own=_LOCATION),
    3200: Object("Digital input", (5500,), 5500),
    3201: Object("Digital output", (5550,), 5550),
    3202: Object("Analog input", (5600,), 5600),
    3203: Object("Analog output", (5650,), 5650),
    3300: Object("Sensor", _VALUE, 5700),
    3301: Object("Illuminance", _VALUE, 5700, "lx"),
    3302: Object("Presence", (5500,), 5500),
    3303: Object("Temperature", _VALUE, 5700, "Cel"),
    3304: Object("Humidity", _VALUE, 5700, "%RH"),
    3305: Object("", (5800,)),
    3306: Object("Actuator", (5850,), 5850),
    3308: Object("Set point", (5900,), 5900),
    3310: Object("Load control", (5823, 5824, 5825)),
    3311: Object("Light", (5850,), 5850),
    3312: Object("Power control", (5850,), 5850),
    3313: Object("Acceleration", (5702,)),
    3314: Object("Magnetic field", (5702,)),
    3315: Object("Barometer", _VALUE, 5700, "Pa"),
    3316: Object("Voltage", _VALUE, 5700, "V"),
    3317: Object("Current", _VALUE, 5700, "A"),
    3318: Object("Frequency", _VALUE, 5700, "Hz"),
    3319: Object("Depth", _VALUE, 5700),
    3320: Object("Percentage", _VALUE, 5700, "%"),
    3321: Object("Altitude", _VALUE, 5700, "m"),
    3322: Object("Load", _VALUE, 5700, "kg"),
    3323: Object("Pressure", _VALUE, 5700, "Pa"),
    3324: Object("Loudness", _VALUE, 5700, "dB"),
    3325: Object("Concentration", _VALUE, 5700, "ppm"),
    3326: Object("Acidity", _VALUE, 5700, "pH"),
    3327: Object("Conductivity", _VALUE, 5700),
    3328: Object("Power", _VALUE, 5700, "W"),
    3329: Object("Power factor", _VALUE, 5700),
    3330: Object("Distance", _VALUE, 5700, "m"),
    3331: Object("Energy", _VALUE, 5700, "Wh"),
    3332: Object("Direction", (5705,), 5705, "deg"),
    3333: Object("Time", (5506,), 5506),
    3334: Object("Rotation", (5702,), unit="rad/s"),
    3335: Object("Colour", (5706,), 5706),
    # Version 2 has numbers (6051, 6052); without a version the first one is meant.
    3336: Object("", (5514, 5515)),
    3337: Object("Positioner", (5536,), 5536),
    3338: Object("Buzzer", (5850, 5525), 5850),
    3339: Object("Audio clip", (5522,)),
    3340: Object("Timer", (5521,)),
    3341: Object("Text display", (5527,), 5527),
    3342: Object("Switch", (5500,), 5500),
    3343: Object("Dimmer", (5548,), 5548),
    3344: Object("Up/down control", (5532, 5533)),
    3345: Object("Joystick", (), 5500),
    3346: Object("Rate", _VALUE, 5700),
    3347: Object("Push button", (5500,), 5500),
    3348: Object("Selector", (5547,), 5547),
    3349: Object("Bitmap", (5910,), 5910),
    3350: Object("Stopwatch", (5544,), 5544),
}
"""By number."""


def resource_of(object_id: int, resource_id: int) -> Resource | None:
    """Return what the tables know of a resource."""
    known = OBJECTS.get(object_id)
    if known and known.own:
        return known.own.get(resource_id)
    return RESOURCES.get(resource_id)


def semantic_types(object_id: int, resource_id: int) -> tuple[str, ...]:
    """Return the terms for what a resource means; none for what the tables lack.

    ``ipso:3303`` is what the object is about, or another value of the same quantity;
    everything else is named with its resource: ``ipso:3305/5805``, ``ipso:3/9``.
    """
    resource = resource_of(object_id, resource_id)
    if resource is None:
        return ()
    known = OBJECTS.get(object_id)
    about = known is not None and resource_id == known.main
    if about or (known and resource.unit == SENSOR_UNIT):
        return (f"ipso:{object_id}",)
    return (f"ipso:{object_id}/{resource_id}",)
