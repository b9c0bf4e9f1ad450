"""What the system knows of a process."""

import os
import socket

import pytest

from bench.process import gauge


def test_gauge_follows_the_process(socket_enabled: None) -> None:
    before = gauge(os.getpid())
    ballast = bytearray(b"x" * 50_000_000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM):
        during = gauge(os.getpid())
    assert during.memory - before.memory == pytest.approx(47.7, abs=5)
    assert (during.files, during.sockets) == (before.files + 1, before.sockets + 1)
    assert during.at > before.at
    assert during.cpu >= before.cpu
    assert len(ballast) == 50_000_000


def test_process_that_is_not_there() -> None:
    with pytest.raises(OSError, match="No such file"):
        gauge(2**22 + 1)  # beyond the highest number there is: proc(5), pid_max
