"""Calls of actions: what is sent, and what comes of it, now or later."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from yarl import URL

from ...codecs import Codec, Document, decode, from_scalar, to_json
from ...errors import PayloadError
from ...model import Action
from ...redaction import is_secret
from ...values import JsonValue, Scalar
from ..going import Going, Progress, State, outcome, progress_of, progress_or_end
from ..layout import offered
from ..messages import write_arguments
from ..resources import JSON
from ..templates import filled
from .attached import AttachedDevice
from .request import Method, Request, Response, accepting, label_of
from .resource import Target
from .server import HttpServer
from .writing import SOCKETS, check

GOES_ON: Final = frozenset({HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
"""What a call is answered with that is not over yet."""


class Caller:
    """Calls the actions of one device."""

    def __init__(self, server: HttpServer, attached: AttachedDevice) -> None:
        """Take the device."""
        self._server = server
        self._attached = attached
        self._going = Going()

    async def call(self, action: Action, arguments: Mapping[str, Scalar]) -> JsonValue:
        """Have the device do something; returns its result, if there is one.

        Raises:
            CommunicationError: the device did not take it, or does not do it.

        """
        target = offered(self._attached.layout.actions, action.name)
        codec = target.codec or JSON
        path, named = filled(target.path, arguments)
        if path.startswith(SOCKETS):
            data = {
                name: from_scalar(it)
                for name, it in arguments.items()
                if name not in named
            }
            asked: dict[str, Document] = {action.name: {"input": data} if data else {}}
            await self._attached.tell(path, "requestAction", asked)
            return None
        request = Request(
            method=target.method,
            url=URL(path),
            payload=write_arguments(
                codec, action, arguments, bare=target.bare, elsewhere=named
            ),
            codec=codec,
            accept=accepting(target.codec),
            label=label_of(target.path),
            shown=not any(is_secret(one.name) for one in action.arguments),
        )
        response = await self._server.command(request)
        check(self._server, target.path, response)
        self._attached.device.hear()
        document = self._decoded(action, codec, response)
        if response.status not in GOES_ON:
            return to_json(document)
        return await self._outcome(action, codec, response, document)

    async def query(self, action: Action) -> JsonValue:
        """Return what the device says of the last call of an action.

        Raises:
            CommunicationError: it does not.
            NotOfferedError: it is not known where it says that.

        """
        target = offered(self._attached.layout.actions, action.name)
        place = self._going.place(action.name, target.query, "asking how it goes")
        response = await self._ask(URL(place), target, Method.GET)
        check(self._server, target.query or place, response)
        return to_json(self._decoded(action, target.codec or JSON, response))

    async def cancel(self, action: Action) -> None:
        """Have the device end the last call of an action.

        Raises:
            CommunicationError: it does not.
            NotOfferedError: it is not known where that is said.

        """
        target = offered(self._attached.layout.actions, action.name)
        place = self._going.place(action.name, target.cancel, "ending it")
        response = await self._ask(URL(place), target, Method.DELETE)
        check(self._server, target.cancel or place, response)

    # Inside

    async def _outcome(
        self, action: Action, codec: Codec, response: Response, document: Document
    ) -> JsonValue:
        """Return what comes of a call that goes on."""
        first = progress_of(document, action.name)
        place = response.location
        if place is None and first is not None and first.href:
            try:
                place = response.url.join(URL(first.href))
            except ValueError:
                place = None
        if place is None or place.scheme not in {"http", "https"}:
            if first is None:
                return to_json(document)
            place = response.url  # it says how it goes, and not where
            self._going.note(action.name, "")
            if first.state not in {State.COMPLETED, State.FAILED}:
                return to_json(document)
        else:
            self._going.note(action.name, str(place))
        target, url = self._attached.layout.actions[action.name], place

        async def ask() -> Progress:
            answer = await self._ask(url, target, Method.GET)
            if answer.status == HTTPStatus.ACCEPTED:
                return Progress(State.RUNNING)
            check(self._server, str(url), answer)
            return progress_or_end(self._decoded(action, codec, answer), action.name)

        if first is None and document is not None:
            first = Progress(State.COMPLETED, to_json(document))
            if response.status == HTTPStatus.ACCEPTED:
                first = Progress(State.RUNNING)
        return await outcome(action.name, self._told(url), first, ask)

    async def _ask(self, url: URL, target: Target, method: Method) -> Response:
        """Ask for a call, or end it."""
        request = Request(
            method=method,
            url=url,
            accept=accepting(target.codec),
            label=label_of(str(url)),
        )
        return await self._server.command(request)

    @staticmethod
    def _told(url: URL) -> str:
        """Return a URL for people."""
        return f"{url.origin()}{label_of(str(url))}"

    def _decoded(self, action: Action, codec: Codec, response: Response) -> Document:
        """Return what an answer says, if it can be read."""
        if not response.payload:
            return None
        try:
            return decode(response.codec or codec, response.payload).document
        except PayloadError as err:
            self._attached.device.drop(action.name, err)  # what it did, it did
            return None
