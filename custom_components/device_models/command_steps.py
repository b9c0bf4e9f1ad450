"""The step of a flow in which the user says how commands get to a device."""

from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector
import voluptuous as vol

from .const import CONF_COMMANDS
from .form_fields import choice, number, seconds
from .iot.delivery import ANSWER, ECHO, MAX_SECONDS, MAX_TRIES
from .mapping.decided import model_of
from .review_steps import ReviewSteps

FORM: Final = vol.Schema(
    {
        vol.Optional("keep"): seconds(0, MAX_SECONDS),
        vol.Optional("awake"): seconds(0, MAX_SECONDS),
        vol.Optional("timeout"): seconds(0, MAX_SECONDS),
        vol.Optional("tries"): number(1, MAX_TRIES),
        vol.Optional("confirm"): choice([ANSWER, ECHO], "confirm"),
        vol.Optional("assume"): BooleanSelector(),
    }
)


class CommandSteps(ReviewSteps):
    """One form, about all commands of the device."""

    async def async_step_commands(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change how commands get to the device."""
        if user_input is not None:
            self._data[CONF_COMMANDS] = user_input
            self._loaded = model_of(self._data)
            return await self.async_reviewed()
        said: dict[str, Any] = self._data.get(CONF_COMMANDS, {})
        return self.form("commands", FORM, said, None)
