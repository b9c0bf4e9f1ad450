"""The resources of a simulated HTTP device: state, attributes, messages, actions."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
import hashlib
import json
import logging
from typing import Any, Final

from aiohttp import web

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.model import Action, Attribute, Typed
from custom_components.device_models.iot.values import DataType, JsonValue

from .behaviour import ReadOnlyError, SimulatedDevice
from .faults import Faults
from .payloads import Media, UnreadableError, decode, encode, from_text

_LOGGER = logging.getLogger(__name__)

MEDIA_TYPES: Final = {
    Media.JSON: "application/json",
    Media.CBOR: "application/cbor",
    Media.SENML_JSON: "application/senml+json",
    Media.TEXT: "text/plain",
    Media.PNG: "image/png",
}

BY_TYPE: Final = {
    media_type: media
    for media, media_type in MEDIA_TYPES.items()
    if media is not Media.PNG
}
"""What can be written."""

KEPT: Final = 20
"""How many calls of an action are kept."""


class Refusal(web.HTTPException):
    """An answer that says no, and why."""

    def __init__(self, status: int, problem: str) -> None:
        """Take the status, and a text for people."""
        self.status_code = status
        super().__init__(text=problem[:200])


def content(
    request: web.Request,
    value: JsonValue,
    faults: Faults,
    *,
    offered: tuple[Media, ...],
    max_age: int | None = None,
    name: str = "",
    units: Mapping[str, str | None] | None = None,
) -> web.Response:
    """Answer with a value, in what the client likes best; or that it has it already.

    Raises:
        Refusal: it likes nothing of what is offered.

    """
    media = _accepted(request, offered)
    payload = encode(value, media, name=name, units=units)
    tag = f'"{hashlib.sha256(bytes([media]) + payload).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Vary": "Accept"}
    headers["Cache-Control"] = "no-cache" if max_age is None else f"max-age={max_age}"
    if request.headers.get("If-None-Match") == tag and not faults.garbage:
        return web.Response(status=304, headers=headers)
    return web.Response(
        body=faults.spoil(payload),
        headers={**headers, "Content-Type": MEDIA_TYPES[media]},
    )


async def body(
    request: web.Request,
    kind: DataType | None = None,
    *,
    taken: Collection[Media] = tuple(MEDIA_TYPES),
) -> Any:
    """Return what a request brings, in one of the formats that are taken.

    Raises:
        Refusal: it is in a format that is not taken, or not what that says.

    """
    media = BY_TYPE.get(request.content_type)
    payload = await request.read()
    if media not in taken and payload:
        raise Refusal(415, "not taken")
    try:
        return decode(payload, media or Media.JSON, kind)
    except UnreadableError as err:
        raise Refusal(400, str(err)) from err


def told(element: Typed | Attribute, value: JsonValue) -> JsonValue:
    """Return a value as a Thing has it: times as ISO 8601."""
    if element.type is DataType.DATETIME and isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat()
    if isinstance(element, Attribute) and isinstance(value, Mapping):
        members = {member.name: member for member in element.members}
        return {name: told(members[name], inner) for name, inner in value.items()}
    return value


def meant(element: Typed | Attribute, value: Any) -> Any:
    """Return a value as the device takes it."""
    if element.type is DataType.DATETIME and isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(element, Attribute) and isinstance(value, Mapping):
        members = {member.name: member for member in element.members}
        return {
            name: meant(members[name], inner) if name in members else inner
            for name, inner in value.items()
        }
    return value


def write(device: SimulatedDevice, values: Mapping[str, Any]) -> web.Response:
    """Write attributes.

    Raises:
        Refusal: a value does not fit.

    """
    known = {attribute.name: attribute for attribute in device.model.attributes}
    try:
        device.write(
            {
                name: meant(known[name], value) if name in known else value
                for name, value in values.items()
            }
        )
    except (DeviceModelsError, ReadOnlyError) as err:
        raise Refusal(400, str(err)) from err
    _LOGGER.info("written: %.200s", values)
    return web.Response(status=204)


class Calls:
    """The calls of one action, at once or going on (W3C WoT Profile, "Actions")."""

    def __init__(
        self, device: SimulatedDevice, faults: Faults, action: Action, takes: float
    ) -> None:
        """Take the action; with ``takes`` 0 it is done when it is answered."""
        self._device = device
        self._faults = faults
        self._action = action
        self._takes = takes
        self._statuses: dict[str, dict[str, JsonValue]] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    def end(self) -> None:
        """End what runs."""
        for task in self._running.values():
            task.cancel()

    async def invoke(self, request: web.Request) -> web.Response:
        """Do the action, or begin to.

        Raises:
            Refusal: the arguments do not fit.

        """
        known = {argument.name: argument for argument in self._action.arguments}
        arguments: dict[str, Any] = {}
        try:
            for name in known.keys() & request.query.keys():
                arguments[name] = from_text(request.query[name], known[name].type)
        except UnreadableError as err:
            raise Refusal(400, str(err)) from err
        if request.can_read_body:
            sent = await body(request)
            # What is no object is the only argument.
            arguments |= sent if isinstance(sent, dict) else {"value": sent}
        arguments = {
            name: meant(known[name], value) if name in known else value
            for name, value in arguments.items()
        }
        if not self._takes:
            result = self._call(arguments, lambda err: Refusal(400, str(err)))
            if result is None:
                return web.Response(status=204)
            return self._answer(result)
        number = str(len(self._statuses) + 1)
        place = f"{request.path.rstrip('/')}/{number}"
        status: dict[str, JsonValue] = {"status": "pending", "href": place}
        self._statuses[number] = status
        if len(self._statuses) > KEPT:
            self._statuses.pop(next(iter(self._statuses)))
        self._running[number] = asyncio.create_task(self._run(number, arguments))
        return self._answer(status, status=201, headers={"Location": place})

    def about(self, request: web.Request, number: str) -> web.Response:
        """Answer what is asked of a call.

        Raises:
            Refusal: there is no such call, or nothing of the kind.

        """
        match request.method:
            case "GET":
                return self.ask(number)
            case "DELETE":
                return self.cancel(number)
            case _:
                raise Refusal(405, "not with that method")

    def ask(self, number: str) -> web.Response:
        """Answer how a call goes.

        Raises:
            Refusal: there is no such call.

        """
        if number not in self._statuses:
            raise Refusal(404, "no such call")
        return self._answer(self._statuses[number])

    def cancel(self, number: str) -> web.Response:
        """End a call that goes on.

        Raises:
            Refusal: there is no such call.

        """
        if number not in self._statuses:
            raise Refusal(404, "no such call")
        if (task := self._running.pop(number, None)) is not None:
            task.cancel()
        del self._statuses[number]
        return web.Response(status=204)

    async def _run(self, number: str, arguments: dict[str, Any]) -> None:
        """Do what was called, after a while."""
        status = self._statuses[number]
        status["status"] = "running"
        await asyncio.sleep(self._takes)
        try:
            result = self._call(arguments, lambda err: err)
        except DeviceModelsError as err:
            status |= {"status": "failed", "error": {"detail": str(err)[:200]}}
        else:
            status["status"] = "completed"
            if result is not None:
                status["output"] = result
        self._running.pop(number, None)

    def _call(
        self,
        arguments: dict[str, Any],
        refusal: Callable[[DeviceModelsError], Exception],
    ) -> JsonValue:
        """Do the action."""
        try:
            result = self._device.call(self._action.name, arguments)
        except DeviceModelsError as err:
            raise refusal(err) from err
        _LOGGER.info("called: %s %.200s", self._action.name, arguments)
        return result

    def _answer(self, document: JsonValue, **more: Any) -> web.Response:
        """Answer with a document."""
        payload = json.dumps(document).encode()
        return web.Response(
            body=self._faults.spoil(payload), content_type="application/json", **more
        )


def _accepted(request: web.Request, offered: tuple[Media, ...]) -> Media:
    """Return the format to answer in: of those that are liked best, the first.

    Raises:
        Refusal: none of those offered is liked.

    """
    liked: dict[Media, float] = {}
    for spelled in request.headers.get("Accept", "*/*").split(","):
        kind, *parameters = (part.strip().lower() for part in spelled.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, number = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(number)
                except ValueError:
                    quality = 0.0
        for media in offered:
            if kind in {"*/*", MEDIA_TYPES[media]}:
                liked[media] = max(liked.get(media, 0.0), quality)
    best = max((one for one in liked.values()), default=0.0)
    for media in offered:
        if best > 0 and liked.get(media) == best:
            return media
    raise Refusal(406, "not offered")
