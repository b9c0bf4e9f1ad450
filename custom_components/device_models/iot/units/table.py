"""The table of units: one row for each unit, with all that it is called.

Sources of the codes: the SenML units registry (RFC 8428 §12.1, RFC 8798 §3), UCUM
(case sensitive), QUDT's ``unit`` vocabulary, OM 1.8 and 2, DTDL's quantitative types,
and what is found in models. Words serve OM, DTDL, MIoT and people alike, since
``folded`` makes one spelling of all of them; an underscore stands for a space.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Row:
    """One unit, and what it is called. Each text is a list, separated by spaces."""

    symbol: str
    """As Home Assistant spells it."""
    names: str = ""
    """Words and spellings in which case does not count."""
    senml: str = ""
    ucum: str = ""
    qudt: str = ""
    other: str = ""
    """Spellings in which case counts, of no vocabulary."""
    scale: float = 1.0
    offset: float = 0.0
    quantity: str = ""

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """The lists in which case counts, by their vocabulary."""
        return ("SenML", self.senml), ("UCUM", self.ucum), ("", self.other)

    @property
    def is_the_symbols(self) -> bool:
        """Whether the symbol by itself means this row, and no multiple or quantity."""
        return (self.scale, self.offset, self.quantity) == (1.0, 0.0, "")


CURRENCIES: Final = (
    "AUD", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "INR", "JPY", "NOK", "PLN",
    "SEK", "USD",
)  # fmt: skip
"""Codes of ISO 4217."""

MONEY: Final = {"EUR": "euro €", "GBP": "pound_sterling £", "USD": "us_dollar"}
"""What people call them."""

KNOWN: Final = (
    # Temperature
    Row(
        "°C",
        "celsius degree_celsius deg_celsius degc deg_c °c centigrade degree_c",
        senml="Cel",
        ucum="Cel",
        qudt="DEG_C DegreeCelsius",
    ),
    Row(
        "°F",
        "fahrenheit degree_fahrenheit deg_fahrenheit degf deg_f °f degree_f",
        ucum="[degF]",
        qudt="DEG_F DegreeFahrenheit",
    ),
    Row("K", "kelvin kelvins degree_kelvin", senml="K", ucum="K", qudt="K Kelvin"),
    # Ratios
    Row(
        "%",
        "percent percentage pct per_cent vol% %vol volume_percent",
        senml="/100",
        ucum="%",
        qudt="PERCENT",
    ),
    Row("%", "%rh", senml="%RH", quantity="humidity"),
    Row("%", senml="%EL", quantity="battery"),
    Row("%", senml="/", scale=100.0),
    Row("%", "permille per_mille ‰", senml="/1000", qudt="PERMILLE", scale=0.1),
    Row(
        "ppm",
        "parts_per_million part_per_million ppmv",
        senml="ppm",
        ucum="[ppm]",
        qudt="PPM",
    ),
    Row("ppb", "parts_per_billion part_per_billion", ucum="[ppb]", qudt="PPB"),
    # Angle, rotation
    Row(
        "°",
        "degree degree_of_arc arcdegree angular_degree deg",
        senml="deg lat lon",
        ucum="deg",
        qudt="DEG DegreeAngle",
    ),
    Row("°", "radian", senml="rad", ucum="rad", qudt="RAD", scale=57.29577951308232),
    Row(
        "rpm",
        "rpm revolution/min revolutions_per_minute rev/min r/min u/min",
        ucum="{rev}/min",
        qudt="REV-PER-MIN",
    ),
    Row("rpm", "revolution/s rev/s rps", qudt="REV-PER-SEC", scale=60.0),
    Row(
        "rpm",
        "radian/s rad/s",
        ucum="rad/s",
        qudt="RAD-PER-SEC",
        scale=9.54929658551372,
    ),
    # Length, area
    Row("m", "metre", senml="m", ucum="m", qudt="M"),
    Row("cm", "centimetre cm", senml="cm", ucum="cm", qudt="CentiM"),
    Row("mm", "millimetre mm", senml="mm", ucum="mm", qudt="MilliM"),
    Row("mm", "micrometre um micron", ucum="um", qudt="MicroM", scale=0.001),
    Row("cm", "decimetre", ucum="dm", other="dm", qudt="DeciM", scale=10.0),
    Row("km", "kilometre km", senml="km", ucum="km", qudt="KiloM"),
    Row("in", "inch inche", ucum="[in_i]", qudt="IN"),
    Row("ft", "foot feet ft", ucum="[ft_i]", qudt="FT"),
    Row("yd", "yard", ucum="[yd_i]", qudt="YD"),
    Row("mi", "mile", ucum="[mi_i]", qudt="MI"),
    Row("nmi", "nautical_mile", ucum="[nmi_i]", qudt="MI_N"),
    Row("m²", "square_metre m2 sqm", senml="m2", ucum="m2", qudt="M2"),
    Row("cm²", "square_centimetre cm2", ucum="cm2", qudt="CentiM2"),
    Row("km²", "square_kilometre km2", ucum="km2", qudt="KiloM2"),
    Row("ft²", "square_foot square_feet sqft", ucum="[sft_i]", qudt="FT2"),
    Row("ac", "acre", ucum="[acr_us]", qudt="AC"),
    Row("in²", "square_inch in2", ucum="[sin_i]", qudt="IN2"),
    Row("mm²", "square_millimetre mm2", ucum="mm2", qudt="MilliM2"),
    Row("ha", "hectare", ucum="har", qudt="HA"),
    # Volume
    Row("m³", "cubic_metre m3 cbm", senml="m3", ucum="m3", qudt="M3"),
    Row(
        "L",
        "litre ltr cubic_decimetre dm3",
        senml="l",
        ucum="L l dm3",
        qudt="L DeciM3",
    ),
    Row(
        "mL",
        "millilitre ml cubic_centimetre cm3 ccm",
        ucum="mL ml cm3",
        qudt="MilliL CentiM3",
    ),
    Row("mL", "centilitre cl", ucum="cL cl", qudt="CentiL", scale=10.0),
    Row("L", "decilitre dl", ucum="dL dl", qudt="DeciL", scale=0.1),
    Row("L", "hectolitre", ucum="hL hl", other="hL", qudt="HectoL", scale=100.0),
    Row("ft³", "cubic_foot cubic_feet ft3", ucum="[cft_i]", qudt="FT3"),
    Row("fl. oz.", "fluid_ounce floz fl_oz", ucum="[foz_us]", qudt="OZ_VOL_US"),
    Row("gal", "gallon", ucum="[gal_us]", qudt="GAL_US"),
    # Volume flow
    Row("m³/s", "cubic_metre/s m3/s", senml="m3/s", ucum="m3/s", qudt="M3-PER-SEC"),
    Row("m³/min", "cubic_metre/min m3/min", ucum="m3/min", qudt="M3-PER-MIN"),
    Row("m³/h", "cubic_metre/h m3/h cbm/h cmh", ucum="m3/h", qudt="M3-PER-HR"),
    Row("L/s", "litre/s l/s lps", senml="l/s", ucum="L/s l/s", qudt="L-PER-SEC"),
    Row("L/min", "litre/min l/min lpm", ucum="L/min l/min", qudt="L-PER-MIN"),
    Row("L/h", "litre/h l/h lph", ucum="L/h l/h", qudt="L-PER-HR"),
    Row("mL/s", "millilitre/s ml/s", ucum="mL/s ml/s", qudt="MilliL-PER-SEC"),
    Row("L/h", "millilitre/h ml/h", ucum="mL/h ml/h", scale=0.001),
    Row("L/h", "millilitre/min ml/min", ucum="mL/min ml/min", scale=0.06),
    Row("L/h", "litre/d l/d", ucum="L/d l/d", scale=1 / 24),
    Row("m³/h", "cubic_metre/d m3/d", ucum="m3/d", scale=1 / 24),
    Row("gal/min", "gallon/min gpm", ucum="[gal_us]/min", qudt="GAL_US-PER-MIN"),
    Row("gal/h", "gallon/h gph", ucum="[gal_us]/h", qudt="GAL_US-PER-HR"),
    Row("ft³/min", "cubic_foot/min cubic_feet/min ft3/min cfm", qudt="FT3-PER-MIN"),
    # Speed, rain
    Row(
        "m/s",
        "metre/s metre_per_second_time m/s mps",
        senml="m/s",
        ucum="m/s",
        qudt="M-PER-SEC",
    ),
    Row("m/min", "metre/min m/min", ucum="m/min", qudt="M-PER-MIN"),
    Row("mm/s", "millimetre/s mm/s", ucum="mm/s", qudt="MilliM-PER-SEC"),
    Row("mm/s", "centimetre/s cm/s", ucum="cm/s", qudt="CentiM-PER-SEC", scale=10.0),
    Row(
        "km/h",
        "kilometre/h km/h kmh kph kmph",
        senml="km/h",
        ucum="km/h",
        qudt="KiloM-PER-HR",
    ),
    Row("km/h", "metre/h", senml="m/h", ucum="m/h", scale=0.001),
    Row("mph", "mile/h mi/h", ucum="[mi_i]/h", qudt="MI-PER-HR"),
    Row("kn", "knot kt", ucum="[kn_i]", qudt="KN"),
    Row("ft/s", "foot/s feet/s ft/s", ucum="[ft_i]/s", qudt="FT-PER-SEC"),
    Row("Beaufort", "bft"),
    Row("mm/h", "millimetre/h mm/h", senml="mm/h", ucum="mm/h", qudt="MilliM-PER-HR"),
    Row("mm/d", "millimetre/d mm/d", ucum="mm/d", qudt="MilliM-PER-DAY"),
    Row("in/h", "inch/h in/h", ucum="[in_i]/h", qudt="IN-PER-HR"),
    # Time
    Row("s", "second second_time sec", senml="s", ucum="s", qudt="SEC"),
    Row("ms", "millisecond msec", senml="ms", ucum="ms", qudt="MilliSEC"),
    Row("μs", "microsecond usec", ucum="us", qudt="MicroSEC"),
    Row("min", "minute minute_time min", senml="min", ucum="min", qudt="MIN"),
    Row("h", "hour hour_time hr hrs", senml="h", ucum="h", qudt="HR"),
    Row("d", "day day_time", ucum="d", qudt="DAY"),
    # Mass
    Row("g", "gram gramme", senml="g", ucum="g", qudt="GM"),
    Row("kg", "kilogram kilogramme kg kilo", senml="kg", ucum="kg", qudt="KiloGM"),
    Row("mg", "milligram milligramme mg", ucum="mg", qudt="MilliGM"),
    Row("μg", "microgram ug", ucum="ug", qudt="MicroGM"),
    Row("kg", "tonne metric_ton", ucum="t", qudt="TONNE", scale=1000.0),
    Row("lb", "pound lbs mass_pound", ucum="[lb_av]", qudt="LB"),
    Row("oz", "ounce", ucum="[oz_av]", qudt="OZ"),
    # Pressure
    Row("Pa", "pascal pa", senml="Pa", ucum="Pa", qudt="PA"),
    Row("hPa", "hectopascal hpa", senml="hPa", ucum="hPa", qudt="HectoPA"),
    Row("kPa", "kilopascal kpa", ucum="kPa", qudt="KiloPA"),
    Row("kPa", "megapascal", ucum="MPa", qudt="MegaPA", scale=1000.0),
    Row("Pa", "decapascal", ucum="daPa", qudt="DecaPA", scale=10.0),
    Row("bar", "bar", ucum="bar", qudt="BAR"),
    Row("mbar", "millibar mbar", ucum="mbar", qudt="MilliBAR"),
    Row("atm", "atmosphere standard_atmosphere", ucum="atm", qudt="ATM"),
    Row("psi", "pound_per_square_inch lbf/in2", ucum="[psi]", qudt="PSI LB_F-PER-IN2"),
    Row(
        "mmHg",
        "millimetre_of_mercury millimetres_of_mercury torr",
        ucum="mm[Hg]",
        qudt="MilliM_HG",
    ),
    Row("inH₂O", "inch_of_water inches_of_water inh2o inwc", ucum="[in_i'H2O]"),
    Row("inHg", "inch_of_mercury inches_of_mercury", ucum="[in_i'Hg]", qudt="IN_HG"),
    # Electricity
    Row("V", "volt", senml="V", ucum="V", qudt="V"),
    Row("mV", "millivolt", senml="mV", ucum="mV", qudt="MilliV"),
    Row("μV", "microvolt", ucum="uV", qudt="MicroV"),
    Row("MV", "megavolt", ucum="MV", qudt="MegaV"),
    Row("kV", "kilovolt", ucum="kV", qudt="KiloV"),
    Row("A", "ampere amp", senml="A", ucum="A", qudt="A"),
    Row("A", "kiloampere ka", ucum="kA", qudt="KiloA", scale=1000.0),
    Row("mA", "milliampere milliamp", senml="mA", ucum="mA", qudt="MilliA"),
    Row("μA", "microampere microamp", ucum="uA", qudt="MicroA"),
    Row("W", "watt", senml="W", ucum="W", qudt="W"),
    Row("kW", "kilowatt kw", senml="kW", ucum="kW", qudt="KiloW"),
    Row("mW", "milliwatt", ucum="mW", qudt="MilliW"),
    Row("mW", "microwatt", ucum="uW", qudt="MicroW", scale=0.001),
    Row("W", "horsepower hp", ucum="[HP]", qudt="HP", scale=745.69987158227),
    Row("W", "btu/h british_thermal_unit/h", ucum="[Btu_IT]/h", scale=0.29307107017222),
    Row("MW", "megawatt", ucum="MW", qudt="MegaW"),
    Row("GW", "gigawatt gw", ucum="GW", qudt="GigaW"),
    Row("VA", "volt_ampere va", senml="VA", ucum="V.A", qudt="V-A"),
    Row("kVA", "kilovolt_ampere kva", senml="kVA", qudt="KiloV-A"),
    Row("mVA", "millivolt_ampere"),
    Row("kVA", "megavolt_ampere", other="MVA", scale=1000.0),
    Row("var", "volt_ampere_reactive var", senml="var", qudt="V-A_Reactive"),
    Row("mvar", "millivolt_ampere_reactive", other="mVAr"),
    Row("kvar", "kilovolt_ampere_reactive kvar", senml="kvar", qudt="KiloV-A_Reactive"),
    Row("varh", "volt_ampere_reactive_hour varh", senml="varh", qudt="V-A_Reactive-HR"),
    Row("kvarh", "kilovolt_ampere_reactive_hour kvarh", senml="kvarh"),
    Row("Hz", "hertz hz 1/s /s", senml="Hz 1/s", ucum="Hz /s", qudt="HZ"),
    Row("mHz", "millihertz", ucum="mHz", qudt="MilliHZ"),
    Row("kHz", "kilohertz khz", ucum="kHz", qudt="KiloHZ"),
    Row("MHz", "megahertz", senml="MHz", ucum="MHz", qudt="MegaHZ"),
    Row("GHz", "gigahertz ghz", ucum="GHz", qudt="GigaHZ"),
    Row("μS/cm", "microsiemens/cm us/cm", ucum="uS/cm", qudt="MicroS-PER-CentiM"),
    Row("mS/cm", "millisiemens/cm", ucum="mS/cm", qudt="MilliS-PER-CentiM"),
    Row("mS/cm", "siemens/metre", senml="S/m", ucum="S/m", qudt="S-PER-M", scale=10.0),
    # Energy
    Row("J", "joule watt_second ws", senml="J", ucum="J W.s", qudt="J W-SEC"),
    Row("kJ", "kilojoule kj", ucum="kJ", qudt="KiloJ"),
    Row("MJ", "megajoule", ucum="MJ", qudt="MegaJ"),
    Row("GJ", "gigajoule gj", ucum="GJ", qudt="GigaJ"),
    Row("Wh", "watt_hour wh", senml="Wh", ucum="W.h", qudt="W-HR"),
    Row("kWh", "kilowatt_hour kwh", senml="kWh", ucum="kW.h", qudt="KiloW-HR"),
    Row("mWh", "milliwatt_hour", ucum="mW.h", qudt="MilliW-HR"),
    Row("MWh", "megawatt_hour", ucum="MW.h", qudt="MegaW-HR", other="MWH"),
    Row("GWh", "gigawatt_hour gwh", ucum="GW.h", qudt="GigaW-HR"),
    Row("TWh", "terawatt_hour twh", ucum="TW.h", qudt="TeraW-HR"),
    Row("kJ", "british_thermal_unit btu", ucum="[Btu_IT]", scale=1.05505585262),
    Row("cal", "calorie", ucum="cal", qudt="CAL"),
    Row("kcal", "kilocalorie kcal", ucum="kcal", qudt="KiloCAL"),
    Row("Wh/km", "watt_hour/kilometre wh/km", senml="Wh/km"),
    Row("Wh/km", senml="J/m", ucum="J/m", qudt="J-PER-M", scale=1 / 3.6),
    Row("kWh/100km", "kwh/100km"),
    # Light, radiation
    Row("lx", "lux lx", senml="lx", ucum="lx", qudt="LUX"),
    Row(
        "W/m²", "watt_per_square_metre w/m2", senml="W/m2", ucum="W/m2", qudt="W-PER-M2"
    ),
    Row("lx", "footcandle foot_candle", ucum="[ft_cd]", scale=10.76391041671),
    Row("Bq/m³", "becquerel_per_cubic_metre bq/m3", ucum="Bq/m3", qudt="BQ-PER-M3"),
    # Sound, radio
    Row("dB", "decibel db", senml="dB", ucum="dB", qudt="DECIB DeciB"),
    Row("dB", ucum="B[SPL]", senml="Bspl", scale=10.0, quantity="sound_pressure"),
    Row("dB", "bel", qudt="B", scale=10.0),
    Row("dBA", "decibel_a db(a)", other="dB(A)"),
    Row("dBm", "decibel_milliwatt decibel_milliwatts dbm", senml="dBm", qudt="DeciB_M"),
    # Substances
    Row(
        "μg/m³",
        "microgram/cubic_metre ug/m3",
        senml="ug/m3",
        ucum="ug/m3",
        qudt="MicroGM-PER-M3",
    ),
    Row("mg/m³", "milligram/cubic_metre mg/m3", ucum="mg/m3", qudt="MilliGM-PER-M3"),
    Row("g/m³", "gram/cubic_metre g/m3", ucum="g/m3", qudt="GM-PER-M3"),
    Row("mg/dL", "mg/dl", ucum="mg/dL mg/dl"),
    Row("mmol/L", "mmol/l", ucum="mmol/L mmol/l"),
    Row("", senml="pH", ucum="[pH]", qudt="PH", quantity="ph"),
    # Data
    Row("bit", "bit", senml="bit", ucum="bit", qudt="BIT"),
    Row("B", "byte", senml="B", ucum="By", qudt="BYTE"),
    Row("kB", "kilobyte kb", ucum="kBy", qudt="KiloBYTE"),
    Row("MB", "megabyte", ucum="MBy", qudt="MegaBYTE"),
    Row("GB", "gigabyte gb", senml="GB", ucum="GBy", qudt="GigaBYTE"),
    Row("KiB", "kibibyte kib", senml="KiB", ucum="KiBy", qudt="KibiBYTE"),
    Row("MiB", "mebibyte mib", ucum="MiBy", qudt="MebiBYTE"),
    Row("GiB", "gibibyte gib", ucum="GiBy", qudt="GibiBYTE"),
    Row("TiB", "tebibyte tib", qudt="TebiBYTE"),
    Row("bit/s", "bit/s bps", senml="bit/s", ucum="bit/s", qudt="BIT-PER-SEC"),
    Row("kbit/s", "kilobit/s kbit/s kbps", ucum="kbit/s", qudt="KiloBIT-PER-SEC"),
    Row(
        "Mbit/s",
        "megabit/s mbit/s",
        senml="Mbit/s",
        qudt="MegaBIT-PER-SEC",
        other="Mbps mbps",
    ),
    Row("B/s", "byte/s", senml="B/s", ucum="By/s", qudt="BYTE-PER-SEC"),
    Row("KiB/s", "kibibyte/s"),
    Row("MiB/s", "mebibyte/s"),
    Row("GiB/s", "gibibyte/s"),
    Row("kB/s", "kilobyte/s"),
    Row("MB/s", "megabyte/s", senml="MB/s"),
    # Money
    *(Row(code, MONEY.get(code, "")) for code in CURRENCIES),
    # Plain numbers
    Row(
        "",
        "none unitless dimensionless unity no_unit count number n/a",
        senml="count",
        ucum="1 {count}",
        qudt="UNITLESS NUM",
        other="-",
    ),
)
"""What Home Assistant has a unit for, which every symbol here is one of."""

OTHERS: Final = (
    Row("Ω", "ohm", senml="Ohm", ucum="Ohm", qudt="OHM"),
    Row("kΩ", "kiloohm kilohm", ucum="kOhm", qudt="KiloOHM"),
    Row(
        "m/s²",
        "metre_per_second_squared m/s2",
        senml="m/s2",
        ucum="m/s2",
        qudt="M-PER-SEC2",
    ),
    Row("Ah", "ampere_hour ah", senml="Ah", ucum="A.h", qudt="A-HR"),
    Row("mAh", "milliampere_hour mah", ucum="mA.h", qudt="MilliA-HR"),
    Row("1/min", "/min 1/min", senml="1/min", ucum="/min", qudt="PER-MIN"),
    Row("1/h", "/h 1/h", ucum="/h", qudt="PER-HR"),
    Row("°/s", "degree/s deg/s", ucum="deg/s", qudt="DEG-PER-SEC"),
    Row("kg/m³", "kilogram/cubic_metre kg/m3", senml="kg/m3", ucum="kg/m3"),
    Row("kg/h", "kilogram/h kg/h", ucum="kg/h", qudt="KiloGM-PER-HR"),
    Row("μSv/h", "microsievert/h usv/h", ucum="uSv/h", qudt="MicroSV-PER-HR"),
    Row("μmol/s⋅m²", "umol/m2/s umol/m2s umol/s/m2"),
    Row("VAh", "volt_ampere_hour vah", qudt="V-A-HR"),
    Row("kVAh", "kilovolt_ampere_hour kvah", senml="kVAh", qudt="KiloV-A-HR"),
    Row("C", "coulomb", senml="C", ucum="C", qudt="C"),
    Row("F", "farad", senml="F", ucum="F", qudt="FARAD"),
    Row("T", "tesla", senml="T", ucum="T", qudt="T"),
    Row("mT", "millitesla", ucum="mT", qudt="MilliT"),
    Row("μT", "microtesla", ucum="uT", qudt="MicroT"),
    Row("mg/L", "milligram/litre mg/l"),
    Row("μg/L", "microgram/litre ug/l"),
    Row("N", "newton", senml="N", ucum="N", qudt="N"),
    Row("lm", "lumen", senml="lm", ucum="lm", qudt="LM"),
    Row("cd", "candela", senml="cd", ucum="cd", qudt="CD"),
    Row("bpm", "beat/min beats_per_minute", senml="beat/min", qudt="BEAT-PER-MIN"),
    Row("month", "month", ucum="mo", qudt="MO"),
    Row("year", "year", ucum="a", qudt="YR"),
)
"""What Home Assistant has no unit for; the symbol is what people read."""

HINTED: Final[Mapping[str, str]] = {"c": "°C", "f": "°F"}
"""What single letters mean where a temperature is measured."""

NAMESPACES: Final[Mapping[str, str]] = {
    "http://qudt.org/vocab/unit/": "QUDT",
    "https://qudt.org/vocab/unit/": "QUDT",
    "http://qudt.org/vocab/unit#": "QUDT",
    "http://www.ontology-of-units-of-measure.org/resource/om-2/": "OM",
    "http://www.ontology-of-units-of-measure.org/resource/om-1.8/": "OM",
    "http://www.wurvoc.org/vocabularies/om-1.8/": "OM",
    "dtmi:standard:unit:": "DTDL",
    "qudt-unit:": "QUDT",
    "qudt:": "QUDT",
    "unit:": "QUDT",
    "om2:": "OM",
    "om:": "OM",
    "ucum:": "UCUM",
    "senml:": "SenML",
}
"""How terms of vocabularies begin."""
