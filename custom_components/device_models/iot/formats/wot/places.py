"""Where forms point: references, URI templates, and what of them is a place.

RFC 3986 §5 for references, RFC 6570 for templates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import re
from typing import Final, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from ...reading import Element
from ...values import JsonValue
from .reading import unsupported

PLACEHOLDER: Final = "{{"
"""A Thing Model leaves open what stands here (§10.3.4)."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,30}):", re.IGNORECASE)
_TEMPLATE: Final = re.compile(r"(?<!\{)\{([+#./;?&]?)([^{}]*)\}(?!\})")

JOINTS: Final[Mapping[str, tuple[str, str, bool]]] = {
    "": ("", ",", False),
    "+": ("", ",", False),
    "#": ("#", ",", False),
    ".": (".", ".", False),
    "/": ("/", "/", False),
    ";": (";", ";", True),
    "?": ("?", "&", True),
    "&": ("&", "&", True),
}
"""RFC 6570 appendix A: what comes first, what is between, whether names are told."""

MAX_PLACE: Final = 2_000
"""Characters of a reference."""


class Place(NamedTuple):
    """A reference, taken apart."""

    scheme: str
    """In lower case; empty where it is relative to where the file is from."""
    address: str
    """``scheme://host:port``; empty as above, or if it is a placeholder."""
    path: str
    """From its slash on, with the query. What is open stands in it as ``{name}``."""
    open: frozenset[str] = frozenset()
    """The variables whose values are known when the place is used."""


def place_of(
    form: Element,
    base: str,
    variables: Mapping[str, Element],
    *,
    may_be_open: bool = False,
) -> Place:
    """Return where a form points.

    Args:
        form: has ``href``.
        base: what a relative reference is relative to, or an empty text.
        variables: the URI variables, by their names.
        may_be_open: whether variables may be left open that have no value.

    Raises:
        Unusable: there is no reference.
        Unsupported: it is none that could be followed.

    """
    if form.content.get("href") is None:
        form.refuse("expected a reference", "href")
    filling = _Filling(form, variables, may_be_open=may_be_open)
    href = filling.of(form.text("href").strip())
    scheme, rest = _apart(href)
    if not scheme and base:
        scheme, below = _apart(filling.of(base))
        # The scheme makes no difference to the rules, but to the library it does.
        rest = _apart(_joined(form, f"http:{below}", rest))[1]
    if not scheme and not rest.startswith("/"):
        rest = f"/{rest}"
    parts = _split(form, rest)
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    if parts.query:
        path = f"{path}?{parts.query}"
    if PLACEHOLDER in path:
        unsupported(form, "the path has placeholders", "href")
    known = scheme and parts.netloc and PLACEHOLDER not in parts.netloc
    address = f"{scheme}://{parts.netloc}" if known else ""
    if any(f"{{{name}}}" not in path for name in filling.open):
        unsupported(form, "a variable without a value is no part of the path", "href")
    return Place(scheme, address, path, frozenset(filling.open))


class _Parts(NamedTuple):
    netloc: str
    path: str
    query: str


def _apart(reference: str) -> tuple[str, str]:
    """Return the scheme of a reference in lower case, and the rest."""
    found = _SCHEME.match(reference)
    return (found[1].lower(), reference[found.end() :]) if found else ("", reference)


def _joined(form: Element, base: str, reference: str) -> str:
    """Return a reference relative to a base (RFC 3986 §5.2)."""
    try:
        return urljoin(base, reference)
    except ValueError:
        form.refuse("expected a reference", "href")


def _split(form: Element, rest: str) -> _Parts:
    """Return the parts of what follows a scheme."""
    if len(rest) > MAX_PLACE:
        form.refuse(f"expected at most {MAX_PLACE} characters", "href")
    try:
        parts = urlsplit(f"http:{rest}")
    except ValueError:
        form.refuse("expected a reference", "href")
    return _Parts(parts.netloc, parts.path, parts.query)


@dataclass(slots=True)
class _Filling:
    """The filling in of the variables of a reference."""

    form: Element
    variables: Mapping[str, Element]
    may_be_open: bool
    open: set[str] = field(default_factory=set)

    def of(self, template: str) -> str:
        """Return a reference with the values of its variables.

        Raises:
            Unsupported: a variable has no value.

        """
        return _TEMPLATE.sub(self._expanded, template)

    def _expanded(self, found: re.Match[str]) -> str:
        """Return an expression with its values."""
        first, between, named = JOINTS[found[1]]
        return first + between.join(
            f"{name}={value}" if named else value for name, value in self._values(found)
        )

    def _values(self, found: re.Match[str]) -> Iterator[tuple[str, str]]:
        """Yield the variables of an expression and their values."""
        for spelled in found[2].split(","):
            name = spelled.strip().removesuffix("*").partition(":")[0]
            schema = self.variables.get(name, Element({}, ""))
            value: JsonValue = schema.content.get(
                "const", schema.content.get("default")
            )
            if isinstance(value, bool | int | float | str):
                text = str(value).lower() if isinstance(value, bool) else str(value)
                yield name, quote(text, safe="", errors="replace")
            elif self.may_be_open and name in self.variables:
                self.open.add(name)
                yield name, f"{{{name}}}"
            else:
                problem = f"the variable {name[:40]!r} has no default"
                unsupported(self.form, problem, "href")
