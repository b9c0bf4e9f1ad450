"""Setting up a connection, and the devices behind it."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.mqtt.const import DOMAIN as MQTT_DOMAIN
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback

from .const import CONF_SYSTEM, DOMAIN, SUBENTRY_DEVICE
from .device_flow import DeviceSubentryFlow
from .flow_forms import CONNECTION_FORMS, CREDENTIALS_FORM, SECTION_ADVANCED
from .iot.errors import CommunicationError
from .systems import SYSTEMS, System, connection_for


class DeviceModelsConfigFlow(ConfigFlow, domain=DOMAIN):
    """One connection: an endpoint or a broker."""

    VERSION = 1
    MINOR_VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flow that adds a device to a connection."""
        return {SUBENTRY_DEVICE: DeviceSubentryFlow}

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose how the devices are reached."""
        return self.async_show_menu(step_id="user", menu_options=list(System))

    async def async_step_coap(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a CoAP endpoint."""
        return await self._async_connect(System.COAP, user_input)

    async def async_step_home_assistant_mqtt(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up Home Assistant's own broker."""
        if not self.hass.config_entries.async_entries(
            MQTT_DOMAIN, include_ignore=False, include_disabled=False
        ):
            return self.async_abort(reason="mqtt_not_set_up")
        return await self._async_connect(System.HOME_ASSISTANT_MQTT, user_input)

    async def async_step_mqtt_broker(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a broker of its own."""
        return await self._async_connect(System.MQTT_BROKER, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change how a connection is reached; its devices stay."""
        system = System(self._get_reconfigure_entry().data[CONF_SYSTEM])
        return await self._async_connect(
            system, user_input, entry=self._get_reconfigure_entry()
        )

    async def async_step_reauth(
        self, _entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin to ask for new credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials."""
        entry = self._get_reauth_entry()
        problem: CommunicationError | None = None
        if user_input is not None:
            credentials = {
                CONF_USERNAME: user_input.get(CONF_USERNAME),
                CONF_PASSWORD: user_input.get(CONF_PASSWORD),
            }
            data = {**entry.data, **credentials}
            problem = await _async_try(self.hass, data)
            if problem is None:
                return self._async_updated(entry, data=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                CREDENTIALS_FORM,
                {CONF_USERNAME: entry.data.get(CONF_USERNAME)} | (user_input or {}),
            ),
            errors={"base": problem.key} if problem else {},
            description_placeholders=(
                {"title": entry.title} | (problem.details if problem else {})
            ),
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first device behind the new connection."""
        following = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_DEVICE),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (
            FlowType.CONFIG_SUBENTRIES_FLOW,
            following["flow_id"],
        )
        return result

    async def _async_connect(
        self,
        system: System,
        user_input: dict[str, Any] | None,
        entry: ConfigEntry | None = None,
    ) -> ConfigFlowResult:
        """Show a system's form until a connection with what was entered works."""
        kind = SYSTEMS[system]
        if not kind.identity and entry is None:
            self._async_abort_entries_match({CONF_SYSTEM: system})
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            data = {CONF_SYSTEM: system, **_flat(user_input)}
            if self._is_duplicate(data, kind.identity, entry):
                errors["base"] = "already_configured"
            elif problem := await _async_try(self.hass, data):
                errors["base"] = problem.key
                placeholders = problem.details
            elif entry is not None:
                return self._async_updated(entry, title=kind.title(data), data=data)
            else:
                return self.async_create_entry(title=kind.title(data), data=data)
        shown = user_input or _nested(entry.data if entry else {})
        return self.async_show_form(
            step_id="reconfigure" if entry else system,
            data_schema=self.add_suggested_values_to_schema(
                CONNECTION_FORMS[system], shown
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    @callback
    def _async_updated(self, entry: ConfigEntry, **changes: Any) -> ConfigFlowResult:
        """Finish with a changed entry; one that runs follows by itself."""
        follows = entry.state is ConfigEntryState.LOADED
        result = self.async_update_and_abort(entry, **changes)
        if not follows:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    def _is_duplicate(
        self,
        data: Mapping[str, Any],
        identity: tuple[str, ...],
        entry: ConfigEntry | None,
    ) -> bool:
        """Whether another entry is about the same endpoint or broker."""
        keys = (CONF_SYSTEM, *identity)
        return any(
            all(other.data.get(key) == data.get(key) for key in keys)
            for other in self._async_current_entries(include_ignore=False)
            if entry is None or other.entry_id != entry.entry_id
        )


async def _async_try(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> CommunicationError | None:
    """Really connect; returns what went wrong."""
    connection = connection_for(hass, data)
    try:
        await connection.open()
    except CommunicationError as err:
        return err
    await connection.close()
    return None


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was entered without its section, and without what was left empty."""
    entered = {**user_input, **user_input.get(SECTION_ADVANCED, {})}
    entered.pop(SECTION_ADVANCED, None)
    if CONF_HOST in entered:
        entered[CONF_HOST] = entered[CONF_HOST].strip()
    if CONF_PORT in entered:
        entered[CONF_PORT] = int(entered[CONF_PORT])
    return {key: value for key, value in entered.items() if value not in ("", None)}


def _nested(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data as the form wants it."""
    return {**data, SECTION_ADVANCED: dict(data)}
