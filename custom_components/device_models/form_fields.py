"""Fields that several forms have."""

from collections.abc import Sequence
from typing import Final

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)


def seconds(low: float, high: float) -> NumberSelector:
    """Return a field for a number of seconds."""
    return NumberSelector(
        NumberSelectorConfig(
            min=low, max=high, unit_of_measurement="s", mode=NumberSelectorMode.BOX
        )
    )


def number(low: float, high: float) -> NumberSelector:
    """Return a field for a whole number."""
    return NumberSelector(
        NumberSelectorConfig(min=low, max=high, step=1, mode=NumberSelectorMode.BOX)
    )


def choice(
    options: Sequence[str], key: str | None = None, *, several: bool = False
) -> SelectSelector:
    """Return a field for one of several names, or for some of them.

    Args:
        options: the names.
        key: of their translations, if they have some.
        several: whether it is for some.

    """
    config = SelectSelectorConfig(
        options=list(options), mode=SelectSelectorMode.DROPDOWN, multiple=several
    )
    if key is not None:
        config["translation_key"] = key
    return SelectSelector(config)


PORT: Final = number(1, 65535)
PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
TEXTS: Final = TextSelector(TextSelectorConfig(multiple=True))
LONG_TEXT: Final = TextSelector(TextSelectorConfig(multiline=True))
