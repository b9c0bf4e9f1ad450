"""Storage objects: protocol sheet "Oracle IoT" §2.6 and §2.7."""

import asyncio
from collections.abc import Awaitable, Callable
import hashlib
from pathlib import Path
from typing import Any, Final, override

import pytest

from custom_components.device_models.iot import storage
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.errors import (
    ChecksumError,
    ContentSyncError,
    DeviceModelsError,
    FileUnusableError,
    NotOfferedError,
    RejectedError,
    StalledError,
    SyncStateError,
    TooLargeError,
    UnauthorizedError,
    UnreachableError,
    ValueRefusedError,
)
from custom_components.device_models.iot.files import Receiver, Source
from custom_components.device_models.iot.storage import (
    RETRIES,
    StorageObject,
    Store,
    SyncEvent,
    SyncStatus,
    Transferred,
    change,
)

from .disk import content_of, names_in, written
from .samples import RecordingPort, device_of

DOCUMENT: Final[dict[str, Any]] = {
    "urn": "urn:com:acme:camera",
    "name": "Camera",
    "attributes": [
        {"name": "picture", "type": "URI", "writable": True},
        {"name": "title", "type": "STRING", "writable": True},
        {"name": "manual", "type": "URI"},
    ],
}

PLACE: Final = "pictures/1"
KEPT: Final = b"what is kept"


class Memory(Store):
    """A store that keeps contents in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {PLACE: KEPT}
        self.types: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.checksums: dict[str, str] = {}
        self.failures: list[Exception] = []
        """One for each try, from the first on."""
        self.tries = 0
        self.going_on = asyncio.Event()
        self.going_on.set()

    async def _begin(self) -> None:
        self.tries += 1
        await self.going_on.wait()
        if self.failures:
            raise self.failures.pop(0)

    @override
    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        await self._begin()
        async with source.opened() as reader:
            self.kept[place] = await reader.read(source.size)
        self.types[place] = source.content_type
        self.metadata = dict(source.metadata)
        return Transferred(f"https://store/{place}", self.checksums)

    @override
    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        await self._begin()
        await receiver.begin(len(self.kept[place]))
        await receiver.write(self.kept[place])
        return Transferred(f"https://store/{place}", self.checksums, "text/plain")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait long before it is tried again."""
    monkeypatch.setattr(storage, "FIRST_PAUSE", 0.001)


@pytest.fixture
def store() -> Memory:
    """Return a store."""
    return Memory()


@pytest.fixture
def port() -> RecordingPort:
    """Return the way out of the device."""
    return RecordingPort()


@pytest.fixture
def device(port: RecordingPort) -> VirtualDevice:
    """Return a device."""
    return device_of(DOCUMENT, port)


@pytest.fixture
def picture(store: Memory, device: VirtualDevice) -> StorageObject:
    """Return a storage object of which nothing is known."""
    return StorageObject(store, device, PLACE, name="picture")


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    """Return a file that can be sent."""
    path = tmp_path / "sent"
    path.write_bytes(b"what is sent")
    return path


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """Return where a file can be received."""
    return tmp_path / "received"


# What there is to begin with


def test_a_new_object_is_not_in_sync(picture: StorageObject) -> None:
    assert picture.status is SyncStatus.NOT_IN_SYNC
    assert picture.content_type == "application/octet-stream"
    assert (picture.input_path, picture.output_path) == (None, None)


# Each state × each call

STATES: Final = tuple(SyncStatus)


async def brought(
    picture: StorageObject, store: Memory, path: Path, status: SyncStatus
) -> None:
    """Have an object in a state, with a file to be sent."""
    await picture.set_input_path(path)
    match status:
        case SyncStatus.NOT_IN_SYNC:
            return
        case SyncStatus.SYNC_PENDING:
            store.going_on.clear()
        case SyncStatus.SYNC_FAILED:
            store.failures = [RejectedError(address="store", answer="no")]
    picture.sync()
    if status is not SyncStatus.SYNC_PENDING:
        await picture.finished()
    assert picture.status is status


async def same_input(picture: StorageObject, sent: Path) -> None:
    await picture.set_input_path(sent)


