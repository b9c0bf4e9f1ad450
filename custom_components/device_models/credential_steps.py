"""The steps of a flow that ask how a CoAP endpoint knows who we are."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant

from .coap_security import transport_of
from .const import CONF_SYSTEM, CONF_TRANSPORT
from .flow_forms import COAP_CREDENTIALS_FORMS, SECTION_ADVANCED
from .iot.connections.coap.transports import TRANSPORTS, Transport
from .iot.errors import (
    CommunicationError,
    DeviceModelsError,
    UnauthorizedError,
    ValueRefusedError,
)
from .systems import System, connection_for


class CredentialSteps(ConfigFlow):
    """From how an endpoint is reached to what it wants to know for that."""

    entered: Mapping[str, Any] = {}
    """What is known of the connection already."""

    @abstractmethod
    async def async_connected(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Go on with a connection that works."""

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

    async def async_ask_credentials(
        self, step: Transport, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for the credentials until a connection with them works."""
        form = COAP_CREDENTIALS_FORMS[step]
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
                case UnauthorizedError():
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
                "endpoint": f"{self.entered[CONF_HOST]}:{self.entered[CONF_PORT]}",
                **placeholders,
            },
        )


def credentials_step(data: Mapping[str, Any]) -> Transport | None:
    """Return the step that asks for an endpoint's credentials, if it has any."""
    transport = transport_of(data)
    if data[CONF_SYSTEM] != System.COAP or transport not in COAP_CREDENTIALS_FORMS:
        return None
    return transport


async def async_try(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> DeviceModelsError | None:
    """Really connect; returns what went wrong."""
    try:
        connection = connection_for(hass, data)
        await connection.open()
    except (CommunicationError, ValueRefusedError) as err:
        return err
    await connection.close()
    return None


def flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered without its section, and without what was left empty."""
    entered = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    entered.pop(SECTION_ADVANCED, None)
    if CONF_HOST in entered:
        # Brackets are those of a URI.
        entered[CONF_HOST] = entered[CONF_HOST].strip().strip("[]")
    if CONF_TRANSPORT in entered:
        entered.setdefault(CONF_PORT, TRANSPORTS[transport_of(entered)].port)
    if CONF_PORT in entered:
        entered[CONF_PORT] = int(entered[CONF_PORT])
    return {key: value for key, value in entered.items() if value not in ("", None)}


def nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data as the form wants it."""
    return {**data, SECTION_ADVANCED: dict(data)}
