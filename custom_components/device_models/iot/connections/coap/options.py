"""Options of a CoAP message that people name by their numbers (RFC 7252 §3.1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from aiocoap.numbers import OptionNumber
from aiocoap.optiontypes import OpaqueOption, StringOption, UintOption

from ...errors import ValueRefusedError
from ...values import JsonValue

MAX_OPTIONS: Final = 32
MAX_NUMBER: Final = 65_535
MAX_VALUE_BYTES: Final = 1034
"""The longest value that RFC 7252 has for any option (Proxy-Uri)."""

TAKEN: Final[Mapping[int, str]] = {
    3: "the URI says it",
    6: "there is an action to observe",
    7: "the URI says it",
    9: "security is that of the connection",
    11: "the URI says it",
    15: "the URI says it",
    19: "blocks are sent as needed",
    23: "blocks are sent as needed",
    27: "blocks are sent as needed",
    31: "blocks are sent as needed",
    35: "proxies are not used",
    39: "proxies are not used",
}
"""Options that nobody may add, and why: they would have the message mean another
resource or host, or are for this side to use."""


@dataclass(frozen=True, slots=True)
class RawOption:
    """An option as it goes over the wire."""

    number: int
    value: bytes

    def added_to(self, message: Any) -> None:
        """Add the option to a message of aiocoap."""
        number = OptionNumber(self.number)
        message.opt.add_option(number.create_option(decode=self.value))


def _uint(value: object) -> bytes:
    """Return a number without leading zero bytes (RFC 7252 §3.2)."""
    if isinstance(value, str):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a whole number")
    if not 0 <= value < 2**32:
        raise ValueError("expected 0 to 4294967295")
    return value.to_bytes((value.bit_length() + 7) // 8)


_WRITERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "opaque": bytes.fromhex,
    "string": lambda value: str(value).encode(),
    "uint": _uint,
}
"""How a value is written, by the type that is named."""

TYPES: Final = tuple(_WRITERS)


def option_of(number: int, value: object, kind: str) -> RawOption:
    """Return the option that is meant.

    Args:
        number: 1 to 65535.
        value: by its type: hexadecimal text, text, or a whole number.
        kind: one of ``TYPES``.

    Raises:
        ValueRefusedError: it cannot be sent, or is not for people to send.

    """
    name = f"option {number}"
    if not 1 <= number <= MAX_NUMBER:
        _refuse(name, f"expected a number from 1 to {MAX_NUMBER}")
    if number in TAKEN:
        _refuse(name, TAKEN[number])
    if kind not in _WRITERS:
        _refuse(name, f"expected one of {', '.join(TYPES)} as type")
    try:
        written = _WRITERS[kind](value)
        OptionNumber(number).create_option(decode=written)
    except (TypeError, ValueError) as err:
        _refuse(name, str(err)[:100])
    if len(written) > MAX_VALUE_BYTES:
        _refuse(name, f"expected at most {MAX_VALUE_BYTES} bytes")
    return RawOption(number, written)


def options_of(message: Any) -> list[JsonValue]:
    """Return all options of a message, each with its number, name, type and value."""
    return [_described(option) for option in message.opt.option_list()]


def _described(option: Any) -> JsonValue:
    """Return one option."""
    written = option.encode()
    shown: JsonValue
    match option:
        case StringOption():
            kind, shown = "string", option.value
        case OpaqueOption():
            kind, shown = "opaque", written.hex()
        case UintOption():
            kind, shown = "uint", option.value
        case _:  # content formats and blocks
            kind, shown = "uint", int.from_bytes(written)
    return {
        "number": int(option.number),
        "name": name_of(option.number),
        "type": kind,
        "value": shown,
    }


def name_of(number: Any) -> str | None:
    """Return the name of an option or a code of aiocoap; None for an unknown one."""
    return number.name_printable if hasattr(number, "name") else None


def _refuse(name: str, problem: str) -> NoReturn:
    raise ValueRefusedError(name=name, problem=problem)
