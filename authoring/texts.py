"""Texts from files, as they can be shown on a terminal."""

from rich.text import Text


def one_line(text: str) -> str:
    """Return a text without what a terminal would obey instead of showing it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )


def shown(text: object) -> Text:
    """Return a text that is shown as it is, and formats nothing."""
    return Text(one_line(str(text)))
