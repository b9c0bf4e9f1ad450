"""The benchmark of policies measures what it says."""

import json

import pytest

from bench.__main__ import main
from bench.policies import policies


def test_figures_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    main(["policies", "--values", "200", "--json"])
    figures = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["unit"] for one in figures] == ["µs"] * 3
    assert all(one["value"] > 0 for one in figures)
    assert {one["benchmark"] for one in figures} == {"policies"}


async def test_values_go_through_the_functions() -> None:
    plain, piped, computed = policies(2_000)
    assert piped.value > plain.value
    assert computed.value > plain.value
