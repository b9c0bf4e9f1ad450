"""What several elements of a device are together: a table for each platform.

To add a platform: its table here, its entities in a platform file.
"""

from collections.abc import Mapping
from typing import Final

from homeassistant.const import Platform

from .climate import CLIMATE
from .cover import COVER
from .light import LIGHT
from .rule import Rule

RULES: Final = (COVER, CLIMATE, LIGHT)
"""In the order in which they are tried: what has an element, keeps it."""

RULE_OF: Final[Mapping[Platform, Rule]] = {rule.platform: rule for rule in RULES}
