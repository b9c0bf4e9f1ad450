"""What units, words and terms mean, against what Home Assistant knows."""

from itertools import chain
from typing import Any

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.number import NumberDeviceClass
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.components.switch.const import SwitchDeviceClass
from homeassistant.const import Platform
import pytest

from custom_components.device_models.iot.units.words import MAX_PHRASE
from custom_components.device_models.mapping import categories, state_classes
from custom_components.device_models.mapping.decisions import UNITS
from custom_components.device_models.mapping.meanings import (
    MEASURED,
    NARROWER,
    STATES,
    SWITCHES,
    UNIT_CLASSES,
)
from custom_components.device_models.mapping.ontologies import (
    IPSO,
    RESOURCE_TYPES,
    TERMS,
)

from .modelled import decided, number

SENSOR = frozenset(map(str, SensorDeviceClass))
BINARY = frozenset(map(str, BinarySensorDeviceClass))


def test_every_device_class_is_one_of_home_assistants() -> None:
    measured = set(chain.from_iterable([*MEASURED.values(), *TERMS.values()]))
    measured |= {*chain.from_iterable(map(dict.values, map(dict, NARROWER.values())))}
    measured |= {*UNIT_CLASSES.values()}
    assert measured - {""} <= SENSOR
    assert measured - {""} <= set(map(str, NumberDeviceClass))
    assert set(STATES.values()) <= BINARY
    assert set(SWITCHES.values()) <= set(map(str, SwitchDeviceClass))
    assert set(chain.from_iterable(IPSO.values())) <= SENSOR | BINARY
    assert {row[0] for row in RESOURCE_TYPES.values()} - {""} <= SENSOR | BINARY


@pytest.mark.parametrize(("unit", "device_class"), UNIT_CLASSES.items())
def test_unit_is_allowed_by_its_device_class(unit: str, device_class: str) -> None:
    for platform in (Platform.SENSOR, Platform.NUMBER):
        assert unit in UNITS[platform].get(device_class, {unit})


@pytest.mark.parametrize(
    "table",
    [
        MEASURED,
        TERMS,
        STATES,
        SWITCHES,
        *NARROWER.values(),
        categories.ACTIONS,
        categories.CONFIG,
        categories.DIAGNOSTIC,
        categories.FINAL,
        categories.SELDOM,
        state_classes.COUNTING,
        state_classes.FLOWING,
        state_classes.IDENTIFIERS,
        state_classes.LEVELS,
        state_classes.SETTINGS,
        state_classes.TIMES,
    ],
)
def test_phrases_are_spelled_as_they_are_looked_for(table: Any) -> None:
    for phrase in table:
        assert phrase == " ".join(phrase.casefold().split())
        assert 1 <= len(phrase.split()) <= MAX_PHRASE


@pytest.mark.parametrize(
    ("name", "unit", "device_class"),
    [
        # The unit leaves no doubt
        ("a", "W", "power"),
        ("a", "degree celsius", "temperature"),
        ("a", "%RH", "humidity"),
        ("a", "%EL", "battery"),
        ("a", "pH", "ph"),
        ("a", "EUR", "monetary"),
        ("a", "B/s", "data_rate"),
        ("a", "%", None),
        ("a", "s", None),
        ("a", "m", None),
        ("a", "dB", None),
        ("a", "furlong", None),
        # The name makes it narrower
        ("windSpeed", "m/s", "wind_speed"),
        ("motorSpeed", "m/s", "speed"),
        ("barometer", "hPa", "atmospheric_pressure"),
        ("temperatureDelta", "K", "temperature_delta"),
        ("colorTemperature", "K", None),
        ("storedEnergy", "kWh", "energy_storage"),
        # The unit alone does not say
        ("batteryLevel", "%", "battery"),
        ("battery2", "%", "battery"),
        ("humiditySensorBattery", "%", "battery"),
        ("soil_moisture", "/", "moisture"),
        ("co2", "ppm", "carbon_dioxide"),
        ("eCO2", "ppm", "carbon_dioxide"),
        ("tVOC", "ppb", "volatile_organic_compounds_parts"),
        ("tVOC", "ug/m3", "volatile_organic_compounds"),
        ("PM2.5", "ug/m3", "pm25"),
        ("rssi", "dB", "signal_strength"),
        ("noise", "dB", "sound_pressure"),
        ("rain", "mm", "precipitation"),
        ("rain", "mm/h", "precipitation_intensity"),
        ("waterLevel", "cm", "distance"),
        ("waterLevel", "L", "volume_storage"),
        ("waterTotal", "m3", "water"),
        ("cumulatedWaterVolume", "m3", "water"),
        ("totalGasVolume", "m3", "gas"),
        ("waterVolume", "L", "volume_storage"),
        ("operatingHours", "h", "duration"),
        ("slotWidth", "cm", "distance"),
        ("gasMeter", "m3", "gas"),
        ("wind_direction", "deg", "wind_direction"),
        ("uptime", "s", "duration"),
        ("powerFactor", None, "power_factor"),
        ("pH", None, "ph"),
        # The unit does not fit the name
        ("humidity", "W", "power"),
        ("batteryVoltage", "V", "voltage"),
        # No unit is made up
        ("temperature", None, None),
        ("cost", None, None),
        ("humidity", None, None),
        # No word is found inside another
        ("peopleCounter", "h", None),
        ("timestamp", "ms", None),
        ("raincoatCount", "mm", None),
    ],
)
def test_device_class_of_a_number(
    name: str, unit: str | None, device_class: str | None
) -> None:
    assert number(name, unit).device_class == device_class
    assert number(name, unit, writable=True).device_class == device_class


