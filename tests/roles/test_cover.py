"""Covers, with a device on the other end."""

from homeassistant.core import HomeAssistant
import pytest

from .devices import running
from .models import Document, boolean, choice, device, percent

pytestmark = pytest.mark.usefixtures("integration")

THING = "cover.thing"


async def test_position_tilt_and_state(hass: HomeAssistant) -> None:
    document = device(
        percent("position"), percent("tilt"),
        choice("status", "open", "closed", "opening", "closing", "stopped",
               writable=False),
        actions=("stop",), semanticType="Blind",
    )  # fmt: skip
    values = {"position": 0, "tilt": 25, "status": "closed"}
    async with running(hass, document, values) as thing:
        assert thing.shown(
            THING, "current_position", "current_tilt_position", "device_class"
        ) == ["closed", 0, 25, "blind"]
        for service, data, name, value in (
            ("set_cover_position", {"position": 40}, "position", 40),
            ("open_cover", {}, "position", 100),
            ("close_cover", {}, "position", 0),
            ("set_cover_tilt_position", {"tilt_position": 60}, "tilt", 60),
            ("open_cover_tilt", {}, "tilt", 100),
            ("close_cover_tilt", {}, "tilt", 0),
        ):
            await thing.call(THING, service, **data)
            assert thing.values[name] == value, service
        await thing.call(THING, "stop_cover")
        assert [call.action for call in thing.device.calls] == ["stop"]
        for state in ("opening", "closing", "open", "closed"):
            await thing.has(status=state)
            assert thing.state(THING) == state
        await thing.has(status="stopped", position=1)
        assert thing.shown(THING, "current_position") == ["open", 1]


async def test_where_it_is_and_where_it_is_to_go(hass: HomeAssistant) -> None:
    document = device(
        percent("target_position"), percent("position", writable=False),
        semanticType="Shutter",
    )  # fmt: skip
    values = {"target_position": 100, "position": 30}
    async with running(hass, document, values) as thing:
        assert thing.shown(THING, "current_position") == ["open", 30]
        await thing.call(THING, "set_cover_position", position=55)
        assert thing.values["target_position"] == 55


async def test_how_far_it_is_closed(hass: HomeAssistant) -> None:
    document = device(percent("closure", range="0,200"), semanticType="Shutter")
    async with running(hass, document, {"closure": 50}) as thing:
        assert thing.shown(THING, "current_position") == ["open", 75]
        await thing.call(THING, "set_cover_position", position=10)
        assert thing.values["closure"] == 180
        await thing.call(THING, "close_cover")
        assert thing.values["closure"] == 200
        assert thing.state(THING) == "closed"


async def test_actions_alone_are_assumed(hass: HomeAssistant) -> None:
    document = device(actions=("up", "down", "stop"), semanticType="Awning")
    async with running(hass, document) as thing:
        # Home Assistant is told nothing of where it is.
        for service, action in (
            ("open_cover", "up"),
            ("close_cover", "down"),
            ("stop_cover", "stop"),
        ):
            if thing.state(THING) == "unavailable":
                (coordinator,) = thing.entry.runtime_data.coordinators.values()
                coordinator.device.hear()
                await hass.async_block_till_done()
            await thing.call(THING, service)
            assert thing.device.calls[-1].action == action
        assert thing.shown(THING, "assumed_state") == ["unknown", True]


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (device(choice("command", "UP", "DOWN", "STOP"), name="Blind"), "command"),
        (
            device(
                percent("position", writable=False),
                actions=(
                    {
                        "name": "move",
                        "arguments": [choice("value", "UP", "DOWN", "STOP")],
                    },
                ),
                name="Blind",
            ),
            "",
        ),
    ],
)
async def test_one_word_for_each_order(
    hass: HomeAssistant, document: Document, sent: str
) -> None:
    async with running(hass, document) as thing:
        for service, word in (
            ("open_cover", "UP"),
            ("close_cover", "DOWN"),
            ("stop_cover", "STOP"),
        ):
            await thing.call(THING, service)
            if sent:
                assert thing.values[sent] == word
            else:
                assert thing.device.calls[-1].arguments == {"value": word}


async def test_open_or_not(hass: HomeAssistant) -> None:
    document = device(boolean("open"), semanticType="GarageDoor")
    async with running(hass, document, {"open": False}) as thing:
        assert thing.shown(THING, "device_class") == ["closed", "garage"]
        await thing.call(THING, "open_cover")
        assert thing.values["open"] is True
        assert thing.state(THING) == "open"
        await thing.call(THING, "close_cover")
        assert thing.values["open"] is False


async def test_actions_and_a_contact(hass: HomeAssistant) -> None:
    document = device(
        boolean("is_open", writable=False), actions=("open", "close"), name="Gate"
    )
    async with running(hass, document, {"is_open": True}) as thing:
        assert thing.shown(THING, "assumed_state") == ["open", None]
        await thing.has(is_open=False)
        assert thing.state(THING) == "closed"


async def test_nothing_is_shown_that_is_not_known(hass: HomeAssistant) -> None:
    document = device(percent("position"), percent("tilt"), semanticType="Blind")
    async with running(hass, document) as thing:
        await thing.forget("position", "tilt")
        assert thing.shown(THING, "current_position", "current_tilt_position") == [
            "unknown",
            None,
            None,
        ]
