"""What units and everyday words mean in Home Assistant: tables only.

An empty device class says that the thing is known, and has none.
"""

from collections.abc import Mapping
from typing import Final

from ..iot.units.table import CURRENCIES

type Classes = tuple[str, ...]
"""Device classes, of which the first counts that the unit allows."""

MEASURED: Final[Mapping[str, Classes]] = {
    # Air and weather
    "temperature": ("temperature",),
    "temp": ("temperature",),
    "dew point": ("temperature",),
    "temperature difference": ("temperature_delta",),
    "temperature delta": ("temperature_delta",),
    "delta temperature": ("temperature_delta",),
    "temperature offset": ("temperature_delta",),
    "hysteresis": ("temperature_delta",),
    "color temperature": (),
    "colour temperature": (),
    "humidity": ("humidity", "absolute_humidity"),
    "relative humidity": ("humidity",),
    "rh": ("humidity",),
    "absolute humidity": ("absolute_humidity",),
    "moisture": ("moisture",),
    "pressure": ("pressure",),
    "atmospheric pressure": ("atmospheric_pressure",),
    "barometric pressure": ("atmospheric_pressure",),
    "air pressure": ("atmospheric_pressure",),
    "barometer": ("atmospheric_pressure",),
    "rain": ("precipitation", "precipitation_intensity"),
    "rainfall": ("precipitation", "precipitation_intensity"),
    "rain rate": ("precipitation_intensity",),
    "precipitation": ("precipitation", "precipitation_intensity"),
    "precipitation intensity": ("precipitation_intensity",),
    "wind": ("wind_speed", "wind_direction"),
    "gust": ("wind_speed",),
    "wind speed": ("wind_speed",),
    "wind direction": ("wind_direction",),
    # Substances
    "co2": ("carbon_dioxide",),
    "carbon dioxide": ("carbon_dioxide",),
    "co": ("carbon_monoxide",),
    "carbon monoxide": ("carbon_monoxide",),
    "voc": ("volatile_organic_compounds", "volatile_organic_compounds_parts"),
    "tvoc": ("volatile_organic_compounds", "volatile_organic_compounds_parts"),
    "volatile organic compounds": (
        "volatile_organic_compounds",
        "volatile_organic_compounds_parts",
    ),
    "pm1": ("pm1",),
    "pm2 5": ("pm25",),
    "pm25": ("pm25",),
    "pm4": ("pm4",),
    "pm10": ("pm10",),
    "no2": ("nitrogen_dioxide",),
    "nitrogen dioxide": ("nitrogen_dioxide",),
    "nitrogen monoxide": ("nitrogen_monoxide",),
    "n2o": ("nitrous_oxide",),
    "o3": ("ozone",),
    "ozone": ("ozone",),
    "so2": ("sulphur_dioxide",),
    "sulphur dioxide": ("sulphur_dioxide",),
    "radon": ("radon",),
    "aqi": ("aqi",),
    "air quality index": ("aqi",),
    "ph": ("ph",),
    "p h": ("ph",),
    "acidity": ("ph",),
    "conductivity": ("conductivity",),
    "glucose": ("blood_glucose_concentration",),
    # Electricity
    "battery": ("battery",),
    "battery level": ("battery",),
    "state of charge": ("battery",),
    "soc": ("battery",),
    "voltage": ("voltage",),
    "potential": ("voltage",),
    "current": ("current",),
    "power": ("power",),
    "active power": ("power",),
    "apparent power": ("apparent_power",),
    "reactive power": ("reactive_power",),
    "power factor": ("power_factor",),
    "cos phi": ("power_factor",),
    "energy": ("energy",),
    "reactive energy": ("reactive_energy",),
    "stored energy": ("energy_storage",),
    "frequency": ("frequency",),
    # Light, sound, radio
    "illuminance": ("illuminance",),
    "luminosity": ("illuminance",),
    "brightness": ("illuminance",),
    "irradiance": ("irradiance",),
    "solar radiation": ("irradiance",),
    "noise": ("sound_pressure",),
    "loudness": ("sound_pressure",),
    "sound": ("sound_pressure",),
    "sound level": ("sound_pressure",),
    "sound pressure": ("sound_pressure",),
    "rssi": ("signal_strength",),
    "snr": ("signal_strength",),
    "signal": ("signal_strength",),
    "signal strength": ("signal_strength",),
    # Space, motion, matter
    "distance": ("distance",),
    "length": ("distance",),
    "mileage": ("distance",),
    "odometer": ("distance",),
    "height": ("distance",),
    "width": ("distance",),
    "diameter": ("distance",),
    "depth": ("distance",),
    "altitude": ("distance",),
    "elevation": ("distance",),
    "level": ("distance", "volume_storage"),
    "speed": ("speed",),
    "velocity": ("speed",),
    "weight": ("weight",),
    "mass": ("weight",),
    "area": ("area",),
    "volume": ("volume_storage",),
    "total volume": ("volume",),
    "volume total": ("volume",),
    "volume counter": ("volume",),
    "volume meter": ("volume",),
    "cumulated gas volume": ("gas",),
    "cumulative gas volume": ("gas",),
    "total gas volume": ("gas",),
    "cumulated water volume": ("water",),
    "cumulative water volume": ("water",),
    "total water volume": ("water",),
    "consumed volume": ("volume",),
    "volume consumed": ("volume",),
    "tank": ("volume_storage",),
    "content": ("volume_storage",),
    "contents": ("volume_storage",),
    "water": ("water",),
    "gas": ("gas",),
    "flow": ("volume_flow_rate",),
    "flow rate": ("volume_flow_rate",),
    "volume flow rate": ("volume_flow_rate",),
    # Time
    "duration": ("duration",),
    "on time": ("duration",),
    "run time": ("duration",),
    "operating time": ("duration",),
    "operating hours": ("duration",),
    "response time": ("duration",),
    "cycle time": ("duration",),
    "time remaining": ("duration",),
    "timer": ("duration",),
    "uptime": ("duration",),
    "runtime": ("duration",),
    "elapsed": ("duration",),
    "remaining": ("duration",),
    "countdown": ("duration",),
    "timeout": ("duration",),
    "delay": ("duration",),
    "interval": ("duration",),
    "period": ("duration",),
    "age": ("duration",),
    "timestamp": (),
    "epoch": (),
}
"""What the words of a name mean where numbers are measured."""

