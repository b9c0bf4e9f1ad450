"""``script/model preview``: what each element becomes, and why."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from authoring.__main__ import main

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"


def preview(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what is shown."""
    assert main(["preview", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def of(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, Any]:
    """Return the preview of a fixture for machines."""
    preview_of: dict[str, Any] = json.loads(
        preview(capsys, "--json", str(FIXTURES / name))
    )
    return preview_of


def test_table_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = preview(capsys, str(FIXTURES / "device_files" / "rain_gauge.yaml"))
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "Rain gauge (urn:oma:lwm2m:x:26297)"
    assert lines[1].startswith("device file, recognised by an object with")
    assert lines[2].startswith("tried before: Thing Model")
    assert lines[3].startswith("its model: LwM2M object definition, recognised by XML")
    assert "element name becomes unit, class enabled why" in lines
    (rain,) = (line for line in lines if line.startswith("26297/0/0"))
    assert "Rain sensor mm" in rain
    assert "overlay" in rain
    assert "yes read-only NUMBER" in rain
    assert lines[-1] == "1 × button, 1 × sensor, 1 × switch"


def test_what_was_left_out_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = preview(capsys, str(FIXTURES / "oracle" / "unfinished_gateway.json"))
    assert "ignored: draft: expected at least one usable attribute" in out
    assert out.endswith("no entities\n")


def test_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    shown = of(capsys, "device_files/boiler_cellar.yaml")
    assert [part["format"] for part in shown["recognised"]] == [
        "device file",
        "device file",
        "Oracle device model",
    ]
    assert "device file" in shown["recognised"][2]["tried"]
    target = next(one for one in shown["elements"] if one["element"] == "target")
    assert target["kind"] == "attributes"
    assert (target["name"], target["platform"]) == ("Cellar target", "number")
    assert (target["unit"], target["device_class"]) == ("°C", "temperature")
    assert (target["category"], target["enabled"]) == ("config", True)
    assert target["reasons"]["name"] == "overlay"


def test_a_model_that_needs_what_is_around_it_is_shown_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    model = {"urn": "u", "name": "U", "actions": [{"name": "[bold]go"}]}
    file.write_text(json.dumps({"model": model}))
    assert "[bold]go" in preview(capsys, str(file))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"urn": 5}', "urn: expected a text"),
        (
            json.dumps(
                {
                    "model": {"urn": "u", "name": "U", "actions": [{"name": "go"}]},
                    "overlay": {"actions": {"stop": {}}},
                }
            ),
            "overlay.actions.stop: the model has no such element",
        ),
    ],
)
def test_file_that_cannot_be_used_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "x.json"
    file.write_text(content)
    assert main(["preview", str(file)]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{file}: {problem}\n")
