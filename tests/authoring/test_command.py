"""The command as a whole: what it understands, and how it ends."""

import asyncio
from pathlib import Path
import re
import subprocess
import sys
from typing import Final

import pytest

from authoring import lint
from authoring.__main__ import COMMANDS, main

ROOT: Final = Path(__file__).parents[2]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert re.search(rf"^ +{name} ", out, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: script/model {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["paint"],
        ["lint"],
        ["lint", "x", "--colour"],
        ["preview"],
        ["simulate", "x"],
    ],
)
def test_what_is_not_understood_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: script/model" in capsys.readouterr().err


def test_a_command_may_be_a_coroutine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_options: object) -> int:
        await asyncio.sleep(0)
        return 7

    monkeypatch.setattr(lint, "run", run)
    assert main(["lint", "x"]) == 7


def test_ctrl_c_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(lint, "run", run)
    assert main(["lint", "x"]) == 130


def test_the_script_works_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"urn": 1}')
    script = str(ROOT / "script" / "model")
    done = subprocess.run(  # noqa: S603  (our own script)
        [script, "lint", "broken.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("broken.json: urn: expected a text\n")
    assert (done.returncode, done.stderr) == (1, "")


def test_who_stops_reading_sees_no_traceback(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.json").write_text("{" * 50)
    with subprocess.Popen(  # noqa: S603  (this Python)
        [sys.executable, "-m", "authoring", "lint", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1
