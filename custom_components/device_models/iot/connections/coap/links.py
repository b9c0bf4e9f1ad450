"""What an endpoint, or a resource directory, says there is (RFC 6690, RFC 9176)."""

from collections.abc import Mapping
from typing import Final

from ...errors import PayloadError, RejectedError, ValueRefusedError
from ...formats.ipso.links import Link, parse_links
from ...reading import Unusable
from ...values import JsonValue
from .raw import RawRequest, RawResponse
from .request import MAX_PART_BYTES
from .uri import Target, resolved

LINK_FORMAT: Final = 40
"""Content format of a list of links."""

WELL_KNOWN: Final = (".well-known", "core")
"""RFC 6690 §4."""

DIRECTORY: Final = ("rd-lookup", "res")
"""Where a resource directory that does not say otherwise is asked (RFC 9176 §6)."""

MAX_FILTERS: Final = 8

_LISTS: Final = ("ct", "if", "rel", "rt")
"""Attributes that hold several words."""


def arguments(filters: Mapping[str, str]) -> tuple[str, ...]:
    """Return filters as arguments of a query (RFC 6690 §4.1): ``rt``, ``if``, ``href``.

    Raises:
        ValueRefusedError: too many, or too long.

    """
    query = tuple(f"{name}={value}" for name, value in filters.items())
    if len(query) > MAX_FILTERS or any(
        len(part.encode(errors="replace")) > MAX_PART_BYTES for part in query
    ):
        problem = f"expected at most {MAX_FILTERS} of {MAX_PART_BYTES} bytes each"
        raise ValueRefusedError(name="filters", problem=problem)
    return query


def asking(
    target: Target,
    filters: Mapping[str, str],
    *,
    directory: bool = False,
    confirmable: bool = True,
    timeout: float,
) -> RawRequest:
    """Return the request for the links of an endpoint, or those a directory knows.

    A path in the URI is asked instead of the usual one.

    Raises:
        ValueRefusedError: there are filters that cannot be sent.

    """
    usual = DIRECTORY if directory else WELL_KNOWN
    return RawRequest(
        target=Target(
            target.scheme,
            target.host,
            target.port,
            target.path or usual,
            target.query + arguments(filters),
        ),
        accept=LINK_FORMAT,
        confirmable=confirmable,
        timeout=timeout,
    )


def links_of(response: RawResponse, address: str) -> list[JsonValue]:
    """Return the links that were answered.

    Raises:
        RejectedError: the answer is no.
        PayloadError: it is no list of links.

    """
    if response.code == "4.04" and not response.payload:
        return []  # RFC 6690 §4.1 allows it where no link passes the filters
    if not response.success:
        raise RejectedError(address=address, answer=response.answer)
    return read_links(response.payload, address)


def read_links(payload: bytes, address: str) -> list[JsonValue]:
    """Return the links of a payload.

    Raises:
        PayloadError: it is no list of links.

    """
    try:
        text = payload.decode().strip()
        return [_described(link, address) for link in parse_links(text)] if text else []
    except (UnicodeDecodeError, Unusable) as err:
        raise PayloadError(media="link format", problem=str(err)[:200]) from err


def _described(link: Link, address: str) -> JsonValue:
    """Return one link."""
    said: dict[str, JsonValue] = {}
    for name, value in link.parameters.items():
        said[name] = list(link.terms(name)) if name in _LISTS else value or True
    return {
        "uri": resolved(address, link.target),
        "target": link.target,
        "attributes": said,
    }