async def other_input(picture: StorageObject, sent: Path) -> None:
    other = sent.with_name("other")
    other.write_bytes(b"other")
    await picture.set_input_path(other)


async def no_input(picture: StorageObject, _sent: Path) -> None:
    await picture.set_input_path(None)


async def output(picture: StorageObject, sent: Path) -> None:
    await picture.set_output_path(sent.with_name("received"))


async def no_output(picture: StorageObject, _sent: Path) -> None:
    await picture.set_output_path(None)


RESETTING: Final = (other_input, no_input, output)
KEEPING: Final = (same_input, no_output)


@pytest.mark.parametrize("call", [*RESETTING, *KEEPING])
@pytest.mark.parametrize("status", STATES)
async def test_a_path_that_changes_resets_what_is_known(
    picture: StorageObject,
    store: Memory,
    sent: Path,
    status: SyncStatus,
    call: Callable[[StorageObject, Path], Awaitable[None]],
) -> None:
    await brought(picture, store, sent, status)
    if status is SyncStatus.SYNC_PENDING:
        with pytest.raises(SyncStateError, match="cannot be changed while"):
            await call(picture, sent)
        assert picture.status is status
        await picture.close()
        return
    await call(picture, sent)
    reset = call in RESETTING
    assert picture.status is (SyncStatus.NOT_IN_SYNC if reset else status)
    if reset:
        assert picture.error is None
        assert picture.checksums == {}


@pytest.mark.parametrize("status", STATES)
async def test_only_what_is_not_in_sync_is_synchronised(
    picture: StorageObject, store: Memory, sent: Path, status: SyncStatus
) -> None:
    await brought(picture, store, sent, status)
    await asyncio.sleep(0)
    before = store.tries
    picture.sync()
    store.going_on.set()
    finished = await picture.finished()
    pending = {SyncStatus.NOT_IN_SYNC, SyncStatus.SYNC_PENDING}
    assert finished is (SyncStatus.IN_SYNC if status in pending else status)
    assert store.tries == before + (status is SyncStatus.NOT_IN_SYNC)


async def test_the_paths_exclude_each_other(
    picture: StorageObject, sent: Path, received: Path
) -> None:
    await picture.set_input_path(sent)
    await picture.set_output_path(received)
    assert (picture.input_path, picture.output_path) == (None, received)
    await picture.set_input_path(sent)
    assert (picture.input_path, picture.output_path) == (sent, None)
    await picture.set_output_path(None)
    assert picture.input_path == sent


async def test_without_a_path_there_is_nothing_to_synchronise(
    picture: StorageObject,
) -> None:
    with pytest.raises(SyncStateError, match="picture: there is no file to send"):
        picture.sync()
    assert picture.status is SyncStatus.NOT_IN_SYNC
    assert await picture.finished() is SyncStatus.NOT_IN_SYNC
    await picture.close()


async def test_a_file_that_cannot_be_used_is_refused_at_once(
    picture: StorageObject, tmp_path: Path, store: Memory, device: VirtualDevice
) -> None:
    with pytest.raises(FileUnusableError):
        await picture.set_input_path(tmp_path / "none")
    with pytest.raises(FileUnusableError):
        await picture.set_output_path(tmp_path / "none" / "received")
    (tmp_path / "large").write_bytes(b"12345")
    small = StorageObject(store, device, PLACE, limit=4)
    with pytest.raises(TooLargeError):
        await small.set_input_path(tmp_path / "large")
    assert (picture.input_path, picture.output_path) == (None, None)


# Moving the content


async def test_a_file_is_sent(store: Memory, device: VirtualDevice, sent: Path) -> None:
    picture = StorageObject(store, device, PLACE, "image/png", name="picture")
    events: list[tuple[SyncEvent, SyncStatus]] = []
    progress: list[tuple[int, int | None]] = []
    picture.on_sync(lambda event: events.append((event, event.source.status)))
    picture.on_progress(lambda: progress.append((picture.passed, picture.total)))
    await picture.set_input_path(sent)
    picture.sync()
    assert picture.status is SyncStatus.SYNC_PENDING
    assert await picture.finished() is SyncStatus.IN_SYNC
    assert store.kept[PLACE] == b"what is sent"
    assert store.types[PLACE] == "image/png"
    assert picture.uri == "https://store/pictures/1"
    expected = hashlib.sha256(b"what is sent").hexdigest()
    assert picture.checksums["sha-256"] == expected
    assert progress == [(12, 12)]
    assert events == [(SyncEvent(picture, "picture"), SyncStatus.IN_SYNC)]


