"""Files of this machine that are sent or received: in parts, and off the event loop.

Neither is ever in memory as a whole. What is received has another name until it is
complete, so that nobody finds half of it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
import errno
import hashlib
import os
from pathlib import Path
import secrets
import stat
from types import MappingProxyType
from typing import Final, Protocol, override

from .errors import FileUnusableError, TooLargeError

PART_BYTES: Final = 64 * 1024
"""What is read or written at a time."""

DEFAULT_TYPE: Final = "application/octet-stream"
"""Of a content of which nothing else is said (sheet "Oracle IoT" §2.7)."""

READING: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
WRITING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""What waits for somebody else (a pipe) is not waited for, and no link is followed."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

type Progress = Callable[[int, int | None], None]
"""Called with how many bytes have passed, and how many there are if that is known."""


class Checksums:
    """What identifies the content that has passed."""

    def __init__(self) -> None:
        """Begin without content."""
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def add(self, data: bytes) -> None:
        """Take a part of the content."""
        self._sha256.update(data)
        self._md5.update(data)

    @property
    def known(self) -> dict[str, str]:
        """The checksums by the names of their algorithms, in hexadecimal digits."""
        return {"sha-256": self._sha256.hexdigest(), "md5": self._md5.hexdigest()}


class Reader:
    """One pass through a file, from its beginning."""

    def __init__(self, source: Source, descriptor: int) -> None:
        """Take the file, opened."""
        self._source = source
        self._descriptor = descriptor
        self._part = b""
        self._taken = 0

    async def read(self, most: int) -> bytes:
        """Return the next bytes; fewer, or none, at the end.

        Raises:
            FileUnusableError: it cannot be read, or has become shorter.

        """
        source = self._source
        left = source.size - source.passed
        wanted = min(most, left)
        while len(self._part) - self._taken < wanted:
            rest = self._part[self._taken :]
            missing = min(PART_BYTES, left - len(rest))
            more = await _off_loop(source.path, self._next, missing)
            if not more:
                problem = "it has become shorter while it was read"
                raise FileUnusableError(path=source.path.name, reason=problem)
            self._part, self._taken = rest + more, 0
        data = self._part[self._taken : self._taken + wanted]
        self._taken += wanted
        source.passed += wanted
        if data:
            source.progress(source.passed, source.size)
        return data

    def _next(self, most: int) -> bytes:
        """Read on; blocks."""
        data = os.read(self._descriptor, most)
        self._source.checksums.add(data)
        return data


class Source:
    """A file that is sent; it can be sent again from its beginning."""

    def __init__(
        self,
        path: Path,
        content_type: str = DEFAULT_TYPE,
        *,
        metadata: Mapping[str, str] = NOTHING,
        limit: int | None = None,
        progress: Progress = lambda _passed, _total: None,
    ) -> None:
        """Take the file, and how large it may be.

        ``metadata`` is what is to be known of it besides, where that can be kept.
        """
        self.path = path
        self.metadata = metadata
        self.content_type = content_type
        self.size = 0
        """Bytes; as it was when it was opened last."""
        self.passed = 0
        """Bytes that were read in the present pass."""
        self.checksums = Checksums()
        self.progress = progress
        self._limit = limit

    async def measure(self) -> int:
        """Return how large the file is.

        Raises:
            FileUnusableError: it cannot be read.
            TooLargeError: it is larger than it may be.

        """
        async with self.opened():
            return self.size

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Reader]:
        """Begin a pass.

        Raises:
            FileUnusableError: it cannot be read.
            TooLargeError: it is larger than it may be.

        """
        descriptors: list[int] = []  # whoever is cancelled meanwhile closes it, too
        try:
            self.size = await _off_loop(self.path, self._open, descriptors)
            if self._limit is not None and self.size > self._limit:
                raise TooLargeError(name=self.path.name, limit=str(self._limit))
            self.passed = 0
            self.checksums = Checksums()
            yield Reader(self, descriptors[0])
        finally:
            for descriptor in descriptors:
                os.close(descriptor)  # it was only read: this waits for nothing

    def _open(self, descriptors: list[int]) -> int:
        """Open the file, and note it; returns its size. Blocks."""
        descriptors.append(os.open(self.path, READING))
        found = os.fstat(descriptors[0])
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a file")
        return found.st_size


class Receiver(Protocol):
    """Takes a content, part by part."""

    passed: int
    """Bytes that were received."""

    async def begin(self, total: int | None = None) -> None:
        """Begin anew, with nothing received.

        Args:
            total: how many bytes will come, if that is known.

        Raises:
            InvalidInputError: they cannot be taken.

        """

    async def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            InvalidInputError: they cannot be taken.

        """


