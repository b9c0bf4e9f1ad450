"""Files that are sent and received, as the system gives and takes them."""

import asyncio
from collections.abc import Iterator
import hashlib
import os
from pathlib import Path
import resource
import threading
from typing import Any

import pytest

from custom_components.device_models.iot.errors import FileUnusableError, TooLargeError
from custom_components.device_models.iot.files import PART_BYTES, Sink, Source

from .disk import content_of, names_in, open_files

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def small_disk() -> Iterator[int]:
    """Have no file become larger than some bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (PART_BYTES, before[1]))
    yield PART_BYTES
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 1, 1024, PART_BYTES, PART_BYTES + 1, 256_000])
@pytest.mark.parametrize("part", [1024, PART_BYTES])
async def test_a_file_is_read_in_parts_of_any_size(
    tmp_path: Path, size: int, part: int
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(CONTENT[:size])
    told: list[tuple[int, int | None]] = []
    source = Source(path, progress=lambda *progress: told.append(progress))
    for _ in range(2):  # it can be sent again
        parts: list[bytes] = []
        async with source.opened() as reader:
            while data := await reader.read(part):
                parts.append(data)
        assert b"".join(parts) == CONTENT[:size]
        assert all(len(one) == part for one in parts[:-1])
        known = source.checksums.known
        assert known["sha-256"] == hashlib.sha256(CONTENT[:size]).hexdigest()
        assert known["md5"] == hashlib.md5(CONTENT[:size]).hexdigest()  # noqa: S324
    assert told[-1:] == ([(size, size)] if size else [])


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "link"])
async def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sent"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)  # whoever opens it waits for somebody who writes
        case "link":
            path.symlink_to(tmp_path / "other")
            (tmp_path / "other").write_bytes(b"secret")
    before = open_files()
    with pytest.raises(FileUnusableError, match="the file sent cannot be used: "):
        await Source(path).measure()
    assert open_files() == before


async def test_a_file_is_not_sent_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "sent"
    path.write_bytes(b"12345")
    assert await Source(path, limit=5).measure() == 5
    with pytest.raises(TooLargeError, match="sent is larger than 4 bytes"):
        await Source(path, limit=4).measure()


async def test_a_file_that_becomes_shorter_is_not_sent_as_if_it_were_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(CONTENT)
    source = Source(path)
    async with source.opened() as reader:
        await reader.read(10)
        os.truncate(path, 100)
        await reader.read(PART_BYTES - 10)  # this much was read already
        with pytest.raises(FileUnusableError, match="has become shorter"):
            await reader.read(1)


async def test_of_a_file_that_grows_as_much_is_sent_as_there_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(b"12345")
    async with Source(path).opened() as reader:
        path.write_bytes(b"123456789")
        assert await reader.read(100) == b"12345"
        assert await reader.read(100) == b""


async def test_a_file_has_its_name_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(b"old")
    sink = Sink(path)
    await sink.begin(len(CONTENT))
    await sink.write(CONTENT[:100_000])
    await sink.write(CONTENT[100_000:])
    await sink.complete()
    assert content_of(path) == b"old"
    await sink.commit()
    await sink.discard()
    assert content_of(path) == CONTENT
    assert names_in(tmp_path) == ["received"]
    assert sink.checksums.known["sha-256"] == hashlib.sha256(CONTENT).hexdigest()


async def test_a_file_begun_anew_has_nothing_of_before(tmp_path: Path) -> None:
    path = tmp_path / "received"
    sink = Sink(path)
    await sink.begin()
    await sink.write(CONTENT)
    await sink.begin()
    await sink.write(b"new")
    await sink.complete()
    await sink.commit()
    assert content_of(path) == b"new"
    assert sink.passed == 3
    assert names_in(tmp_path) == ["received"]


async def received(sink: Sink, total: int | None, *parts: bytes) -> None:
    """Have parts received."""
    await sink.begin(total)
    for part in parts:
        await sink.write(part)


@pytest.mark.parametrize("total", [6, None])
async def test_no_more_is_received_than_there_may_be(
    tmp_path: Path, total: int | None
) -> None:
    sink = Sink(tmp_path / "received", limit=5)
    with pytest.raises(TooLargeError, match="received is larger than 5 bytes"):
        await received(sink, total, b"123", b"456")
    await sink.discard()
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["no folder", "folder", "pipe", "file as folder"])
async def test_what_cannot_be_written_is_known_beforehand(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "there" / "received"
    match kind:
        case "folder":
            path.mkdir(parents=True)
        case "pipe":
            path.parent.mkdir()
            os.mkfifo(path)
        case "file as folder":
            path.parent.write_bytes(b"")
    with pytest.raises(FileUnusableError, match="the file received cannot be used: "):
        await Sink(path).probe()


async def test_probing_leaves_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(b"old")
    await Sink(path).probe()
    assert content_of(path) == b"old"
    assert names_in(tmp_path) == ["received"]


async def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, small_disk: int
) -> None:
    path = tmp_path / "received"
    sink = Sink(path)
    await sink.begin()
    with pytest.raises(FileUnusableError, match="File too large"):
        await sink.write(bytes(small_disk + 1))
    await sink.discard()
    assert names_in(tmp_path) == []


async def test_what_is_not_begun_is_not_written(tmp_path: Path) -> None:
    sink = Sink(tmp_path / "received")
    with pytest.raises(FileUnusableError):
        await sink.commit()


async def test_a_file_whose_opening_is_given_up_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(b"12345")
    opening, going_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    really = os.open

    def slow(*args: Any, **kwargs: Any) -> int:
        loop.call_soon_threadsafe(opening.set)
        going_on.wait(5)
        return really(*args, **kwargs)

    before = open_files()
    monkeypatch.setattr(os, "open", slow)
    task = asyncio.create_task(Source(path).measure())
    await opening.wait()
    task.cancel()
    await asyncio.sleep(0)
    going_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    assert open_files() == before
