"""What a CoAP endpoint says of itself, as a model.

Asked in this order: the path itself, which may be that of a Thing Description; the
Thing Description that was announced, if one was; the one at
``/.well-known/wot`` (WoT Discovery, "Well-Known URIs"), the Thing Descriptions that the
resource listing names (``rt=wot.thing``), and the listing itself
(``/.well-known/core``, RFC 6690), whose resources are each asked for their present
value once.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
import re
from typing import Final

from ...codecs import BY_CONTENT_FORMAT
from ...errors import ModelError, UnreachableError
from ...formats import Loaded, load, load_document
from ...formats.ipso.instances import ROOT
from ...formats.ipso.links import Link, parse_links
from ...reading import Remark, Unusable
from ...redaction import is_secret, redacted
from ...values import JsonValue
from ..resources import JSON
from .answer import UnansweredError
from .client import CoapEndpoint
from .packs import Packs
from .request import Method, Response, split_path
from .sampling import MAX_VALUE_BYTES, value_of
from .signs import Sign

WOT: Final = "/.well-known/wot"
CORE: Final = "/.well-known/core"

UNSEEN: Final = Sign(CORE, None, None)

TD: Final = 432
"""The content format of ``application/td+json``."""

DESCRIPTIONS: Final = (TD, JSON.content_format)

THING: Final = "wot.thing"
"""The resource type of a Thing Description (WoT Discovery, "CoRE Link Formats")."""

STATE: Final = "state"
"""Where the default layout has everything. The resource type there may be the URN of
the device's model; it is asked for even where there is no listing."""

SECONDS: Final = 15.0
"""For the values of all resources together."""

MAX_ASKED: Final = 40
MAX_LINKS: Final = 500

OBJECT_PATH: Final = re.compile(r"(?:^|/)\d+/\d+(?:/\d+)?$")
"""The path of an IPSO or LwM2M resource: what it can do is known by its number."""

SECURITY_OBJECT: Final = re.compile(r"/0/\d+(?:/|$)")
"""LwM2M object 0 holds keys (LwM2M core, appendix E)."""

DISCOVERY: Final = re.compile(r"(?:\.well-known|rd)(?:/|$)")
"""What serves CoAP itself: also registration at a directory (RFC 9176 §5)."""


async def describe(
    endpoint: CoapEndpoint, base: str, thing: str | None = None
) -> tuple[Loaded, Sign]:
    """Return the model of what is below a path of an endpoint ("": of all of it).

    ``thing`` is the path of the Thing Description that the endpoint announced. The sign
    is that of the description which the model was made of.

    Raises:
        ModelError: there is no such path, or the endpoint says nothing that a model
            could be made of; the message tells what was asked and answered.
        UnreachableError: it does not answer at all.

    """
    base = base.strip("/")
    try:
        split_path(base)
    except ValueError as err:
        problem = f"expected a path: {err}"
        raise ModelError(
            source=endpoint.address, where="base", problem=problem
        ) from err
    announced = [thing] if thing and _is_path(thing) else []
    description = _Description(endpoint, base, [*announced, WOT])
    return await description.read(), description.sign


