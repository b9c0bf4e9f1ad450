"""``/.well-known/core``: what the server has (RFC 6690)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from ...codecs import CODECS
from ..coap.links import LINK_FORMAT, WELL_KNOWN
from ..coap.request import Method
from .exchange import CONTENT, NOT_ACCEPTABLE, Incoming, Refusal, Reply
from .resources import Resource, Resources

LISTS: Final = frozenset({"rt", "if", "ct"})
"""Attributes that hold several words, each of which can be asked for (§4.1)."""

SAFE: Final = "!$&'()*+,:=@;~"
"""What need not be percent-encoded in a segment of a path (RFC 3986 §3.3)."""

TEXT: Final = CODECS["text"]


class Listing:
    """The listing of some resources, itself one of them."""

    def __init__(self, resources: Resources) -> None:
        """Add itself."""
        self._resources = resources
        resources.add(
            WELL_KNOWN,
            Resource(
                handlers={Method.GET: self._get},
                public=frozenset({Method.GET}),
                about={"ct": str(LINK_FORMAT)},
            ),
        )

    def _get(self, request: Incoming) -> Reply:
        """Return the links that pass the filters of the query."""
        if request.accept not in {None, LINK_FORMAT}:
            raise Refusal(NOT_ACCEPTABLE)
        filters = [
            (name, value)
            for name, equals, value in (one.partition("=") for one in request.query)
            if equals
        ]
        links = []
        for path, resource in self._resources.by_path.items():
            about = dict(resource.about)
            target = "/" + "/".join(quote(part, safe=SAFE) for part in path)
            known = {**about, "href": target}
            if all(_passes(known, name, value) for name, value in filters):
                links.append(
                    _link(target, about, observable=resource.notified is not None)
                )
        payload = TEXT.encode(",".join(links))
        return Reply(CONTENT, payload, LINK_FORMAT)


def _passes(known: Mapping[str, str], name: str, wanted: str) -> bool:
    """Whether a link passes a filter; one that ends with ``*`` is a beginning."""
    has = known.get(name)
    if has is None:
        return False
    words = has.split() if name in LISTS else [has]
    if wanted.endswith("*"):
        return any(word.startswith(wanted[:-1]) for word in words)
    return wanted in words


def _link(target: str, about: Mapping[str, str], *, observable: bool) -> str:
    """Return a link in the format of RFC 6690 §2."""
    parts = [f"<{target}>"]
    for name, value in about.items():
        plain = name == "ct" and value.isdecimal()
        parts.append(f"{name}={value}" if plain else f'{name}="{value}"')
    if observable:
        parts.append("obs")
    return ";".join(parts)
