"""The HTTP part of a binding is read, and what is wrong with it is told."""

from typing import Any

import pytest
from yarl import URL

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.http import HttpSettings
from custom_components.device_models.iot.connections.http.layout import http_layout
from custom_components.device_models.iot.errors import ModelError, ValueRefusedError
from custom_components.device_models.iot.formats import load_document

from .things import THING

MODEL = load_document(THING, "thing").model


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ({"attributes": {"x": "y"}}, r"attributes\.x: the model has no such element"),
        ({"attributes": {"level": 1}}, "expected a url"),
        ({"attributes": {"level": "ftp://x/y"}}, "expected a URL of http, https, ws"),
        ({"attributes": {"level": "http://["}}, "expected a URL"),
        ({"attributes": {"level": "http://u:p@x/"}}, "without user name and password"),
        ({"attributes": {"level": "x" * 2001}}, "at most 2000 characters"),
        ({"attributes": {"level": {"method": "PUT"}}}, "expected one of GET, POST"),
        ({"attributes": {"level": {"observe": True}}}, "expected one of longpoll, sse"),
        ({"attributes": {"level": {"observe": "coap"}}}, "expected one of longpoll"),
        ({"attributes": {"level": {"format": "xml"}}}, "expected one of json"),
        ({"state": {"times": "x"}}, "expected milliseconds or iso"),
        ({"actions": {"move": {"method": "FETCH"}}}, "expected one of POST, PUT"),
    ],
)
def test_what_is_wrong_is_told(layout: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        http_layout(MODEL, Binding(layouts={"http": layout}), URL("http://h/"))


def test_base_that_is_no_path() -> None:
    with pytest.raises(ModelError, match="base"):
        http_layout(MODEL, Binding(base="x" * 2000), URL("http://h/"))


def test_absolute_and_relative_urls() -> None:
    layout = {"attributes": {"level": "/l", "label": "l", "power": "https://p:8/l"}}
    binding = Binding(base="/b/", layouts={"http": layout})
    found = http_layout(MODEL, binding, URL("http://h:1/a/"))
    assert [one.path for one in found.resources] == [
        "http://h:1/a/b/state",
        "http://h:1/a/b/temperature",
        "http://h:1/l",
        "https://p:8/l",
        "http://h:1/a/b/l",
        "http://h:1/a/b/night",
    ]
    assert found.alerts["hot"].path == "http://h:1/a/b/alert/hot"


@pytest.mark.parametrize(
    ("spelled", "base"),
    [
        ("http://h", "http://h/"),
        (" https://h:8443/a ", "https://h:8443/a/"),
        ("http://[::1]:80/a/?x=1#y", "http://[::1]/a/"),
    ],
)
def test_addresses(spelled: str, base: str) -> None:
    found = HttpSettings(url=spelled).base
    assert found == URL(base)
    assert str(found).endswith("/")  # what is joined to it as text is below it


@pytest.mark.parametrize("spelled", ["", "h", "ftp://h", "http://", "http://u:p@h/"])
def test_what_is_no_address(spelled: str) -> None:
    with pytest.raises(ValueRefusedError, match="url: expected"):
        _ = HttpSettings(url=spelled).base
