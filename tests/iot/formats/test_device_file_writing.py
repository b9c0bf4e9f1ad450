"""Exporting: any model becomes a device file that reads back as the same."""

from collections.abc import Mapping
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from hypothesis import given, settings, strategies as st
import pytest
import yaml

from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.device_file_writing import (
    to_yaml,
    write_device_file,
)
from custom_components.device_models.iot.formats.loaded import Security
from custom_components.device_models.iot.formats.parsing import parse

from ..samples import THERMO

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
FILES: Final = sorted(path for path in FIXTURES.rglob("*") if path.is_file())


def loaded_from(path: Path) -> Loaded:
    """Return a fixture; what it refers to is beside it."""
    return load(
        path.read_bytes(), path.name, lambda name: (path.parent / name).read_bytes()
    )


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: str(path.relative_to(FIXTURES))
)
def test_every_model_reads_back_the_same(path: Path) -> None:
    before = loaded_from(path)
    text = to_yaml(write_device_file(before))
    after = load(text.encode(), "export.yaml")
    assert after.format == "device file"
    assert after.model == before.model
    assert after.layouts == before.layouts
    assert after.overlay == before.overlay
    assert after.security == before.security
    assert after.alerts == before.alerts
    assert after.delivery == before.delivery
    assert [one for one in after.remarks if not before.model.draft] == []


def test_parts_stand_in_their_order_and_empty_ones_are_left_out() -> None:
    loaded = load_document(THERMO, "thermo.json")
    assert write_device_file(loaded) == {"model": THERMO}
    overlay = {"attributes": {"temp": {"name": "Room"}}}
    written = write_device_file(loaded, overlay)
    assert list(written) == ["model", "overlay"]
    assert written["overlay"] == overlay


def test_overlay_of_the_user_takes_the_place_of_the_file_s_own() -> None:
    document: Any = {
        "model": THERMO,
        "overlay": {"attributes": {"temp": {"name": "x"}}},
    }
    loaded = load_document(document, "x")
    assert "overlay" in write_device_file(loaded)
    assert "overlay" not in write_device_file(loaded, {})


def test_other_keys_of_a_device_file_are_kept() -> None:
    document: dict[str, Any] = {
        "note": "mine",
        "model": THERMO,
        "samples": [{"connection": "mqtt"}],
        "policies": [],
        "security": [{"scheme": "basic"}],
    }
    loaded = load_document(document, "x")
    assert loaded.security == (Security("basic"),)
    written = write_device_file(loaded)
    assert list(written) == ["model", "security", "note", "samples"]
    assert written["security"] == [{"scheme": "basic"}]


def test_unknown_keys_of_an_oracle_style_model_are_kept() -> None:
    written: Any = write_device_file(load_document({**THERMO, "x-mine": 1}, "x"))
    assert written["model"]["x-mine"] == 1


def test_what_another_format_says_in_its_own_words_is_not() -> None:
    path = FIXTURES / "device_files" / "rain_gauge.yaml"
    written: Any = write_device_file(loaded_from(path))
    assert set(written["model"]) <= {
        "urn", "name", "description", "version", "manufacturer",
        "attributes", "actions", "formats",
    }  # fmt: skip
    assert written["model"]["attributes"][0] == {
        "name": "26297/0/0",
        "type": "NUMBER",
        "description": "Since the last reset",
        "title": "Rainfall",
        "unit": "mm",
        "writable": False,
        **{
            key: value
            for key, value in written["model"]["attributes"][0].items()
            if key in {"semanticType", "observable"}
        },
    }


def test_yaml_is_for_people() -> None:
    same: dict[str, Any] = {"x": []}
    document: dict[str, Any] = {
        "model": {"range": "0,100", "on": "on", "n": "1.0", "big": "0o17", "f": 0.5},
        "list": [{"a": 1, "b": [True, None]}, "plain text", "Zürich"],
        "again": same,
        "more": same,
        "proxy": MappingProxyType({"a": 1}),
    }
    assert to_yaml(document) == (
        "model:\n"
        '  range: "0,100"\n'
        "  'on': 'on'\n"
        '  n: "1.0"\n'
        '  big: "0o17"\n'
        "  f: 0.5\n"
        "list:\n"
        "  - a: 1\n"
        "    b:\n"
        "      - true\n"
        "      - null\n"
        "  - plain text\n"
        "  - Zürich\n"
        "again:\n"
        "  x: []\n"
        "more:\n"
        "  x: []\n"
        "proxy:\n"
        "  a: 1\n"
    )


AWKWARD: Final = (
    "on", "Off", "1.0", "1e5", "0x1F", "22:00", "2025-01-01", "~", "null", "", " x ",
    "a: b", "- a", "#", "a #b", "*a", "&a", "!x", "%", "@", "`", "'", '"', "\n\n",
    "x" * 100, "word " * 40, "end\n", "  indented\n text", "tab\t", "\x85", "\u2028",
    "=", "<<", "0o17", "1_000", "+1", ".5", "-", "---", "...", "\ufeff", "{", "[a]",
)  # fmt: skip
TEXTS = st.text(max_size=30) | st.sampled_from(AWKWARD)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=400)
@given(st.dictionaries(TEXTS, JSON, min_size=1, max_size=4))
def test_yaml_reads_back_equal(document: Mapping[str, Any]) -> None:
    text = to_yaml(document)
    again = parse(text.encode(), "x")
    assert again == document
    # 1 and True, and 1 and 1.0, are equal to Python only.
    assert json.dumps(again) == json.dumps(document)
    # A reader of YAML as Home Assistant has it says the same.
    assert yaml.safe_load(text) == document