STATES: Final[Mapping[str, str]] = {
    "window": "window",
    "window open": "window",
    "window opened": "window",
    "window contact": "window",
    "door": "door",
    "door open": "door",
    "door opened": "door",
    "door contact": "door",
    "garage door": "garage_door",
    "contact": "opening",
    "open": "opening",
    "opened": "opening",
    "opening": "opening",
    "motion": "motion",
    "movement": "motion",
    "moving": "moving",
    "occupancy": "occupancy",
    "occupied": "occupancy",
    "presence": "presence",
    "leak": "moisture",
    "leakage": "moisture",
    "flood": "moisture",
    "flooding": "moisture",
    "water leak": "moisture",
    "smoke": "smoke",
    "gas leak": "gas",
    "gas detected": "gas",
    "carbon monoxide": "carbon_monoxide",
    "co": "carbon_monoxide",
    "co alarm": "carbon_monoxide",
    "tamper": "tamper",
    "tampered": "tamper",
    "tampering": "tamper",
    "vibration": "vibration",
    "glass break": "glass_break",
    "glass broken": "glass_break",
    "noise detected": "sound",
    "sound detected": "sound",
    "fault": "problem",
    "faulty": "problem",
    "problem": "problem",
    "error": "problem",
    "failure": "problem",
    "alarm": "problem",
    "overload": "problem",
    "overheat": "heat",
    "overheated": "heat",
    "frost": "cold",
    "running": "running",
    "online": "connectivity",
    "connected": "connectivity",
    "connectivity": "connectivity",
    "charging": "battery_charging",
    "battery low": "battery",
    "low battery": "battery",
    "plugged": "plug",
    "plugged in": "plug",
    "unlocked": "lock",
    "update available": "update",
}
"""What the words of a name mean where something is true or not."""