@pytest.mark.parametrize(
    ("term", "unit", "device_class", "reason"),
    [
        ("humidity", "%", "humidity", "semantic type"),
        ("TemperatureProperty", "Cel", "temperature", None),
        ("ColorTemperatureProperty", "K", None, None),
        ("BarometricPressureProperty", "hPa", "atmospheric_pressure", None),
        ("saref:Temperature", "°C", "temperature", "semantic type saref:Temperature"),
        ("saref:Humidity", "%", "humidity", None),
        ("om2:RelativeHumidity", "%", "humidity", None),
        ("iot:CarbonDioxideConcentration", "ppm", "carbon_dioxide", None),
        ("quantitykind:ElectricPotential", "V", "voltage", None),
        ("http://qudt.org/vocab/quantitykind/Illuminance", "lx", "illuminance", None),
        ("https://w3id.org/saref#Power", "W", "power", None),
        ("dtmi:standard:class:RelativeHumidity;2", "percent", "humidity", None),
        ("Humidity", "gramPerCubicMetre", "absolute_humidity", None),
        ("ipso:3304", "%", "humidity", "object 3304 of IPSO"),
        ("ipso:3304/5700", "/100", "humidity", "object 3304 of IPSO"),
        ("urn:oma:lwm2m:ext:3304", "%", "humidity", None),
        ("ipso:3/9", "%", "battery", "object 3 of IPSO"),
        ("ipso:3304/5750", "%", None, None),
        ("ipso:9", "%", None, None),
        ("oic.r.humidity", "%", "humidity", "resource type oic.r.humidity"),
        ("Electric", "W", "power", "unit W"),
        ("saref:Sensor", "W", "power", "unit W"),
        ("light-lux", "", "illuminance", "resource type light-lux"),
        ("rt:temperature-c", "", "temperature", None),
        # The unit decides where the term does not fit, or is not known
        ("Humidity", "W", "power", "unit W"),
        ("acme:Humidity", "%", None, None),
        ("acme-iot:Humidity", "%", None, None),
        ("https://acme.example/Humidity", "%", None, None),
        ("TeaProperty", "%", None, None),
        ("enum", "W", "power", "unit W"),
    ],
)
def test_device_class_of_a_term(
    term: str, unit: str, device_class: str | None, reason: str | None
) -> None:
    decision = number("a", unit or None, semanticType=term)
    assert decision.device_class == device_class
    if reason:
        assert decision.reasons["device_class"] == reason


@pytest.mark.parametrize(
    ("said", "device_class", "reason"),
    [
        ({"name": "humidity"}, "humidity", "the name says “humidity”"),
        ({"title": "Room humidity"}, "humidity", "the title says “humidity”"),
        (
            {"description": "Relative humidity of the air"},
            "humidity",
            "the description says “relative humidity”",
        ),
        ({"description": "Humidity at the battery"}, None, None),
        (
            {"name": "humidity", "semanticType": "battery"},
            "battery",
            "semantic type",
        ),
        ({"name": "humidity", "title": "Battery"}, "humidity", None),
    ],
)
def test_name_counts_more_than_title_and_description(
    said: dict[str, Any], device_class: str | None, reason: str | None
) -> None:
    decision = decided(type="NUMBER", unit="%", **said)
    assert decision.device_class == device_class
    assert reason is None or decision.reasons["device_class"] == reason


