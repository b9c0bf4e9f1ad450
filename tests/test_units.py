"""The units of models, against the units of Home Assistant."""

from enum import StrEnum
from typing import Final

from homeassistant import const
from homeassistant.components.number.const import DEVICE_CLASS_UNITS as NUMBER_UNITS
from homeassistant.components.sensor.const import (
    AMBIGUOUS_UNITS,
    DEVICE_CLASS_UNITS as SENSOR_UNITS,
)
import pytest

from custom_components.device_models.iot.units import unit_of
from custom_components.device_models.iot.units.table import (
    CURRENCIES,
    KNOWN,
    OTHERS,
    Row,
)

CONSTANTS: Final = frozenset(
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
    const.REVOLUTIONS_PER_MINUTE,
    const.SIGNAL_STRENGTH_DECIBELS,
    const.SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
}

OF_CLASSES: Final = {
    unit
    for table in (SENSOR_UNITS, NUMBER_UNITS)
    for units in table.values()
    for unit in units
    if unit is not None
}

SENML: Final = {
    # RFC 8428 §12.1
    "m", "kg", "g", "s", "A", "K", "Hz", "Pa", "J", "W", "V", "Cel", "lx", "m2", "m3",
    "l", "m/s", "m3/s", "l/s", "W/m2", "bit/s", "dB", "%RH", "%EL", "B", "VA", "var",
    "deg", "/", "1/s", "S/m", "rad", "J/m",
    # RFC 8798 §3
    "ms", "min", "h", "MHz", "kW", "kVA", "kvar", "Wh", "kWh", "varh", "kvarh",
    "Wh/km", "KiB", "GB", "Mbit/s", "B/s", "MB/s", "mV", "mA", "dBm", "ug/m3", "mm/h",
    "m/h", "ppm", "/100", "/1000", "hPa", "mm", "cm", "km", "km/h",
}  # fmt: skip
"""The units of the SenML registries that Home Assistant has, too, or a multiple of."""


@pytest.mark.parametrize(
    "row", [row for row in KNOWN if row.symbol], ids=lambda row: row.symbol
)
def test_every_symbol_is_one_of_home_assistants(row: Row) -> None:
    assert row.symbol in CONSTANTS | set(CURRENCIES)


def test_what_home_assistant_has_no_unit_for() -> None:
    assert {row.symbol for row in OTHERS}.isdisjoint(CONSTANTS)


@pytest.mark.parametrize("code", sorted(SENML))
def test_units_of_senml_are_understood(code: str) -> None:
    assert unit_of(code).symbol in CONSTANTS


@pytest.mark.parametrize("unit", sorted(map(str, OF_CLASSES)))
def test_units_of_home_assistant_stay_what_they_are(unit: str) -> None:
    understood = unit_of(unit)
    assert (understood.symbol, understood.scale) == (unit, 1)


@pytest.mark.parametrize(("ambiguous", "unit"), list(AMBIGUOUS_UNITS.items()))
def test_ambiguous_spellings_become_the_one_that_counts(
    ambiguous: str, unit: str
) -> None:
    assert unit_of(ambiguous).symbol == unit
