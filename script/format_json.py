"""Check the layout of the JSON files; with --fix, write them anew.

Two spaces per level. A list stands on one line where it fits there. An object
stands on one line where it fits and its author began it so.
"""

from collections.abc import Iterator
import json
from pathlib import Path
import re
import sys
from typing import Any

ROOT = Path(__file__).parent.parent
# Not the fixtures in tests/: those are what devices and vendors really sent.
PATTERNS = ("*.json", ".*.json", "custom_components/**/*.json")
WIDTH = 88
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
CLOSING = {"{": "}", "[": "]"}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            message = f"{name!r} stands twice in one object"
            raise ValueError(message)
    return dict(pairs)


class _Layout:
    """The one pass through the tokens of a file that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Iterator[re.Match[str]] = TOKEN.finditer(text)
        self._token = next(self._tokens)

    def _take(self) -> str:
        taken = self._token.group()
        self._token = next(self._tokens, self._token)
        return taken

    def value(self, indent: int, used: int) -> str:
        """Lay out one value that begins after `used` characters of its line."""
        if (opening := self._take()) not in CLOSING:
            return opening
        before = self._text[: self._token.start()].rpartition(opening)[2]
        is_open = opening == "{" and "\n" in before
        items = []
        while self._token.group() != CLOSING[opening]:
            name = ""
            if opening == "{":
                name = self._take() + self._take() + " "
            item = name + self.value(indent + 2, indent + 2 + len(name))
            items.append(item)
            if self._token.group() == ",":
                self._take()
        closing = self._take()
        line = opening + ", ".join(items) + closing
        # One more for the comma that may follow
        is_open = is_open or "\n" in line or used + len(line) + 1 > WIDTH
        if not items or not is_open:
            return line
        inner = ",\n".join(" " * (indent + 2) + item for item in items)
        return f"{opening}\n{inner}\n{' ' * indent}{closing}"


def laid_out(text: str) -> str:
    """Return the JSON text in the layout of this repository."""
    json.loads(text, object_pairs_hook=_no_duplicates)
    return _Layout(text).value(0, 0) + "\n"


def main() -> int:
    """Check, or fix, all files and report by exit code."""
    fix = "--fix" in sys.argv[1:]
    failed = 0
    for path in sorted({p for pattern in PATTERNS for p in ROOT.glob(pattern)}):
        text = path.read_text(encoding="utf-8")
        try:
            wanted = laid_out(text)
        except ValueError as err:
            print(f"{path.relative_to(ROOT)}: {err}")
            failed = 1
            continue
        if text == wanted:
            continue
        if fix:
            path.write_text(wanted, encoding="utf-8")
        else:
            print(f"{path.relative_to(ROOT)}: layout; script/lint --fix corrects it")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