@pytest.mark.parametrize(
    ("name", "device_class"),
    [
        ("windowOpen", "window"),
        ("door", "door"),
        ("garage_door", "garage_door"),
        ("doorSensor2", "door"),
        ("lidOpen", "opening"),
        ("motionDetected", "motion"),
        ("occupied", "occupancy"),
        ("waterLeakDetected", "moisture"),
        ("smokeAlarm", "smoke"),
        ("coAlarm", "carbon_monoxide"),
        ("coDetected", "carbon_monoxide"),
        ("alarm", "problem"),
        ("alarmState", "problem"),
        ("batteryLow", "battery"),
        ("charging", "battery_charging"),
        ("isOnline", "connectivity"),
        ("leak_under_sink", "moisture"),
        # Something else, or the contrary
        ("windowClosed", None),
        ("co2Detected", None),
        ("doorLight", None),
        ("doorLock", None),
        ("motionDetectionEnabled", None),
        ("smokeTest", None),
        ("no_fault", None),
        ("sensorState", None),
        ("adoration", None),
    ],
)
def test_device_class_of_what_is_true_or_not(
    name: str, device_class: str | None
) -> None:
    assert decided(name=name, type="BOOLEAN").device_class == device_class


def test_other_ways_of_saying_what_is_true() -> None:
    titled = decided(type="BOOLEAN", title="Leak under the sink")
    assert titled.device_class == "moisture"
    assert titled.reasons["device_class"] == "the title says “leak”"
    term = decided(type="BOOLEAN", semanticType="MotionProperty")
    assert term.device_class == "motion"
    ipso = decided(type="BOOLEAN", semanticType="ipso:3302/5500")
    assert ipso.device_class == "occupancy"
    # What is described is more than what is meant
    described = decided(type="BOOLEAN", description="Stops while a door is open")
    assert described.device_class is None


@pytest.mark.parametrize(
    ("name", "device_class"),
    [("outlet1", "outlet"), ("wallSocket", "outlet"), ("pump", None), ("door", None)],
)
def test_device_class_of_what_is_switched(name: str, device_class: str | None) -> None:
    switch = decided(name=name, type="BOOLEAN", writable=True)
    assert switch.device_class == device_class


@pytest.mark.parametrize(
    ("said", "unit", "reason"),
    [
        ({"unit": "°C"}, "°C", "unit in the model"),
        ({"unit": "Cel"}, "°C", "unit in the model, SenML Cel"),
        (
            {"name": "roomTemperature", "unit": "C"},
            "°C",
            "unit in the model, spelled C of a temperature",
        ),
        (
            {"unit": "C", "semanticType": "ipso:3303"},
            "°C",
            "unit in the model, spelled C of a temperature",
        ),
        ({"unit": "C"}, "C", "unit in the model"),
        ({"unit": "furlong"}, "furlong", "unit in the model"),
        ({"unit": " "}, None, None),
        ({"unit": "none"}, None, None),
        ({"semanticType": "temperature-c"}, "°C", "resource type temperature-c"),
        ({"name": "energy_kWh"}, "kWh", "the name says 'kWh'"),
        ({"name": "temperatureC"}, "°C", "the name says 'C'"),
        ({"name": "powerkW"}, None, None),
        ({"name": "speed (rpm)"}, "rpm", "the name says '(rpm)'"),
        ({"title": "Flow [L/min]"}, "L/min", "the title says '[L/min]'"),
        (
            {"description": "Outlet pressure in BAR"},
            "bar",
            "the description says 'in BAR'",
        ),
        ({"description": "Pa"}, "Pa", "the description says 'Pa'"),
        ({"unit": "psi", "description": "in bar"}, "psi", "unit in the model"),
    ],
)
def test_where_a_unit_is_from(
    said: dict[str, Any], unit: str | None, reason: str | None
) -> None:
    decision = decided(type="NUMBER", **said)
    assert decision.unit == unit
    assert decision.reasons.get("unit") == reason
