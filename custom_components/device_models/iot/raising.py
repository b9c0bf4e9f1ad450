"""Alerts and data that this side raises, where it plays the device (sheet §2.4)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, Self

from .alert import Alert, Source
from .errors import CommunicationError, UnknownElementError, ValueRefusedError
from .listeners import Listeners
from .model import Format, Severity
from .values import Scalar

MAX_KEY_BYTES: Final = 2048
"""Protocol sheet "Oracle IoT" §1.5: a data key stays below this."""

type Send = Callable[[Alert], Awaitable[None]]
type OnError = Callable[[Alert, CommunicationError], None]


class _Message:
    """A message of one format, to be filled in and sent, time and again."""

    def __init__(self, shape: Format, send: Send, on_error: OnError) -> None:
        """Begin without any field.

        Args:
            shape: its format.
            send: sends it, and has this side know of it.
            on_error: called if it could not be delivered (sheet §2.3).

        """
        self.format = shape
        self._send_alert = send
        self._failed = Listeners[[Alert, CommunicationError]]()
        self._failed.add(on_error)
        self._fields: dict[str, Scalar] = {}

    def set(self, name: str, value: object) -> Self:
        """Set a field; returns the message itself.

        Raises:
            UnknownElementError: the format has no such field.
            ValueRefusedError: the value does not fit its type.

        """
        for item in self.format.fields:
            if item.name == name:
                self._fields[name] = item.validate(value)
                return self
        raise UnknownElementError(kind="field", name=str(name))

    async def _send(self, severity: Severity | None) -> None:
        """Send the message, and begin anew without any field.

        Raises:
            ValueRefusedError: a field that must be there was not set.
            NotOfferedError: the connection has no place for it.
            CommunicationError: it could not be delivered; the fields are kept.

        """
        for item in self.format.fields:
            if not item.optional and item.name not in self._fields:
                raise ValueRefusedError(name=item.name, problem="is missing")
            if len(item.name.encode()) >= MAX_KEY_BYTES:
                problem = f"expected a name below {MAX_KEY_BYTES} bytes"
                raise ValueRefusedError(name=item.name[:40], problem=problem)
        now = datetime.now(UTC)
        # On the wire there are milliseconds: what comes back is known again by them.
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        alert = Alert(self.format, dict(self._fields), at, severity, Source.THIS_SIDE)
        try:
            await self._send_alert(alert)
        except CommunicationError as err:
            self._failed.notify(alert, err)
            raise
        self._fields = {}


class OutgoingAlert(_Message):
    """An alert to be raised."""

    async def raise_(self, severity: Severity | None = None) -> None:
        """Raise it; its fields are to be set anew for another one.

        Args:
            severity: that of the format, if none is given.

        Raises:
            ValueRefusedError: a field that must be there was not set.
            NotOfferedError: the connection has no place for it.
            CommunicationError: it could not be delivered; the fields are kept.

        """
        await self._send(severity or self.format.severity)


class OutgoingData(_Message):
    """Data to be submitted."""

    async def submit(self) -> None:
        """Submit it; its fields are to be set anew for another one.

        Raises:
            ValueRefusedError: a field that must be there was not set.
            NotOfferedError: the connection has no place for it.
            CommunicationError: it could not be delivered; the fields are kept.

        """
        await self._send(None)