async def test_a_file_is_received(
    picture: StorageObject, received: Path, tmp_path: Path
) -> None:
    await picture.set_output_path(received)
    picture.sync()
    assert await picture.finished() is SyncStatus.IN_SYNC
    assert content_of(received) == KEPT
    assert names_in(tmp_path) == ["received"]
    assert picture.checksums["sha-256"] == hashlib.sha256(KEPT).hexdigest()
    assert (picture.passed, picture.total) == (12, 12)
    assert picture.content_type == "text/plain"


@pytest.mark.parametrize(
    ("failures", "status", "tries"),
    [
        ([UnreachableError(address="a", reason="gone")], SyncStatus.IN_SYNC, 2),
        (
            [UnreachableError(address="a", reason="gone")] * RETRIES,
            SyncStatus.IN_SYNC,
            RETRIES + 1,
        ),
        (
            [UnreachableError(address="a", reason="gone")] * (RETRIES + 1),
            SyncStatus.SYNC_FAILED,
            RETRIES + 1,
        ),
        ([RejectedError(address="a", answer="no")], SyncStatus.SYNC_FAILED, 1),
        ([UnauthorizedError(address="a")], SyncStatus.SYNC_FAILED, 1),
        ([NotOfferedError(operation="it")], SyncStatus.SYNC_FAILED, 1),
        ([RuntimeError("what is this?")], SyncStatus.SYNC_FAILED, 1),
    ],
)
async def test_it_is_tried_again_if_that_makes_sense(
    picture: StorageObject,
    store: Memory,
    sent: Path,
    failures: list[Exception],
    status: SyncStatus,
    tries: int,
) -> None:
    store.failures = list(failures)
    events: list[SyncEvent] = []
    picture.on_sync(events.append)
    await picture.set_input_path(sent)
    picture.sync()
    assert await picture.finished() is status
    assert store.tries == tries
    assert len(events) == 1  # in both cases
    assert isinstance(picture.error, DeviceModelsError) is (status != "in_sync")


@pytest.mark.parametrize("algorithm", ["md5", "sha-256"])
async def test_what_arrives_with_another_checksum_is_not_kept(
    picture: StorageObject,
    store: Memory,
    received: Path,
    tmp_path: Path,
    algorithm: str,
) -> None:
    written(received, b"old")
    store.checksums = {algorithm: "00"}
    await picture.set_output_path(received)
    picture.sync()
    assert await picture.finished() is SyncStatus.SYNC_FAILED
    assert isinstance(picture.error, ChecksumError)
    assert store.tries == RETRIES + 1  # it may have been damaged on its way
    assert content_of(received) == b"old"
    assert names_in(tmp_path) == ["received"]


async def test_a_checksum_of_another_kind_says_nothing(
    picture: StorageObject, store: Memory, sent: Path
) -> None:
    store.checksums = {"crc": "00"}
    await picture.set_input_path(sent)
    picture.sync()
    assert await picture.finished() is SyncStatus.IN_SYNC


async def test_what_does_not_go_on_is_given_up(
    picture: StorageObject,
    store: Memory,
    sent: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "STALLED", 0.05)
    store.going_on.clear()
    await picture.set_input_path(sent)
    picture.sync()
    assert await picture.finished() is SyncStatus.SYNC_FAILED
    assert isinstance(picture.error, StalledError)
    assert store.tries == RETRIES + 1


