"""A process that is killed twenty times: nothing that was taken is lost, or doubled."""

import asyncio
import json
from pathlib import Path
import sys
from typing import Final

import pytest

from . import killed

ROOT: Final = Path(__file__).parent.parent


@pytest.mark.usefixtures("socket_enabled")
async def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", killed.__name__, str(tmp_path),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(55):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found = json.loads(out)
    assert (found["failed"], found["left"]) == (0, ["0"]), err.decode()
    told, unsure = found["told"], set(found["unsure"])
    actions = [key for key in found["taken"] if not key.startswith("level")]
    assert len(actions) > 100
    # Of values the newest has won; of the others, none is lost.
    lost = [key for key in actions if key not in told and key not in unsure]
    assert lost == []
    doubled = [key for key, count in told.items() if count > 1]
    assert [key for key in doubled if key.startswith("dispense")] == []
    # What is not known to be done is told so, and is not what is usual.
    assert all(key.startswith("dispense") for key in unsure)
    assert len(unsure) <= killed.LIVES
