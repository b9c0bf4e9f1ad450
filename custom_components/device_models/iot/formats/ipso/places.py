"""Where elements are on the endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ...reading import Remarks, Unusable
from .links import Link

CONTENT_FORMATS: Final[Mapping[str, str]] = {
    "0": "text",
    "42": "octets",
    "50": "json",
    "60": "cbor",
    "110": "senml+json",
    "112": "senml+cbor",
}
"""The codecs by their numbers in the IANA registry "CoAP Content-Formats"."""

MAX_SEGMENT_BYTES: Final = 255
"""RFC 7252 §5.10, table 4."""


@dataclass(frozen=True, slots=True)
class Pack:
    """What answers with the values of several resources (RFC 8428)."""

    format: str
    names: Mapping[str, str]
    """By the paths of the resources."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one element is."""

    path: str
    """With a leading slash, spelled as in a URI."""
    observe: bool = False
    format: str = ""
    """The codec, if the device says which formats it has."""
    digits: bool = True
    """Whether true and false are 1 and 0 in text, as LwM2M has it."""

    @property
    def name(self) -> str:
        """The name of the element: the path, which stays as long as the device.

        Unique ids are made of it. It must never be spelled in another way.
        """
        return self.path.strip("/")

    def checked(self) -> Place:
        """Return the place if it can be asked for, and be a name.

        Raises:
            Unusable: it cannot.

        """
        way, _, query = self.path.partition("?")
        try:
            parts = [
                unquote(part, errors="strict")
                for part in (*way.split("/"), *query.split("&"))
            ]
        except ValueError as err:
            raise Unusable("", "expected percent-encoded UTF-8") from err
        dots = {".", ".."}.intersection(parts)
        long = any(len(part.encode()) > MAX_SEGMENT_BYTES for part in parts)
        if dots or long or not self.name or not self.path.isprintable():
            raise Unusable("", "expected a path that can be asked for")
        return self


def place_of(path: str, link: Link, remarks: Remarks) -> Place:
    """Return the place of what a link leads to (RFC 7252 §7.2.1, RFC 7641 §6)."""
    spelled = link.terms("ct")
    known = [CONTENT_FORMATS[number] for number in spelled if number in CONTENT_FORMATS]
    if spelled and not known:
        listed = ", ".join(spelled)[:40]
        remarks.add(path, f"none of its formats ({listed}) is one that is read here")
    return Place(path, "obs" in link.parameters, known[0] if known else "")
