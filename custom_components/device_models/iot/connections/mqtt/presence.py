"""Whether a device behind a broker is there, by its own word and that of others."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from ...device import Availability, VirtualDevice
from .client import Message
from .meanings import AvailabilityMessage

PENDING_TIMEOUT: Final = 10.0
"""Seconds for which a device may be about to be there before it counts as away: longer
than it takes to describe itself anew."""


@dataclass(slots=True)
class Presence:
    """What the topics say that are about one device."""

    device: VirtualDevice
    _denials: set[str] = field(default_factory=set)
    """The topics that said last that the device is not there."""
    _pending: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    """The topics that said last that it is about to be, and when that is too long."""

    def forget(self) -> None:
        """Know nothing any more."""
        self._denials.clear()
        for timer in self._pending.values():
            timer.cancel()
        self._pending.clear()

    def take(self, meaning: AvailabilityMessage, message: Message) -> None:
        """Take the device's word, or its last will."""
        payload, topic = message.payload.strip(), message.topic
        known = payload in meaning.online | meaning.offline | meaning.pending
        if known and (timer := self._pending.pop(topic, None)):
            timer.cancel()
        if payload in meaning.offline:
            self._deny(topic, "reported offline")
        elif payload in meaning.pending:
            self._pending[topic] = asyncio.get_running_loop().call_later(
                PENDING_TIMEOUT, self._deny, topic, "not ready"
            )
        elif payload in meaning.online:
            self._denials.discard(topic)
            if self._denials:
                return
            self.device.report(Availability.ONLINE)
            if not message.retain:
                self.device.hear()

    def _deny(self, topic: str, reason: str) -> None:
        """Note that a topic says that the device is not there."""
        self._denials.add(topic)
        self.device.report(Availability.OFFLINE, reason)
