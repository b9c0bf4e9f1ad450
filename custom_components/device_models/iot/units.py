"""Units as models spell them, to the symbol that people read.

Plain spellings only: the codes of the SenML registry (RFC 8428 §12.1, RFC 8798 §3) and
of UCUM, where code and symbol mean the same quantity without a factor.
"""

from collections.abc import Mapping
from typing import Final

SYMBOLS: Final[Mapping[str, str]] = {
    # SenML and UCUM codes that are not the usual symbol
    "Cel": "°C",
    "[degF]": "°F",
    "degF": "°F",
    "degC": "°C",
    "%RH": "%",
    "%EL": "%",
    "deg": "°",
    "lx": "lx",
    "dBW": "dB",
    "dBm": "dBm",
    "l": "L",
    "l/s": "L/s",
    "l/min": "L/min",
    "l/h": "L/h",
    "m3": "m³",
    "m3/h": "m³/h",
    "m3/s": "m³/s",
    "m2": "m²",
    "m/s2": "m/s²",
    "ug/m3": "μg/m³",
    "mg/m3": "mg/m³",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "W/m2": "W/m²",
    "VA": "VA",
    "VAr": "var",
    "var": "var",
    "Ohm": "Ω",
    "uS/cm": "μS/cm",
    "sec": "s",
    "hr": "h",
    "[psi]": "psi",
    "[mi_i]": "mi",
}
"""Code to symbol; everything else is taken as it is spelled."""


def symbol(unit: str) -> str:
    """Return the symbol of a unit; the micro sign in the one spelling that counts."""
    return SYMBOLS.get(unit, unit).replace("\u00b5", "\u03bc")
