"""Calls of actions: what is sent, and what comes of it, now or later."""

from collections.abc import Mapping
from typing import Final

from ...codecs import Codec, Document, decode, to_json
from ...errors import PayloadError
from ...model import Action
from ...values import JsonValue, Scalar
from ..going import Going, Progress, outcome, progress_of, progress_or_end
from ..layout import offered
from ..messages import write_arguments
from ..resources import JSON
from ..templates import filled
from .attached import AttachedDevice
from .client import CoapEndpoint
from .request import Method, Response
from .resource import codec_of
from .writing import send

CREATED: Final = "2.01"
"""RFC 7252 §5.9.1.1: what was called may go on where Location-Path says."""


class Caller:
    """Calls the actions of one device."""

    def __init__(self, endpoint: CoapEndpoint, attached: AttachedDevice) -> None:
        """Take the device."""
        self._endpoint = endpoint
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
        payload = write_arguments(
            codec, action, arguments, bare=target.bare, elsewhere=named
        )
        content_format = codec.content_format if arguments.keys() - named else None
        response = await send(self._endpoint, target, path, payload, content_format)
        if response is None:
            return None
        self._check(target.path, response)
        self._attached.device.hear()
        document = self._decoded(action, codec, response)
        if response.code != CREATED or not response.location:
            return to_json(document)
        return await self._outcome(action, codec, response.location, document)

    async def query(self, action: Action) -> JsonValue:
        """Return what the device says of the last call of an action.

        Raises:
            CommunicationError: it does not.
            NotOfferedError: it is not known where it says that.

        """
        target = offered(self._attached.layout.actions, action.name)
        path = self._going.place(action.name, target.query, "asking how it goes")
        response = await self._endpoint.request(Method.GET, path)
        self._check(path, response)
        return to_json(self._decoded(action, target.codec or JSON, response))

    async def cancel(self, action: Action) -> None:
        """Have the device end the last call of an action.

        Raises:
            CommunicationError: it does not.
            NotOfferedError: it is not known where that is said.

        """
        target = offered(self._attached.layout.actions, action.name)
        path = self._going.place(action.name, target.cancel, "ending it")
        self._check(path, await self._endpoint.request(Method.DELETE, path))

    # Inside

    async def _outcome(
        self, action: Action, codec: Codec, path: str, document: Document
    ) -> JsonValue:
        """Return what comes of a call that goes on; it may be over all the same."""
        self._going.note(action.name, path)
        first = progress_of(document, action.name)
        if first is None and document is not None:
            return to_json(document)

        async def ask() -> Progress:
            answer = await self._endpoint.request(Method.GET, path)
            self._check(path, answer)
            return progress_or_end(self._decoded(action, codec, answer), action.name)

        place = f"{self._endpoint.address}/{path}"
        return await outcome(action.name, place, first, ask)

    def _check(self, path: str, response: Response) -> None:
        """See whether something was done.

        Raises:
            RejectedError: it was not.

        """
        if not response.success:
            address = f"{self._endpoint.address}/{path}"
            raise response.refusal(address)

    def _decoded(self, action: Action, codec: Codec, response: Response) -> Document:
        """Return what an answer says, if it can be read."""
        if not response.payload:
            return None
        try:
            return decode(codec_of(response, codec), response.payload).document
        except PayloadError as err:
            self._attached.device.drop(action.name, err)  # what it did, it did
            return None
