"""Units as models spell them."""

from collections import Counter

from hypothesis import given, strategies as st
import pytest

from custom_components.device_models.iot.units import Unit, known, symbol, unit_of
from custom_components.device_models.iot.units.prose import unit_in_prose
from custom_components.device_models.iot.units.spelling import folded
from custom_components.device_models.iot.units.table import (
    KNOWN,
    NAMESPACES,
    OTHERS,
    Row,
)


@pytest.mark.parametrize(
    ("spelled", "expected", "why"),
    [
        # As Home Assistant has it
        ("°C", "°C", ""),
        (" kWh ", "kWh", ""),
        ("\u00b5S/cm", "\u03bcS/cm", ""),
        # Codes
        ("Cel", "°C", "SenML Cel"),
        ("/100", "%", "SenML /100"),
        ("%RH", "%", "SenML %RH"),
        ("l", "L", "SenML l"),
        ("lat", "°", "SenML lat"),
        ("lon", "°", "SenML lon"),
        ("om2:microtesla", "\u03bcT", "OM microtesla"),
        ("mg/l", "mg/L", "spelled mg/l"),
        ("ug/m3", "μg/m³", "SenML ug/m3"),
        ("1/s", "Hz", "SenML 1/s"),
        ("[degF]", "°F", "UCUM [degF]"),
        ("ucum:[in_i'Hg]", "inHg", "UCUM [in_i'Hg]"),
        ("senml:Cel", "°C", "SenML Cel"),
        ("W.h", "Wh", "UCUM W.h"),
        ("W.s", "J", "UCUM W.s"),
        ("l/min", "L/min", "UCUM l/min"),
        # Terms
        ("unit:DEG_C", "°C", "QUDT DEG_C"),
        ("unit:M", "m", "QUDT M"),
        ("unit:MIN", "min", "QUDT MIN"),
        ("http://qudt.org/vocab/unit/KiloW-HR", "kWh", "QUDT KiloW-HR"),
        ("KiloM-PER-HR", "km/h", "QUDT KiloM-PER-HR"),
        ("qudt:DegreeCelsius", "°C", "QUDT DegreeCelsius"),
        ("om2:degreeCelsius", "°C", "OM degreeCelsius"),
        ("om:degree_Celsius", "°C", "OM degree_Celsius"),
        ("om:cubicMetre-PerHour", "m³/h", "OM cubicMetre-PerHour"),
        ("om2:metrePerSecond-Time", "m/s", "OM metrePerSecond-Time"),
        (
            "http://www.ontology-of-units-of-measure.org/resource/om-2/percent",
            "%",
            "OM percent",
        ),
        ("dtmi:standard:unit:kilometrePerHour;2", "km/h", "DTDL kilometrePerHour"),
        ("degreeCelsius", "°C", "spelled degreeCelsius"),
        ("kilowattHour", "kWh", "spelled kilowattHour"),
        # People
        ("degC", "°C", "spelled degC"),
        ("º C", "°C", "spelled º C"),
        ("℃", "°C", "spelled ℃"),
        ("Celsius", "°C", "spelled Celsius"),
        ("degrees celsius", "°C", "spelled degrees celsius"),
        ("percentage", "%", "spelled percentage"),
        ("m^3/h", "m³/h", "spelled m^3/h"),
        ("cbm/h", "m³/h", "spelled cbm/h"),
        ("KWH", "kWh", "spelled KWH"),
        ("kW·h", "kWh", "spelled kW·h"),
        ("Watts", "W", "spelled Watts"),
        ("milliampere", "mA", "spelled milliampere"),
        ("lux", "lx", "spelled lux"),
        ("BAR", "bar", "spelled BAR"),
        ("Km/hour", "km/h", "spelled Km/hour"),
        ("liters per minute", "L/min", "spelled liters per minute"),
        ("m.s-1", "m/s", "spelled m.s-1"),
        ("W m⁻²", "W/m²", "spelled W m⁻²"),
        ("U/min", "rpm", "spelled U/min"),
        ("hours", "h", "spelled hours"),
        ("€", "EUR", "spelled €"),
        # No unit
        ("none", "", "spelled none"),
        ("1", "", "UCUM 1"),
        ("count", "", "SenML count"),
        # Not Home Assistant's
        ("Ohm", "Ω", "SenML Ohm"),
        ("min-1", "1/min", "spelled min-1"),
        ("C", "C", ""),  # coulomb
        ("dBW", "dBW", ""),  # a power, which is no sound pressure
        ("MHZ", "MHZ", ""),  # mega or milli?
        ("umol/m2/s", "μmol/s⋅m²", "spelled umol/m2/s"),
        ("UV", "UV", ""),  # no microvolt
        ("mva", "mva", ""),
        ("widgets", "widgets", ""),
        ("", "", ""),
    ],
)
def test_unit_that_is_meant(spelled: str, expected: str, why: str) -> None:
    unit = unit_of(spelled)
    assert (unit.symbol, unit.why) == (expected, why)
    assert (unit.scale, unit.offset) == (1, 0)
    assert symbol(spelled) == expected


