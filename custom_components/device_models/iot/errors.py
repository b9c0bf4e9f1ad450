"""The error tree of ``iot``.

Every error carries a stable ``key`` and its ``details``, so that the side which shows
it can word it in the user's language; ``str(error)`` is the English wording.
Details never hold a secret.
"""

from collections.abc import Iterable
from typing import ClassVar


class DeviceModelsError(Exception):
    """Base of everything that ``iot`` raises on purpose."""

    key: ClassVar[str]
    text: ClassVar[str]

    def __init__(self, **details: str) -> None:
        """Word the error from its details."""
        self.details = details
        super().__init__(self.text.format(**details))


class ModelError(DeviceModelsError):
    """A model file, or a binding in it, cannot be used."""

    key = "model_invalid"
    text = "{source}: {where}: {problem}"

    def __init__(self, *, source: str, where: str, problem: str) -> None:
        """Name the file, the element in it and what was expected."""
        super().__init__(source=source, where=where or "(top)", problem=problem)


class InvalidInputError(DeviceModelsError):
    """The caller asked for something that the model does not allow."""


class ValueRefusedError(InvalidInputError):
    """A value does not fit its attribute, argument or field."""

    key = "value_refused"
    text = "{name}: {problem}"

    def __init__(self, *, name: str, problem: str) -> None:
        """Name the element and what was expected."""
        super().__init__(name=name, problem=problem)


class UnknownElementError(InvalidInputError):
    """The model has no such attribute, action, argument or format."""

    key = "unknown_element"
    text = "the model has no {kind} {name!r}"

    def __init__(self, *, kind: str, name: str) -> None:
        """Name the kind of element and the name that was asked for."""
        super().__init__(kind=kind, name=name)


class NotOfferedError(InvalidInputError):
    """The connection or the device has no such operation."""

    key = "not_offered"
    text = "{operation} is not offered here"

    def __init__(self, *, operation: str) -> None:
        """Name the operation."""
        super().__init__(operation=operation)


class TransactionRefusedError(InvalidInputError):
    """Several of the values that were to be set together do not fit."""

    key = "transaction_refused"
    text = "nothing was sent: {problems}"

    def __init__(self, *, problems: str) -> None:
        """Name what is wrong with each of them."""
        super().__init__(problems=problems)


class FormulaError(InvalidInputError):
    """A text is no formula."""

    key = "formula_invalid"
    text = "the formula is wrong at character {column}: {problem}"

    def __init__(self, *, column: int, problem: str) -> None:
        """Name the place, counted from 1, and what was expected there."""
        super().__init__(column=str(column), problem=problem)


class FilterError(InvalidInputError):
    """A text is no filter, or no regular expression in one."""

    key = "filter_invalid"
    text = "the filter is wrong at line {line}, column {column}: {problem}"

    def __init__(self, *, source: str, position: int, problem: str) -> None:
        """Name the place in the text, and what was expected there.

        Args:
            source: the text.
            position: where in it, counted from 0; it is told by line and column, each
                counted from 1.
            problem: what was expected.

        """
        self.position = position
        self.problem = problem
        before = source[:position]
        super().__init__(
            line=str(before.count("\n") + 1),
            column=str(position - before.rfind("\n")),
            problem=problem,
        )


class QueryError(InvalidInputError):
    """A question about devices cannot be answered."""

    key = "query_invalid"
    text = "{name}: {problem}"

    def __init__(self, *, name: str, problem: str) -> None:
        """Name the part of the question and what was expected of it."""
        super().__init__(name=name, problem=problem)


class CommunicationError(DeviceModelsError):
    """Talking to a device or a system failed."""


class UnreachableError(CommunicationError):
    """Nobody answers at the address."""

    key = "unreachable"
    text = "{address} cannot be reached: {reason}"

    def __init__(self, *, address: str, reason: str) -> None:
        """Name the address and what the network said."""
        super().__init__(address=address, reason=reason)


class NotSentError(UnreachableError):
    """Nothing has left this side: to try it again does nothing twice."""


class UntrustedError(UnreachableError):
    """Somebody answers there whose certificate is not trusted."""


class UnauthorizedError(CommunicationError):
    """The system refuses the credentials."""

    key = "unauthorized"
    text = "{address} refuses the credentials"

    def __init__(self, *, address: str) -> None:
        """Name the address."""
        super().__init__(address=address)


class RejectedError(CommunicationError):
    """The device answered, and the answer is no."""

    key = "rejected"
    text = "{address} answered {answer}"

    def __init__(self, *, address: str, answer: str) -> None:
        """Name the address and the answer, as its protocol words it."""
        super().__init__(address=address, answer=answer)


class BusyError(RejectedError):
    """The device answered that it has too much to do at present."""


class PartlyWrittenError(CommunicationError):
    """A device took some of the values that were to be set together, and not others.

    It is raised from the error that says why.
    """

    key = "partly_written"
    text = "{done} was set, but not {rest}: {reason}"

    def __init__(
        self, *, done: Iterable[str], rest: Iterable[str], reason: str
    ) -> None:
        """Name what was set, what was not, and why."""
        self.done = frozenset(done)
        super().__init__(
            done=", ".join(sorted(done)), rest=", ".join(sorted(rest)), reason=reason
        )


class NotTakenError(CommunicationError):
    """A command came to nothing while somebody waited for it."""

    key = "not_taken"
    text = "{name}: {state}: {reason}"

    def __init__(self, *, name: str, state: str, reason: str) -> None:
        """Name what was told, what has become of it, and why."""
        self.state = state
        super().__init__(name=name, state=state, reason=reason or "no reason is known")


