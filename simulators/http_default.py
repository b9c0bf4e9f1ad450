"""The default layout of a simulated HTTP device.

Below its base path: ``state`` (all attributes), one resource for each attribute and
each action, ``alert/<name>`` for each format, and ``longpoll/…`` for what answers when
there is something new.
"""

from collections.abc import Iterator
from typing import Any, Final, override
from urllib.parse import unquote

from aiohttp import web

from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, JsonValue

from .behaviour import Alert
from .http_description import path_of, thing_description
from .http_layout import HttpLayout, Setting, wants_stream
from .http_resources import Calls, Refusal, body, content, told, write
from .http_streams import Topic
from .payloads import Media

OBJECTS: Final = (Media.JSON, Media.CBOR, Media.SENML_JSON)
VALUES: Final = (*OBJECTS, Media.TEXT)
PICTURES: Final = (Media.PNG,)
MESSAGES: Final = (Media.JSON, Media.CBOR)


class DefaultLayout(HttpLayout):
    """Everything at the place of its name."""

    def __init__(self, setting: Setting) -> None:
        """Note what there is."""
        super().__init__(setting)
        model = self.device.model
        names = [attribute.name for attribute in model.attributes]
        alerts = [path_of("alert", shape.name) for shape in model.formats]
        self.topics = {
            path: Topic() for path in ("state", *map(path_of, names), *alerts)
        }
        self.calls = {
            path_of(action.name): Calls(
                self.device, setting.faults, action, setting.takes
            )
            for action in model.actions
        }

    @override
    def description(self, address: str) -> dict[str, Any]:
        """Return the Thing Description of the device at an address.

        References are relative to the base, which has to be absolute (RFC 3986 §5.1).
        """
        described = thing_description(
            self.device.model,
            security=self.setting.access.definitions,
            asynchronous=bool(self.setting.takes),
        )
        below = f"{self.setting.base}/" if self.setting.base else ""
        return {**described, "base": f"{address}/{below}"}

    @override
    def changes(self, names: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
        for attribute in self.device.model.attributes:
            prefix = f"{attribute.name}."
            changed = any(
                one == attribute.name or one.startswith(prefix) for one in names
            )
            if changed and attribute.media_type:
                # What it is now, is asked for.
                yield path_of(attribute.name), "", "changed"
            elif changed and attribute.readable:
                value = self._value(attribute)
                yield path_of(attribute.name), "", value
                yield "state", attribute.name, value

    @override
    def alerts(self, alert: Alert) -> Iterator[tuple[str, str, Any]]:
        yield path_of("alert", alert.format), "", alert.content

    @override
    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        path = path.strip("/")
        if base := self.setting.base:
            if not path.startswith(f"{base}/"):
                raise Refusal(404, "no such resource")
            path = path.removeprefix(base).strip("/")
        way, _, below = path.partition("/")
        if way == "longpoll" and below in self.topics:
            return await self.topics[below].answer(
                request, lambda: self._read(request, below)
            )
        if request.method == "GET" and path in self.topics:
            if wants_stream(request):
                return await self.topics[path].stream(request)
            return self._read(request, path)
        if request.method in {"PUT", "PATCH"}:
            return await self._write(request, path)
        return await self._act(request, path)

    # Inside

    def _value(self, attribute: Attribute) -> JsonValue:
        """Return the value of an attribute as it is told."""
        return told(attribute, self.device.read(attribute.name))

    def _read(self, request: web.Request, path: str) -> web.Response:
        """Answer with a value, or the last message of a format.

        Raises:
            Refusal: it cannot be read.

        """
        model, faults = self.device.model, self.setting.faults
        units = {leaf.name: leaf.unit for leaf in model.leaves.values()}
        if path.startswith("alert/"):
            alert = self.device.alerts.get(unquote(path.partition("/")[2]))
            if alert is None:
                return web.Response(status=204)
            return content(request, alert.content, faults, offered=MESSAGES)
        name = ""
        offered: tuple[Media, ...] = OBJECTS
        value: JsonValue
        if path == "state":
            value = {
                one.name: self._value(one) for one in model.attributes if one.readable
            }
        else:
            name = unquote(path)
            attribute = next(one for one in model.attributes if one.name == name)
            if not (attribute.readable or attribute.media_type):
                raise Refusal(405, "it can only be written")
            value = self._value(attribute)
            offered = OBJECTS if attribute.type is DataType.OBJECT else VALUES
            if attribute.media_type:
                offered = PICTURES
        return content(
            request,
            value,
            faults,
            offered=offered,
            max_age=self.setting.max_age,
            name=name,
            units=units,
        )

    async def _write(self, request: web.Request, path: str) -> web.Response:
        """Write what a request brings.

        Raises:
            Refusal: it does not fit, or there is no such attribute.

        """
        if path == "state":
            values = await body(request)
            if not isinstance(values, dict):
                raise Refusal(400, "expected an object")
            return write(self.device, values)
        name = unquote(path)
        for attribute in self.device.model.attributes:
            if attribute.name == name:
                if not any(leaf.writable for _path, leaf in attribute.leaves()):
                    raise Refusal(405, "it can only be read")
                return write(self.device, {name: await body(request, attribute.type)})
        raise Refusal(404, "no such resource")

    async def _act(self, request: web.Request, path: str) -> web.Response:
        """Call an action, ask for a call, or end it.

        Raises:
            Refusal: there is no such action or call.

        """
        name, _, number = path.partition("/")
        calls = self.calls.get(name)
        if calls is None:
            raise Refusal(405 if path in self.topics else 404, "no such resource")
        if number:
            return calls.about(request, number)
        if request.method == "POST":
            return await calls.invoke(request)
        raise Refusal(405, "not with that method")
