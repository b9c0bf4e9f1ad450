"""Storage objects: contents behind a URI, in sync with a file here or not.

The rules are those of the sheet "Oracle IoT", §2.6 and §2.7.

How a content is moved is the store's business: that of a connection, as a rule. What
is an external object there, a URI that says nothing of its content, is a text here.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import logging
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from .device import VirtualDevice
from .errors import (
    ChecksumError,
    CommunicationError,
    ContentSyncError,
    DeviceModelsError,
    RejectedError,
    StalledError,
    SyncStateError,
    UnauthorizedError,
    ValueRefusedError,
)
from .files import DEFAULT_TYPE, Receiver, Sink, Source
from .listeners import Listeners

_LOGGER = logging.getLogger(__name__)

RETRIES: Final = 2
"""After the first try (sheet §6.1, ``storage_connection_retry_limit``)."""

FIRST_PAUSE: Final = 1.0
"""Seconds before the first retry; doubled before each other one."""

STALLED: Final = 30.0
"""Seconds in which at least something has to be transferred."""

LONGEST: Final = 3600.0
"""Seconds for one try, however well it goes on."""

MAX_BYTES: Final = 100 * 1024 * 1024
"""Of a content, where nobody says otherwise."""


class SyncStatus(StrEnum):
    """Whether content and file are the same."""

    NOT_IN_SYNC = "not_in_sync"
    SYNC_PENDING = "sync_pending"
    IN_SYNC = "in_sync"
    SYNC_FAILED = "sync_failed"


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a store says of a content that it has taken, or given."""

    uri: str
    """Where the content is."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """As the store has them, by algorithm; those of what was moved must agree."""
    content_type: str = ""
    """As the store calls it."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the store knows of it besides."""
    encoding: str = ""
    """How the content is compressed, if it is kept, and was moved, like that."""
    date: str = ""
    """When it was made, or changed, as the store spells it."""


class Store(Protocol):
    """Where contents are kept; a connection is one, for the devices behind it."""

    async def upload(
        self, device: VirtualDevice, place: str, source: Source
    ) -> Transferred:
        """Take a content."""

    async def download(
        self, device: VirtualDevice, place: str, receiver: Receiver
    ) -> Transferred:
        """Give a content; the receiver is begun anew with each try."""


@dataclass(frozen=True, slots=True)
class SyncEvent:
    """A storage object is in sync, or could not be brought in sync."""

    source: StorageObject
    name: str | None = None
    """Of the attribute whose value it is."""


