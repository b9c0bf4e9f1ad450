"""The steps of a flow that find the model of a device."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import voluptuous as vol

from .const import CONF_BASE, CONF_DOCUMENT, CONF_SYSTEM, SOURCE_DEVICE
from .flow_forms import (
    CONF_FILE,
    CONF_FOUND,
    CONF_MODEL,
    PASTE_FORM,
    PLACE_FORMS,
    UPLOAD_FORM,
    URL_FORM,
    found_form,
    model_form,
)
from .hierarchy import places
from .iot.connections.base import Capability, Found
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
from .systems import System

SEARCH: Final = "search"
"""The step that looks which devices there are; their models are their own."""

SOURCE_LIBRARY: Final = "library"
SOURCE_UPLOAD: Final = "upload"
SOURCE_PASTE: Final = "paste"
SOURCE_URL: Final = "url"

DESCRIBING: Final = "device_models: asking a device what it is"
"""The name of the task."""

SEARCHING: Final = "device_models: looking for devices"
"""The same."""

MAX_ELSEWHERE: Final = 20
"""Devices of other connections that a text names."""

ITSELF: Final = "itself"
"""The choice of what the device says of itself."""

MAX_MATCHES: Final = 10
MIN_SCORE: Final = 20
"""So many models of the library are offered for a device, and how well they must fit;
all are in the library."""


class ModelSteps(ConfigSubentryFlow):
    """From the menu of sources to a model."""

    _library: Library
    _described: Loaded
    _found: Sequence[Found] = ()
    """What is there to choose from behind the connection."""
    _asked_at: str = ""
    """The place at which the device was asked what it is."""
    _parent: str = ""
    """What the device that was found is a part of."""
    _base: str | None = None
    """The place below which its elements are, if that is not the same."""
    _task: asyncio.Task[Loaded] | None = None
    _search: asyncio.Task[list[Found]] | None = None
    _problem: DeviceModelsError | None = None

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

    # From the device itself

    async def async_step_device(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask where the device is."""
        if user_input is not None:
            self._asked_at = user_input.get(CONF_BASE, "").strip().strip("/")
            self._base, self._parent = None, ""
            return await self.async_step_describe()
        problem, self._problem = self._problem, None
        form = PLACE_FORMS[System(self._get_entry().data[CONF_SYSTEM])]
        return self.form("device", form, {CONF_BASE: self._asked_at}, problem)

    async def async_step_search(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Look which devices there are."""
        if self._search is None:
            connection = self._get_entry().runtime_data.connection
            self._search = self.hass.async_create_task(
                connection.discover(), SEARCHING, eager_start=False
            )
        if not self._search.done():
            return self.async_show_progress(
                step_id="search",
                progress_action="search",
                progress_task=self._search,
            )
        task, self._search = self._search, None
        try:
            added = places(self._get_entry())
            found = task.result()
            self._found = [
                one for one in found if one.reference.strip("/") not in added
            ]
        except DeviceModelsError as err:
            self._problem = err
        else:
            if any(not one.address for one in self._found):
                return self.async_show_progress_done(next_step_id="found")
        return self.async_show_progress_done(next_step_id="nothing")

    async def async_step_nothing(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Tell that there is nothing to choose from here."""
        if self._problem is not None:
            key, details = self._problem.key, dict(self._problem.details)
            return self.async_abort(reason=key, description_placeholders=details)
        return self.async_abort(
            reason="nothing_found", description_placeholders=self._elsewhere()
        )

    async def async_step_found(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose one of the devices that were found."""
        here = {one.reference: one for one in self._found if not one.address}
        if user_input is not None:
            chosen = here[user_input[CONF_FOUND]]
            self._asked_at, self._base = chosen.reference, chosen.base
            self._parent = chosen.parent
            return await self.async_step_describe()
        names = {reference: one.name for reference, one in here.items()}
        return self.form("found", found_form(names), {}, None, self._elsewhere())

    def _elsewhere(self) -> dict[str, str]:
        """Return the devices that take another connection, for the text of a form."""
        listed = [
            f"- {one.name}: `{one.address}`" for one in self._found if one.address
        ]
        more = len(listed) - MAX_ELSEWHERE
        if more > 0:
            listed[MAX_ELSEWHERE:] = [f"- … and {more} more"]
        return {"elsewhere": "\n".join(listed) or "–"}

    async def async_step_describe(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Have the device say what it is."""
        if self._task is None:
            connection = self._get_entry().runtime_data.connection
            # Not at once: what ends before anybody waits for it would be begun again
            # and again with the same answers of the form.
            self._task = self.hass.async_create_task(
                connection.describe(self._asked_at), DESCRIBING, eager_start=False
            )
        if not self._task.done():
            return self.async_show_progress(
                step_id="describe",
                progress_action="describe",
                progress_task=self._task,
                description_placeholders={"place": self._asked_at or "/"},
            )
        task, self._task = self._task, None
        try:
            self._described = task.result()
        except DeviceModelsError as err:
            self._problem = err
            return self.async_show_progress_done(next_step_id="device")
        return self.async_show_progress_done(next_step_id="match")

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

    def form(
        self,
        step_id: str,
        schema: vol.Schema,
        shown: dict[str, Any],
        problem: DeviceModelsError | str | None,
        placeholders: dict[str, str] | None = None,
    ) -> SubentryFlowResult:
        """Show a form, with what is wrong with what was entered."""
        details: dict[str, str] = {}
        key = problem if isinstance(problem, str) else ""
        if isinstance(problem, DeviceModelsError):
            key, details = problem.key, dict(problem.details)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors={"base": key} if key else {},
            description_placeholders={**details, **(placeholders or {})},
        )


def _read_upload(hass: HomeAssistant, file_id: str) -> Loaded:
    """Read an uploaded file, which is gone afterwards.

    Raises:
        ModelError: it is not a usable model.

    """
    with process_uploaded_file(hass, file_id) as path:
        return load(read(Path(path), path.name), path.name, beside_own(hass))