@pytest.mark.parametrize(
    ("spelled", "number", "shown"),
    [
        ("/", 0.5, "50 %"),
        ("/1000", 12, "1.2 %"),
        ("MPa", 0.3, "300 kPa"),
        ("hL", 2, "200 L"),
        ("cl", 33, "330 mL"),
        ("daPa", 10, "100 Pa"),
        ("t", 1.5, "1500 kg"),
        ("um", 250, "0.25 mm"),
        ("S/m", 0.02, "0.2 mS/cm"),
        ("J/m", 360, "100 Wh/km"),
        ("rad", 3.141592653589793, "180 °"),
        ("m/h", 500, "0.5 km/h"),
        ("Bspl", 7, "70 dB"),
        ("MVA", 2, "2000 kVA"),
        ("l/d", 240, "10 L/h"),
        ("horsepower", 2, "1491.4 W"),
        ("rad/s", 2, "19.0986 rpm"),
    ],
)
def test_multiple_that_home_assistant_lacks(
    spelled: str, number: float, shown: str
) -> None:
    unit = unit_of(spelled)
    assert f"{number * unit.scale + unit.offset:g} {unit.symbol}" == shown
    assert symbol(spelled) == spelled


DTDL = (
    "acre", "ampere", "ampereHour", "bar", "bel", "bitPerSecond", "britishThermalUnit",
    "byte", "candela", "centimetre", "centimetrePerSecond", "coulomb",
    "cubicCentimetre", "cubicFoot", "cubicFootPerMinute", "cubicMetre",
    "cubicMetrePerHour", "day", "decapascal", "decibel", "degreeCelsius",
    "degreeFahrenheit", "degreeOfArc", "degreePerSecond", "farad", "fluidOunce", "foot",
    "footcandle", "gallon", "gallonPerMinute", "gibibyte", "gigahertz", "gigajoule",
    "gigawatt", "gigawattHour", "gram", "gramPerCubicMetre", "hectare", "hectopascal",
    "hertz", "horsepower", "hour", "inch", "inchesOfMercury", "inchesOfWater", "joule",
    "kelvin", "kibibyte", "kibibytePerSecond", "kiloampere", "kilogram",
    "kilogramPerCubicMetre", "kilogramPerHour", "kilohertz", "kilojoule", "kilometre",
    "kilometrePerHour", "kiloohm", "kilopascal", "kilovolt", "kilovoltAmpere",
    "kilovoltAmpereHour", "kilovoltAmpereReactive", "kilovoltAmpereReactiveHour",
    "kilowatt", "kilowattHour", "knot", "litre", "litrePerHour", "litrePerMinute",
    "litrePerSecond", "lumen", "lux", "massPound", "megahertz", "megajoule", "megavolt",
    "megawatt", "megawattHour", "metre", "metrePerHour", "metrePerSecond",
    "metrePerSecondSquared", "microampere", "microgram", "microgramPerCubicMetre",
    "micrometre", "microsecond", "microvolt", "microwatt", "mile", "milePerHour",
    "milliampere", "milliampereHour", "millibar", "milligram", "milligramPerCubicMetre",
    "millihertz", "millilitre", "millilitrePerMinute", "millimetre",
    "millimetresOfMercury", "millisecond", "millivolt", "millivoltAmpere", "milliwatt",
    "milliwattHour", "minute", "nauticalMile", "newton", "ohm", "partsPerBillion",
    "partsPerMillion", "pascal", "percent", "poundPerSquareInch", "radian",
    "radianPerSecond", "revolutionPerMinute", "revolutionPerSecond", "second",
    "squareCentimetre", "squareFoot", "squareInch", "squareKilometre", "squareMetre",
    "squareMillimetre", "terawattHour", "tonne", "unity", "volt", "voltAmpere",
    "voltAmpereHour", "voltAmpereReactive", "voltAmpereReactiveHour", "watt",
    "wattHour", "wattPerSquareMetre", "year",
)  # fmt: skip
"""Units of DTDL's extension QuantitativeTypes."""


@pytest.mark.parametrize("name", DTDL)
def test_units_of_dtdl_are_understood(name: str) -> None:
    assert known(name) is not None
    assert known(f"dtmi:standard:unit:{name};1") is not None


