"""Units as models spell them, to the symbol that people read.

Plain spellings only: the codes of the SenML registries (RFC 8428 §12.1, RFC 8798 §3)
and of UCUM, where code and symbol mean the same quantity without a factor.
"""

from collections.abc import Mapping
from typing import Final

MICRO_SIGN: Final = "\u00b5"
GREEK_MU: Final = "\u03bc"

SYMBOLS: Final[Mapping[str, str]] = {
    # Temperature
    "Cel": "°C",
    "degC": "°C",
    "℃": "°C",
    "[degF]": "°F",
    "degF": "°F",
    "℉": "°F",
    # Ratios; %RH is relative humidity, %EL what is left in a battery
    "/100": "%",
    "%RH": "%",
    "%EL": "%",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    # Space and motion
    "deg": "°",
    "m2": "m²",
    "m3": "m³",
    "m3/s": "m³/s",
    "m3/h": "m³/h",
    "m/s2": "m/s²",
    "l": "L",
    "l/s": "L/s",
    "l/min": "L/min",
    "l/h": "L/h",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "[mi_i]": "mi",
    "[mi_i]/h": "mph",
    "[kn_i]": "kn",
    # Time
    "sec": "s",
    "hr": "h",
    # Mass and pressure
    "[lb_av]": "lb",
    "[psi]": "psi",
    "mm[Hg]": "mmHg",
    "[in_i'Hg]": "inHg",
    # Electricity and light
    "VAr": "var",
    "kVAr": "kvar",
    "uV": "μV",
    "uA": "μA",
    "uS/cm": "μS/cm",
    "Ohm": "Ω",
    "lux": "lx",
    "W/m2": "W/m²",
    # Substances
    "ug/m3": "μg/m³",
    "μg/m3": "μg/m³",
    "mg/m3": "mg/m³",
    "g/m3": "g/m³",
}
"""Code to symbol; everything else is taken as it is spelled."""


def symbol(unit: str) -> str:
    """Return the symbol of a unit; the micro sign in the one spelling that counts."""
    unit = unit.strip().replace(MICRO_SIGN, GREEK_MU)
    return SYMBOLS.get(unit, unit)
