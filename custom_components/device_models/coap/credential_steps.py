"""The steps of a flow that ask how a CoAP endpoint knows who we are."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigFlowResult,
)

from ..connecting import async_try, flat
from ..const import CONF_SYSTEM
from ..iot.connections.coap.transports import Transport
from ..iot.errors import (
    DeviceModelsError,
    UnauthorizedError,
    UntrustedError,
    ValueRefusedError,
)
from ..offer_steps import OfferSteps
from ..systems import System, spelled
from .forms import CREDENTIALS_FORMS
from .security import transport_of


class CredentialSteps(OfferSteps):
    """From how an endpoint is reached to what it wants to know for that."""

    @abstractmethod
    async def async_back(self, problem: DeviceModelsError) -> ConfigFlowResult:
        """Go back to what was entered before, with what is wrong with it."""

    async def async_step_dtls(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for identity and key."""
        return await self.async_ask_credentials(Transport.DTLS, user_input)

    async def async_step_tls(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for certificates."""
        return await self.async_ask_credentials(Transport.TLS, user_input)

    async def async_step_oscore(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the security context."""
        return await self.async_ask_credentials(Transport.OSCORE, user_input)

    def credentials_so_far(
        self, step: Transport, entry: ConfigEntry | None
    ) -> dict[str, Any]:
        """Return the credentials that were entered before, or that an entry has."""
        known = self.entered or (entry.data if entry else {})
        names = CREDENTIALS_FORMS[step].schema
        return {key: known[key] for key in known if key in names}

    async def async_ask_credentials(
        self, step: Transport, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for the credentials until a connection with them works."""
        form = CREDENTIALS_FORMS[step]
        if self.source == SOURCE_REAUTH:
            self.entered = self._get_reauth_entry().data  # it may have been followed
        known = {key: self.entered[key] for key in self.entered if key in form.schema}
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            others = {key: it for key, it in self.entered.items() if key not in known}
            data = {**others, **flat(user_input)}
            problem = await async_try(self.hass, data)
            match problem:
                case None:
                    return await self.async_connected(data)
                case ValueRefusedError():
                    errors[problem.details["name"]] = problem.key
                case UnauthorizedError() | UntrustedError():
                    errors["base"] = problem.key
                case _ if self.source == SOURCE_REAUTH:
                    errors["base"] = problem.key
                case _:
                    self.entered = data
                    return await self.async_back(problem)
            placeholders = problem.details
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(form, user_input or known),
            errors=errors,
            description_placeholders={
                "endpoint": spelled(self.entered),
                **placeholders,
            },
        )


def credentials_step(data: Mapping[str, Any]) -> Transport | None:
    """Return the step that asks for an endpoint's credentials, if it has any."""
    transport = transport_of(data)
    if data[CONF_SYSTEM] != System.COAP or transport not in CREDENTIALS_FORMS:
        return None
    return transport
