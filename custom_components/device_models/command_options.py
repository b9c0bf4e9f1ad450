"""What an action may say of the command that it gives: for how long it is of use."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .iot.command import CommandOptions, Reliability
from .iot.delivery import MAX_SECONDS

ATTR_EXPIRES_IN: Final = "expires_in"
ATTR_IDEMPOTENCY_KEY: Final = "idempotency_key"
ATTR_RELIABILITY: Final = "reliability"

MAX_KEY: Final = 100
"""Characters: keys are remembered."""

OPTIONS: Final[Mapping[Any, Any]] = {
    vol.Optional(ATTR_EXPIRES_IN): vol.All(
        vol.Coerce(float), vol.Range(min=0, max=MAX_SECONDS)
    ),
    vol.Optional(ATTR_IDEMPOTENCY_KEY): vol.All(
        cv.string, vol.Length(min=1, max=MAX_KEY)
    ),
    vol.Optional(ATTR_RELIABILITY): vol.All(vol.Lower, vol.Coerce(Reliability)),
}


def command_options(data: Mapping[str, Any]) -> CommandOptions:
    """Return what the data of a call say of the command."""
    return CommandOptions(
        key=data.get(ATTR_IDEMPOTENCY_KEY),
        keep=data.get(ATTR_EXPIRES_IN),
        reliability=data.get(ATTR_RELIABILITY),
    )
