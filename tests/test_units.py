"""The units of models, against the units of Home Assistant."""

from enum import StrEnum
from typing import Final

from homeassistant import const
import pytest

from custom_components.device_models.iot.units import SYMBOLS, symbol

HOME_ASSISTANT: Final = frozenset(
    unit.value
    for units in vars(const).values()
    if isinstance(units, type) and issubclass(units, StrEnum)
    if units.__name__.startswith("UnitOf")
    for unit in units
) | {
    const.CONCENTRATION_GRAMS_PER_CUBIC_METER,
    const.CONCENTRATION_MICROGRAMS_PER_CUBIC_METER,
    const.CONCENTRATION_MILLIGRAMS_PER_CUBIC_METER,
    const.CONCENTRATION_PARTS_PER_BILLION,
    const.CONCENTRATION_PARTS_PER_MILLION,
    const.DEGREE,
    const.LIGHT_LUX,
    const.PERCENTAGE,
    const.SIGNAL_STRENGTH_DECIBELS,
    const.SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
}

UNKNOWN_THERE: Final = {"Ω", "m/s²"}
"""Symbols that people read, without a constant."""

SENML: Final = {
    # RFC 8428 §12.1
    "m", "kg", "g", "s", "A", "K", "Hz", "Pa", "J", "W", "V", "Cel", "lx", "m2", "m3",
    "l", "m/s", "m3/s", "l/s", "W/m2", "bit/s", "dB", "%RH", "%EL", "B", "VA", "var",
    "deg",
    # RFC 8798 §3
    "ms", "min", "h", "MHz", "kW", "kVA", "kvar", "Wh", "kWh", "varh", "kvarh",
    "Wh/km", "KiB", "GB", "B/s", "MB/s", "mV", "mA", "dBm", "ug/m3", "mm/h", "ppm",
    "/100", "hPa", "mm", "cm", "km", "km/h",
}  # fmt: skip
"""The units of the SenML registries that Home Assistant has, too."""


@pytest.mark.parametrize("code", SYMBOLS)
def test_every_symbol_is_one_of_home_assistants(code: str) -> None:
    assert symbol(code) in HOME_ASSISTANT | UNKNOWN_THERE


@pytest.mark.parametrize("code", sorted(SENML))
def test_units_of_senml_are_understood(code: str) -> None:
    assert symbol(code) in HOME_ASSISTANT
