"""What several elements of a device are together: a table for each platform.

To add a platform: its table here, its entities in a platform file.
"""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import Platform

from .climate import CLIMATE
from .cover import COVER
from .device_tracker import DEVICE_TRACKER
from .fan import FAN
from .humidifier import HUMIDIFIER
from .light import LIGHT
from .lock import LOCK
from .rule import Rule
from .siren import SIREN
from .update import UPDATE
from .valve import VALVE
from .water_heater import WATER_HEATER

RULES: Final = (
    LOCK,
    VALVE,
    COVER,
    WATER_HEATER,
    CLIMATE,
    HUMIDIFIER,
    LIGHT,
    FAN,
    SIREN,
    DEVICE_TRACKER,
    UPDATE,
)
"""In the order in which they are tried: what has an element, keeps it."""

RULE_OF: Final[Mapping[Platform, Rule]] = {rule.platform: rule for rule in RULES}
