"""Adding a device to a connection, and changing it: model, place, preview."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigEntryState,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
import voluptuous as vol

from .alert_steps import AlertSteps, alert_names
from .command_steps import CommandSteps
from .const import (
    CONF_ASKED,
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_GATEWAY,
    CONF_OVERLAY,
    CONF_PARENT,
    CONF_SYSTEM,
    DOMAIN,
    PLACE,
    SOURCE_DEVICE,
)
from .device_data import new_device
from .export import async_save, device_file_text
from .flow_forms import (
    ANYWAY_FIELD,
    CONF_ANYWAY,
    CONF_ENTRY,
    CONF_FILE,
    DEVICE_FORMS,
    EXPORT_FORM,
    DeviceForm,
    entry_form,
    gateway_fields,
)
from .gateway_steps import GatewaySteps
from .hierarchy import Member
from .iot.binding import Binding
from .iot.device import VirtualDevice
from .iot.errors import ModelError
from .iot.formats import Loaded
from .mapping import decide
from .mapping.decided import model_of
from .model_change import changes_by, with_model
from .moving import async_move, refused_behind
from .place import binding_of, identity_of, refusal
from .policy_steps import PolicySteps
from .preview import async_probe
from .registries import async_follow_data
from .systems import System, connection_for


class DeviceSubentryFlow(PolicySteps, AlertSteps, CommandSteps, GatewaySteps):
    """One device behind a connection."""

    _source: str
    _title: str
    _target: ConfigEntry | None = None
    """The entry that the device moves to, if it is not to stay where it is."""
    _began_with: Mapping[str, Any]
    """The device's data as it was when the change of it began."""

    async def async_step_user(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose where the model comes from."""
        return self.async_show_menu(step_id="user", menu_options=self.sources())

    async def async_step_path(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the path of a device on a CoAP endpoint."""
        return await self._async_place(user_input)

    async def async_step_push_path(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the path that a device pushes to, and who may."""
        return await self._async_place(user_input)

    async def async_step_topic(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the topic of a device on a broker."""
        return await self._async_place(user_input)

    @override
    async def async_take(self, loaded: Loaded, source: str) -> SubentryFlowResult:
        """Go on with a model: to its place, or to what it would change."""
        if not decide(loaded) and not loaded.model.actions:
            problem = "expected at least one attribute, action or format"
            raise ModelError(source=loaded.model.name, where="", problem=problem)
        connection_for(self.hass, self._get_entry().data).check(
            loaded.model, Binding(base="any", layouts=loaded.layouts)
        )
        self._loaded, self._source = loaded, source
        if self.source == SOURCE_RECONFIGURE:
            return await self.async_step_changes()
        return await self._async_place(None)

    @override
    async def async_reviewed(self) -> SubentryFlowResult:
        """Create the device, or change its entities."""
        if self.source == SOURCE_RECONFIGURE:
            return self._update(self._data)
        return self.async_create_entry(
            title=self._title,
            data=self._data,
            unique_id=identity_of(self._data, self._loaded),
        )

    # Changing a device

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose what to change about the device."""
        subentry = self._get_reconfigure_subentry()
        self._began_with = subentry.data
        self._data = {CONF_OVERLAY: {}, **subentry.data}
        self._title = subentry.title
        self._loaded = model_of(subentry.data)
        entry = self._get_entry()
        if entry.state is ConfigEntryState.LOADED:
            running = entry.runtime_data.coordinators.get(subentry.subentry_id)
            self._probed = running and running.device
        options = [
            *("entities", "policies", "alerts", "commands", "place", "about"),
            *("model", "move", "export"),
        ]
        if not alert_names(self._loaded.model):
            options.remove("alerts")
        if not self._other_entries():
            options.remove("move")
        return self.async_show_menu(step_id="reconfigure", menu_options=options)

    async def async_step_place(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change where the device is found; its entities stay."""
        subentry = self._get_reconfigure_subentry()
        problem: ModelError | str | None = None
        if user_input is not None:
            placed = self.placed(user_input)
            problem = self._check(placed, but=subentry.subentry_id)
            if problem is None and not isinstance(placed, str):
                self._title = user_input[CONF_NAME].strip()
                return self._update({**_unplaced(self._data), **placed})
        shown = user_input or {**self.shown_place(self._data), CONF_NAME: self._title}
        return self.form("place", self._with_gateway(), shown, problem)

    async def async_step_model(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose where another model, or a newer one, comes from."""
        return self.async_show_menu(step_id="model", menu_options=self.sources())

    async def async_step_changes(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what another model would change."""
        problem: ModelError | str | None = None
        if user_input is not None:
            subentry = self._get_reconfigure_subentry()
            problem = self._check(self._data, but=subentry.subentry_id)
            if problem is None:
                language = self.hass.config.language
                data = with_model(self._data, self._loaded, self._source, language)
                data.pop(CONF_ASKED, None)
                return self._update({**data, **self._asked(data)})
        changes = changes_by(self._data, self._loaded)
        return self.form(
            "changes",
            vol.Schema({}),
            {},
            problem,
            {
                "model": self._loaded.model.name,
                "changes": "\n".join(f"- {one}" for one in changes) or "–",
            },
        )

    async def async_step_move(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose another connection for the device."""
        entries = self._other_entries()
        if user_input is not None and user_input[CONF_ENTRY] in entries:
            self._target = entries[user_input[CONF_ENTRY]]
            return await self._async_place(None)
        if not entries:
            return self.async_abort(reason="no_connection")
        titles = {entry_id: entry.title for entry_id, entry in entries.items()}
        return self.form("move", entry_form(titles), {}, None)

    async def async_step_export(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the device as a file that others can use."""
        problem: str | None = None
        text = device_file_text(self._data, self._loaded, self.hass.config.language)
        if user_input is not None:
            name = user_input.get(CONF_FILE, "").strip()
            if not name:
                return self.async_abort(reason="exported")
            try:
                await async_save(self.hass, name, text)
                return self.async_abort(reason="saved")
            except FileExistsError:
                problem = "file_exists"
            except OSError, ValueError:
                problem = "file_invalid"
        return self.form(
            "export", EXPORT_FORM, {**(user_input or {}), CONF_DOCUMENT: text}, problem
        )

    # Inside

    async def _async_place(
        self, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask where the device is, until it is found there or is to be added anyway."""
        step_id, schema = self._device_form.step_id, self._with_gateway()
        problem: ModelError | str | None = None
        if user_input is not None:
            placed = self.placed(user_input)
            problem = self._check(placed)
            if problem is None and not isinstance(placed, str):
                self._probed = await self._async_probe(placed)
                if user_input.get(CONF_ANYWAY) or not self._is_mute(self._probed):
                    self._title = user_input[CONF_NAME].strip()
                    if self._target is not None:
                        return await self._async_move(self._target, placed)
                    placed |= self._asked(placed) | self._part_of(placed)
                    language = self.hass.config.language
                    self._data = new_device(
                        self._loaded, self._source, placed, language
                    )
                    if placed.get(CONF_GATEWAY):
                        return await self.async_step_about()
                    return await self.async_step_preview()
                problem = "no_values"
                schema = schema.extend(ANYWAY_FIELD)
        shown = user_input or self._first_guess()
        return self.form(step_id, schema, shown, problem)

    def _asked(self, placed: Mapping[str, Any]) -> dict[str, Any]:
        """Return where the device said what it is, if that is not where it is."""
        if self._source != SOURCE_DEVICE or self._asked_at == placed[CONF_BASE]:
            return {}
        return {CONF_ASKED: self._asked_at}

    def _part_of(self, placed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the device that the one which was found is a part of."""
        if not self._parent or placed[CONF_BASE] != self._place:
            return {}
        return {CONF_PARENT: self._parent}

    @property
    def _place(self) -> str:
        """Where the device is, as far as that is known."""
        return self._asked_at if self._base is None else self._base

    def _first_guess(self) -> dict[str, Any]:
        """Return what the form of a device's place begins with."""
        if self._target is not None:
            known = {key: value for key, value in self._data.items() if value != ""}
            return {**known, CONF_NAME: self._title}
        return {
            CONF_NAME: self._loaded.model.name,
            CONF_BASE: self._place,
            **self.guessed_place(),
        }

    async def _async_move(
        self, target: ConfigEntry, placed: Mapping[str, Any]
    ) -> SubentryFlowResult:
        """Give the device to another connection, with all that it has become."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        if subentry.data != self._began_with:
            return self.async_abort(reason="changed_meanwhile")
        data = {**_unplaced(self._data), **placed}
        device = Member(entry, subentry)
        await async_move(self.hass, device, target, self._title, data)
        return self.async_abort(reason="moved")

    @override
    def _update(self, data: dict[str, Any]) -> SubentryFlowResult:
        """Change the device's subentry, and what the registries hold of it."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        if subentry.data != self._began_with:
            return self.async_abort(reason="changed_meanwhile")
        async_follow_data(self.hass, entry, subentry, data)
        return self.async_update_and_abort(
            entry,
            subentry,
            title=self._title,
            data=data,
            unique_id=identity_of(data, self._loaded),
        )

    @property
    @override
    def connection_entry(self) -> ConfigEntry:
        return self._target or self._get_entry()

    @override
    async def async_known(self) -> SubentryFlowResult:
        """Show what the new device becomes, or change what is known of one."""
        if self.source == SOURCE_RECONFIGURE:
            return self._update(self._data)
        return await self.async_step_preview()

    @property
    def _device_form(self) -> DeviceForm:
        return DEVICE_FORMS[System(self.connection_entry.data[CONF_SYSTEM])]

    def _with_gateway(self) -> vol.Schema:
        """Return the form of a place, with the device that it may be behind."""
        gateways, schema = self.gateways(), self._device_form.schema
        return schema.extend(gateway_fields(gateways)) if gateways else schema

    def _other_entries(self) -> dict[str, ConfigEntry]:
        """Return the other connections that are up, by their ids."""
        return {
            entry.entry_id: entry
            for entry in self.hass.config_entries.async_loaded_entries(DOMAIN)
            if entry.entry_id != self._get_entry().entry_id
        }

    async def _async_probe(self, placed: Mapping[str, Any]) -> VirtualDevice | None:
        """Look what the device gives, if the connection runs."""
        entry = self.connection_entry
        if entry.state is not ConfigEntryState.LOADED:
            return None
        return await async_probe(
            entry.runtime_data.connection,
            self._loaded,
            binding_of(placed, self._loaded),
        )

    @staticmethod
    def _is_mute(device: VirtualDevice | None) -> bool:
        """Whether a device was looked for, should give values, and gave none."""
        return device is not None and not device.values and bool(device.model.readable)

    def _check(
        self, placed: Mapping[str, Any] | str, but: str | None = None
    ) -> ModelError | str | None:
        """Return what is wrong with a device's place."""
        if isinstance(placed, str):
            return placed
        entry = self.connection_entry
        problem = refusal(self.hass, entry, placed, self._loaded, but)
        if problem is None and self._target is not None:
            device = Member(self._get_entry(), self._get_reconfigure_subentry())
            problem = refused_behind(self.hass, device, entry, placed[CONF_BASE])
        return problem


def _unplaced(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device's data without what the form of its place asks for."""
    return {key: value for key, value in data.items() if key not in PLACE}
