"""The steps of a flow that find a device, and have it say what it is."""

from abc import abstractmethod
import asyncio
from collections.abc import Sequence
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
import voluptuous as vol

from .const import CONF_BASE, CONF_SYSTEM
from .flow_forms import CONF_FOUND, PLACE_FORMS, found_form
from .hierarchy import places
from .iot.connections.base import Found
from .iot.errors import DeviceModelsError
from .iot.formats import Loaded
from .systems import System

DESCRIBING: Final = "device_models: asking a device what it is"
"""The name of the task."""

SEARCHING: Final = "device_models: looking for devices"
"""The same."""

MAX_ELSEWHERE: Final = 20
"""Devices of other connections that a text names."""


class DescribingSteps(ConfigSubentryFlow):
    """From a place, or a choice of what is there, to what the device says of itself."""

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
    async def async_step_match(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Go on with what the device has said."""

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
