"""The site of the server: takes requests, and keeps those who observe informed.

aiocoap asks a site for nothing but ``render_to_pipe``. Its own resources would keep
what they are sent without limits, and number notifications anew for each observer.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
import logging
import math
import time
from typing import Any, Final

import aiocoap

from ..coap.request import Method
from .blocks import MAX_DOCUMENT, Blocks, Key
from .exchange import (
    BAD_OPTION,
    CONDITIONS,
    INCOMPLETE,
    NOT_FOUND,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHORIZED,
    Incoming,
    Refusal,
    Reply,
)
from .limits import Limits
from .resources import Resource, Resources, Watcher

_LOGGER = logging.getLogger(__name__)

MAX_WATCHERS: Final = 64
MAX_WATCHERS_OF_ONE: Final = 16
"""Observers of all resources, and of them those from one address. More are answered,
but not told of changes (RFC 7641 §4.1)."""

SHORTEST_GAP: Final = 1.0
"""Seconds between two notifications to one observer, who gets the newest then, and not
before the last one is acknowledged (RFC 7641 §4.5.1)."""

LAST_NUMBER: Final = 2**24
"""Notifications are numbered below it (RFC 7641 §3.4)."""

MAX_LINES: Final = 32
"""Of the log, about strangers; more of them are only counted."""


class ListenerSite:
    """What the server answers."""

    def __init__(
        self,
        resources: Resources,
        limits: Limits,
        on_unknown: Callable[[Incoming], None],
        on_answer: Callable[[Incoming, Reply], None],
        is_pending: Callable[[Any], bool],
    ) -> None:
        """Begin.

        Args:
            resources: what there is; it may change.
            limits: how much is taken from whom, and whose requests are answered.
            on_unknown: told what was sent to a path where nothing is.
            on_answer: told of all that was asked for at a path where something is.
            is_pending: whether somebody has not acknowledged the last notification.

        """
        self.refused: Counter[str] = Counter()
        """How often what was refused, by the answer."""
        self._served = resources
        self._limits = limits
        self._on_unknown = on_unknown
        self._on_answer = on_answer
        self._is_pending = is_pending
        self._blocks = Blocks()
        self._watchers: set[Watcher] = set()
        self._numbers = count(int(time.time()))
        self._strangers: set[str] = set()

    async def render_to_pipe(self, pipe: Any) -> None:
        """Answer a request, and go on if it is to be told of changes."""
        message = pipe.request
        key = _key(message)
        try:
            resource = self._admitted(Incoming.of(message), message)
            if (known := self._kept(key, message)) is not None:
                pipe.add_response(self._blocks.cut(key, message, known), is_last=True)
                return
            payload = self._blocks.whole(key, message)
        except Refusal as refusal:
            answer = _finished(message, refusal.reply.message())
            pipe.add_response(answer, is_last=True)
            return
        request = Incoming.of(message, payload)
        if request.method == Method.GET and message.opt.observe == 0:
            await self._observe(pipe, key, resource, request)
        else:
            answer = self._answer(key, message, resource, request)
            pipe.add_response(answer, is_last=True)

    # Inside

    def _admitted(self, request: Incoming, message: Any) -> Resource:
        """Return what a request is for, if it may be done.

        Raises:
            Refusal: it may not.

        """
        try:
            self._check(request, message)
            resource = self._served.find(request.path, request)
            resource.check(request)
        except Refusal as refusal:
            self._note(request, refusal.reply)
            if refusal.reply.code == NOT_FOUND and message.opt.block1 is None:
                self._on_unknown(request)
            raise
        return resource

    def _check(self, request: Incoming, message: Any) -> None:
        """See whether a request is to be looked at, whatever it is for.

        Raises:
            Refusal: it is not.

        """
        if self._limits.is_stranger(request.source):
            raise Refusal(UNAUTHORIZED)
        if wait := self._limits.take_request(request.source):
            raise Refusal(TOO_MANY, max_age=math.ceil(wait))
        if CONDITIONS & {int(one.number) for one in message.opt.option_list()}:
            raise Refusal(BAD_OPTION)

    def _kept(self, key: Key, message: Any) -> Reply | None:
        """Return the answer of which another block is asked for; None to make one.

        Raises:
            Refusal: it is forgotten, and what it was an answer to is not done again.

        """
        known = self._blocks.kept(key, message)
        block = message.opt.block2
        further = block is not None and block.block_number
        if known is None and further and int(message.code) != Method.GET:
            raise Refusal(INCOMPLETE)
        return known

    def _note(self, request: Incoming, reply: Reply) -> None:
        """Count what was refused, and log the first of each stranger."""
        self.refused[reply.code] += 1
        if reply.code != UNAUTHORIZED or request.source in self._strangers:
            return
        if len(self._strangers) < MAX_LINES:
            self._strangers.add(request.source)
            _LOGGER.warning(
                "Refused %s from %s: not authorised; more from there is only counted",
                request.verb,
                request.source,
            )

    def _answer(
        self, key: Key, message: Any, resource: Resource, request: Incoming
    ) -> Any:
        """Return the answer to a request that may be done."""
        reply = resource.answer(request)
        self._on_answer(request, reply)
        return _finished(message, self._blocks.cut(key, message, reply))

    async def _observe(
        self, pipe: Any, key: Key, resource: Resource, request: Incoming
    ) -> None:
        """Answer, and answer again whenever the resource has changed."""
        message = pipe.request
        watcher = Watcher(request.source)
        answer = self._answer(key, message, resource, request)
        if not (
            resource.notified
            and answer.code.is_successful()
            and self._has_room(request.source)
        ):
            pipe.add_response(answer, is_last=True)
            return
        self._watchers.add(watcher)
        resource.watchers.add(watcher)
        try:
            answer.opt.observe = self._number()
            pipe.add_response(answer)
            # What was current at first may be so again, after something else.
            request = replace(request, etags=())
            while True:
                await watcher.changed.wait()
                while self._is_pending(message.remote):  # noqa: ASYNC110  (no event)
                    await asyncio.sleep(SHORTEST_GAP)
                watcher.changed.clear()
                reply = self._current(resource, request)
                answer = self._blocks.cut(key, message, reply)
                # To whatever request: who is gone is found out by nothing else.
                answer.transport_tuning = aiocoap.Reliable()
                if not reply.success:
                    pipe.add_response(answer, is_last=True)  # RFC 7641 §3.2
                    return
                answer.opt.observe = self._number()
                pipe.add_response(answer)
                await asyncio.sleep(SHORTEST_GAP)
        finally:
            self._watchers.discard(watcher)
            resource.watchers.discard(watcher)

    def _current(self, resource: Resource, request: Incoming) -> Reply:
        """Return what an observer is told now."""
        if self._served.by_path.get(request.path) is not resource:
            return Reply(NOT_FOUND)
        return resource.notification(request)

    def _has_room(self, source: str) -> bool:
        """Whether somebody may observe one more resource."""
        of_one = sum(one.source == source for one in self._watchers)
        return len(self._watchers) < MAX_WATCHERS and of_one < MAX_WATCHERS_OF_ONE

    def _number(self) -> int:
        """Return the number of the next notification: higher than any before it."""
        return next(self._numbers) % LAST_NUMBER


def _finished(message: Any, answer: Any) -> Any:
    """Return an answer with what it has to say of the request's own options."""
    block = message.opt.block1
    if answer.code.dotted == TOO_LARGE:
        answer.opt.size1 = MAX_DOCUMENT  # a block would ask for smaller ones (§2.9.3)
    elif block is not None:
        answer.opt.block1 = block
    if answer.opt.no_response is None:
        answer.opt.no_response = message.opt.no_response
    return answer


def _key(message: Any) -> Key:
    """Return what tells a request from others, blocks and payload aside."""
    options = message.opt
    query, accept = tuple(options.uri_query), options.accept
    return message.remote, int(message.code), tuple(options.uri_path), query, accept