CONTRARY: Final = frozenset({
    "absent", "allowed", "clear", "closed", "count", "disable", "disabled", "dry",
    "enable", "enabled", "idle", "inactive", "mode", "muted", "no", "none", "normal",
    "not", "ok", "okay", "reset", "silenced", "support", "supported", "test",
})  # fmt: skip
"""Words beside which the others may mean the contrary, or something else."""

TRAILING: Final = frozenset({
    "active", "alarm", "detected", "detection", "detector", "input", "now", "sensor",
    "state", "status", "triggered",
})  # fmt: skip
"""Words (and numbers) that may follow; others may be the thing itself: *door light*."""

PLACING: Final = frozenset({"at", "behind", "by", "in", "of", "on", "under", "while"})
"""Words after which only the place comes, or the condition."""

SWITCHES: Final[Mapping[str, str]] = {
    "outlet": "outlet",
    "plug": "outlet",
    "socket": "outlet",
    "switch": "switch",
}
"""What the words of a name mean where something is switched."""

UNIT_CLASSES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("°C", "°F", "K"), "temperature"),
    **dict.fromkeys(
        ("Pa", "hPa", "kPa", "bar", "mbar", "psi", "mmHg", "inHg", "atm"), "pressure"
    ),
    **dict.fromkeys(("V", "mV", "μV", "kV"), "voltage"),
    **dict.fromkeys(("A", "mA", "μA"), "current"),
    **dict.fromkeys(("W", "kW", "mW", "MW", "GW"), "power"),
    **dict.fromkeys(("VA", "kVA"), "apparent_power"),
    **dict.fromkeys(("var", "kvar"), "reactive_power"),
    **dict.fromkeys(("Wh", "kWh", "MWh", "mWh", "kJ", "MJ", "GJ"), "energy"),
    **dict.fromkeys(("varh", "kvarh"), "reactive_energy"),
    **dict.fromkeys(("Wh/km", "kWh/100km"), "energy_distance"),
    **dict.fromkeys(("Hz", "kHz", "MHz", "GHz"), "frequency"),
    "lx": "illuminance",
    "W/m²": "irradiance",
    "dBA": "sound_pressure",
    "dBm": "signal_strength",
    **dict.fromkeys(("m/s", "km/h", "mph", "kn", "ft/s"), "speed"),
    "Beaufort": "wind_speed",
    **dict.fromkeys(
        ("m³/s", "m³/min", "m³/h", "L/s", "L/min", "L/h", "mL/s", "gal/min", "gal/h",
         "ft³/min"),
        "volume_flow_rate",
    ),
    **dict.fromkeys(("g", "kg", "mg", "lb", "oz"), "weight"),
    **dict.fromkeys(("m²", "km²", "ft²", "ha"), "area"),
    **dict.fromkeys(("μS/cm", "mS/cm"), "conductivity"),
    "Bq/m³": "radon",
    **dict.fromkeys(
        ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB", "bit"), "data_size"
    ),
    **dict.fromkeys(
        ("bit/s", "kbit/s", "Mbit/s", "B/s", "kB/s", "MB/s"), "data_rate"
    ),
    **dict.fromkeys(CURRENCIES, "monetary"),
}  # fmt: skip
"""Units that by themselves say what is measured. ``%``, seconds, metres, litres and
parts per million do not."""

_ENERGY: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("stored", "storage", "remaining", "available", "capacity", "battery energy"),
        "energy_storage",
    ),
    **dict.fromkeys(
        ("charged", "consumed", "counter", "discharged", "produced", "total"), "energy"
    ),
}

NARROWER: Final[Mapping[str, Mapping[str, str]]] = {
    "temperature": {
        **dict.fromkeys(
            ("delta", "difference", "hysteresis", "deadband", "offset"),
            "temperature_delta",
        ),
        "color": "",
        "colour": "",
        "cct": "",
    },
    "pressure": dict.fromkeys(
        ("atmospheric", "barometric", "barometer", "air pressure"),
        "atmospheric_pressure",
    ),
    "speed": dict.fromkeys(("wind", "gust"), "wind_speed"),
    "energy": _ENERGY,
}
"""What a word of the name makes of the class of a unit."""
