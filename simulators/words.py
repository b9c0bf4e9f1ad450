"""What the words in an element's name tell about it."""

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

ON: Final = frozenset(
    {"start", "on", "open", "enable", "activate", "lock", "begin", "resume", "arm"}
)
OFF: Final = frozenset(
    {"stop", "off", "close", "disable", "deactivate", "unlock", "end", "pause"}
)
RESET: Final = frozenset({"reset", "restore", "clear", "zero"})
TARGET: Final = frozenset({"target", "setpoint", "desired", "set", "wanted"})
TOTAL: Final = frozenset({"total", "count", "counter", "uptime", "odometer"})
EVENT: Final = frozenset({"last", "latest", "since", "started", "boot", "changed"})
LATER: Final = frozenset({"until", "due", "next", "expires", "deadline"})
MAIN_SWITCH: Final = frozenset({"running", "power", "on", "active", "enabled", "main"})


def words(name: str) -> frozenset[str]:
    """Return the words of a name in camelCase, snake_case or with dots, lower-case."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def stems(name: str) -> frozenset[str]:
    """Return the words of a name without the plural's "s", to compare two names."""
    return frozenset(word.removesuffix("s") for word in words(name))
