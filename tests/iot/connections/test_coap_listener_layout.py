"""Where a device posts what, and what is made of what a strange device posts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap_listener import lately
from custom_components.device_models.iot.connections.coap_listener.layout import (
    listener_layout,
)
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.matching import match
from custom_components.device_models.iot.values import DataType

from .listening import Listening
from .things import THING, model_of, shown

MODEL = load_document(THING, "thing").model


def paths(**layout: Any) -> dict[str, set[str]]:
    """Return the paths of a layout, with the attributes that are posted there."""
    found = listener_layout(
        MODEL, Binding(base="a/b", layouts={"coap_listener": layout})
    )
    values = {"/".join(path): one.names for path, one in found.values.items()}
    alerts = {"/".join(path): {name} for path, (name, _) in found.alerts.items()}
    return {path: set(names) for path, names in (values | alerts).items()}


def test_default_layout() -> None:
    night = {"night.hour", "night.dim", "night.until"}
    assert paths() == {
        "a/b/state": {"temperature", "level", "power", "label", *night},
        "a/b/temperature": {"temperature"},
        "a/b/level": {"level"},
        "a/b/power": {"power"},
        "a/b/label": {"label"},
        "a/b/night": night,
        "a/b/alert/hot": {"hot"},
    }


def test_binding_moves_elements() -> None:
    found = paths(
        state=False,
        attributes={
            "temperature": {"path": "m", "pointer": "/t"},
            "level": {"path": "m", "pointer": "/l"},
            "power": "/elsewhere/p",
            "label": False,
            "night": {"read": False},
        },
        alerts={"hot": "h"},
        commands="c",
    )
    assert "a/b/alert/hot" not in paths(alerts={"hot": False})
    assert found == {
        "a/b/m": {"temperature", "level"},
        "elsewhere/p": {"power"},
        "a/b/h": {"hot"},
    }


@pytest.mark.parametrize(
    ("layout", "complaint"),
    [
        ({"attributes": {"x": "y"}}, "attributes.x: the model has no such element"),
        ({"attributes": {"level": {"path": "a?b"}}}, "expected a path without a query"),
        ({"attributes": {"level": {"path": ".."}}}, "expected a path"),
        ({"attributes": {"level": {"pointer": "x"}}}, "pointer: expected a JSON point"),
        ({"attributes": {"level": {"format": "x"}}}, "format: expected one of"),
        ({"attributes": {"level": {"times": "x"}}}, "times: expected milliseconds"),
        ({"attributes": {"level": "commands"}}, "this is the path of the commands"),
        ({"state": {"path": "c"}, "commands": "c"}, "this is the path of the commands"),
        ({"alerts": {"hot": "commands"}}, "this is the path of the commands"),
        ({"actions": {"reset": "x"}}, "expected false"),
        ({"commands": "/"}, "expected a path"),
        ({"state": 7}, "expected a path, or an object"),
    ],
)
def test_binding_that_is_not_usable(layout: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        paths(**layout)


def test_attributes_with_the_names_of_resources() -> None:
    model = model_of(
        {"name": "state", "type": "INTEGER"},
        {"name": "commands", "type": "INTEGER", "writable": True},
    )
    found = listener_layout(model, Binding(base="a"))
    assert found.values[("a", "state")].names == {"state", "commands"}
    assert ("a", "commands") not in found.values
    assert found.commands == ("a", "commands")
    assert set(found.settable) == {"commands"}


async def test_device_that_posts_another_shape(server: Listening) -> None:
    layout = {
        "state": {"path": "up", "format": "cbor"},
        "attributes": {
            "temperature": {"path": "m", "pointer": "/values/0"},
            "level": {"path": "m", "pointer": "/values/1"},
        },
    }
    device = await server.add(layout=layout)
    response = await server.send.post(
        cbor2.dumps({"power": True}), "up", content_format=None
    )
    assert response.code == "2.04"
    assert (await server.send.post({"values": [21, 4]}, "m")).code == "2.04"
    assert shown(device) == {"power": True, "temperature": 21, "level": 4}


# From a device that is not known


async def test_device_is_described_by_what_it_posts(server: Listening) -> None:
    send, listener = server.send, server.listener
    assert (await send.post({"temp": 21.5, "door": "open"}, "/x/y/state")).code == (
        "4.04"
    )
    await send.post(b"47", "/x/y/humidity")
    await send.post(cbor2.dumps(True), "/x/y/heating", content_format=60)
    await send.post(b"tok-4711", "/x/y/token", content_format=0)
    await send.post(b'[{"n":"co2","v":700}]', "/x/y/air", content_format=110)
    await send.post({"level": 3}, "/x/y/alert/low")
    await send.post(b"\xff\xfe", "/x/y/noise")
    await send.post(b"<a/>", "/x/y/xml", content_format=41)
    await send.post({"other": 1}, "/x/z/state")
    loaded = await listener.describe("/x/y/")
    assert loaded.model.draft
    types = {name: leaf.type for name, leaf in loaded.model.leaves.items()}
    assert types == {
        "temp": DataType.NUMBER,
        "door": DataType.STRING,
        "humidity": DataType.INTEGER,
        "heating": DataType.BOOLEAN,
        "token": DataType.STRING,
        "air": DataType.INTEGER,
    }
    assert "4711" not in str(loaded.document)


async def test_models_are_compared_by_where_they_expect_what(
    server: Listening,
) -> None:
    await server.send.post({"t": 21.5, "h": 40}, "/x/y/weather/now")
    await server.send.post({"celsius": 90}, "/x/y/alert/hot")
    described = await server.listener.describe("x/y")
    assert set(described.model.leaves) == {"weather/now.t", "weather/now.h"}
    place = {"path": "weather/now", "pointer": "/t"}
    document: dict[str, Any] = {
        "model": {
            "urn": "urn:x",
            "name": "X",
            "attributes": [{"name": "temperature", "type": "NUMBER"}],
        },
        "binding": {"coap_listener": {"attributes": {"temperature": place}}},
    }
    fitting = match(load_document(document, "x"), described, "x/y")
    assert "1 of 1 attributes found" in fitting.reason
    document["binding"] = {"coap_listener": {"attributes": {"nobody": "x"}}}
    assert match(load_document(document, "x"), described, "x/y").score == 0


async def test_nothing_was_posted(server: Listening) -> None:
    with pytest.raises(ModelError, match=r"nothing was posted below /x lately$"):
        await server.listener.describe("x")
    await server.send.post({"a": 1}, "/here/now/state")
    await server.send.post({"a": 1}, "/top")
    with pytest.raises(ModelError, match=r"lately; lately below: here/now$"):
        await server.listener.describe("x")
    with pytest.raises(ModelError, match="are no names of resources"):
        await server.listener.describe("x/..")
    await server.send.post(b"no values", "/x/state")
    with pytest.raises(ModelError):
        await server.listener.describe("x")


async def test_what_is_remembered_is_bounded(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lately, "MAX_PATHS", 3)
    send, remembered = server.send, server.listener._lately
    for number in range(5):
        await send.post({"a": number}, f"/x/{number}")
    await send.post({"a": 9}, "/x/3")
    await send.post({"a": "x" * 2000}, "/x/blocks")
    await send.post(b"", "/x/empty")
    await send.get("/x/get")
    found = [("/".join(one.path), one.payload) for one, _ in remembered.all()]
    assert found == [
        ("x/2", b'{"a": 2}'),
        ("x/4", b'{"a": 4}'),
        ("x/3", b'{"a": 9}'),
    ]
    monkeypatch.setattr(lately, "MAX_SECONDS", 0)
    assert list(remembered.all()) == []


async def test_values_that_came_before_the_device_was_added(server: Listening) -> None:
    await server.send.post({"temperature": 20, "level": 1}, "/one/state")
    await server.send.post({"level": 2}, "/one/state")
    await server.send.post({"temperature": 80}, "/one/alert/hot")
    await server.send.post(b"\xff", "/one/temperature")
    await server.send.post({"x": 1}, "/one/night")
    await asyncio.sleep(0.1)
    device = await server.add("one")
    assert shown(device) == {"level": 2}  # the newest message of each path
    assert device.online
    # They are as old as they are.
    health = server.listener.health(device)
    assert health.push_age is not None
    assert health.push_age > 0.1
    assert datetime.now(UTC) - device.values["level"].at > timedelta(seconds=0.1)
    silent = await server.add("one", silent_after=0.1)
    assert shown(silent) == {}
    assert not silent.online


@pytest.mark.parametrize("reception", [{"key": "k"}, {"senders": ("192.0.2.1",)}])
async def test_values_from_who_may_not_send_do_not_count(
    server: Listening, reception: dict[str, Any]
) -> None:
    await server.send.post({"level": 1}, "/one/state?key=k")
    device = await server.add("one", **reception)
    assert shown(device) == {}
    assert not device.online
