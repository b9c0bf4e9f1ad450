"""The reusable resources of the LwM2M registry: the same number means the same thing.

Facts from the registry of the Open Mobile Alliance ("Common.xml" and the definitions of
the objects 3200-3203 and 3300-3350); the wording is ours.
"""

from collections.abc import Mapping
from typing import Final

from ...values import Range
from .definition import DIAGNOSTIC, HIDDEN, SENSOR_UNIT, Resource

_PERCENT: Final = Range(0, 100)

RESOURCES: Final[Mapping[int, Resource]] = {
    # Digital and analog inputs and outputs
    5500: Resource("State", "R", "Boolean"),
    5501: Resource("Counter", "R", "Integer"),
    5502: Resource("Polarity reversed", "RW", "Boolean", role=HIDDEN),
    5503: Resource("Debounce time", "RW", "Integer", "ms", HIDDEN),
    5504: Resource(
        "Edge selection", "RW", "Integer", role=HIDDEN,
        labels={1: "Falling edge", 2: "Rising edge", 3: "Both edges"},
    ),
    5505: Resource("Reset counter", "E", role=DIAGNOSTIC),
    5550: Resource("State", "RW", "Boolean"),
    5551: Resource("Polarity reversed", "RW", "Boolean", role=HIDDEN),
    5600: Resource("Value", "R", "Float", SENSOR_UNIT),
    5650: Resource("Value", "RW", "Float", SENSOR_UNIT),
    # What every sensor has
    5601: Resource("Minimum measured value", "R", "Float", SENSOR_UNIT, HIDDEN),
    5602: Resource("Maximum measured value", "R", "Float", SENSOR_UNIT, HIDDEN),
    5603: Resource("Lower end of range", "R", "Float", SENSOR_UNIT, HIDDEN),
    5604: Resource("Upper end of range", "R", "Float", SENSOR_UNIT, HIDDEN),
    5605: Resource("Reset minimum and maximum", "E", role=HIDDEN),
    5700: Resource("Value", "R", "Float", SENSOR_UNIT),
    5701: Resource("Unit", "R", "String", role=HIDDEN),
    5750: Resource("Application type", "RW", "String", role=HIDDEN),
    5751: Resource("Sensor type", "R", "String", role=HIDDEN),
    5821: Resource("Calibration coefficient", "RW", "Float", role=HIDDEN),
    5535: Resource("Calibration offset", "RW", "Float", role=HIDDEN),
    5518: Resource("Time of measurement", "R", "Time", role=HIDDEN),
    6050: Resource("Fraction of time of measurement", "R", "Float", "s", HIDDEN),
    6042: Resource("Quality indicator", "R", "Integer", role=HIDDEN),
    6044: Resource("Battery level", "R", "Float", "%EL", DIAGNOSTIC, _PERCENT),
    6049: Resource("Quality level", "R", "Integer", role=HIDDEN),
    # Axes, directions, places
    5702: Resource("X", "R", "Float", SENSOR_UNIT),
    5703: Resource("Y", "R", "Float", SENSOR_UNIT),
    5704: Resource("Z", "R", "Float", SENSOR_UNIT),
    5508: Resource("Minimum X", "R", "Float", SENSOR_UNIT, HIDDEN),
    5509: Resource("Maximum X", "R", "Float", SENSOR_UNIT, HIDDEN),
    5510: Resource("Minimum Y", "R", "Float", SENSOR_UNIT, HIDDEN),
    5511: Resource("Maximum Y", "R", "Float", SENSOR_UNIT, HIDDEN),
    5512: Resource("Minimum Z", "R", "Float", SENSOR_UNIT, HIDDEN),
    5513: Resource("Maximum Z", "R", "Float", SENSOR_UNIT, HIDDEN),
    5705: Resource("Compass direction", "R", "Float", "deg", range=Range(0, 360)),
    5514: Resource("Latitude", "R", "String"),
    5515: Resource("Longitude", "R", "String"),
    5516: Resource("Uncertainty of position", "R", "String", "m", DIAGNOSTIC),
    5517: Resource("Velocity", "R", "Opaque", role=HIDDEN),
    6051: Resource("Latitude", "R", "Float", "deg", range=Range(-90, 90)),
    6052: Resource("Longitude", "R", "Float", "deg", range=Range(-180, 180)),
    6053: Resource("Uncertainty of position", "R", "Float", "m", DIAGNOSTIC),
    # Time
    5506: Resource("Current time", "RW", "Time"),
    5507: Resource("Fraction of current time", "RW", "Float", "s", HIDDEN),
    # Timers, sounds, texts
    5521: Resource("Delay", "RW", "Float", "s"),
    5522: Resource("Clip", "RW", "Opaque", role=HIDDEN),
    5523: Resource("Trigger", "E"),
    5524: Resource("Duration", "RW", "Float", "s"),
    5525: Resource("Minimum off time", "RW", "Float", "s"),
    5526: Resource(
        "Mode", "RW", "Integer",
        labels={
            0: "Off",
            1: "One-shot",
            2: "Interval",
            3: "Delayed pick-up",
            4: "Delayed drop-out",
        },
    ),
    5527: Resource("Text", "RW", "String"),
    5528: Resource("X coordinate", "RW", "Integer"),
    5529: Resource("Y coordinate", "RW", "Integer"),
    5530: Resource("Clear", "E"),
    5531: Resource("Contrast", "RW", "Float", "%", range=_PERCENT),
    5534: Resource("Output counter", "RW", "Integer"),
    5538: Resource("Remaining time", "R", "Float", "s"),
    5543: Resource("Output", "R", "Boolean"),
    5544: Resource("Cumulative time", "RW", "Float", "s"),
    5545: Resource("Maximum X coordinate", "R", "Integer", role=HIDDEN),
    5546: Resource("Maximum Y coordinate", "R", "Integer", role=HIDDEN),
    5548: Resource("Level", "RW", "Float", "%", range=_PERCENT),
    # Positioners and controls
    5519: Resource("Lower limit", "R", "Float", role=HIDDEN),
    5520: Resource("Upper limit", "R", "Float", role=HIDDEN),
    5532: Resource("Increase", "R", "Boolean"),
    5533: Resource("Decrease", "R", "Boolean"),
    5536: Resource("Position", "RW", "Float", "%", range=_PERCENT),
    5537: Resource("Transition time", "RW", "Float", "s", DIAGNOSTIC),
    5541: Resource("Increase counter", "RW", "Integer"),
    5542: Resource("Decrease counter", "RW", "Integer"),
    5547: Resource("State", "R", "Integer"),
    5706: Resource("Colour", "RW", "String"),
    5850: Resource("State", "RW", "Boolean"),
    5851: Resource("Brightness", "RW", "Integer", "%", range=_PERCENT),
    5852: Resource("On time", "RW", "Integer", "s", DIAGNOSTIC),
    5853: Resource("Level", "RW", "String"),
    5854: Resource("Off time", "RW", "Integer", "s", DIAGNOSTIC),
    5900: Resource("Value", "RW", "Float", SENSOR_UNIT),
    5903: Resource("Busy to clear delay", "RW", "Integer", "ms", HIDDEN),
    5904: Resource("Clear to busy delay", "RW", "Integer", "ms", HIDDEN),
    5910: Resource("State", "R", "Integer"),
    5911: Resource("Reset", "E", role=DIAGNOSTIC),
    5912: Resource("Bit names", "RW", "String", role=HIDDEN, multiple=True),
    # Electrical power; the registry calls energy "cumulative power"
    5800: Resource("Active power", "R", "Float", "W"),
    5801: Resource("Minimum active power", "R", "Float", "W", HIDDEN),
    5802: Resource("Maximum active power", "R", "Float", "W", HIDDEN),
    5803: Resource("Lower end of active power range", "R", "Float", "W", HIDDEN),
    5804: Resource("Upper end of active power range", "R", "Float", "W", HIDDEN),
    5805: Resource("Active energy", "R", "Float", "Wh"),
    5806: Resource("Active power calibration", "W", "Float", "W", HIDDEN),
    5810: Resource("Reactive power", "R", "Float", "var"),
    5811: Resource("Minimum reactive power", "R", "Float", "var", HIDDEN),
    5812: Resource("Maximum reactive power", "R", "Float", "var", HIDDEN),
    5813: Resource("Lower end of reactive power range", "R", "Float", "var", HIDDEN),
    5814: Resource("Upper end of reactive power range", "R", "Float", "var", HIDDEN),
    5815: Resource("Reactive energy", "R", "Float", "varh"),
    5816: Resource("Reactive power calibration", "W", "Float", "var", HIDDEN),
    5820: Resource("Power factor", "R", "Float"),
    5822: Resource("Reset energy", "E", role=HIDDEN),
    # Load control
    5823: Resource("Event", "RW", "String"),
    5824: Resource("Start time", "RW", "Time"),
    5825: Resource("Duration", "RW", "Integer", "min"),
    5826: Resource("Criticality", "RW", "Integer", range=Range(0, 3)),
    5827: Resource("Average load", "RW", "Integer", "%", range=_PERCENT),
    5828: Resource("Duty cycle", "RW", "Integer", "%", range=_PERCENT),
    # The device that hosts a module
    5905: Resource("Host manufacturer", "R", "String", role=HIDDEN),
    5906: Resource("Host model", "R", "String", role=HIDDEN),
    5907: Resource("Host identifier", "R", "String", role=HIDDEN),
    5908: Resource("Host software version", "R", "String", role=HIDDEN),
}  # fmt: skip
"""By number."""
