"""The Homie devices on a broker, as they appear, describe themselves anew, and go.

Convention 5, "Auto-Discovery" and "Device Lifecycle": a device exists while it has a
state, below any first level of topics. Those of versions 3 and 4 are two levels deep.
Anybody can leave anything below these topics: what describes nothing is nobody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
import logging
from typing import Final

from ...errors import ModelError
from ...formats.homie.described import VERSIONS
from ...formats.homie.lifecycle import STATES
from ...formats.homie.reading import ID
from ...formats.parsing import parse
from ...reading import Element, Unusable
from ..base import Found, Watcher
from .client import Message, MqttClient

_LOGGER = logging.getLogger(__name__)

FILTERS: Final = (
    "+/5/+/$description",
    "+/+/$homie",
    "+/+/$name",
    "+/5/+/$state",
    "+/+/$state",
)
"""The states last: they are of use for what has described itself."""

PRESENT: Final = frozenset({"ready", "sleeping", "alert"})
"""The states in which a device is where it should be, and has described itself."""

MAX_DEVICES: Final = 500
"""More are not looked at; those that were added work all the same."""

MAX_EARLY: Final = 5_000
"""States of what has not described itself yet, and may never do so."""

MAX_DESCRIPTION: Final = 256 * 1024
"""Bytes, as when a device is asked what it is."""

MAX_NAME: Final = 100
"""Characters."""

SECONDS: Final = 3.0
QUIET: Final = 0.5
"""For how long is listened to find those that are there; less if nothing comes."""


@dataclass(frozen=True, slots=True)
class _Device:
    """What is known of one device."""

    found: Found
    fingerprint: bytes = b""
    """Of its description."""
    times: int = 0
    """How often it may have described itself differently."""
    state: str = ""

    @property
    def is_version_5(self) -> bool:
        """Whether its description is one message."""
        return bool(self.fingerprint)


class HomieWatch:
    """Who is there, and whom to tell."""

    def __init__(self, client: MqttClient, watcher: Watcher | None = None) -> None:
        """Take the client, and who is to be told; nothing is listened to yet."""
        self._client = client
        self._watcher = watcher or Watcher()
        self._devices: dict[str, _Device] = {}
        """By their base topics."""
        self._names: dict[str, str] = {}
        """Of devices before version 5."""
        self._early: OrderedDict[str, str] = OrderedDict()
        """The states of what has not described itself."""
        self._told: dict[str, int] = {}
        """Those who are there, and how often they had described themselves then."""
        self._ends: list[Callable[[], Awaitable[None]]] = []
        self._heard = asyncio.Event()
        self._began = False
        """Whether anything has come."""
        self._left_out = False

    @property
    def found(self) -> list[Found]:
        """The devices that exist, whether they are there at present or not."""
        return [one.found for one in self._devices.values() if one.state]

    async def begin(self) -> None:
        """Begin to listen.

        Raises:
            UnreachableError: not connected, or refused.

        """
        try:
            for topic_filter in FILTERS:
                end = await self._client.subscribe(topic_filter, self._take)
                self._ends.append(end)
        except BaseException:
            await self.end()
            raise

    async def end(self) -> None:
        """Listen no longer."""
        ends, self._ends = self._ends, []
        await asyncio.gather(*(end() for end in ends))

    async def settled(self) -> None:
        """Wait until nothing more comes for a moment, but not for ever.

        A client may subscribe later than it says: there is no silence before a word.
        """
        deadline = asyncio.get_running_loop().time() + SECONDS
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            self._heard.clear()
            try:
                async with asyncio.timeout(min(left, QUIET) if self._began else left):
                    await self._heard.wait()
            except TimeoutError:
                return

    def _take(self, message: Message) -> None:
        """Take a message of one of the topics."""
        self._began = True
        self._heard.set()
        base, _, kind = message.topic.rpartition("/")
        if not _is_base(base):
            return
        payload = message.payload
        match kind:
            case "$state":
                self._on_state(base, _text(payload))
            case "$description":
                self._on_description(base, payload)
            case "$homie":
                self._on_version(base, _text(payload))
            case "$name":
                self._on_name(base, _text(payload))

    def _on_state(self, base: str, state: str) -> None:
        """Note the state of a device."""
        if not state:
            self._early.pop(base, None)
            self._remove(base)
        elif state in STATES:
            if (device := self._devices.get(base)) is None:
                self._early[base] = state
                if len(self._early) > MAX_EARLY:
                    self._early.popitem(last=False)
                return
            # What one of an older version may change then is in many topics.
            anew = state == "init" and not device.is_version_5
            self._note(base, replace(device, state=state, times=device.times + anew))

    def _on_description(self, base: str, payload: bytes) -> None:
        """Note what a device of version 5 says of itself."""
        if not payload:
            self._remove(base)
            return
        fingerprint = sha256(payload).digest()
        known = self._devices.get(base)
        if known is not None and known.fingerprint == fingerprint:
            return
        if not self._has_room(base) or (found := _described(base, payload)) is None:
            return
        times = known.times + 1 if known else 0
        self._note(base, self._new(found, fingerprint, times))

    def _on_version(self, base: str, version: str) -> None:
        """Note a device of an older version."""
        if not version:
            self._remove(base)
        elif _is_older(version) and base not in self._devices and self._has_room(base):
            name = self._names.pop(base, "")
            self._note(base, self._new(_named(base, name), b"", 0))

    def _on_name(self, base: str, name: str) -> None:
        """Note what a device of an older version is called."""
        if device := self._devices.get(base):
            self._devices[base] = replace(device, found=_named(base, name))
        elif len(self._names) < MAX_DEVICES:
            self._names[base] = name[:MAX_NAME]

    def _new(self, found: Found, fingerprint: bytes, times: int) -> _Device:
        """Return a device with the state that it has, as far as that is known."""
        base = found.reference
        known = self._devices.get(base)
        state = known.state if known else self._early.pop(base, "")
        return _Device(found, fingerprint, times, state)

    def _has_room(self, base: str) -> bool:
        """Whether one more device may be known."""
        if base in self._devices or len(self._devices) < MAX_DEVICES:
            return True
        if not self._left_out:
            self._left_out = True
            _LOGGER.warning(
                "%s has more than %s Homie devices: others are not offered",
                self._client.address,
                MAX_DEVICES,
            )
        return False

    def _note(self, base: str, device: _Device) -> None:
        """Note what is known of a device, and tell what is news."""
        self._devices[base] = device
        if device.state not in PRESENT:
            return
        told = self._told.get(base)
        self._told[base] = device.times
        if told is None:
            self._watcher.on_found(device.found)
        elif told != device.times:
            self._watcher.on_described(device.found)

    def _remove(self, base: str) -> None:
        """Note that a device exists no longer."""
        self._names.pop(base, None)
        device = self._devices.pop(base, None)
        self._told.pop(base, None)
        if device is not None and device.state:
            self._watcher.on_gone(device.found)


def announced(topic: str, payload: bytes) -> Found | None:
    """Return the device that one message is about; None if it is about none."""
    base, _, kind = topic.rpartition("/")
    if not _is_base(base):
        return None
    if kind == "$homie" and _is_older(_text(payload)):
        return _named(base, "")
    return _described(base, payload) if kind == "$description" else None


def _is_base(base: str) -> bool:
    """Whether a topic may be that of a device."""
    return bool(ID.fullmatch(base.rpartition("/")[2])) and base.isprintable()


def _is_older(version: str) -> bool:
    """Whether a version is one before the fifth that is known."""
    return version.partition(".")[0] in VERSIONS[:-1]


def _described(base: str, payload: bytes) -> Found | None:
    """Return the device of a description; None if that is none."""
    if len(payload) > MAX_DESCRIPTION:
        return None
    try:
        return _found(base, Element.of(parse(payload, base), ""))
    except (ModelError, Unusable) as err:
        _LOGGER.debug("%s is no Homie device: %s", base, err)
        return None


def _text(payload: bytes) -> str:
    """Return a short payload as text."""
    return payload[: MAX_NAME * 4].decode(errors="replace").strip()


def _named(base: str, name: str) -> Found:
    """Return a device by its name, or else by its id."""
    return Found(base, name[:MAX_NAME] or base.rpartition("/")[2])


def _found(base: str, description: Element) -> Found:
    """Return the device that a description is about.

    Raises:
        Unusable: it is none.

    """
    if description.required_text("homie").partition(".")[0] != VERSIONS[-1]:
        description.refuse(f"expected version {VERSIONS[-1]}", "homie")
    prefix = base.rpartition("/")[0]
    root, parent = description.text("root"), description.text("parent")
    for key, device_id in (("root", root), ("parent", parent)):
        if device_id and not ID.fullmatch(device_id):
            description.refuse("expected an id", key)
    found = _named(base, description.text("name").strip())
    if not root:
        return found
    return replace(found, root=f"{prefix}/{root}", parent=f"{prefix}/{parent or root}")