class Memory(Receiver):
    """A content that is kept in memory, so it must not be large."""

    def __init__(self, name: str, limit: int) -> None:
        """Take what it is called for people, and how many bytes it may have."""
        self.passed = 0
        self._name = name
        self._limit = limit
        self._content = bytearray()

    @property
    def content(self) -> bytes:
        """What was received."""
        return bytes(self._content)

    @override
    async def begin(self, total: int | None = None) -> None:
        self._content.clear()
        self._allow(total or 0)
        self.passed = 0

    @override
    async def write(self, data: bytes) -> None:
        self.passed += len(data)
        self._allow(self.passed)
        self._content += data

    def _allow(self, size: int) -> None:
        """Raise TooLargeError if the content may not be so large."""
        if size > self._limit:
            raise TooLargeError(name=self._name, limit=str(self._limit))


class Sink(Receiver):
    """A file that is received; it gets its name when it is complete.

    What has that name before stays there until then.
    """

    def __init__(
        self,
        path: Path,
        *,
        limit: int | None = None,
        progress: Progress = lambda _passed, _total: None,
    ) -> None:
        """Take where it will be, and how large it may become."""
        self.path = path
        self.checksums = Checksums()
        self.passed = 0
        self._limit = limit
        self._progress = progress
        self._total: int | None = None
        self._part = bytearray()
        self._descriptor: int | None = None
        self._temporary = path

    @override
    async def begin(self, total: int | None = None) -> None:
        await self.discard()
        self._allow(total or 0)
        self.checksums = Checksums()
        self.passed, self._total = 0, total
        self._temporary = self.path.with_name(f".{secrets.token_hex(8)}.part")
        await _off_loop(self.path, self._create)

    @override
    async def write(self, data: bytes) -> None:
        self._allow(self.passed + len(data))
        self.passed += len(data)
        self._part += data
        if len(self._part) >= PART_BYTES:
            await self._flush()
        self._progress(self.passed, self._total)

    async def complete(self) -> None:
        """Take it that nothing more comes: the checksums are those of all.

        Raises:
            FileUnusableError: it cannot be written.

        """
        await self._flush()

    async def commit(self) -> None:
        """Give the file its name: it is complete.

        Raises:
            FileUnusableError: it cannot be written.

        """
        await _off_loop(self.path, self._settle)

    async def discard(self) -> None:
        """Forget what was received, unless it was complete."""
        descriptor, self._descriptor = self._descriptor, None
        self._part.clear()
        if descriptor is not None:
            await asyncio.to_thread(_remove, descriptor, self._temporary)

    async def probe(self) -> None:
        """See whether a file can be written there.

        Raises:
            FileUnusableError: it cannot.

        """
        await self.begin()
        await self.discard()
        await _off_loop(self.path, _refuse_folder, self.path)

    def _allow(self, size: int) -> None:
        """Raise TooLargeError if the content may not be so large."""
        if self._limit is not None and size > self._limit:
            raise TooLargeError(name=self.path.name, limit=str(self._limit))

    async def _flush(self) -> None:
        """Write what has gathered."""
        part = bytes(self._part)
        self._part.clear()
        await _off_loop(self.path, self._append, part)

    def _create(self) -> None:
        """Begin a file; blocks. As for any other, the system says who may read it."""
        self._descriptor = os.open(self._temporary, WRITING, 0o666)

    def _append(self, data: bytes) -> None:
        """Write; blocks."""
        self.checksums.add(data)
        left = memoryview(data)
        while left:
            left = left[os.write(self._opened(), left) :]

    def _settle(self) -> None:
        """Have it on the disk, and give it its name; blocks."""
        descriptor = self._opened()
        os.fsync(descriptor)
        self._temporary.replace(self.path)
        self._descriptor = None
        os.close(descriptor)

    def _opened(self) -> int:
        """Return the file."""
        if self._descriptor is None:
            raise OSError(errno.EBADF, "not begun")
        return self._descriptor


def _remove(descriptor: int, temporary: Path) -> None:
    """Close a file and take it away; blocks."""
    os.close(descriptor)
    with suppress(OSError):
        temporary.unlink()


def _refuse_folder(path: Path) -> None:
    """Raise if there is something that no file can take the place of; blocks."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EISDIR, "not a file")


async def _off_loop[**P, R](
    path: Path, func: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    """Do something with a file off the event loop.

    It is waited for even if nobody wants it any more: it holds a file.

    Raises:
        FileUnusableError: in place of what the system says.

    """
    doing = asyncio.ensure_future(asyncio.to_thread(func, *args, **kwargs))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise FileUnusableError(path=path.name, reason=reason) from err
