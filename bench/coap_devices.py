"""Many small CoAP servers in one process: ``python -m bench.coap_devices FOLDER``.

Each is on a port of its own, and has each attribute as a resource that can be read
alone and not observed. Written from RFC 7252 for what is needed here: GET, answered in
the acknowledgement. Prints its ports, notes each question in the file ``POLLS``, and on
SIGUSR1 lets those die that are to.
"""

import asyncio
from collections.abc import Iterator
from functools import partial
import json
from pathlib import Path
import signal
import struct
import sys
import time
from typing import Any, BinaryIO, Final, override

from .plan import Fate, Plan, name_of

POLLS: Final = "polls.bin"

POLL: Final = struct.Struct("<dHH")
"""When (``time.monotonic``, which all processes share), which device, and which of its
attributes."""

REPEATED: Final = 0xFFFF
"""In place of the attribute: the message had been received before."""

FLUSHED_EVERY: Final = 1.0
"""Seconds."""

HEADER: Final = struct.Struct(">BBH")
"""RFC 7252 §3: version, type and length of the token; code; message ID."""

CONFIRMABLE, NON_CONFIRMABLE, ACKNOWLEDGEMENT = range(3)
GET: Final = 0x01
CONTENT: Final = 0x45
NOT_FOUND: Final = 0x84
NOT_ALLOWED: Final = 0x85
URI_PATH: Final = 11
TEXT_PLAIN: Final = b"\xc0"
"""The option Content-Format (12) of no bytes: 0."""
LINK_FORMAT: Final = b"\xc1\x28"
"""The same of one byte: 40."""
PAYLOAD_MARKER: Final = b"\xff"


class MalformedError(Exception):
    """It is no message."""


def options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the options of a message, from what is behind its token (§3.1).

    Raises:
        MalformedError: they cannot be read.

    """
    number = at = 0
    while at < len(data) and data[at] != PAYLOAD_MARKER[0]:
        fields = [data[at] >> 4, data[at] & 15]
        at += 1
        for index, value in enumerate(fields):
            if value == 15:
                raise MalformedError
            width = max(0, value - 12)
            more = int.from_bytes(data[at : at + width])
            fields[index] = value if value < 13 else more + (13, 269)[width - 1]
            at += width
        number += fields[0]
        yield number, data[at : at + fields[1]]
        at += fields[1]


class Device(asyncio.DatagramProtocol):
    """One server."""

    def __init__(self, number: int, plan: Plan, polls: BinaryIO) -> None:
        """Note which it is, and where questions are noted."""
        self._number = number
        self._paths = {name_of(one): one for one in range(plan.attributes)}
        self._latency = plan.latency
        self._polls = polls
        self._last: tuple[Any, int] | None = None
        self._asked = 0
        self.silent = False
        self.transport: asyncio.DatagramTransport

    @override
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Take the socket."""
        self.transport = transport

    @override
    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer a request."""
        now = time.monotonic()
        try:
            first, code, message_id = HEADER.unpack_from(data)
            behind = HEADER.size + (first & 15)
            token = data[HEADER.size : behind]
            path = "/".join(
                value.decode()
                for number, value in options(data[behind:])
                if number == URI_PATH
            )
        except struct.error, MalformedError, UnicodeDecodeError:
            return
        kind = first >> 4 & 3
        if self.silent or code == 0 or kind > NON_CONFIRMABLE:
            return
        if (addr, message_id) == self._last:
            self._polls.write(POLL.pack(now, self._number, REPEATED))
        elif code == GET and path in self._paths:
            self._polls.write(POLL.pack(now, self._number, self._paths[path]))
            self._asked += 1
        self._last = (addr, message_id)
        # An answer to what was not confirmable has a message ID of this side.
        answer_kind = ACKNOWLEDGEMENT if kind == CONFIRMABLE else NON_CONFIRMABLE
        header = 1 << 6 | answer_kind << 4 | len(token)
        answer, rest = self._answer(code, path)
        datagram = HEADER.pack(header, answer, message_id) + token + rest
        asyncio.get_running_loop().call_later(
            self._latency, self.transport.sendto, datagram, addr
        )

    def _answer(self, code: int, path: str) -> tuple[int, bytes]:
        """Return the code of an answer, and its options and payload.

        A value is another one each time.
        """
        if code != GET:
            return NOT_ALLOWED, b""
        if path == ".well-known/core":
            links = ",".join(f"</{name}>" for name in self._paths)
            # In one message: without blocks, it holds no more.
            return CONTENT, LINK_FORMAT + PAYLOAD_MARKER + links.encode()[:1024]
        if path not in self._paths:
            return NOT_FOUND, b""
        return CONTENT, TEXT_PLAIN + PAYLOAD_MARKER + str(self._asked).encode()


async def serve(folder: Path) -> None:
    """Run the devices until SIGTERM."""
    plan = Plan.read(folder)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    devices: list[Device] = []
    with (folder / POLLS).open("wb") as polls:
        for number, fate in enumerate(plan.fates):
            _, device = await loop.create_datagram_endpoint(
                partial(Device, number, plan, polls),
                local_addr=("127.0.0.1", 0),
            )
            device.silent = fate is Fate.NEVER
            devices.append(device)

        def die() -> None:
            for device, fate in zip(devices, plan.fates, strict=True):
                device.silent |= fate is Fate.SILENT
                if fate is Fate.CLOSED:
                    device.transport.close()

        loop.add_signal_handler(signal.SIGUSR1, die)
        ports = [device.transport.get_extra_info("sockname")[1] for device in devices]
        print(json.dumps(ports), flush=True)
        while not ended.is_set():
            polls.flush()
            try:
                async with asyncio.timeout(FLUSHED_EVERY):
                    await ended.wait()
            except TimeoutError:
                continue


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
