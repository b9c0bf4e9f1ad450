"""The step of a flow that offers a whole device: it is there with one click more."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import callback

from .const import CONF_ENABLED
from .flow_forms import offer_form
from .iot.errors import DeviceModelsError
from .offer import Offer


class OfferSteps(ConfigFlow):
    """From a device that says what it is to its creation."""

    offer: Offer
    _accepted: Mapping[str, Any] = {}
    """What its user has entered."""

    @abstractmethod
    async def async_accepted(self, device: ConfigSubentryData) -> ConfigFlowResult:
        """Create the device that was offered, with what its user has changed."""

    async def async_step_offer(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what will be created, and why."""
        if user_input is None:
            return self.offered()
        self._accepted = user_input
        return await self.async_accepted(
            self.offer.subentry(user_input[CONF_NAME], user_input.get(CONF_ENABLED, ()))
        )

    @callback
    def offered(self, problem: DeviceModelsError | None = None) -> ConfigFlowResult:
        """Show the offer, with what went wrong when it was accepted."""
        offer = self.offer
        form = offer_form(offer.name, offer.labels, offer.enabled)
        return self.async_show_form(
            step_id="offer",
            data_schema=self.add_suggested_values_to_schema(form, self._accepted),
            errors={"base": problem.key} if problem else {},
            description_placeholders={
                **self.context.get("title_placeholders", {}),
                **offer.placeholders,
                **(problem.details if problem else {}),
            },
        )
