"""The demo for machines: does what a user would do, and looks at the devices."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from .described import DescribedDevice
from .devices import INTERVAL, DemoDevice
from .errors import DemoError, until
from .picture import Entity
from .stage import Stage, Tell

REACTS_WITHIN: Final = 10
DEAD_WITHIN: Final = 3 * INTERVAL
BACK_WITHIN: Final = 45

LAST_ACTION: Final = "lastAction"
"""The attribute in which the bundled models' devices say what they were told to do."""


async def check(stage: Stage, tell: Tell) -> None:
    """Try all devices.

    Raises:
        DemoError: something does not do what it should.

    """
    described = [one for one in stage.devices if isinstance(one, DescribedDevice)]
    modelled = [one for one in stage.devices if one not in described]
    for device in modelled:
        await _toggle(stage, device, tell)
        await _press(stage, device, tell)
    for thing in described:
        await _operate(stage, thing, tell)
    for device in modelled:
        await _kill_and_start(stage, device, tell)
    await _look_for_exceptions(stage)


async def _toggle(stage: Stage, device: DemoDevice, tell: Tell) -> None:
    """Toggle a switch and see that the device itself has done it."""
    entity, name = _first(stage, device, "switch")
    before = (await device.read())[name]
    await stage.live.call("switch.toggle", entity.entity_id)
    await _sees(device, f"{name} changes", lambda state: state[name] is not before)
    shown = "off" if before else "on"
    await _is_shown(entity, shown)
    tell(f"{device.name}: {entity.name} switched {shown}, and the device did it")


async def _press(stage: Stage, device: DemoDevice, tell: Tell) -> None:
    """Press a button and see that the device itself has noted it."""
    entity, _ = _first(stage, device, "button")
    await stage.live.call("button.press", entity.entity_id)
    await _sees(
        device,
        f"its last action is {entity.name}",
        lambda state: state[LAST_ACTION] == entity.name,
    )
    tell(f"{device.name}: {entity.name} pressed, and the device did it")


async def _operate(stage: Stage, device: DescribedDevice, tell: Tell) -> None:
    """Do what the trial of a device is, and see that the device itself has done it.

    Raises:
        DemoError: it has no such entity, or does not do it.

    """
    trial = device.trial
    domain = trial.action.partition(".")[0]
    for entity in stage.picture.device(device.name).entities:
        if entity.domain == domain:
            await stage.live.call(trial.action, entity.entity_id, **trial.data)
            await _sees(
                device,
                f"{trial.place} is {trial.shows}",
                lambda state: state[trial.place] == trial.shows,
            )
            tell(f"{device.name}: {trial.action}, and the device did it")
            return
    raise DemoError(f"{device.name} has no {domain}")


async def _kill_and_start(stage: Stage, device: DemoDevice, tell: Tell) -> None:
    """Kill a device and start it again; see that its entities follow, and no others."""
    own = stage.picture.device(device.name).entities
    others = [entity for entity in stage.picture.entities if entity not in own]
    stage.picture.reloads.clear()
    await device.process.kill()
    gone = await until(
        lambda: not any(entity.available for entity in own),
        DEAD_WITHIN,
        f"{device.name} is unavailable after its end",
        lambda: _listed(entity for entity in own if entity.available),
    )
    if dead := [entity for entity in others if not entity.live]:
        raise DemoError(f"{_listed(dead)} died with {device.name}")
    await device.start()
    back = await until(
        lambda: not stage.missing(),
        BACK_WITHIN,
        f"{device.name} is back",
        stage.missing,
    )
    # What it has lost, Home Assistant must not go on to show.
    entity, name = _first(stage, device, "switch")
    shown = "on" if (await device.read())[name] else "off"
    await _is_shown(entity, shown)
    if stage.picture.reloads:
        raise DemoError(f"reloaded meanwhile: {', '.join(stage.picture.reloads)}")
    tell(
        f"{device.name}: killed, unavailable after {gone:.1f} s; "
        f"started, back after {back:.1f} s"
    )


async def _look_for_exceptions(stage: Stage) -> None:
    """See that nothing went wrong in the integration without showing.

    Raises:
        DemoError: Home Assistant's log has an exception of the integration.

    """
    for record in await stage.live.command("system_log/list"):
        where = f"{record['name']} {record['source'][0]} {record['exception']}"
        if record["exception"] and "device_models" in where:
            raise DemoError(f"in Home Assistant's log: {record['exception']}")


async def _sees(
    device: DemoDevice, what: str, condition: Callable[[dict[str, Any]], bool]
) -> None:
    """Ask the device itself until it says something."""

    async def seen() -> bool:
        return condition(await device.read())

    await until(seen, REACTS_WITHIN, f"{device.url}: {what}")


async def _is_shown(entity: Entity, state: str) -> None:
    """Wait until Home Assistant shows a state."""
    await until(
        lambda: entity.state == state,
        REACTS_WITHIN,
        f"{entity.entity_id} is {state}",
        lambda: f"it is {entity.state}",
    )


def _first(stage: Stage, device: DemoDevice, domain: str) -> tuple[Entity, str]:
    """Return the first entity of a kind, and the element that it stands for.

    Raises:
        DemoError: there is none.

    """
    for entity in stage.picture.device(device.name).entities:
        # The key of the device, the kind of element, its name
        element = entity.unique_id.split("-", 2)[-1]
        if entity.domain == domain and "." not in element:
            return entity, element
    raise DemoError(f"{device.name} has no {domain}")


def _listed(entities: Iterable[Entity]) -> str:
    """Return entities with their states."""
    return ", ".join(f"{entity.entity_id} is {entity.state}" for entity in entities)
