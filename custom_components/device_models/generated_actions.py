"""For each action of a device that takes arguments, one of Home Assistant's.

It is there for as long as Home Assistant knows the device, whether that can be reached
or not: an automation that runs meanwhile is told what is wrong with the connection, and
not that there is no such action, which Home Assistant would ask its user to repair. It
goes when the device is removed or disabled, or when its connection is.
"""

from collections.abc import Collection, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigSubentry,
)
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import (
    Event,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import device_registry as dr, service
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util.hass_dict import HassKey

from .action_fields import fields_of, schema_of
from .action_names import ActionNames
from .const import CONF_KEY, DOMAIN, SUBENTRY_DEVICE
from .device_actions import carried_out
from .exceptions import rewords_errors
from .iot.connections.base import Capability
from .iot.difference import difference
from .iot.errors import ModelError, NotOfferedError
from .iot.model import Action, DeviceModel
from .mapping.decided import loaded_of
from .mapping.rules import humanised
from .mapping.titles import Titles
from .runtime import EntryRuntime
from .systems import capabilities_of

MAX_GENERATED: Final = 50
"""Actions of one device; nobody finds anything in a longer list."""

ACTION: Final = "action "
"""What actions are called by in a difference of models, before their names."""

DATA_ACTIONS: HassKey[GeneratedActions] = HassKey(f"{DOMAIN}.actions")


def generated(model: DeviceModel) -> list[Action]:
    """Return the actions of a model that Home Assistant has one for each of."""
    return _with_arguments(model)[:MAX_GENERATED]


def without_entity(
    hass: HomeAssistant, model: DeviceModel, key: str | None, shown: Collection[str]
) -> Iterator[str]:
    """Yield how to call the actions of a model that have no entity, for people.

    Args:
        hass: Home Assistant.
        model: the model.
        key: of the device; None if it is not there yet.
        shown: the actions that are parts of entities.

    """
    made = generated(model)
    names = hass.data[DATA_ACTIONS].names if DATA_ACTIONS in hass.data else None
    for action in _with_arguments(model):
        name = names and key and names.get(key, action.name)
        if action not in made:
            yield (
                f"action {action.name}: a device has at most {MAX_GENERATED} actions of"
                f" its own in Home Assistant; {DOMAIN}.call_action calls this one, too"
            )
        elif not action.callable_without_input and action.name not in shown:
            own = f"the action {DOMAIN}.{name}" if name else "an action of its own"
            yield f"action {action.name}: it needs arguments, and has {own}"


def _with_arguments(model: DeviceModel) -> list[Action]:
    """Return the actions of a model that take arguments."""
    return [action for action in model.actions if action.arguments]


@dataclass(frozen=True, slots=True)
class GeneratedAction:
    """What an action in Home Assistant was made of."""

    entry_id: str
    key: str
    """Of the device."""
    title: str
    """Of the device."""
    action: Action
    answers: bool
    language: str

    @property
    def description(self) -> dict[str, Any]:
        """How it shows to who writes an automation."""
        found = Titles(self.language).of(self.action)
        title = found[0] if found else humanised(self.action.name)
        return {
            "name": f"{self.title}: {title}",
            "description": self.action.description,
            "fields": fields_of(self.action, self.language),
        }


class GeneratedActions:
    """The actions of all devices, as Home Assistant has them."""

    def __init__(self, hass: HomeAssistant, names: ActionNames) -> None:
        """Take the names that they are known by."""
        self._hass = hass
        self.names = names
        self._made: dict[str, GeneratedAction] = {}
        self._models: dict[str, tuple[Mapping[str, Any], DeviceModel]] = {}
        """By the keys of devices: the data, and the model in it."""

    @callback
    def async_follow(self) -> None:
        """Have what there is follow the devices."""
        wanted = dict(self._wanted())
        services = self._hass.services
        for name in self._made.keys() - wanted.keys():
            services.async_remove(DOMAIN, name)
        for name, action in wanted.items():
            if self._made.get(name) != action:
                self._register(name, action)
        self._made = wanted

    def _wanted(self) -> Iterator[tuple[str, GeneratedAction]]:
        """Yield the actions that there should be, by their names."""
        hass = self._hass
        keys: set[str] = set()
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            can_answer = Capability.RESULTS in capabilities_of(hass, entry.data)
            for subentry in entry.get_subentries_of_type(SUBENTRY_DEVICE):
                key = subentry.data[CONF_KEY]
                keys.add(key)
                model = self._model(key, subentry)
                if model is None:
                    continue
                actions = {one.name: one for one in generated(model)}
                names = self.names.keep(key, subentry.title, actions)
                if entry.disabled_by or self._is_disabled(entry, key):
                    continue
                for action in actions.values():
                    yield (
                        names[action.name],
                        GeneratedAction(
                            entry.entry_id,
                            key,
                            subentry.title,
                            action,
                            can_answer or bool(action.results),
                            hass.config.language,
                        ),
                    )
        self.names.forget_others(keys)
        for key in self._models.keys() - keys:
            del self._models[key]

    def _model(self, key: str, subentry: ConfigSubentry) -> DeviceModel | None:
        """Return the model of a device; None if it cannot be used."""
        data, before = self._models.get(key, (None, None))
        if data is subentry.data:
            return before
        try:
            model = loaded_of(subentry.data, subentry.title).model
        except ModelError:  # its user is told of it where it is set up
            return None
        if before is not None:
            renamed = difference(before, model).renamed or {}
            self.names.rename(
                key,
                {
                    new.removeprefix(ACTION): old.removeprefix(ACTION)
                    for new, old in renamed.items()
                    if new.startswith(ACTION)
                },
            )
        self._models[key] = (subentry.data, model)
        return model

    def _is_disabled(self, entry: ConfigEntry, key: str) -> bool:
        """Whether the user has disabled a device."""
        device = dr.async_get(self._hass).async_get_device_by_identifier(
            (DOMAIN, key), entry.entry_id
        )
        return device is not None and device.disabled

    def _register(self, name: str, made: GeneratedAction) -> None:
        """Have Home Assistant know an action, and how it shows."""
        self._hass.services.async_register(
            DOMAIN,
            name,
            partial(self._async_call, made),
            schema_of(made.action),
            SupportsResponse.OPTIONAL if made.answers else SupportsResponse.NONE,
        )
        service.async_set_service_schema(self._hass, DOMAIN, name, made.description)

    @rewords_errors
    async def _async_call(
        self, made: GeneratedAction, call: ServiceCall
    ) -> ServiceResponse:
        """Have a device do something; returns what it answers."""
        entry = service.async_get_config_entry(self._hass, DOMAIN, made.entry_id)
        runtime: EntryRuntime = entry.runtime_data
        coordinator = runtime.coordinator_with(made.key)
        if coordinator is None:  # its model cannot be used
            raise NotOfferedError(operation=call.service)
        return await carried_out(call, coordinator, made.action.name, call.data)


async def async_setup_generated_actions(
    hass: HomeAssistant, reserved: AbstractSet[str]
) -> None:
    """Have the actions of devices follow them from now on.

    Args:
        hass: Home Assistant.
        reserved: the names of the integration's other actions.

    """
    names = ActionNames(hass, reserved)
    await names.async_load()
    actions = hass.data[DATA_ACTIONS] = GeneratedActions(hass, names)

    @callback
    def entry_changed(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN:
            actions.async_follow()

    @callback
    def changed(_event: Event[Any]) -> None:
        actions.async_follow()

    @callback
    def about_disabling(data: Mapping[str, Any]) -> bool:
        return "disabled_by" in data.get("changes", ())

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, entry_changed)
    hass.bus.async_listen(
        dr.EVENT_DEVICE_REGISTRY_UPDATED, changed, event_filter=about_disabling
    )
    hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, changed)
    actions.async_follow()
