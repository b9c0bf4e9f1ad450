"""Adding a device to a connection: a model, its place, a preview."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
import voluptuous as vol

from .const import (
    CONF_BASE,
    CONF_DOCUMENT,
    CONF_KEY,
    CONF_SILENT_AFTER,
    CONF_SOURCE,
    CONF_SYSTEM,
    SUBENTRY_DEVICE,
)
from .coordinator import binding_of
from .flow_forms import (
    ANYWAY_FIELD,
    CONF_ANYWAY,
    CONF_FILE,
    CONF_MODEL,
    DEVICE_FORMS,
    PASTE_FORM,
    UPLOAD_FORM,
    DeviceForm,
    library_form,
)
from .iot.binding import Binding
from .iot.device import VirtualDevice
from .iot.errors import ModelError
from .iot.formats import MAX_FILE_BYTES, Loaded, load, load_document
from .library import async_bundled
from .mapping import decide
from .preview import async_probe, summary, table
from .systems import System, connection_for

SOURCE_LIBRARY: Final = "library"
SOURCE_UPLOAD: Final = "upload"
SOURCE_PASTE: Final = "paste"


class DeviceSubentryFlow(ConfigSubentryFlow):
    """One device behind a connection."""

    _loaded: Loaded
    _source: str
    _title: str
    _data: dict[str, Any]
    _probed: VirtualDevice | None = None
    """What the device gave when it was looked for."""

    async def async_step_user(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose where the model comes from."""
        return self.async_show_menu(
            step_id="user",
            menu_options=[SOURCE_LIBRARY, SOURCE_UPLOAD, SOURCE_PASTE],
        )

    async def async_step_library(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose one of the bundled models."""
        models = await async_bundled(self.hass)
        if user_input is not None:
            chosen = user_input[CONF_MODEL]
            return await self._async_take(models[chosen], f"{SOURCE_LIBRARY}:{chosen}")
        names = {key: loaded.model.name for key, loaded in models.items()}
        return self.async_show_form(step_id="library", data_schema=library_form(names))

    async def async_step_upload(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Upload a model file."""
        problem: ModelError | None = None
        if user_input is not None:
            try:
                loaded = await self.hass.async_add_executor_job(
                    _read_upload, self.hass, user_input[CONF_FILE]
                )
                return await self._async_take(loaded, SOURCE_UPLOAD)
            except ModelError as err:
                problem = err
        return self._form("upload", UPLOAD_FORM, {}, problem)

    async def async_step_paste(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Paste a model."""
        problem: ModelError | None = None
        if user_input is not None:
            try:
                text: str = user_input[CONF_DOCUMENT]
                loaded = load(text.encode(errors="replace"), "pasted text")
                return await self._async_take(loaded, SOURCE_PASTE)
            except ModelError as err:
                problem = err
        return self._form("paste", PASTE_FORM, user_input or {}, problem)

    async def async_step_path(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say below which path a CoAP device is found."""
        return await self._async_place(user_input)

    async def async_step_topic(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Say below which topic an MQTT device is found."""
        return await self._async_place(user_input)

    async def async_step_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what will be created, and why."""
        if user_input is not None:
            return self.async_create_entry(
                title=self._title,
                data=self._data,
                unique_id=self._data[CONF_BASE],
            )
        decisions, device = decide(self._loaded), self._probed
        remarks = "".join(f"\n- {remark}" for remark in self._loaded.remarks)
        return self.async_show_form(
            step_id="preview",
            data_schema=vol.Schema({}),
            description_placeholders={
                "model": self._loaded.model.name,
                "summary": summary(decisions),
                "rows": table(decisions, device),
                "known": str(len(device.values)) if device else "0",
                "readable": str(len(self._loaded.model.readable)),
                "remarks": remarks or "–",
            },
            last_step=True,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change where the device is found; its entities stay."""
        subentry = self._get_reconfigure_subentry()
        problem: ModelError | str | None = None
        if user_input is not None:
            self._loaded = load_document(subentry.data[CONF_DOCUMENT], subentry.title)
            problem = self._check(user_input, but=subentry.subentry_id)
            if problem is None:
                data = {**subentry.data, CONF_SILENT_AFTER: None, **_placed(user_input)}
                return self.async_update_and_abort(
                    self._get_entry(),
                    subentry,
                    title=user_input[CONF_NAME].strip(),
                    data=data,
                    unique_id=data[CONF_BASE],
                )
        shown = user_input or {**subentry.data, CONF_NAME: subentry.title}
        return self._form("reconfigure", self._device_form.schema, shown, problem)

    # Inside

    async def _async_take(self, loaded: Loaded, source: str) -> SubentryFlowResult:
        """Go on with a model.

        Raises:
            ModelError: its overlay or its binding is not usable here.

        """
        decide(loaded)
        connection_for(self.hass, self._get_entry().data).check(
            loaded.model, Binding(base="any", layouts=loaded.layouts)
        )
        self._loaded, self._source = loaded, source
        return await self._async_place(None)

    async def _async_place(
        self, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        """Ask where the device is, until it is found there or is to be added anyway."""
        step_id, schema = self._device_form
        problem: ModelError | str | None = None
        if user_input is not None:
            problem = self._check(user_input)
            if problem is None:
                placed = _placed(user_input)
                self._probed = await self._async_probe(placed)
                if user_input.get(CONF_ANYWAY) or not self._is_mute(self._probed):
                    self._title = user_input[CONF_NAME].strip()
                    self._data = {
                        CONF_KEY: uuid4().hex,
                        CONF_SOURCE: self._source,
                        CONF_DOCUMENT: self._loaded.document,
                        **placed,
                    }
                    return await self.async_step_preview()
                problem = "no_values"
                schema = schema.extend(ANYWAY_FIELD)
        shown = user_input or {CONF_NAME: self._loaded.model.name}
        return self._form(step_id, schema, shown, problem)

    @property
    def _device_form(self) -> DeviceForm:
        return DEVICE_FORMS[System(self._get_entry().data[CONF_SYSTEM])]

    async def _async_probe(self, placed: Mapping[str, Any]) -> VirtualDevice | None:
        """Look what the device gives, if the connection runs."""
        entry = self._get_entry()
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

    def _form(
        self,
        step_id: str,
        schema: vol.Schema,
        shown: Mapping[str, Any],
        problem: ModelError | str | None,
    ) -> SubentryFlowResult:
        """Show a form, with what is wrong with what was entered."""
        key = problem.key if isinstance(problem, ModelError) else problem
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors={"base": key} if key else {},
            description_placeholders=(
                problem.details if isinstance(problem, ModelError) else {}
            ),
        )

    def _check(
        self, user_input: Mapping[str, Any], but: str | None = None
    ) -> ModelError | str | None:
        """Return what is wrong with a device's place."""
        placed = _placed(user_input)
        for subentry in self._get_entry().get_subentries_of_type(SUBENTRY_DEVICE):
            same = subentry.data[CONF_BASE] == placed[CONF_BASE]
            if same and subentry.subentry_id != but:
                return "already_configured"
        try:
            connection_for(self.hass, self._get_entry().data).check(
                self._loaded.model, binding_of(placed, self._loaded)
            )
        except ModelError as err:
            return err
        return None


def _placed(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device's place as its data keeps it."""
    placed = {
        key: value
        for key, value in user_input.items()
        if key not in (CONF_NAME, CONF_ANYWAY)
    }
    placed[CONF_BASE] = placed.get(CONF_BASE, "").strip().strip("/")
    return placed


def _read_upload(hass: HomeAssistant, file_id: str) -> Loaded:
    """Read an uploaded file, which is gone afterwards.

    Raises:
        ModelError: it is not a usable model.

    """
    with process_uploaded_file(hass, file_id) as path, Path(path).open("rb") as file:
        return load(file.read(MAX_FILE_BYTES + 1), path.name)