@dataclass(slots=True)
class _Description:
    """One attempt to have an endpoint described."""

    endpoint: CoapEndpoint
    base: str
    things: list[str]
    """Where a Thing Description may be."""
    answers: list[str] = field(default_factory=list)
    """What was asked, and what came back, for people."""
    remarks: list[Remark] = field(default_factory=list)
    values: dict[str, JsonValue] = field(default_factory=dict)
    """By the path, with a slash at its beginning."""
    units: dict[str, JsonValue] = field(default_factory=dict)
    """The same; an object has those of its members."""
    packs: Packs = field(default_factory=Packs)
    sign: Sign = UNSEEN
    """Of what was used last."""

    @property
    def address(self) -> str:
        """Where the device is, for people."""
        return f"{self.endpoint.address}/{self.base[:40]}"

    @property
    def _wholes(self) -> tuple[str, str]:
        """The paths of what stands for all of the device."""
        return self.base, f"{self.base}/{STATE}".strip("/")

    async def read(self) -> Loaded:
        """Return the best description that there is.

        Raises:
            ModelError: there is none.

        """
        loaded = await self._thing(f"/{self.base}") if self.base else None
        for path in dict.fromkeys(self.things):
            loaded = loaded or await self._thing(path)
        if loaded is None:
            links = await self._links()
            things = [link.target for link in links if THING in link.terms("rt")]
            for path in things[:1]:
                loaded = await self._thing(path)
            if loaded is None:
                loaded = await self._listing(links)
        return replace(loaded, remarks=(*loaded.remarks, *self.remarks))

    async def _thing(self, path: str) -> Loaded | None:
        """Return the Thing Description at a path, if there is a usable one."""
        accept: int | None = TD
        response = await self._get(path, accept=TD)
        if response and not response.success and not response.absent:
            # It does not know the format, or the option (RFC 7252 §5.10.4).
            accept = None
            response = await self._get(path)
        if response is None or not response.success:
            return None
        if path == f"/{self.base}" and response.content_format not in DESCRIPTIONS:
            return None  # nobody said that there is one
        source = f"{self.endpoint.address}{path}"
        try:
            loaded = await asyncio.to_thread(load, response.payload, source)
        except ModelError as err:
            self._note(path, f"{err.details['where']}: {err.details['problem']}"[:120])
            return None
        if loaded.model.draft:
            self._note(path, f"no Thing Description, but a {loaded.format}")
            return None
        self.sign = Sign.of(path, accept, response)
        return loaded

    def _note(self, path: str, problem: str) -> None:
        """Tell that what is at a path was of no use, whatever comes of the rest."""
        self.answers[-1] += f" ({problem})"
        self.remarks.append(Remark(path, f"not usable: {problem}"))

    async def _links(self) -> list[Link]:
        """Return the links that the endpoint lists to its resources below the base."""
        response = await self._get(CORE)
        self.sign = Sign.of(CORE, None, response)
        if response is None or not response.success:
            return []
        try:
            links = parse_links(response.payload.decode(errors="replace"))
        except Unusable as err:
            self._note(CORE, str(err)[:120])
            return []
        below = [link for link in links if self._is_below(link)]
        if len(below) < len(links):
            self.answers[-1] += f", {len(below)} of {len(links)} links are below it"
        return below[:MAX_LINKS]

    async def _listing(self, links: list[Link]) -> Loaded:
        """Return the model of the resources, with the values that they have now.

        Raises:
            ModelError: no resource is left, or the listing is not usable.

        """
        listed = bool(links)
        if not listed:
            links = [Link(f"/{self._wholes[-1]}", {})]
        refused = await self._ask(links)
        kept = [link for link in links if link.target not in refused]
        if not kept or not (listed or self.values):
            problem = f"nothing to make a model of: {'; '.join(self.answers)}"
            raise ModelError(source=self.address, where="", problem=problem[:200])
        document: dict[str, JsonValue] = {
            "links": ",".join(_spelled(link) for link in kept),
            "values": self.values,
        }
        if self.units:
            document["units"] = self.units
        if self.packs.found:
            document["packs"] = self.packs.found
        if self.base:
            document["name"] = self.base.rpartition("/")[2]
            document["base"] = self.base
        whole = (link for link in kept if link.target.strip("/") in self._wholes)
        urns = [term for link in whole for term in link.terms("rt") if _is_urn(term)]
        if urns:
            document["urn"] = urns[0]
        return await asyncio.to_thread(load_document, document, self.address)

    async def _ask(self, links: Iterable[Link]) -> set[str]:
        """Ask resources for their values, one after the other, while there is time.

        Returns:
            The paths of those that cannot be read, and of which nothing else is known.

        """
        refused: set[str] = set()
        asked = [link for link in links if _may_be_asked(link)]
        # What does not answer any more has said what it has to say.
        with suppress(TimeoutError, UnreachableError):
            async with asyncio.timeout(SECONDS):
                await self.packs.find(asked, self._get)
                self.values |= self.packs.values
                self.units |= self.packs.units
                for link in asked[:MAX_ASKED]:
                    if self.packs.covers(link.target):
                        continue
                    response = await self._get(link.target)
                    if response is None:
                        continue
                    known = OBJECT_PATH.search(link.target) or ROOT in link.terms("rt")
                    if response.absent and not known:
                        refused.add(link.target)
                        problem = f"left out: GET is answered with {response.answer}"
                        self.remarks.append(Remark(link.target, problem))
                    elif response.success:
                        value, units = value_of(response)
                        if value is not None:
                            self.values[link.target] = redacted(value)
                        if units:
                            self.units[link.target] = units
        return refused

    async def _get(self, path: str, accept: int | None = None) -> Response | None:
        """Ask for a resource; None if that one gives no answer.

        Raises:
            UnreachableError: the endpoint gives none.

        """
        try:
            response = await self.endpoint.request(Method.GET, path, accept=accept)
        except UnansweredError:
            response = None
        answer = response.answer if response else "no answer"
        self.answers.append(f"GET {path}: {answer}")
        return response

    def _is_below(self, link: Link) -> bool:
        """Whether a link leads to a resource of this endpoint, below the base."""
        path = link.target.removeprefix("/")
        if path in {"", link.target} or path.startswith("/"):
            return False  # another host
        if not _is_path(path):
            return False
        below = not self.base or path == self.base or path.startswith(f"{self.base}/")
        return below and not DISCOVERY.match(path)


def _is_path(path: str) -> bool:
    """Whether CoAP can ask for a path."""
    try:
        split_path(path)
    except ValueError:
        return False
    return True


def _is_urn(term: str) -> bool:
    """Whether a resource type is a URN (RFC 8141)."""
    return term.lower().startswith("urn:")


def _may_be_asked(link: Link) -> bool:
    """Whether a value can be asked for: small, in a known format, and no secret."""
    formats, size = link.terms("ct"), link.parameters.get("sz", "0")
    known = {str(number) for number in BY_CONTENT_FORMAT}
    return (
        (not formats or not known.isdisjoint(formats))
        and (not size.isdecimal() or int(size[:9]) <= MAX_VALUE_BYTES)
        and not is_secret(link.target)
        and not SECURITY_OBJECT.match(link.target)
    )


def _spelled(link: Link) -> str:
    """Return a link as a listing has it (RFC 6690 §2)."""
    spelled = f"<{link.target}>"
    for name, value in link.parameters.items():
        escaped = value.replace("\\", r"\\").replace('"', r"\"")
        spelled += f';{name}="{escaped}"' if value else f";{name}"
    return spelled
