"""The step of a flow that asks how an HTTP server knows who we are."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult

from ..connecting import async_try
from ..const import CONF_SECURITY, CONF_SYSTEM
from ..iot.connections.http import Scheme
from ..iot.connections.http.settings import SCHEMES
from ..iot.errors import DeviceModelsError, UnauthorizedError
from ..offer_steps import OfferSteps
from ..systems import SYSTEMS, spelled
from .forms import credentials_form, credentials_of, credentials_shown, wanted


class HttpCredentialSteps(OfferSteps):
    """From a server that wants to know who we are to one that does."""

    _said: Mapping[Scheme, Mapping[str, str]] = {}
    """What the thing says of the schemes."""

    @property
    def wants_credentials(self) -> bool:
        """Whether the thing that would be offered wants to know who we are."""
        known = SYSTEMS[self.entered[CONF_SYSTEM]].scheme(self.entered) in SCHEMES
        return known and bool(wanted(self.offer.loaded.security))

    async def async_wants_credentials(
        self, data: dict[str, Any], problem: DeviceModelsError | None
    ) -> bool:
        """Whether a server, or the thing on it, wants to know who we are.

        Args:
            data: how it is reached.
            problem: what was wrong with that, if anything.

        """
        if SYSTEMS[data[CONF_SYSTEM]].scheme(data) not in SCHEMES:
            return False
        self.entered = data
        if problem is None and await self.async_has_offer(data):
            self._said = wanted(self.offer.loaded.security)
        refused = isinstance(problem, UnauthorizedError)
        asked = self._said or data.get(CONF_SECURITY)
        return refused or (problem is None and bool(asked))

    async def async_step_http_credentials(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for credentials until the server and its thing take them."""
        if self.source == SOURCE_REAUTH:
            self.entered = self._get_reauth_entry().data
        before = self.entered.get(CONF_SECURITY, ())
        schemes = [*self._said] or [Scheme(one["scheme"]) for one in before]
        problem: DeviceModelsError | None = None
        if user_input is not None:
            kept = credentials_of(user_input, self._said)
            data = {**self.entered, CONF_SECURITY: kept}
            problem = await async_try(self.hass, data)
            if problem is None and not await self._async_is_refused(data):
                return await self.async_connected(data)
            problem = problem or UnauthorizedError(address=spelled(data))
        said: dict[str, Any] = {str(scheme): it for scheme, it in self._said.items()}
        refused = self.source == SOURCE_REAUTH
        shown = user_input or said | credentials_shown(before, secrets=not refused)
        return self.async_show_form(
            step_id="http_credentials",
            data_schema=self.add_suggested_values_to_schema(
                credentials_form(schemes or Scheme), shown
            ),
            errors={"base": problem.key} if problem else {},
            description_placeholders={
                "endpoint": spelled(self.entered),
                **(problem.details if problem else {}),
            },
        )

    async def _async_is_refused(self, data: Mapping[str, Any]) -> bool:
        """Whether the thing, though not the server, refuses what was entered."""
        if not data[CONF_SECURITY]:
            return False  # its user wants to go on without
        return await self.async_has_offer(data) and self.offer.refused
