"""What others read of a device: the values that it said last."""

import time

from ...alert import Alert
from ...codecs import Codec, compose
from ...device import VirtualDevice
from ...errors import PayloadError, ValueRefusedError
from ..coap.request import DEFAULT_MAX_AGE, MAX_DIAGNOSTIC
from ..messages import write_alert
from .exchange import (
    CONTENT,
    NOT_ACCEPTABLE,
    UNAVAILABLE,
    VALID,
    Incoming,
    Refusal,
    Reply,
)
from .layout import Values
from .resources import SINGLE, STRUCTURED


class Published:
    """The values of a device, for everybody whom the connection admits."""

    def __init__(self, device: VirtualDevice) -> None:
        """Note the device."""
        self._device = device
        self._alerts: dict[str, Alert] = {}

    def note(self, alert: Alert) -> None:
        """Have an alert as the last one of its format."""
        self._alerts[alert.format.name] = alert

    def alert(self, name: str, usual: Codec, request: Incoming) -> Reply:
        """Return the last alert of a format; nothing if there was none yet.

        Raises:
            Refusal: it is not to be had in a format that is accepted.

        """
        codec = request.answers_in(STRUCTURED, usual)
        alert = self._alerts.get(name)
        if alert is None:
            return Reply(CONTENT, max_age=DEFAULT_MAX_AGE)
        document = write_alert(codec, alert, self._device.alerts.public(alert))
        return Reply.of(CONTENT, codec, document, max_age=DEFAULT_MAX_AGE).tagged()

    def names(self, values: Values) -> frozenset[str]:
        """Return the attributes that others may read at a path."""
        leaves = self._device.model.leaves
        return frozenset(name for name in values.names if not leaves[name].sensitive)

    def get(self, values: Values, request: Incoming) -> Reply:
        """Return what the device said last.

        Raises:
            Refusal: there is nothing to show, or not in a format that is accepted.

        """
        usual = values.codec
        codec = request.answers_in(STRUCTURED if values.shared else SINGLE, usual)
        shown = self.names(values)
        known = {
            name: reading.value
            for name, reading in self._device.values.items()
            if name in shown
        }
        if not known or not self._device.online:
            words = self._device.reason or "nothing was heard of it yet"
            raise Refusal(UNAVAILABLE, words, DEFAULT_MAX_AGE)
        # Of attributes that show parts of one value, each has all of it.
        slots = {one.path: one for one in values.slots if one.element.name in known}
        try:
            document = compose(slots.values(), known)
            reply = Reply.of(CONTENT, codec, document, max_age=self._fresh).tagged()
        except (PayloadError, ValueRefusedError) as err:
            raise Refusal(NOT_ACCEPTABLE, str(err)[:MAX_DIAGNOSTIC]) from err
        if reply.etag in request.etags:
            return Reply(VALID, etag=reply.etag, max_age=reply.max_age)
        return reply

    @property
    def _fresh(self) -> int:
        """Seconds for which values are fresh: until the device counts as silent."""
        limit = self._device.binding.silent_after
        if limit is None or self._device.last_heard is None:
            return DEFAULT_MAX_AGE
        return max(0, int(limit - (time.monotonic() - self._device.last_heard)))
