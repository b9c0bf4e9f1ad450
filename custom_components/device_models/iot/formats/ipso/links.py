"""Reading the CoRE link format (RFC 6690 §2), without the network library.

Strict where the meaning is at stake, lenient in white space: people write line breaks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Final

from ...reading import Unusable

MAX_LINKS: Final = 2_000

MAX_PARAMETERS: Final = 32
"""Of one link."""

_TARGET: Final = re.compile(r"\s*<([^<>\s]*)>\s*")
_NAME: Final = re.compile(r";\s*([A-Za-z0-9!#$&+.^_`|~-]+\*?)\s*")
_VALUE: Final = re.compile(r'=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;\\]+))\s*', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_SIGN: Final = re.compile(r"\s*<(?![?!]|[^/>][^>]*/>)[^<>\s]*>\s*(?:[;,]|$)")


@dataclass(frozen=True, slots=True)
class Link:
    """One link: where it leads, and what is said of it."""

    target: str
    parameters: Mapping[str, str]
    """By name in small letters; of each the first one counts (§3). A flag is empty."""

    def terms(self, name: str) -> tuple[str, ...]:
        """Return a parameter that is a list: ``rt``, ``if``, ``ct``, ``rel``."""
        return tuple(self.parameters.get(name, "").split())


def looks_like_links(text: str) -> bool:
    """Whether a text begins as a list of links does, and as XML does not."""
    return _SIGN.match(text) is not None


def parse_links(text: str) -> tuple[Link, ...]:
    """Return the links of a text.

    Raises:
        Unusable: it is no list of links, or too long.

    """
    return tuple(_links(text))


def _links(text: str) -> Iterator[Link]:
    """Yield the links of a text."""
    at = 0
    for number in range(1, MAX_LINKS + 1):
        where = f"link {number}"
        found = _TARGET.match(text, at)
        if found is None:
            raise Unusable(where, f"expected <target>, got {text[at : at + 20]!r}")
        at = found.end()
        parameters: dict[str, str] = {}
        for _ in range(MAX_PARAMETERS + 1):
            name = _NAME.match(text, at)
            if name is None:
                break
            at, value = name.end(), ""
            if text[at : at + 1] == "=":
                spelled = _VALUE.match(text, at)
                if spelled is None:
                    raise Unusable(where, f"expected a value for {name[1][:40]!r}")
                at = spelled.end()
                quoted, token = spelled.groups()
                value = token or _ESCAPE.sub(r"\1", quoted)
            parameters.setdefault(name[1].lower(), value)
        else:
            raise Unusable(where, f"expected at most {MAX_PARAMETERS} parameters")
        yield Link(found[1], parameters)
        if at == len(text):
            return
        if text[at] != ",":
            raise Unusable(
                where, f"expected a comma or semicolon, got {text[at : at + 20]!r}"
            )
        at += 1
    raise Unusable("", f"expected at most {MAX_LINKS} links")
