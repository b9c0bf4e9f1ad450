"""Models that have changed since devices were made of them.

Here Home Assistant looks for all repairs.
"""

from collections.abc import Mapping, Set as AbstractSet
from datetime import datetime, timedelta
from hashlib import sha256
import json
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from .alert_repair import AlertFlow
from .coap.missing_transport import MissingTransportFlow
from .const import (
    CONF_DOCUMENT,
    CONF_IGNORED,
    CONF_SOURCE,
    DOMAIN,
    SOURCE_DEVICE,
    SUBENTRY_DEVICE,
)
from .descriptions import async_watch_descriptions
from .iot.difference import elements
from .iot.errors import ModelError
from .iot.formats import Loaded
from .library import Library, async_library
from .model_change import changes_by, with_model
from .place import identity_of, refusal
from .registries import async_follow_data
from .removed_device import RemovedDeviceFlow
from .runtime import DeviceModelsConfigEntry

ISSUE: Final = "model_changed"
"""What the ids of issues begin with."""

LIBRARY_INTERVAL: Final = timedelta(minutes=5)
"""Looking whether a file has changed costs next to nothing."""


async def async_watch_models(
    hass: HomeAssistant, entry: DeviceModelsConfigEntry
) -> None:
    """Compare the devices of an entry with where their models are from.

    That is the library, now and from time to time; or the device itself, which is
    asked again.
    """

    async def compare(_now: datetime | None = None) -> None:
        await async_compare(hass, entry)

    await compare()
    entry.async_on_unload(async_track_time_interval(hass, compare, LIBRARY_INTERVAL))
    async_watch_descriptions(hass, entry, compare)


async def async_compare(hass: HomeAssistant, entry: DeviceModelsConfigEntry) -> None:
    """Tell the user of each device of an entry whose model has changed."""
    library = await async_library(hass)
    told: set[str] = set()
    for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE):
        new = _newest(entry, subentry, library)
        if new is None or not (changes := _news(subentry.data, new)):
            continue
        issue_id = f"{ISSUE}_{subentry.subentry_id}"
        told.add(issue_id)
        by_itself = subentry.data[CONF_SOURCE] == SOURCE_DEVICE
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id, "subentry_id": subentry.subentry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="description_changed" if by_itself else "model_changed",
            translation_placeholders={
                "device": subentry.title,
                "changes": "\n".join(f"- {change}" for change in changes),
            },
        )
    async_withdraw(hass, entry.entry_id, f"{ISSUE}_", but=told)


def _newest(
    entry: DeviceModelsConfigEntry, subentry: ConfigSubentry, library: Library
) -> Loaded | None:
    """Return a device's model as its source has it by now; None if it has none."""
    if entry.state is ConfigEntryState.LOADED:
        described = entry.runtime_data.described.get(subentry.subentry_id)
        if described is not None:
            return described
    return library.by_source(subentry.data[CONF_SOURCE])


@callback
def async_withdraw(
    hass: HomeAssistant,
    entry_id: str,
    kind: str = "",
    but: AbstractSet[str] = frozenset(),
) -> None:
    """Withdraw what was told of the devices of an entry, but for what still holds.

    Args:
        hass: Home Assistant.
        entry_id: the entry.
        kind: what the ids of the issues begin with.
        but: the ids of those that hold.

    """
    for issue in list(ir.async_get(hass).issues.values()):
        about = (issue.domain, (issue.data or {}).get("entry_id"))
        withdrawn = issue.issue_id.startswith(kind) and issue.issue_id not in but
        if about == (DOMAIN, entry_id) and withdrawn:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


async def async_create_fix_flow(
    _hass: HomeAssistant, _issue_id: str, data: dict[str, Any] | None
) -> RepairsFlow:
    """Return the flow in which the user decides, or has something installed."""
    about = data or {}
    if "transport" in about:
        return MissingTransportFlow(about)
    if "alert" in about:
        return AlertFlow(about)
    if "removed" in about:
        return RemovedDeviceFlow(about)
    return ModelChangedFlow(about.get("entry_id", ""), about.get("subentry_id", ""))


class ModelChangedFlow(RepairsFlow):
    """Take the new model, or stay with the old one."""

    def __init__(self, entry_id: str, subentry_id: str) -> None:
        """Take the device that it is about."""
        self._entry_id = entry_id
        self._subentry_id = subentry_id

    async def async_step_init(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let the user choose."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        placeholders = issue.translation_placeholders if issue else None
        return self.async_show_menu(
            step_id="init",
            menu_options=["take", "stay"],
            description_placeholders=placeholders,
        )

    async def async_step_take(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take the new model."""
        found = await self._async_find()
        if found is None:
            return self.async_abort(reason="gone")
        entry, subentry, new = found
        source, language = subentry.data[CONF_SOURCE], self.hass.config.language
        try:
            data = with_model(subentry.data, new, source, language)
        except ModelError as err:
            return self._refused(err)
        if problem := refusal(self.hass, entry, data, new, but=self._subentry_id):
            return self._refused(problem)
        async_follow_data(self.hass, entry, subentry, data)
        self.hass.config_entries.async_update_subentry(
            entry, subentry, data=data, unique_id=identity_of(data, new)
        )
        return self.async_create_entry(data={})

    async def async_step_stay(
        self, _user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Stay with the old model, until there is yet another one."""
        found = await self._async_find()
        if found is None:
            return self.async_abort(reason="gone")
        entry, subentry, new = found
        data = {**subentry.data, CONF_IGNORED: _mark(new)}
        self.hass.config_entries.async_update_subentry(entry, subentry, data=data)
        return self.async_create_entry(data={})

    def _refused(self, problem: ModelError | str) -> RepairsFlowResult:
        """End the repair with the reason why the new model cannot be taken."""
        if isinstance(problem, str):
            return self.async_abort(reason=problem)
        return self.async_abort(
            reason=problem.key, description_placeholders=dict(problem.details)
        )

    async def _async_find(
        self,
    ) -> tuple[DeviceModelsConfigEntry, ConfigSubentry, Loaded] | None:
        """Return the device and its new model, if both are still there."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or self._subentry_id not in entry.subentries:
            return None
        subentry = entry.subentries[self._subentry_id]
        new = _newest(entry, subentry, await async_library(self.hass))
        return None if new is None else (entry, subentry, new)


def _news(data: Mapping[str, Any], new: Loaded) -> list[str]:
    """Return what a new model would change that the user was not told of before."""
    if data[CONF_DOCUMENT] == new.document or data.get(CONF_IGNORED) == _mark(new):
        return []
    return changes_by(data, new)


def _mark(loaded: Loaded) -> str:
    """Return what tells one version of a model from another: what can be seen of it.

    Samples of values may be beside it, which are others each time.
    """
    known = sorted((name, repr(one)) for name, one in elements(loaded.model).items())
    places = json.dumps([loaded.layouts, loaded.overlay], sort_keys=True)
    return sha256(f"{known} {places}".encode()).hexdigest()
