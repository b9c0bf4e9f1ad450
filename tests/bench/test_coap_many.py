"""Devices that do not answer hold up no other: the benchmark, in short."""

import asyncio
import json
from pathlib import Path
import sys

import pytest

from bench.__main__ import main

ROOT = Path(__file__).parents[2]

SHORT = (
    *("--devices", "20", "--attributes", "3", "--dead", "3"),
    *("--interval", "1", "--latency", "0.05", "--minutes", "0.05"),
)


@pytest.mark.timeout(150)  # it starts a whole Home Assistant
async def test_devices_that_live_are_asked_in_time() -> None:
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench", "coap-many", "--json", *SHORT),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, told = await bench.communicate()
    lines = [json.loads(line) for line in printed.splitlines()]
    assert bench.returncode == 0, told.decode()
    figures = {line["figure"]: line["value"] for line in lines}
    assert figures["late, worst"] <= 1
    assert figures["requests answered"] == pytest.approx(17 * 3, rel=0.2)
    assert figures["live: unanswered"] == 0
    assert all(line["benchmark"] == "coap-many" for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("coap-many", "--devices", "2", "--dead", "2"),
        ("coap-many", "--attributes", "0"),
        ("coap-many", "--devices", "many"),
    ],
)
def test_command_that_makes_no_sense(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