@pytest.mark.parametrize(
    ("spelled", "quantity"),
    [("%RH", "humidity"), ("%EL", "battery"), ("pH", "ph"), ("%", ""), ("Cel", "")],
)
def test_codes_that_say_what_is_measured(spelled: str, quantity: str) -> None:
    assert unit_of(spelled).quantity == quantity


def test_letters_that_mean_a_temperature_where_one_is_measured() -> None:
    assert unit_of("C", is_temperature=True).symbol == "°C"
    assert unit_of("f", is_temperature=True).symbol == "°F"
    assert unit_of("C", is_temperature=True).why == "spelled C of a temperature"
    assert unit_of("K", is_temperature=True).symbol == "K"


def test_unknown_unit_is_no_known_one() -> None:
    assert known("widgets") is None
    assert known("x" * 1000) is None
    assert known(" Celsius ") == Unit("°C", why="spelled Celsius")


def test_no_code_has_two_meanings() -> None:
    exact = [
        (code, row)
        for row in (*KNOWN, *OTHERS)
        for code in {
            *(code for _, listed in row.codes for code in listed.split()),
            *([row.symbol] if row.is_the_symbols and row.symbol else []),
        }
    ]
    names = {
        (folded(name), row) for row in (*KNOWN, *OTHERS) for name in row.names.split()
    }
    qudt = [(code, row) for row in (*KNOWN, *OTHERS) for code in row.qudt.split()]
    for table in (exact, names, qudt):
        counted = Counter(code for code, _row in table)
        assert [code for code, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("row", [*KNOWN, *OTHERS], ids=lambda row: row.symbol)
def test_symbols_stay_what_they_are(row: Row) -> None:
    assert symbol(row.symbol) == row.symbol


def test_every_spelling_of_a_row_leads_to_it() -> None:
    for row in (*KNOWN, *OTHERS):
        spellings = [code for _, listed in row.codes for code in listed.split()]
        spellings += row.names.split()
        spellings += [f"unit:{code}" for code in row.qudt.split()]
        for spelled in spellings:
            unit = unit_of(spelled)
            assert (unit.symbol, unit.scale) == (row.symbol, row.scale), spelled


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("Outlet pressure in BAR", "bar", "'in BAR'"),
        ("speed (Km/hour)", "km/h", "'(Km/hour)'"),
        ("temperature, °C", "°C", "'°C'"),
        ("Interval [ms] between two messages", "ms", "'[ms]'"),
        ("Flow in cubic metres per hour, averaged", "m³/h", None),
        ("Unit: kPa", "kPa", "'Unit: kPa'"),
        ("Depth; the unit of measure is cm.", "cm", "'unit of measure is cm'"),
        ("Air temperature (in degrees Celsius)", "°C", None),
        ("Current (A)", "A", "'(A)'"),
        ("Temperature in C", "°C", "'in C'"),
        ("Time until the start in seconds.", "s", "'in seconds'"),
        ("Energy in the house in kWh", "kWh", "'in kWh'"),
        ("Pressure\n in   hPa", "hPa", "'in hPa'"),
    ],
)
def test_unit_in_a_description(text: str, expected: str, why: str | None) -> None:
    unit = unit_in_prose(text)
    assert unit is not None
    assert unit.symbol == expected
    assert why is None or unit.why == why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Phase (A)",
        "Number of sensor(s)",
        "Sensor in a room",
        "Pressure in bar or in psi",
        "Whether the pump is in use",
        "Temperature in tenths of °C",
        "Temperature in °C x 10",
        "Distance in in",
        "Counts how many in number",
        "Watt hours are not said here",
        "Valve (see the manual)",
        "Barometer in the barn",
        "Starts in second gear",
        "Plan B, A",
    ],
)
def test_description_that_says_no_unit(text: str) -> None:
    assert unit_in_prose(text) is None


@given(st.text(max_size=100))
def test_any_text_is_a_unit(text: str) -> None:
    unit = unit_of(text)
    assert unit.symbol == unit_of(unit.symbol).symbol
    assert unit.scale > 0


WORDS = st.sampled_from(
    "in unit: (°C) [bar] , kWh in in ( ] A per cubic metre hour seconds .".split()  # noqa: SIM905
)


@given(st.lists(WORDS | st.text(max_size=5)).map(" ".join))
def test_any_text_is_a_description(text: str) -> None:
    unit = unit_in_prose(text)
    assert unit is None or known(unit.symbol) is not None


def test_only_the_beginning_of_a_long_description_counts() -> None:
    assert unit_in_prose("Now in this way " * 9 + "in kWh") is None
    assert unit_in_prose("x " * 100_000 + "in kWh") is None


def test_terms_begin_with_the_longest_namespace_first() -> None:
    starts = list(NAMESPACES)
    for number, start in enumerate(starts):
        assert not [other for other in starts[number + 1 :] if other.startswith(start)]
