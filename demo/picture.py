"""The devices and entities of the integration, as Home Assistant has them now."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from .errors import DemoError
from .flows import DOMAIN
from .live import LiveApi

ORDER: Final = (
    "climate",
    "water_heater",
    "humidifier",
    "image",
    "light",
    "fan",
    "cover",
    "valve",
    "lock",
    "siren",
    "device_tracker",
    "sensor",
    "binary_sensor",
    "switch",
    "number",
    "select",
    "text",
    "datetime",
    "button",
    "event",
    "update",
)
"""Kinds of entities: first what a device shows, then what it can be told."""

UNKNOWN_AT_FIRST: Final = frozenset({"button", "event"})
"""Entities that have no state before something happens."""


@dataclass
class Entity:
    """An entity; its state is None until Home Assistant has one."""

    entity_id: str
    unique_id: str
    name: str = ""
    state: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    changed: datetime | None = None

    @property
    def domain(self) -> str:
        """The kind of entity."""
        return self.entity_id.partition(".")[0]

    @property
    def available(self) -> bool:
        """Whether Home Assistant says that the device can be reached."""
        return self.state not in {None, "unavailable"}

    @property
    def live(self) -> bool:
        """Whether it has a value, or does what it is for."""
        if self.state == "unknown":
            return self.domain in UNKNOWN_AT_FIRST
        return self.available


@dataclass
class Device:
    """A device of the integration, with its enabled entities and how many are not."""

    name: str
    model: str
    entities: list[Entity] = field(default_factory=list)
    disabled: int = 0

    @property
    def available(self) -> bool:
        """Whether any of it is."""
        return any(entity.available for entity in self.entities)

    def not_live(self) -> list[Entity]:
        """Return the entities without a value."""
        return [entity for entity in self.entities if not entity.live]


class Picture:
    """Follows devices, entities and states; tells listeners what changed."""

    def __init__(self, live: LiveApi) -> None:
        """Take the connection; nothing is known before ``follow``."""
        self.devices: list[Device] = []
        self.on_change: list[Callable[[Device, Entity], None]] = []
        self.reloads: list[str] = []
        """The states in which config entries of the integration were besides loaded."""
        self._live = live
        self._states: dict[str, dict[str, Any]] = {}
        self._owners: dict[str, tuple[Device, Entity]] = {}
        self._look_again = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    async def follow(self) -> None:
        """Look at what there is, and follow it from now on.

        Raises:
            DemoError: Home Assistant does not answer.

        """
        await self._live.subscribe(self._take_states, "subscribe_entities")
        await self._live.subscribe(self._take_entries, "config_entries/subscribe")
        for kind in ("entity_registry_updated", "device_registry_updated"):
            await self._live.subscribe(
                lambda _: self._look_again.set(), "subscribe_events", event_type=kind
            )
        await self._look()
        self._looking = asyncio.create_task(self._keep_looking(), name="registries")

    def stop(self) -> None:
        """Follow no longer."""
        if self._looking is not None:
            self._looking.cancel()

    @property
    def entities(self) -> list[Entity]:
        """All enabled entities."""
        return [entity for device in self.devices for entity in device.entities]

    def device(self, name: str) -> Device:
        """Return a device by its name; an empty one if there is none."""
        for device in self.devices:
            if device.name == name:
                return device
        return Device(name, "")

    async def _keep_looking(self) -> None:
        """Look at the registries again when they have changed."""
        # Whoever waits for something is told that the connection is gone.
        with suppress(DemoError):
            while True:
                await self._look_again.wait()
                self._look_again.clear()
                await self._look()

    async def _look(self) -> None:
        """Read the registries."""
        devices = {
            listed["id"]: Device(
                listed["name_by_user"] or listed["name"] or "", listed["model"] or ""
            )
            for listed in await self._live.command("config/device_registry/list")
            if any(domain == DOMAIN for domain, _ in listed["identifiers"])
        }
        # Who holds an entity goes on to see what becomes of it.
        known = {entity.entity_id: entity for entity in self.entities}
        owners = {}
        for listed in await self._live.command("config/entity_registry/list"):
            device = devices.get(listed["device_id"])
            if device is None or listed["platform"] != DOMAIN:
                continue
            if listed["disabled_by"]:
                device.disabled += 1
                continue
            entity_id, unique_id = listed["entity_id"], listed["unique_id"]
            entity = known.get(entity_id) or Entity(entity_id, unique_id)
            named = listed["name"] or listed["original_name"]
            # What a device is as a whole is called as the device itself.
            entity.name = named or entity.domain.replace("_", " ").capitalize()
            _show(entity, self._states.get(entity_id))
            device.entities.append(entity)
            owners[entity_id] = device, entity
        for device in devices.values():
            device.entities.sort(key=_order)
        self._owners = owners
        self.devices = sorted(devices.values(), key=lambda device: device.name)

    def _take_states(self, event: dict[str, Any]) -> None:
        """Take what subscribe_entities sends: added, changed and removed states."""
        for entity_id, added in event.get("a", {}).items():
            self._states[entity_id] = {"a": {}, **added}
        for entity_id, change in event.get("c", {}).items():
            state = self._states.setdefault(entity_id, {"a": {}})
            plus = change.get("+", {})
            gone = change.get("-", {}).get("a", ())
            kept = {key: value for key, value in state["a"].items() if key not in gone}
            self._states[entity_id] = {**state, **plus, "a": kept | plus.get("a", {})}
        for entity_id in event.get("r", ()):
            self._states.pop(entity_id, None)
        for entity_id in (
            *event.get("a", ()),
            *event.get("c", ()),
            *event.get("r", ()),
        ):
            if owned := self._owners.get(entity_id):
                device, entity = owned
                before = entity.state
                _show(entity, self._states.get(entity_id))
                if entity.state != before:
                    for listener in self.on_change:
                        listener(device, entity)

    def _take_entries(self, changes: list[dict[str, Any]]) -> None:
        """Note when an entry of the integration is not loaded."""
        for change in changes:
            entry = change["entry"]
            if entry["domain"] == DOMAIN and entry["state"] != "loaded":
                self.reloads.append(f"{entry['title']}: {entry['state']}")


def _order(entity: Entity) -> tuple[int, str]:
    """Return an entity's place among those of its device."""
    known = entity.domain in ORDER
    return ORDER.index(entity.domain) if known else len(ORDER), entity.name


def _show(entity: Entity, state: dict[str, Any] | None) -> None:
    """Give an entity its state."""
    if state is None:
        entity.state, entity.attributes, entity.changed = None, {}, None
        return
    entity.state, entity.attributes = state["s"], state["a"]
    entity.changed = datetime.fromtimestamp(state["lc"], UTC)
