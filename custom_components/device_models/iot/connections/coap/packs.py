"""Objects that give all their values in one answer: SenML packs (RFC 8428).

An instance of an LwM2M object does (LwM2M Core 1.2 §7.4.4, 7.4.6), and some plain nodes
do it, too. It is tried with a few: what does not know the formats says so for all.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
import re
from typing import Final

from ...codecs import BY_CONTENT_FORMAT, CODECS, Codec, decode, to_json
from ...errors import PayloadError
from ...formats.ipso.links import Link
from ...formats.ipso.objects import OBJECTS
from ...redaction import redacted
from ...values import JsonValue
from .request import Response

PACKS: Final = (CODECS["senml+cbor"], CODECS["senml+json"])
"""The smaller one is asked for first."""

MAX_TRIED: Final = 2
"""So many instances without a pack are enough to know."""

MAX_PACKS: Final = 40

_OBJECT: Final = re.compile(r"((?:/.*?)??/(\d{1,5}))(?:/(\d{1,5})(?:/\d{1,5})?)?")
"""The path of something about an object: the object itself, and its instance."""

type Get = Callable[[str, int | None], Awaitable[Response | None]]
"""Asks for a path in a content format."""


@dataclass(slots=True)
class Packs:
    """What is found of packs while a device is described."""

    values: dict[str, JsonValue] = field(default_factory=dict)
    """By the paths of the resources."""
    units: dict[str, JsonValue] = field(default_factory=dict)
    """The same."""
    found: dict[str, JsonValue] = field(default_factory=dict)
    """By the paths of the packs: their formats, and the names that resources have."""

    async def find(self, links: Iterable[Link], get: Get) -> None:
        """Ask the instances of the objects that are listed.

        Raises:
            UnreachableError: the device does not answer any more.

        """
        formats: tuple[Codec, ...] = PACKS
        missed = 0
        for instance in instances_of(links)[:MAX_PACKS]:
            for codec in formats:
                response = await get(instance, codec.content_format)
                if response is not None and self._take(instance, response):
                    formats = (codec,)
                    break
            else:
                missed += 1
            if missed >= MAX_TRIED:
                return

    def covers(self, path: str) -> bool:
        """Whether nothing is to be asked at a path any more."""
        known = (self.values, self.found)
        return any(path in one or f"{path}/0" in one for one in known)

    def _take(self, instance: str, response: Response) -> bool:
        """Note what an instance answered; return whether it was a pack about it."""
        codec = _codec_of(response)
        if codec is None:
            return False
        try:
            decoded = decode(codec, response.payload)
            document = to_json(decoded.document)
        except PayloadError:
            return False
        names: dict[str, JsonValue] = {}
        for name, value in document.items() if isinstance(document, dict) else ():
            path = resource_in(instance, name)
            if path is None or path in names:
                continue
            names[path] = name
            self.values[path] = redacted(value)
            if name in decoded.units:
                self.units[path] = decoded.units[name]
        if names:
            self.found[instance] = {"format": codec.name, "names": names}
        return bool(names)


def _codec_of(response: Response) -> Codec | None:
    """Return the codec of an answer, if that is a pack."""
    if not response.success or response.content_format is None:
        return None
    codec = BY_CONTENT_FORMAT.get(response.content_format)
    return codec if codec in PACKS else None


def instances_of(links: Iterable[Link]) -> list[str]:
    """Return the paths of instances that may have more than one value to give."""
    listed: dict[str, int] = {}
    alone: set[str] = set()
    for link in links:
        found = _OBJECT.fullmatch(link.target)
        if found is None or int(found[2]) not in OBJECTS:
            continue
        instance = f"{found[1]}/{found[3] or 0}"
        is_resource = link.target.startswith(f"{instance}/")
        listed[instance] = listed.get(instance, 0) + is_resource
        if found[3] is None:
            alone.add(instance)
    objects = {path.rpartition("/")[0] for path in listed.keys() - alone}
    return [
        path
        for path, number in listed.items()
        if number != 1 and not (path in alone and path.rpartition("/")[0] in objects)
    ]


def resource_in(instance: str, name: str) -> str | None:
    """Return the path of the resource that a name in a pack is about.

    None for what is of another instance, or one of several values of a resource.
    """
    number = name.rpartition(f"{instance}/")[2] if f"{instance}/" in name else name
    return f"{instance}/{number}" if re.fullmatch(r"\d{1,5}", number) else None
