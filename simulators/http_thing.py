"""The resources of a simulated Thing behind HTTP, and its Thing Description.

What is where, and how it is asked for, is said by the forms of the Thing Description,
which is at ``/.well-known/wot``. A form that does not say in which way something is
told is one for long polling, as other clients take it.
"""

from collections.abc import Iterator
from typing import Any, Final, override
from urllib.parse import unquote

from aiohttp import web

from custom_components.device_models.iot.model import DeviceModel
from custom_components.device_models.iot.values import JsonValue

from .behaviour import Alert
from .http_layout import WELL_KNOWN, HttpLayout, MakeLayout, Setting, wants_stream
from .http_resources import Calls, Refusal, body, content, write
from .http_streams import Topic
from .thing import HTTP, Operation, Thing, data_of

READS: Final = frozenset(
    {"readproperty", "readallproperties", "readmultipleproperties"}
)
TELLS: Final = frozenset(
    {
        "observeproperty", "observeallproperties", "subscribeevent",
        "subscribeallevents",
    }
)  # fmt: skip
WRITES: Final = frozenset(
    {"writeproperty", "writeallproperties", "writemultipleproperties"}
)

STREAMS: Final = ("subprotocol", "sse"), ("contentType", "text/event-stream")
"""What a form says by which events are streamed."""


class ThingLayout(HttpLayout):
    """Everything where the forms are."""

    def __init__(self, setting: Setting, model: DeviceModel) -> None:
        """Read the Thing Description, which is the source of the model."""
        super().__init__(setting)
        base = f"/{setting.base}" if setting.base else ""
        self._thing = Thing(model.source, model, HTTP, base)
        self._operations: dict[str, list[Operation]] = {}
        for one in self._thing.operations():
            path = unquote(one.path)
            self._operations.setdefault(path, []).append(one)
            if one.op in TELLS:
                self.topics.setdefault(path, Topic())
            if one.op == "invokeaction":
                action = model.action(one.name)
                self.calls[path] = Calls(
                    self.device, setting.faults, action, setting.takes
                )

    @override
    def description(self, address: str) -> dict[str, Any]:
        definitions = self.setting.access.definitions
        return {
            **self._thing.description(address),
            "base": f"{address}/{self.setting.base}".rstrip("/") + "/",
            "securityDefinitions": definitions,
            "security": [*definitions],
        }

    @override
    def describes(self, path: str) -> bool:
        return path == WELL_KNOWN or (
            super().describes(path) and unquote(path) not in self._operations
        )

    @override
    def changes(self, names: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
        changed = [
            one
            for one in self.device.model.attributes
            if (one.readable or one.media_type)
            and any(
                name == one.name or name.startswith(f"{one.name}.") for name in names
            )
        ]
        for path, name in self._told("observeproperty", "observeallproperties"):
            for one in changed:
                if name in {"", one.name}:
                    yield path, "" if name else one.name, self.device.read(one.name)

    @override
    def alerts(self, alert: Alert) -> Iterator[tuple[str, str, Any]]:
        for path, name in self._told("subscribeevent", "subscribeallevents"):
            if name in {"", alert.format}:
                yield path, "" if name else alert.format, data_of(alert)

    @override
    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        path = unquote(path)
        here = self._operations.get(path)
        if here is None:
            above, _, number = path.rpartition("/")
            if above in self.calls:
                return self.calls[above].about(request, number)
            raise Refusal(404, "no such resource")
        method = "GET" if request.method == "HEAD" else request.method
        possible = [one for one in here if one.method == method]
        telling = [one for one in possible if one.op in TELLS]
        reads = [one for one in possible if one.op in READS]
        if any(map(_streams, telling)) and (wants_stream(request) or not reads):
            return await self.topics[path].stream(request)
        if reads:
            return self._read(request, reads)
        if telling:
            return await self.topics[path].answer(
                request, lambda: self._last(request, telling)
            )
        if not possible:
            raise Refusal(405, "not with that method")
        one = possible[0]
        if one.op == "invokeaction":
            return await self.calls[path].invoke(request)
        if one.op.startswith("un"):
            return web.Response(status=204)  # who leaves need not be told more
        return await self._write(request, [one for one in possible if _writes(one)])

    # Inside

    def _told(self, single: str, every: str) -> Iterator[tuple[str, str]]:
        """Yield the topics of some operations, and of what: empty if of several."""
        for path in self.topics:
            names = {
                one.name if one.op == single else ""
                for one in self._operations[path]
                if one.op in {single, every}
            }
            if names:
                yield path, names.pop() if len(names) == 1 else ""

    async def _write(
        self, request: web.Request, writes: list[Operation]
    ) -> web.Response:
        """Write a property, or several of them.

        Raises:
            Refusal: it does not fit, or nothing is written here.

        """
        if not writes:
            raise Refusal(501, "not simulated")
        name, taken = writes[0].name, {one.media for one in writes}
        if name:
            kind = self.device.model.attribute(name).type
            return write(self.device, {name: await body(request, kind, taken=taken)})
        values = await body(request, taken=taken)
        if not isinstance(values, dict):
            raise Refusal(400, "expected an object")
        return write(self.device, values)

    def _read(self, request: web.Request, reads: list[Operation]) -> web.Response:
        """Answer with a property, or with all of them.

        Raises:
            Refusal: it is not to be had like that.

        """
        name = reads[0].name
        value = self.device.read(name) if name else self.device.state()
        return self._content(request, value, reads, max_age=self.setting.max_age)

    def _last(self, request: web.Request, telling: list[Operation]) -> web.Response:
        """Answer with what was told last."""
        one = telling[0]
        if one.op.startswith("observe"):
            return self._read(request, telling)
        alert = self.device.alerts.get(one.name)
        if alert is None:
            return web.Response(status=204)
        return self._content(request, data_of(alert), telling)

    def _content(
        self,
        request: web.Request,
        value: JsonValue,
        operations: list[Operation],
        *,
        max_age: int | None = None,
    ) -> web.Response:
        """Answer with a value, in a format of the forms."""
        return content(
            request,
            value,
            self.setting.faults,
            offered=tuple(dict.fromkeys(one.media for one in operations)),
            max_age=max_age,
        )


def _streams(one: Operation) -> bool:
    """Whether events are streamed at a form."""
    return any(one.content.get(key) == told for key, told in STREAMS)


def _writes(one: Operation) -> bool:
    """Whether properties are written at a form."""
    return one.op in WRITES


def of_thing(model: DeviceModel) -> MakeLayout:
    """Return the layout of a Thing: what it says, and where its forms are."""
    return lambda setting: ThingLayout(setting, model)
