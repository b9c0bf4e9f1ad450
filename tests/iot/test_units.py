"""Units as models spell them."""

import pytest

from custom_components.device_models.iot.units import SYMBOLS, symbol


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("Cel", "°C"),
        ("°C", "°C"),
        ("%RH", "%"),
        ("l/min", "L/min"),
        ("ug/m3", "μg/m³"),
        ("\u00b5g/m3", "\u03bcg/m³"),
        ("\u00b5S/cm", "\u03bcS/cm"),
        (" kWh ", "kWh"),
        ("dBW", "dBW"),  # a power, which is no sound pressure
        ("C", "C"),  # coulomb, in SenML
        ("widgets", "widgets"),
    ],
)
def test_symbol_of_a_unit(spelled: str, expected: str) -> None:
    assert symbol(spelled) == expected


def test_table_has_no_row_without_effect() -> None:
    assert not [code for code, text in SYMBOLS.items() if code == text]


def test_symbols_stay_what_they_are() -> None:
    assert {symbol(text) for text in SYMBOLS.values()} == set(SYMBOLS.values())
