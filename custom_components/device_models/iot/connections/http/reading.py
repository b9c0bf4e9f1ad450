"""One round of asking a device for attributes, in as few requests as will do."""

import asyncio
from collections.abc import Set as AbstractSet

from yarl import URL

from ...errors import UnauthorizedError, UnreachableError
from .attached import AttachedDevice
from .resource import Resource
from .server import HttpServer


class Round:
    """What was asked in one round, and what came of it."""

    def __init__(
        self, server: HttpServer, attached: AttachedDevice, names: AbstractSet[str]
    ) -> None:
        """Take the names of the attributes that are wanted."""
        self._server = server
        self._attached = attached
        self._names = names
        self._wanted = set(names)
        self._answered = False
        self._fresh: list[float] = []
        """For how long the answers are fresh, where they say so."""
        self._at_leisure = False
        self._busy: list[float] = []
        """For how long what is busy wants to be left alone."""
        self._hanging: list[tuple[Resource, UnreachableError]] = []
        self._forbidden: UnauthorizedError | None = None

    @property
    def hint(self) -> float | None:
        """The number of seconds before which asking again would be pointless.

        What is busy is left alone anyway; the others are not put off by it.
        """
        hints = self._fresh if self._at_leisure else self._busy
        return min(hints, default=None)

    async def run(self) -> None:
        """Ask: first for what may have all, then for the rest, a few at a time.

        Raises:
            UnreachableError: nothing was answered.
            UnauthorizedError: all that was answered is that it wants to know who we
                are, or that it does not like it.

        """
        if self._server.wait:
            self._busy.append(self._server.wait)
            return
        resources = [
            one for one in self._attached.layout.asked_for(self._names) if one.polled
        ]
        if resources and resources[0].shared:
            await self._ask(resources.pop(0))
        await self._all([one for one in resources if self._wanted & one.names])
        if self._answered or not (self._hanging or self._forbidden):
            for resource, error in self._hanging:
                self._attached.lose(resource, error)
            return
        raise self._forbidden or self._hanging[0][1]

    async def _all(self, resources: list[Resource]) -> None:
        """Ask for resources; the first one shows whether anybody is there.

        Other hosts, where a device may have some of them, show nothing of that.
        """
        resources.sort(key=lambda one: not self._server.is_own(URL(one.path)))
        if not self._answered and resources:
            await self._ask(resources[0])
            resources = resources[1:]
        if self._hanging and not self._answered and resources:
            await self._ask(resources[0])
            resources = resources[1:]
            if not self._answered and len(self._hanging) > 1:
                return  # two in a row: it is not just the one resource
        async with asyncio.TaskGroup() as tasks:
            for resource in resources:
                tasks.create_task(self._ask(resource))

    async def _ask(self, resource: Resource) -> None:
        """Ask for one resource, and note what comes of it."""
        if resource.wait or self._server.wait:
            self._wanted -= resource.names
            self._busy.append(resource.wait or self._server.wait)
            return
        try:
            settled, _changed = await self._attached.ask(resource)
        except UnreachableError as err:
            self._hanging.append((resource, err))
            return
        except UnauthorizedError as err:
            self._forbidden = err
            return
        self._answered = True
        self._wanted -= settled
        if resource.wait or self._server.wait:
            self._busy.append(resource.wait or self._server.wait)
        else:
            self._at_leisure = True
            if resource.max_age is not None:
                self._fresh.append(resource.max_age)