class StorageObject:
    """One content, and the file that it is sent from, or received in."""

    def __init__(
        self,
        store: Store,
        device: VirtualDevice,
        place: str,
        content_type: str | None = None,
        *,
        name: str | None = None,
        limit: int = MAX_BYTES,
    ) -> None:
        """Take where the content is kept; nothing is moved yet.

        Args:
            store: who keeps it.
            device: whose content it is.
            place: where, as the store understands it.
            content_type: its media type, if it is known.
            name: the attribute whose value it is.
            limit: how many bytes it may have.

        """
        self.place = place
        self.name = name
        self.content_type = content_type or DEFAULT_TYPE
        self.status = SyncStatus.NOT_IN_SYNC
        self.uri = place
        """Where the content is; the store may say so more exactly."""
        self.error: DeviceModelsError | None = None
        """Why it could not be brought in sync."""
        self.checksums: Mapping[str, str] = {}
        """Of what was moved, by algorithm."""
        self.encoding = ""
        self.date = ""
        """See ``Transferred``."""
        self.passed = 0
        """Bytes that were moved in the present, or the last, try."""
        self.total: int | None = None
        """How many there are; None as long as that is not known."""
        self._store = store
        self._device = device
        self._metadata: dict[str, str] = {}
        self._limit = limit
        self._input: Path | None = None
        self._output: Path | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.Timeout | None = None
        self._end = 0.0
        self._by_sync = Listeners[[SyncEvent]]()
        self._by_progress = Listeners[[]]()

    @property
    def label(self) -> str:
        """What it is called for people; in a URL may be a secret."""
        return self.name or self.place.partition("?")[0]

    # Which file

    @property
    def input_path(self) -> Path | None:
        """The file that is sent."""
        return self._input

    @property
    def output_path(self) -> Path | None:
        """The file that the content is received in."""
        return self._output

    async def set_input_path(self, path: Path | None) -> None:
        """Have a file sent; nothing is received then.

        Raises:
            SyncStateError: something is moved at present.
            FileUnusableError: the file cannot be read.
            TooLargeError: it is larger than it may be.

        """
        self._refuse_pending()
        size: int | None = None
        if path is not None:
            size = await Source(path, limit=self._limit).measure()
            self._refuse_pending()
            self._output = None
        if path != self._input:
            self._input = path
            self._reset()
            self.total = size

    async def set_output_path(self, path: Path | None) -> None:
        """Have the content received in a file; nothing is sent then.

        Raises:
            SyncStateError: something is moved at present.
            FileUnusableError: the file cannot be written.

        """
        self._refuse_pending()
        if path is not None:
            await Sink(path).probe()
            self._refuse_pending()
            self._input = None
        if path != self._output:
            self._output = path
            self._reset()

    # The content

    @property
    def metadata(self) -> Mapping[str, str]:
        """What is known of the content besides: what was set, or the store says."""
        return MappingProxyType(self._metadata)

    def set_metadata(self, key: str, value: str) -> None:
        """Have something known of the content, where the store can keep it.

        Raises:
            ValueRefusedError: the key, or the value, is empty.

        """
        if not key or not value:
            raise ValueRefusedError(name=key or "key", problem="must not be empty")
        self._metadata[key] = value

    def sync(self) -> None:
        """Begin to move the content, unless that has been done, or tried.

        Raises:
            SyncStateError: there is neither a file to send, nor one to receive it in.

        """
        if self._input is None and self._output is None:
            problem = "there is no file to send, nor one to receive it in"
            raise SyncStateError(name=self.label, problem=problem)
        if self.status is SyncStatus.NOT_IN_SYNC:
            self.status = SyncStatus.SYNC_PENDING
            self._task = asyncio.create_task(self._sync(), name=f"sync {self.label}")

    async def finished(self) -> SyncStatus:
        """Wait until nothing is moved; returns what came of it."""
        if self._task is not None:
            await asyncio.wait([self._task])
        return self.status

    async def close(self) -> None:
        """Break off what is moved."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
            if self.status is SyncStatus.SYNC_PENDING:  # it had not even begun
                self._break_off()
                self._settle(SyncStatus.SYNC_FAILED)

    # Listening

    def on_sync(self, callback: Callable[[SyncEvent], None]) -> Callable[[], None]:
        """Call back when the content is in sync, or could not be brought in sync."""
        return self._by_sync.add(callback)

    def on_progress(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when more of the content has been moved."""
        return self._by_progress.add(callback)

    # Inside

    def _refuse_pending(self) -> None:
        """Raise SyncStateError if something is moved at present."""
        if self.status is SyncStatus.SYNC_PENDING:
            problem = "its file cannot be changed while it is synchronised"
            raise SyncStateError(name=self.label, problem=problem)

    def _reset(self) -> None:
        """Take it that nothing is known of the content any more."""
        self.status = SyncStatus.NOT_IN_SYNC
        self.error = None
        self.checksums = {}
        self.passed, self.total = 0, None

    async def _sync(self) -> None:
        """Move the content, and tell what came of it."""
        status = SyncStatus.SYNC_FAILED
        try:
            await self._repeat()
            status = SyncStatus.IN_SYNC
        except asyncio.CancelledError:
            self._break_off()
            raise
        except DeviceModelsError as err:
            self.error = self._without_place(err)
        except Exception as err:  # whoever waits for it has to learn of it
            _LOGGER.exception("%s cannot be synchronised", self.label)
            problem = type(err).__name__
            self.error = SyncStateError(name=self.label, problem=problem)
        finally:
            self._settle(status)

    def _break_off(self) -> None:
        """Note why nothing is moved any more."""
        problem = "it was broken off"
        self.error = SyncStateError(name=self.label, problem=problem)

    def _settle(self, status: SyncStatus) -> None:
        """Tell what came of it."""
        self.status = status
        self._by_sync.notify(SyncEvent(self, self.name))

    def _without_place(self, error: DeviceModelsError) -> DeviceModelsError:
        """Return an error that does not say where the content is, if that is secret."""
        if self.name is None or not self._device.model.attribute(self.name).sensitive:
            return error
        said = error.details.get("answer") or error.details.get("reason") or error.key
        return ContentSyncError(name=self.name, reason=said)

    async def _repeat(self) -> None:
        """Move the content, and once more if the way there was in trouble.

        Raises:
            DeviceModelsError: it cannot be moved.

        """
        pause = FIRST_PAUSE
        for left in range(RETRIES, -1, -1):
            try:
                await self._watched()
            except UnauthorizedError, RejectedError:
                raise  # it would say the same again
            except CommunicationError as err:
                if not left:
                    raise
                _LOGGER.debug("%s is tried again: %s", self.label, err)
                await asyncio.sleep(pause)
                pause *= 2
            else:
                return

    async def _watched(self) -> None:
        """Move the content once, for as long as it goes on.

        Raises:
            StalledError: it does not go on.
            DeviceModelsError: it cannot be moved.

        """
        now = asyncio.get_running_loop().time()
        self._end = now + LONGEST
        try:
            async with asyncio.timeout(STALLED) as self._watch:
                await self._move()
        except TimeoutError as err:
            seconds = f"{STALLED:g}"
            raise StalledError(name=self.label, seconds=seconds) from err
        finally:
            self._watch = None

    async def _move(self) -> None:
        """Move the content once.

        Raises:
            ChecksumError: it is not what it was on the other side.
            DeviceModelsError: it cannot be moved.

        """
        if self._input is not None:
            source = Source(
                self._input,
                self.content_type,
                metadata=self._metadata,
                limit=self._limit,
                progress=self._progress,
            )
            done = await self._store.upload(self._device, self.place, source)
            self._take(done, source.checksums.known, source.size)
        elif self._output is not None:
            sink = Sink(self._output, limit=self._limit, progress=self._progress)
            try:
                done = await self._store.download(self._device, self.place, sink)
                await sink.complete()
                self._take(done, sink.checksums.known, sink.passed)
                await sink.commit()
            finally:
                await sink.discard()

    def _take(self, done: Transferred, known: dict[str, str], size: int) -> None:
        """Note what was moved.

        Raises:
            ChecksumError: it is not what it was on the other side.

        """
        for algorithm, checksum in done.checksums.items():
            if known.get(algorithm, checksum) != checksum:
                raise ChecksumError(name=self.label, algorithm=algorithm)
        self.uri = done.uri
        self.content_type = done.content_type or self.content_type
        self.encoding, self.date = done.encoding, done.date
        self._metadata.update(done.metadata)
        self.checksums = known
        self.passed = self.total = size

    def _progress(self, passed: int, total: int | None) -> None:
        """Note that the transfer goes on."""
        self.passed, self.total = passed, total
        if self._watch is not None and not self._watch.expired():
            now = asyncio.get_running_loop().time()
            self._watch.reschedule(min(now + STALLED, self._end))
        self._by_progress.notify()


async def change(device: VirtualDevice, values: Mapping[str, object]) -> None:
    """Change attributes; one whose value is a storage object waits for its content.

    What could not be brought in sync is told to who listens for problems, and then
    nothing is sent (sheet §2.7).

    Raises:
        ContentSyncError: a content could not be brought in sync.
        DeviceModelsError: as ``VirtualDevice.change``.

    """
    objects = {
        name: one for name, one in values.items() if isinstance(one, StorageObject)
    }
    for one in objects.values():
        one.sync()
    for one in objects.values():
        await one.finished()
    failed: ContentSyncError | None = None
    for name, one in objects.items():
        if one.status is not SyncStatus.IN_SYNC:
            reason = str(one.error or one.status)
            failed = ContentSyncError(name=name, reason=reason)
            device.drop(name, failed)
    if failed is not None:
        raise failed
    await device.change({**values, **{name: one.uri for name, one in objects.items()}})