async def test_a_slow_transfer_is_not_given_up(
    picture: StorageObject,
    store: Memory,
    received: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "STALLED", 0.5)

    async def slowly(
        device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        await receiver.begin()
        for number in range(8):
            await asyncio.sleep(0.1)
            await receiver.write(bytes([number]))
        return Transferred(place)

    monkeypatch.setattr(store, "download", slowly)
    await picture.set_output_path(received)
    picture.sync()
    assert await picture.finished() is SyncStatus.IN_SYNC
    assert content_of(received) == bytes(range(8))


async def test_what_is_broken_off_has_failed(
    picture: StorageObject, store: Memory, received: Path, tmp_path: Path
) -> None:
    events: list[SyncEvent] = []
    picture.on_sync(events.append)
    store.going_on.clear()
    await picture.set_output_path(received)
    picture.sync()
    await asyncio.sleep(0)
    await picture.close()
    assert picture.status is SyncStatus.SYNC_FAILED
    assert str(picture.error) == "picture: it was broken off"
    assert len(events) == 1
    assert names_in(tmp_path) == []


async def test_what_is_broken_off_before_it_began_has_failed(
    picture: StorageObject, received: Path
) -> None:
    events: list[SyncEvent] = []
    picture.on_sync(events.append)
    await picture.set_output_path(received)
    picture.sync()
    await picture.close()
    assert picture.status is SyncStatus.SYNC_FAILED
    assert str(picture.error) == "picture: it was broken off"
    assert len(events) == 1


# What else is known of it


@pytest.mark.parametrize(("key", "value"), [("", "x"), ("x", "")])
def test_what_is_empty_is_no_metadata(
    picture: StorageObject, key: str, value: str
) -> None:
    with pytest.raises(ValueRefusedError, match="must not be empty"):
        picture.set_metadata(key, value)
    assert picture.metadata == {}


async def test_metadata_goes_with_the_content(
    picture: StorageObject, store: Memory, sent: Path
) -> None:
    picture.set_metadata("Place", "hall")
    await picture.set_input_path(sent)
    picture.sync()
    await picture.finished()
    assert store.metadata == {"Place": "hall"}


# As a value of an attribute


async def test_a_value_waits_for_its_content(
    picture: StorageObject,
    store: Memory,
    device: VirtualDevice,
    port: RecordingPort,
    sent: Path,
) -> None:
    await picture.set_input_path(sent)
    store.going_on.clear()
    changing = asyncio.create_task(change(device, {"title": "Sun", "picture": picture}))
    await asyncio.sleep(0.01)
    assert port.written == []
    store.going_on.set()
    await changing
    assert port.written == [{"title": "Sun", "picture": "https://store/pictures/1"}]
    assert device.get("picture") == "https://store/pictures/1"


async def test_a_value_without_its_content_is_not_sent_and_the_listeners_are_told(
    picture: StorageObject,
    store: Memory,
    device: VirtualDevice,
    port: RecordingPort,
    sent: Path,
) -> None:
    problems: list[tuple[str, str]] = []
    events: list[SyncEvent] = []
    device.on_problem(lambda *problem: problems.append(problem))
    picture.on_sync(events.append)
    store.failures = [RejectedError(address="the store", answer="no")]
    await picture.set_input_path(sent)
    with pytest.raises(ContentSyncError):
        await change(device, {"title": "Sun", "picture": picture})
    said = "content sync failed: picture: the store answered no"
    assert problems == [("picture", said)]
    assert events == [SyncEvent(picture, "picture")]
    assert port.written == []
    # Once it is there, nothing is wrong with it any more.
    await picture.set_input_path(None)
    await picture.set_input_path(sent)
    await change(device, {"picture": picture})
    assert device.problems == {}


async def test_what_is_in_sync_already_is_not_moved_again(
    picture: StorageObject, store: Memory, device: VirtualDevice, sent: Path
) -> None:
    await picture.set_input_path(sent)
    picture.sync()
    await picture.finished()
    await change(device, {"picture": picture})
    assert store.tries == 1


async def test_values_without_content_are_just_sent(
    device: VirtualDevice, port: RecordingPort
) -> None:
    await change(device, {"title": "Sun"})
    assert port.written == [{"title": "Sun"}]


async def test_an_attribute_that_cannot_be_written_is_refused(
    picture: StorageObject, device: VirtualDevice, store: Memory, sent: Path
) -> None:
    await picture.set_input_path(sent)
    with pytest.raises(NotOfferedError):
        await change(device, {"manual": picture})
