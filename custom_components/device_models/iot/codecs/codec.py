"""What the codecs of all payload formats have in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, NoReturn

from ..errors import PayloadError

type Document = (
    bool
    | int
    | float
    | str
    | bytes
    | datetime
    | list[Document]
    | Mapping[str, Document]
    | None
)
"""A decoded payload: what JSON is made of, and bytes and times."""

MAX_PAYLOAD_BYTES: Final = 256 * 1024
"""Far above what a device sends of itself, far below what would hold up the loop."""

MAX_DEPTH: Final = 16
MAX_NODES: Final = 20_000
"""How deep and how large a decoded payload may be."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded payload."""

    document: Document
    times: Mapping[str, datetime] = field(default_factory=dict)
    """The parts of the document that say what time they are of."""
    untyped: bool = False
    """Whether every value came as text, to be read by the type that is expected."""
    flat: bool = False
    """Whether it is a map of names to values without any nesting."""
    units: Mapping[str, str] = field(default_factory=dict)
    """The units of the parts of the document that say theirs."""
    sole: str | None = None
    """In a flat document the name of its only value, if there is just one."""


class Codec(ABC):
    """One payload format."""

    name: ClassVar[str]
    content_format: ClassVar[int]
    """The number in the IANA registry "CoAP Content-Formats"."""
    media_type: ClassVar[str]
    structured: ClassVar[bool] = True
    """Whether a payload can hold several values with their names."""

    @abstractmethod
    def decode(self, payload: bytes) -> Decoded:
        """Return what the bytes say.

        Raises:
            PayloadError: not this format, or beyond the bounds.

        """

    @abstractmethod
    def encode(self, document: Document) -> bytes:
        """Return the bytes of a document.

        Raises:
            PayloadError: the format cannot hold such a document.

        """

    def refuse(self, problem: str) -> NoReturn:
        """Say what is wrong with a payload.

        Raises:
            PayloadError: always.

        """
        raise PayloadError(media=self.media_type, problem=problem)

    def bounded(self, document: object) -> Document:
        """Return the document if it stays within the bounds of depth, size and type.

        Raises:
            PayloadError: it does not.

        """
        nodes = 0
        level: list[object] = [document]
        for _ in range(MAX_DEPTH + 1):
            below: list[object] = []
            for node in level:
                nodes += 1
                match node:
                    case None | bool() | int() | float() | str() | bytes() | datetime():
                        pass
                    case list():
                        below.extend(node)
                    case Mapping():
                        if not all(isinstance(key, str) for key in node):
                            self.refuse("expected texts as the keys of a map")
                        below.extend(node.values())
                    case _:
                        self.refuse(f"unexpected {type(node).__name__}")
                if nodes + len(below) > MAX_NODES:
                    self.refuse(f"more than {MAX_NODES} values")
            if not below:
                return document  # type: ignore[return-value]  # the walk has shown it
            level = below
        self.refuse(f"nested deeper than {MAX_DEPTH}")
