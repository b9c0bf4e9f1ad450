"""Setting up a connection, and the devices behind it."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.mqtt.const import DOMAIN as MQTT_DOMAIN
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    FlowType,
    OptionsFlow,
    SubentryFlowContext,
)
from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import callback

from .announced_steps import AnnouncedSteps
from .coap.credential_steps import credentials_step
from .coap.forms import endpoint_form
from .coap.missing_transport import async_offered, async_withdraw_offers
from .coap.options_flow import CoapOptionsFlow
from .connecting import async_try, complete, nested, title_of
from .const import CONF_SECURITY, CONF_SYSTEM, CONF_THING, DOMAIN, SUBENTRY_DEVICE
from .device_flow import DeviceSubentryFlow
from .flow_forms import CONNECTION_FORMS, CREDENTIALS_FORM
from .found_steps import FOUND, FoundSteps
from .iot.errors import DeviceModelsError, ValueRefusedError
from .systems import SYSTEMS, System


class DeviceModelsConfigFlow(AnnouncedSteps, FoundSteps, domain=DOMAIN):
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

    @classmethod
    @callback
    @override
    def async_supports_options_flow(cls, config_entry: ConfigEntry) -> bool:
        """Return whether a connection has options."""
        return bool(config_entry.data[CONF_SYSTEM] == System.COAP)

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow that changes the options."""
        return CoapOptionsFlow()

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

    async def async_step_coap_listener(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up a server that devices push to."""
        return await self._async_connect(System.COAP_LISTENER, user_input)

    async def async_step_http(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Set up an HTTP server."""
        return await self._async_connect(System.HTTP, user_input)

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
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Begin to ask for new credentials."""
        if (step := credentials_step(entry_data)) is not None:
            return await self.async_ask_credentials(step, None)
        if entry_data[CONF_SYSTEM] == System.HTTP:
            return await self.async_step_http_credentials()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials."""
        entry = self._get_reauth_entry()
        problem: DeviceModelsError | None = None
        if user_input is not None:
            credentials = {
                CONF_USERNAME: user_input.get(CONF_USERNAME),
                CONF_PASSWORD: user_input.get(CONF_PASSWORD),
            }
            data = {**entry.data, **credentials}
            problem = await async_try(self.hass, data)
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
        """Go on with the first device behind the new connection, if it has none."""
        if result["result"].subentries:
            return result
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
            try:
                data = complete(system, user_input)
            except ValueRefusedError as err:
                refused = {"base": err.key}
                return await self._async_form(
                    system, entry, user_input, refused, err.details
                )
            if self._is_duplicate(data, kind.identity, entry):
                errors["base"] = "already_configured"
            elif (step := credentials_step(data)) is not None:
                self.entered = {**self.credentials_so_far(step, entry), **data}
                return await self.async_ask_credentials(step, None)
            else:
                data = _remembered(entry, data)
                problem = await async_try(self.hass, _possible(entry, data))
                if await self.async_wants_credentials(data, problem):
                    return await self.async_step_http_credentials()
                if problem is None:
                    return await self.async_connected(data)
                errors["base"] = problem.key
                placeholders = problem.details
        return await self._async_form(system, entry, user_input, errors, placeholders)

    @override
    async def async_back(self, problem: DeviceModelsError) -> ConfigFlowResult:
        """Show the form of the connection again: what is wrong is in it."""
        if self.source == SOURCE_ZEROCONF:
            return self.announced_form(problem)
        entry = None
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
        system = System(self.entered[CONF_SYSTEM])
        errors = {"base": problem.key}
        return await self._async_form(
            system, entry, nested(self.entered), errors, problem.details
        )

    @override
    async def async_connected(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Keep a connection that works."""
        if self.source == SOURCE_REAUTH:
            return self._async_updated(self._get_reauth_entry(), data=data)
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            return self._async_updated(entry, **_changed(entry, data))
        self.entered = data
        if SYSTEMS[data[CONF_SYSTEM]].one_device and await self.async_has_offer(data):
            return await self.async_step_offer()
        return await self.async_accepted([])

    @override
    async def async_accepted(
        self, devices: list[ConfigSubentryData]
    ) -> ConfigFlowResult:
        """Create the connection, and the device that was offered with it."""
        if self.source == SOURCE_ZEROCONF:
            return await self.async_announced_accepted(devices)
        if self.source in FOUND:
            return await self.async_found_accepted(devices)
        data = self.entered
        async_withdraw_offers(self.hass)
        await self.async_take_offer(data)
        title = SYSTEMS[data[CONF_SYSTEM]].title(data)
        return self.async_create_entry(title=title, data=data, subentries=devices)

    async def _async_form(
        self,
        system: System,
        entry: ConfigEntry | None,
        user_input: Mapping[str, Any] | None,
        errors: dict[str, str],
        placeholders: dict[str, str],
    ) -> ConfigFlowResult:
        """Show a system's form, with what is wrong with what was entered."""
        schema = CONNECTION_FORMS[system]
        if system is System.COAP:
            schema = endpoint_form(await async_offered(self.hass))
        shown = user_input or nested(entry.data if entry else {})
        return self.async_show_form(
            step_id="reconfigure" if entry else system,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
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


def _changed(entry: ConfigEntry, data: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of an entry whose user has entered data for it."""
    changes = {"title": title_of(entry, data), "data": data}
    keys = SYSTEMS[data[CONF_SYSTEM]].identity
    if any(entry.data.get(key) != data.get(key) for key in keys):
        # Perhaps another device: what was announced before must not take it back.
        return {**changes, "unique_id": None}
    if CONF_THING in entry.data:
        changes["data"] = {CONF_THING: entry.data[CONF_THING], **data}
    return changes


def _remembered(entry: ConfigEntry | None, data: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's new data, with what shows who we are."""
    if entry is None or CONF_SECURITY not in entry.data:
        return data
    return {CONF_SECURITY: entry.data[CONF_SECURITY], **data}


def _possible(entry: ConfigEntry | None, data: dict[str, Any]) -> dict[str, Any]:
    """Return what of an entry's new data can be tried while the entry runs.

    It has its own port: whether the rest will do is tried with any other one.
    """
    occupied = SYSTEMS[data[CONF_SYSTEM]].occupied
    if (
        occupied is not None
        and entry is not None
        and entry.state is ConfigEntryState.LOADED
        and entry.data[occupied] == data[occupied]
    ):
        return {**data, occupied: 0}
    return data
