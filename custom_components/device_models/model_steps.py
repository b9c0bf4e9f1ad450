"""The steps of a flow that find the model of a device."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    ConfigEntryState,
    SubentryFlowResult,
)
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import voluptuous as vol

from .const import CONF_DOCUMENT, SOURCE_DEVICE
from .describing_steps import DescribingSteps
from .flow_forms import (
    CONF_FILE,
    CONF_MODEL,
    PASTE_FORM,
    UPLOAD_FORM,
    URL_FORM,
    model_form,
)
from .iot.connections.base import Capability
from .iot.errors import CommunicationError, DeviceModelsError, ModelError
from .iot.fetching import load_url
from .iot.formats import Loaded, load
from .iot.formats.folders import read
from .iot.matching import best_matches
from .library import (
    SOURCE_PREFIX,
    Library,
    async_library,
    beside_own,
)

SEARCH: Final = "search"
"""The step that looks which devices there are; their models are their own."""

SOURCE_LIBRARY: Final = "library"
SOURCE_UPLOAD: Final = "upload"
SOURCE_PASTE: Final = "paste"
SOURCE_URL: Final = "url"

ITSELF: Final = "itself"
"""The choice of what the device says of itself."""

MAX_MATCHES: Final = 10
MIN_SCORE: Final = 20
"""So many models of the library are offered for a device, and how well they must fit;
all are in the library."""


class ModelSteps(DescribingSteps):
    """From the menu of sources to a model."""

    _library: Library

    @abstractmethod
    async def async_take(self, loaded: Loaded, source: str) -> SubentryFlowResult:
        """Go on with a model.

        Raises:
            ModelError: its overlay or its binding is not usable here.

        """

    def sources(self) -> list[str]:
        """Return where models can come from here."""
        entry = self._get_entry()
        sources = [SOURCE_LIBRARY, SOURCE_UPLOAD, SOURCE_URL, SOURCE_PASTE]
        if entry.state is not ConfigEntryState.LOADED:
            return sources
        offered = entry.runtime_data.connection.capabilities
        asked = [
            source
            for source, needed in (
                (SOURCE_DEVICE, Capability.DESCRIBE),
                (SEARCH, Capability.DESCRIBE | Capability.DISCOVER),
            )
            if needed in offered
        ]
        return asked + sources

    # What it is

    @override
    async def async_step_match(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose between the device's own words and the models that fit them."""
        problem: ModelError | None = None
        if user_input is not None:
            chosen = user_input[CONF_MODEL]
            try:
                if chosen == ITSELF:
                    return await self.async_take(self._described, SOURCE_DEVICE)
                return await self._async_take_listed(chosen)
            except ModelError as err:
                problem = err
        self._library = await async_library(self.hass)
        models = {name: one.loaded for name, one in self._library.models.items()}
        said = self._described
        words = f"{said.format}, {len(said.model.leaves)} attributes"
        options = {ITSELF: f"{said.model.name} ({words})"}
        fitting = best_matches(models, said, self._asked_at)
        for name, match in fitting[:MAX_MATCHES]:
            if match.score >= MIN_SCORE:
                words = f"{match.score} %: {models[name].model.name} ({match.reason})"
                options[name] = words
        if user_input is None and list(options) == [ITSELF]:
            try:
                return await self.async_take(said, SOURCE_DEVICE)
            except ModelError as err:
                self._problem = err
                return await self.async_step_device()
        return self.form("match", model_form(options), {CONF_MODEL: ITSELF}, problem)

    # From elsewhere

    async def async_step_library(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose one of the models at hand."""
        problem: ModelError | None = None
        if user_input is not None:
            try:
                return await self._async_take_listed(user_input[CONF_MODEL])
            except ModelError as err:
                problem = err
        self._library = await async_library(self.hass)
        options = {
            name: " · ".join(
                [one.loaded.model.name, one.loaded.model.urn] + ["yours"] * one.own
            )
            for name, one in self._library.models.items()
        }
        broken = "\n".join(f"- {err}" for err in self._library.broken)
        return self.form(
            "library",
            model_form(options),
            user_input or {},
            problem,
            {"broken": broken or "–"},
        )

    async def _async_take_listed(self, name: str) -> SubentryFlowResult:
        """Go on with a model of the library."""
        loaded = self._library.models[name].loaded
        return await self.async_take(loaded, f"{SOURCE_PREFIX}{name}")

    async def async_step_upload(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Upload a model file."""

        async def uploaded(entered: dict[str, Any]) -> Loaded:
            return await self.hass.async_add_executor_job(
                _read_upload, self.hass, entered.pop(CONF_FILE)
            )

        return await self._async_from(SOURCE_UPLOAD, UPLOAD_FORM, user_input, uploaded)

    async def async_step_url(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Fetch a model from an address."""

        async def fetched(entered: dict[str, Any]) -> Loaded:
            session = async_get_clientsession(self.hass)
            return await load_url(session, entered[CONF_URL].strip())

        return await self._async_from(SOURCE_URL, URL_FORM, user_input, fetched)

    async def async_step_paste(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Paste a model."""

        async def pasted(entered: dict[str, Any]) -> Loaded:
            text: str = entered[CONF_DOCUMENT]
            return await self.hass.async_add_executor_job(
                load,
                text.encode(errors="replace"),
                "pasted text",
                beside_own(self.hass),
            )

        return await self._async_from(SOURCE_PASTE, PASTE_FORM, user_input, pasted)

    async def _async_from(
        self,
        source: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        get: Callable[[dict[str, Any]], Awaitable[Loaded]],
    ) -> SubentryFlowResult:
        """Go on with the model that a form leads to, or say what is wrong with it.

        ``get`` takes away what is of no use a second time.
        """
        problem: DeviceModelsError | None = None
        if user_input is not None:
            try:
                return await self.async_take(await get(user_input), source)
            except (ModelError, CommunicationError) as err:
                problem = err
        return self.form(source, schema, user_input or {}, problem)


def _read_upload(hass: HomeAssistant, file_id: str) -> Loaded:
    """Read an uploaded file, which is gone afterwards.

    Raises:
        ModelError: it is not a usable model.

    """
    with process_uploaded_file(hass, file_id) as path:
        return load(read(Path(path), path.name), path.name, beside_own(hass))
