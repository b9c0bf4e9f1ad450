"""State classes: what Home Assistant makes long-term statistics of."""

from homeassistant.components.sensor import SensorStateClass
import pytest

from custom_components.device_models.mapping.decisions import objection

from .modelled import decided, number


@pytest.mark.parametrize(
    ("name", "unit", "device_class", "state_class"),
    [
        # The energy dashboard needs these
        ("energyTotal", "kWh", "energy", "total_increasing"),
        ("energy_consumed", "Wh", "energy", "total_increasing"),
        ("gridImport", "kWh", "energy", "total_increasing"),
        ("energyToday", "kWh", "energy", "total_increasing"),
        ("waterMeter", "m3", "water", "total_increasing"),
        ("gasTotal", "m³", "gas", "total_increasing"),
        ("water", "L", "water", "total_increasing"),
        ("rainToday", "mm", "precipitation", "total_increasing"),
        ("energy", "kWh", "energy", "total"),
        ("netEnergy", "kWh", "energy", "total"),
        ("totalCost", "EUR", "monetary", "total"),
        ("batteryEnergy", "kWh", "energy_storage", "measurement"),
        ("batteryEnergyCharged", "kWh", "energy", "total_increasing"),
        ("batteryEnergyTotal", "kWh", "energy", "total_increasing"),
        ("storedEnergy", "kWh", "energy_storage", "measurement"),
        ("energyLimit", "kWh", "energy", None),
        # Present values
        ("power", "W", "power", "measurement"),
        ("totalPower", "W", "power", "measurement"),
        ("powerConsumption", "W", "power", "measurement"),
        ("tankLevel", "L", "volume_storage", "measurement"),
        ("totalMemory", "KiB", "data_size", "measurement"),
        ("windDirection", "deg", "wind_direction", "measurement_angle"),
        ("heading", "deg", None, "measurement_angle"),
        ("tilt", "deg", None, "measurement"),
        # Without a device class
        ("load", None, None, "measurement"),
        ("peopleCount", None, None, "measurement"),
        ("uvIndex", None, None, "measurement"),
        ("odometer", "km", "distance", "total_increasing"),
        ("operatingHours", "h", "duration", "total_increasing"),
        ("cumulatedPulses", None, None, "total_increasing"),
        ("totalDissolvedGas", "ppm", None, "measurement"),
        ("totalHardness", "mg/l", None, "measurement"),
        ("startCounter", None, None, "total_increasing"),
        ("deviceId", None, None, None),
        ("errorCode", None, None, None),
        ("operatingMode", None, None, None),
        ("firmwareVersion", None, None, None),
        ("timestamp", "ms", None, None),
        ("currentTime", None, None, None),
        ("timeOfPosition", None, None, None),
        ("lastSeen", "s", None, None),
        ("latitude", "deg", None, None),
        ("alarmThreshold", "°C", "temperature", None),
        ("pollInterval", "s", "duration", None),
    ],
)
def test_state_class_of_a_number(
    name: str, unit: str | None, device_class: str | None, state_class: str | None
) -> None:
    decision = number(name, unit)
    assert decision.device_class == device_class
    assert decision.state_class == state_class
    assert objection(decision) is None
    assert ("state_class" in decision.reasons) is (state_class is not None)


def test_description_may_say_that_an_amount_only_rises() -> None:
    decision = number("energy", "kWh", description="Since the last reset")
    assert decision.state_class is SensorStateClass.TOTAL_INCREASING
    assert decision.reasons["state_class"] == "“since” only rises"
    # Of other numbers a description says too much
    measured = number("load", description="Counter of the total load")
    assert measured.state_class is SensorStateClass.MEASUREMENT


def test_semantic_type_may_say_that_a_number_only_rises() -> None:
    decision = number("power", "Wh", semanticType="ipso:3305/5805")
    assert decision.state_class is SensorStateClass.TOTAL_INCREASING
    assert decision.reasons["state_class"] == "resource 5805 of IPSO"


def test_only_numbers_that_are_read_have_a_state_class() -> None:
    assert number("power", "W", writable=True).state_class is None
    assert decided(type="INTEGER", enum=[1, 2]).state_class is None
    assert decided(type="STRING").state_class is None
    assert decided(type="DATETIME").state_class is None
