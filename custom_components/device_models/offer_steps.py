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
from .flow_forms import CONF_CONNECTION_ONLY, CONNECTION_ONLY_FIELD, offer_form
from .iot.errors import DeviceModelsError
from .offer import Offer, async_offer_at


class OfferSteps(ConfigFlow):
    """From a device that says what it is to its creation."""

    entered: Mapping[str, Any] = {}
    """What is known of the connection already."""
    offer: Offer
    _asked_with: Mapping[str, Any] | None = None
    """What it was last asked with whether there is an offer, and the answer."""
    _is_offered = False
    _accepted: Mapping[str, Any] = {}
    """What its user has entered about the device."""

    @property
    def may_be_alone(self) -> bool:
        """Whether its user may want the connection alone."""
        return True

    @abstractmethod
    async def async_connected(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on with a connection that works."""

    @abstractmethod
    async def async_accepted(
        self, devices: list[ConfigSubentryData]
    ) -> ConfigFlowResult:
        """Create what was offered; no device if it is not wanted."""

    async def async_has_offer(self, data: Mapping[str, Any]) -> bool:
        """Whether what is reached with an entry's data is a device to offer.

        With the very same data, nothing is asked a second time.
        """
        if self._asked_with is not data:
            offer = await async_offer_at(self.hass, data)
            self._asked_with, self._is_offered = data, offer is not None
            if offer is not None:
                self.entered, self.offer = data, offer
        return self._is_offered

    async def async_step_offer(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what will be created, and why."""
        if user_input is None:
            return self.offered()
        self._accepted = user_input
        if user_input.get(CONF_CONNECTION_ONLY):
            return await self.async_accepted([])
        name, enabled = user_input[CONF_NAME], user_input.get(CONF_ENABLED, ())
        parts = [part.subentry(part.name, part.enabled) for part in self.offer.parts]
        whole = self.offer.subentry(name, enabled)
        return await self.async_accepted([whole, *parts])

    @callback
    def offered(self, problem: DeviceModelsError | None = None) -> ConfigFlowResult:
        """Show the offer, with what went wrong when it was accepted."""
        offer = self.offer
        form = offer_form(offer.name, offer.labels, offer.enabled)
        if self.may_be_alone:
            form = form.extend(CONNECTION_ONLY_FIELD)
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
