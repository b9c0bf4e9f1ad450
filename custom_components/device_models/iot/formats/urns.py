"""URNs for models whose files have none."""

from collections.abc import Iterable
import hashlib
import re
from typing import Final

MAX_SLUG: Final = 64
"""Characters of a text that go into a URN."""


def slug(text: str) -> str:
    """Return what a URN can hold of a text (RFC 8141 §2); empty where that is nothing.

    Colons stay, for types with a namespace.
    """
    return re.sub(r"[^a-z0-9._:]+", "-", text[:MAX_SLUG].lower()).strip("-:")


def fingerprint(names: Iterable[str]) -> str:
    """Return a short text that stays the same as long as the names do."""
    listed = "\0".join(sorted(names))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]