class NotConfirmedError(CommunicationError):
    """A write was sent, but the device did not show the new value in time."""

    key = "not_confirmed"
    text = "{name} was sent, but the device did not confirm it within {seconds} s"

    def __init__(self, *, name: str, seconds: str) -> None:
        """Name what was written and how long was waited."""
        super().__init__(name=name, seconds=seconds)


class NotListeningError(CommunicationError):
    """This side cannot listen where it was told to."""

    key = "not_listening"
    text = "cannot listen on {address}: {reason}"

    def __init__(self, *, address: str, reason: str) -> None:
        """Name the address and what the system said."""
        super().__init__(address=address, reason=reason)


class OutboxFullError(CommunicationError):
    """Too much waits for a device already."""

    key = "outbox_full"
    text = "{number} commands wait for {name} already, and no more can"

    def __init__(self, *, name: str, number: str) -> None:
        """Name the device and how many commands wait."""
        super().__init__(name=name, number=number)


class NotStoredError(CommunicationError):
    """A command that is to wait cannot be stored: it would not outlive a restart."""

    key = "not_stored"
    text = "{name} cannot be stored: {reason}"

    def __init__(self, *, name: str, reason: str) -> None:
        """Name what was to wait, and what the system said."""
        super().__init__(name=name, reason=reason)


class NotFetchedError(CommunicationError):
    """A device has not fetched, or not confirmed, what waited for it."""

    key = "not_fetched"
    text = "{name} waited for {seconds} s, and the device did not confirm it"

    def __init__(self, *, name: str, seconds: str) -> None:
        """Name what waited and for how long."""
        super().__init__(name=name, seconds=seconds)


class StalledError(CommunicationError):
    """A transfer does not go on."""

    key = "stalled"
    text = "{name}: the transfer did not go on for {seconds} s"

    def __init__(self, *, name: str, seconds: str) -> None:
        """Name what is transferred, and for how long was waited."""
        super().__init__(name=name, seconds=seconds)


class ChecksumError(CommunicationError):
    """What arrived is not what was sent."""

    key = "checksum_wrong"
    text = "{name}: what arrived is not what was sent ({algorithm} differs)"

    def __init__(self, *, name: str, algorithm: str) -> None:
        """Name what was transferred, and the checksum."""
        super().__init__(name=name, algorithm=algorithm)


class ContentSyncError(CommunicationError):
    """A value was not sent because its content could not be (sheet §2.7)."""

    key = "content_sync_failed"
    text = "content sync failed: {name}: {reason}"

    def __init__(self, *, name: str, reason: str) -> None:
        """Name the attribute, and say why."""
        super().__init__(name=name, reason=reason)


class PayloadError(CommunicationError):
    """A payload cannot be decoded."""

    key = "payload_invalid"
    text = "payload is not usable {media}: {problem}"

    def __init__(self, *, media: str, problem: str) -> None:
        """Name the expected kind of payload and what is wrong with this one."""
        super().__init__(media=media, problem=problem)


class HostNotAllowedError(InvalidInputError):
    """An administrator has not allowed to talk to this host."""

    key = "host_not_allowed"
    text = "{host} is not the host of a running CoAP connection that may be asked"

    def __init__(self, *, host: str) -> None:
        """Name the host."""
        super().__init__(host=host)


class TransportMissingError(InvalidInputError):
    """What a scheme needs is not installed."""

    key = "transport_missing"
    text = "{scheme} needs what is not installed here: {missing}"

    def __init__(self, *, scheme: str, missing: str) -> None:
        """Name the scheme and what is missing."""
        super().__init__(scheme=scheme, missing=missing)


class TooManyError(InvalidInputError):
    """As many run already as may run at a time."""

    key = "too_many"
    text = "{limit} run already, which is the limit; wait, or end one"

    def __init__(self, *, limit: str) -> None:
        """State the limit."""
        super().__init__(limit=limit)


class UnknownIdError(InvalidInputError):
    """Nothing with this id runs."""

    key = "unknown_id"
    text = "nothing that runs has the id {id}"

    def __init__(self, *, id: str) -> None:  # noqa: A002  (the placeholder's name)
        """Name the id."""
        super().__init__(id=id)


class SyncStateError(InvalidInputError):
    """A storage object cannot do this now (sheet §2.6)."""

    key = "sync_state"
    text = "{name}: {problem}"

    def __init__(self, *, name: str, problem: str) -> None:
        """Name the object, and say what is in the way."""
        super().__init__(name=name, problem=problem)


class TooLargeError(InvalidInputError):
    """A content is larger than it may be."""

    key = "too_large"
    text = "{name} is larger than {limit} bytes"

    def __init__(self, *, name: str, limit: str) -> None:
        """Name it, and state the limit."""
        super().__init__(name=name, limit=limit)


class ForeignHostError(InvalidInputError):
    """A link leads to somebody else than the device."""

    key = "foreign_host"
    text = "{name} is on {host}, which is not the device's own address"

    def __init__(self, *, name: str, host: str) -> None:
        """Name the link, without a query, and its host."""
        super().__init__(name=name, host=host)


class FileUnusableError(InvalidInputError):
    """A file cannot be read or written."""

    key = "file_unusable"
    text = "the file {path} cannot be used: {reason}"

    def __init__(self, *, path: str, reason: str) -> None:
        """Name the file, and what the system said."""
        super().__init__(path=path, reason=reason)


class PathNotAllowedError(InvalidInputError):
    """A file is in no folder that may be used."""

    key = "path_not_allowed"
    text = "{path} is in no folder that Home Assistant lets be used"

    def __init__(self, *, path: str) -> None:
        """Name the file."""
        super().__init__(path=path)
