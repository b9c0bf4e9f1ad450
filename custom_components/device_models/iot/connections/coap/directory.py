"""What can be found on a CoAP endpoint: things, and what is registered in a directory.

Things are linked to with ``rt=wot.thing`` (WoT Discovery, "CoRE Link Formats"). A
Resource Directory (RFC 9176) lists the endpoints that have registered with it; each of
them is an endpoint of its own.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urljoin, urlsplit

from ...errors import ModelError
from ...formats.ipso.definition import plain
from ...formats.ipso.links import Link, parse_links
from ...reading import Unusable
from ..base import Found
from .client import CoapEndpoint
from .request import Method, split_path

CORE: Final = "/.well-known/core"

THING: Final = "wot.thing"
ENDPOINTS: Final = "core.rd-lookup-ep"
"""The resource type of the endpoint lookup (RFC 9176 §4.1, §6)."""

MAX_FOUND: Final = 200
PAGE: Final = 50
MAX_PAGES: Final = 10
"""Links are asked for so many at a time (RFC 9176 §6.2); a directory need not do it."""

SCHEMES: Final = frozenset({"coap", "coaps", "coap+tcp", "coaps+tcp"})


async def found_on(endpoint: CoapEndpoint) -> list[Found]:
    """Return what an endpoint has to choose from.

    Raises:
        ModelError: it lists nothing that can be read.
        UnreachableError: it does not answer.

    """
    links = await _links(endpoint, CORE)
    found = [
        Found(link.target, _title(link), base="")
        for link in links
        if THING in link.terms("rt") and _is_here(link.target)
    ]
    for link in links:
        if ENDPOINTS in link.terms("rt") and _is_here(link.target):
            found += await _registered(endpoint, link.target)
    return list(dict.fromkeys(found))[:MAX_FOUND]


async def _registered(endpoint: CoapEndpoint, lookup: str) -> list[Found]:
    """Return the endpoints that are registered, page after page."""
    sign = "&" if "?" in lookup else "?"
    known: list[Link] = []
    for page in range(MAX_PAGES):
        path = f"{lookup}{sign}page={page}&count={PAGE}"
        links = [one for one in await _links(endpoint, path) if one not in known]
        known += links
        if len(links) < PAGE:
            break
    return [one for link in known if (one := _elsewhere(link, endpoint)) is not None]


def _elsewhere(link: Link, endpoint: CoapEndpoint) -> Found | None:
    """Return an endpoint that is registered; None if it cannot be asked.

    Its name is unique within its sector (RFC 9176 §5); ``base`` says where it is.
    """
    spelled = link.parameters.get("base", "")
    try:
        base = urlsplit(spelled)
        usable = base.scheme in SCHEMES and base.hostname and base.port != 0
    except ValueError:
        return None
    name = plain(link.parameters.get("ep", "")) or plain(base.netloc)
    sector = plain(link.parameters.get("d", ""))
    if not usable or base.username is not None:
        return None
    address = f"{base.scheme}://{base.netloc}"
    if address == endpoint.address:
        return Found(base.path.strip("/"), name)
    return Found("", f"{name} ({sector})" if sector else name, address=address)


async def _links(endpoint: CoapEndpoint, path: str) -> list[Link]:
    """Return what is listed at a path.

    Raises:
        ModelError: nothing, or nothing that can be read.

    """
    response = await endpoint.request(Method.GET, path)
    problem = response.answer
    if response.success:
        try:
            text = response.payload.decode(errors="replace")
            return list(_absolute(parse_links(text), path)) if text.strip() else []
        except Unusable as err:
            problem = str(err)
    raise ModelError(source=endpoint.address, where=path, problem=problem[:120])


def _absolute(links: tuple[Link, ...], path: str) -> Iterator[Link]:
    """Yield links whose targets are no longer relative to where they were."""
    for link in links:
        yield Link(urljoin(path, link.target), link.parameters)


def _is_here(target: str) -> bool:
    """Whether a target is a path of the endpoint itself."""
    if not target.startswith("/") or target.startswith("//"):
        return False
    try:
        split_path(target)
    except ValueError:
        return False
    return True


def _title(link: Link) -> str:
    """Return what a thing is called, on one line."""
    return plain(link.parameters.get("title", "")) or plain(link.target)
