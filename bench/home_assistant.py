"""A real Home Assistant with an entry for each of many CoAP devices.

``python -m bench.home_assistant FOLDER``: its configuration is in the folder, and the
plan. Prints a line once the entries are set up of all devices that answer, and then
writes one to the file ``INSIDE`` every second: what only it knows.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
import json
from pathlib import Path
import re
import sys
import time
from types import MappingProxyType
from typing import Any, Final, TextIO

from homeassistant.bootstrap import async_setup_hass
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryData,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PORT,
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.runner import RuntimeConfig, configure_event_loop
from homeassistant.setup import async_setup_component

from custom_components.device_models.config_flow import DeviceModelsConfigFlow
from custom_components.device_models.const import (
    CONF_BASE,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_INTERVAL,
    CONF_KEY,
    CONF_SOURCE,
    CONF_SYSTEM,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from custom_components.device_models.systems import System

from .plan import INSIDE, TICK, Fate, Plan, name_of

LOOKS_EVERY: Final = 1.0
"""Seconds."""

ENTITY_ID: Final = re.compile(r"^sensor\.device_(\d+)_")
"""Of a device's entity; other integrations bring sensors, too."""


def document(attributes: int) -> dict[str, Any]:
    """Return the device file: nothing can be asked for together, or observed."""
    return {
        "model": {
            "urn": "urn:example:bench",
            "name": "Bench",
            "attributes": [
                {"name": name_of(one), "type": "INTEGER", "observable": False}
                for one in range(attributes)
            ],
        },
        "binding": {"coap": {"state": False}},
    }


def entry_of(number: int, port: int, plan: Plan) -> ConfigEntry:
    """Return the entry of one device, as the config flow would make it."""
    device = ConfigSubentryData(
        subentry_type=SUBENTRY_DEVICE,
        title=f"Device {number}",
        unique_id=f"bench {number}",
        data={
            CONF_KEY: f"bench-{number}",
            CONF_SOURCE: "file",
            CONF_BASE: "",
            CONF_DOCUMENT: document(plan.attributes),
        },
    )
    return ConfigEntry(
        data={
            CONF_SYSTEM: System.COAP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port,
            CONF_CONFIRMABLE: True,
            CONF_INTERVAL: plan.interval,
        },
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        minor_version=DeviceModelsConfigFlow.MINOR_VERSION,
        options={},
        source=SOURCE_USER,
        subentries_data=[device],
        title=f"CoAP {port}",
        unique_id=None,
        version=DeviceModelsConfigFlow.VERSION,
    )


def known(
    hass: HomeAssistant, live: Mapping[int, ConfigEntry], lag: float
) -> dict[str, Any]:
    """Return what is known now.

    Args:
        hass: Home Assistant.
        live: the entries of devices that live, by the numbers of these.
        lag: seconds by which the event loop was late, at worst, since the last time.

    """
    healths = [
        entry.runtime_data.connection.health(coordinator.device)
        for entry in live.values()
        if entry.state is ConfigEntryState.LOADED
        for coordinator in entry.runtime_data.coordinators.values()
    ]
    shown = Counter(
        int(number) in live
        for state in hass.states.async_all("sensor")
        if state.state not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
        for number in ENTITY_ID.findall(state.entity_id)
    )
    return {
        "at": time.monotonic(),
        "lag": lag,
        "tasks": len(asyncio.all_tasks()),
        "loaded": len(hass.config_entries.async_loaded_entries(DOMAIN)),
        "shown_live": shown[True],
        "shown_dead": shown[False],
        "retransmissions": sum(one.retransmissions or 0 for one in healths),
        "unanswered": sum(one.unanswered or 0 for one in healths),
    }


async def _look(
    hass: HomeAssistant, live: Mapping[int, ConfigEntry], inside: TextIO
) -> None:
    """Write down what is known, for ever."""
    loop = asyncio.get_running_loop()
    lag = 0.0
    due = written = loop.time()
    while True:
        lag = max(lag, loop.time() - due)
        if due - written >= LOOKS_EVERY:
            inside.write(json.dumps(known(hass, live, lag)) + "\n")
            inside.flush()
            lag, written = 0.0, due
        due = loop.time() + TICK
        await asyncio.sleep(TICK)


async def run(folder: Path) -> int:
    """Run it until SIGTERM; returns the exit code."""
    plan = Plan.read(folder)
    loop = asyncio.get_running_loop()
    configure_event_loop(loop)
    with (folder / INSIDE).open("w", encoding="utf-8") as inside:
        hass = await async_setup_hass(
            RuntimeConfig(config_dir=str(folder), skip_pip=True, log_no_color=True)
        )
        if hass is None:
            return 1
        started = asyncio.Event()

        @callback
        def note(_event: Event) -> None:
            started.set()

        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STARTED, note)
        running = loop.create_task(hass.async_run(), name="Home Assistant")
        await started.wait()
        entries = [
            entry_of(number, port, plan) for number, port in enumerate(plan.ports)
        ]
        # Otherwise the first entry would do it, and the others wait for all of them.
        await async_setup_component(hass, DOMAIN, {})
        adding = [
            loop.create_task(hass.config_entries.async_add(one)) for one in entries
        ]
        answering = [
            task
            for task, fate in zip(adding, plan.fates, strict=True)
            if fate is not Fate.NEVER
        ]
        await asyncio.gather(*answering)
        print("ready", flush=True)
        live = {number: entries[number] for number in plan.live}
        looking = loop.create_task(_look(hass, live, inside), name="look")
        code = await running
        for task in (looking, *adding):
            task.cancel()
        return code


if __name__ == "__main__":
    sys.exit(asyncio.run(run(Path(sys.argv[1]))))
