"""Calls of actions: what is sent, and what comes of it."""

from collections.abc import Mapping
from dataclasses import replace

from yarl import URL

from ...codecs import Codec, Document, decode, from_scalar, to_json
from ...errors import PayloadError
from ...model import Action
from ...redaction import is_secret
from ...values import JsonValue, Scalar
from ..layout import offered
from ..messages import write_arguments
from ..resources import JSON
from ..templates import filled
from .attached import AttachedDevice
from .request import Request, Response, accepting, label_of
from .server import HttpServer
from .writing import SOCKETS, check


class Caller:
    """Calls the actions of one device."""

    def __init__(self, server: HttpServer, attached: AttachedDevice) -> None:
        """Take the device."""
        self._server = server
        self._attached = attached

    async def call(self, action: Action, arguments: Mapping[str, Scalar]) -> JsonValue:
        """Have the device do something; returns its result, if there is one.

        Raises:
            CommunicationError: the device did not take it.

        """
        target = offered(self._attached.layout.actions, action.name)
        codec = target.codec or JSON
        path, named = filled(target.path, arguments)
        rest = {name: it for name, it in arguments.items() if name not in named}
        sent = replace(
            action,
            arguments=tuple(one for one in action.arguments if one.name not in named),
        )
        if target.path.startswith(SOCKETS):
            data = {name: from_scalar(it) for name, it in rest.items()}
            asked: dict[str, Document] = {action.name: {"input": data} if data else {}}
            await self._attached.tell(target.path, "requestAction", asked)
            return None
        request = Request(
            method=target.method,
            url=URL(path),
            payload=write_arguments(codec, sent, rest, bare=target.bare),
            codec=codec,
            accept=accepting(target.codec),
            label=label_of(target.path),
            shown=not any(is_secret(one.name) for one in action.arguments),
        )
        response = await self._server.command(request)
        check(self._server, target.path, response)
        self._attached.device.hear()
        return self._result(action, codec, response)

    def _result(self, action: Action, codec: Codec, response: Response) -> JsonValue:
        """Return what an answer says, if it can be read."""
        if not response.payload:
            return None
        try:
            said = decode(response.codec or codec, response.payload)
        except PayloadError as err:
            self._attached.device.drop(action.name, err)  # what it did, it did
            return None
        return to_json(said.document)
