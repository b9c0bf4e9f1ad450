"""What tests put on the disk, and find there."""

from pathlib import Path


def names_in(folder: Path) -> list[str]:
    """Return the names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def written(path: Path, content: bytes) -> Path:
    """Return a file with a content."""
    path.write_bytes(content)
    return path


def content_of(path: Path) -> bytes:
    """Return the content of a file."""
    return path.read_bytes()


def open_files() -> int:
    """Return how many files this process has open."""
    return len(names_in(Path("/proc/self/fd")))
