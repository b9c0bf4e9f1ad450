"""``script/model lint``: what is wrong with model files, for people and machines."""

import io
import json
from pathlib import Path
import time
from typing import Any, Final, override

import pytest

from authoring.__main__ import main
from tests.iot.samples import THERMO

FIXTURES: Final = Path(__file__).parents[1] / "fixtures"
BUNDLED: Final = (
    Path(__file__).parents[2] / "custom_components" / "device_models" / "models"
)

KEYS: Final = [
    "file", "ok", "format", "attributes", "actions", "formats", "errors", "ignored",
]  # fmt: skip


class Lint:
    """The command, and what it says."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def write(self, name: str, document: Any) -> str:
        """Write a file and return its name."""
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        """Return the exit code and the lines of the output."""
        code = main(["lint", *arguments])
        out, err = self._capsys.readouterr()
        assert err == ""
        return code, [line.replace(f"{self.folder}/", "") for line in out.splitlines()]

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what is said for machines."""
        code, lines = self("--json", *arguments)
        reports = [json.loads(line) for line in lines]
        for report in reports:
            assert list(report) == KEYS
            assert report["ok"] is not bool(report["errors"])
        assert code == int(not all(report["ok"] for report in reports))
        return reports


@pytest.fixture
def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lint:
    """Return the command, and a folder to work in."""
    return Lint(tmp_path, capsys)


@pytest.mark.parametrize(
    "folder", [FIXTURES / "oracle", BUNDLED], ids=lambda one: one.name
)
def test_good_files(lint: Lint, folder: Path) -> None:
    files = sorted(folder.iterdir())
    reports = lint.json(str(folder))
    assert [report["file"] for report in reports] == [str(path) for path in files]
    assert all(report["ok"] for report in reports)


def test_device_files_are_checked_with_their_samples(lint: Lint) -> None:
    code, lines = lint(str(FIXTURES / "device_files"))
    assert code == 0
    assert lines[-1].startswith("7 of 7 files ok")


def test_report_of_one_file(lint: Lint) -> None:
    name = lint.write("thermo.json", {**THERMO, "actions": [{"name": "a"}, {}]})
    (report,) = lint.json(name)
    assert report == {
        "file": "thermo.json",
        "ok": True,
        "format": "Oracle device model",
        "attributes": 2,
        "actions": 1,
        "formats": 1,
        "errors": [],
        "ignored": [{"where": "actions[1].name", "message": "expected a text"}],
    }
    assert lint(name) == (
        0,
        [
            "thermo.json: actions[1].name: ignored: expected a text",
            "1 of 1 files ok, 1 ignored",
        ],
    )


ALIEN = {"attributes": {"nothing": {"name": "x"}}}
WARM = {"connection": "mqtt", "topic": "temp", "payload": "7", "expect": {"temp": 8}}
WRONG: list[tuple[Any, str, str]] = [
    ("{", "(top)", "expected JSON"),
    ("a: [", "line 2", "expected JSON, YAML, XML or links"),
    ({"urn": 5}, "urn", "expected a text"),
    ({"model": THERMO, "overlay": ALIEN}, "overlay.attributes.nothing", "no such"),
    (
        {"model": THERMO, "overlay": {"attributes": {"temp": {"device_class": "x"}}}},
        "overlay.attributes.temp.device_class",
        "no sensor is a x",
    ),
    ({"model": THERMO, "binding": {"mqtt": ALIEN}}, "binding.mqtt", "no such element"),
    ({"model": THERMO, "binding": {"coap": ALIEN}}, "binding.coap", "no such element"),
    ({"model": THERMO, "samples": [WARM]}, "samples[0].expect.temp", "got 7"),
    ({"model": "../x.json"}, "model", "../x.json: (top): expected a file beside"),
]


@pytest.mark.parametrize(("document", "where", "problem"), WRONG)
def test_error_has_its_place(
    lint: Lint, document: Any, where: str, problem: str
) -> None:
    name = lint.write("wrong.yaml", document)
    (report,) = lint.json(name)
    (error,) = report["errors"]
    assert error["where"].startswith(where)
    assert problem in error["message"]
    code, lines = lint(name)
    assert code == 1
    assert lines[0] == f"wrong.yaml: {error['where']}: {error['message']}"
    assert lines[-1] == "0 of 1 files ok"


def test_all_that_is_wrong_is_told_at_once(lint: Lint) -> None:
    document = {
        "model": THERMO,
        "binding": {"mqtt": ALIEN, "coap": ALIEN},
        "overlay": ALIEN,
        "samples": [{}, {}],
    }
    (report,) = lint.json(lint.write("wrong.json", document))
    assert report["format"] == "device file"
    assert [error["where"].split(".")[0] for error in report["errors"]] == [
        "binding",
        "binding",
        "overlay",
        "samples[0]",
        "samples[1]",
    ]


def test_one_file_that_fails_does_not_hide_the_others(lint: Lint) -> None:
    good, bad = lint.write("good.json", THERMO), lint.write("bad.json", "{")
    reports = lint.json(bad, good, str(lint.folder / "missing.json"))
    assert [report["ok"] for report in reports] == [False, True, False]
    assert reports[0]["format"] is None
    assert reports[2]["errors"] == [
        {"where": "(top)", "message": "no such file or directory"}
    ]


def test_folder_without_models_is_an_error(lint: Lint) -> None:
    (report,) = lint.json(str(lint.folder))
    assert report["errors"] == [{"where": "(top)", "message": "is a directory"}]


def test_file_that_may_not_be_read(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    name = lint.write("mine.json", THERMO)
    monkeypatch.setattr(Path, "open", refuse)
    (report,) = lint.json(name)
    assert report["errors"] == [{"where": "(top)", "message": "permission denied"}]


def test_file_cannot_play_tricks_on_the_terminal(lint: Lint) -> None:
    document = {
        "model": {**THERMO, "attributes": [{"name": "\x1b[2Jx\n", "type": "?"}]}
    }
    name = lint.write("tricky.json", document)
    _, lines = lint(name)
    assert len(lines) == 2
    assert "\x1b" not in lines[0]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("files", "shown"), [(19, False), (30, True)])
def test_progress_is_shown_on_a_terminal_with_many_files(
    lint: Lint, monkeypatch: pytest.MonkeyPatch, files: int, *, shown: bool
) -> None:
    for number in range(files):
        lint.write(f"{number}.json", THERMO if number else "{")
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    lint("--json", str(lint.folder))
    assert ("\r\x1b[K20 of 30 files" in stream.getvalue()) is shown
    assert not shown or stream.getvalue().endswith("\r\x1b[K")


def test_a_thousand_models_take_less_than_half_a_minute(lint: Lint) -> None:
    model = (BUNDLED / "water_pump.json").read_text()
    for number in range(200):
        lint.write(f"{number}.json", model)
    started = time.process_time()
    assert len(lint.json(str(lint.folder))) == 200
    assert time.process_time() - started < 6  # a fifth of it; about 1 s
