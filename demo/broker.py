"""An MQTT broker within the demo: without a password, for this machine alone."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import logging
from typing import Final

from amqtt.broker import Broker
from amqtt.errors import BrokerError

from .errors import DemoError

VERSION: Final = "3.1.1"
"""The only version of MQTT that it speaks."""


@asynccontextmanager
async def broker(port: int) -> AsyncGenerator[None]:
    """Run the broker.

    Raises:
        DemoError: the port is taken.

    """
    # It tells every connection, and every client that is killed as an error.
    for noisy in ("amqtt", "transitions"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    anonymous = "amqtt.plugins.authentication.AnonymousAuthPlugin"
    running = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {anonymous: {"allow_anonymous": True}},
        }
    )
    try:
        await running.start()
    except BrokerError as err:
        raise DemoError(f"the MQTT broker cannot listen on port {port}: {err}") from err
    try:
        yield
    finally:
        await running.shutdown()
