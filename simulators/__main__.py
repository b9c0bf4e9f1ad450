"""Start a simulated device from the command line: ``python -m simulators --help``."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import suppress
import logging
import signal
import ssl
import sys
from typing import Final

from custom_components.device_models.iot.errors import ModelError

from .behaviour import ALERTS_EVERY
from .coap import MAX_AGE, CoapSimulator
from .coap_push import WAKES_EVERY, CoapPushSimulator
from .coap_server import LOGGER_NAME
from .descriptions import coap_layout, description_of, http_layout, simulated
from .faults import PRESETS, Faults
from .http import MAX_AGE as HTTP_MAX_AGE, HttpSimulator
from .http_access import SCHEMES, Access
from .models import BUNDLED, load_file
from .mqtt import STATE_EVERY, MqttSimulator
from .simulator import Simulator, cancel

USAGE_ERROR: Final = 2
FAILED: Final = 1


def parser() -> argparse.ArgumentParser:
    """Return the command line that is understood."""
    bundled = ", ".join(sorted(file.stem for file in BUNDLED.glob("*.json")))
    top = argparse.ArgumentParser(
        prog="python -m simulators",
        description="A simulated device of any device model, until Ctrl-C.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "model", metavar="MODEL", help=f"a model file, or one of: {bundled}"
    )
    common.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[=N]",
        help="silent, slow=SECONDS, rebooting=EVERY_SECONDS, lossy=PERCENT, "
        "busy=SECONDS (HTTP), garbage; "
        "may be given more than once; without a number: "
        + ", ".join(f"{name}={amount:g}" for name, amount in PRESETS.items()),
    )
    common.add_argument(
        "--seed", type=int, default=0, help="of everything that is random (default 0)"
    )
    common.add_argument(
        "--speed",
        type=float,
        default=1.0,
        help="how fast the device's time passes (default 1; 0 stops it)",
    )
    common.add_argument(
        "--alerts-every",
        type=float,
        default=ALERTS_EVERY,
        metavar="SECONDS",
        help=f"mean time between alerts of one format (default {ALERTS_EVERY:g}; "
        "0 for none)",
    )
    kinds = top.add_subparsers(dest="kind", required=True)
    _add_coap(kinds.add_parser("coap", parents=[common], help="a CoAP server"))
    _add_coap_push(
        kinds.add_parser(
            "coap-push", parents=[common], help="a CoAP client that sleeps and pushes"
        )
    )
    _add_http(kinds.add_parser("http", parents=[common], help="an HTTP server"))
    _add_mqtt(kinds.add_parser("mqtt", parents=[common], help="an MQTT client"))
    return top


def _add_coap(coap: argparse.ArgumentParser) -> None:
    """Add what only a CoAP device has."""
    coap.add_argument("--host", default="127.0.0.1", help="address to listen on")
    coap.add_argument("--port", type=int, default=5683, help="0 for any free one")
    coap.add_argument("--base", default="", metavar="PATH", help="base path")
    coap.add_argument(
        "--max-age", type=int, default=MAX_AGE, help="seconds (default %(default)s)"
    )
    _add_announce(coap)


def _add_announce(server: argparse.ArgumentParser) -> None:
    """Add what only a server has that may be found."""
    server.add_argument(
        "--announce",
        action="store_true",
        help="let it be found (zeroconf) on the network of its IPv4 address; with "
        "--host 0.0.0.0 on all",
    )


def _add_coap_push(push: argparse.ArgumentParser) -> None:
    """Add what only a CoAP device that sleeps has."""
    push.add_argument(
        "--server",
        required=True,
        metavar="coap://HOST[:PORT]/PATH",
        help="where it pushes to",
    )
    push.add_argument(
        "--every",
        type=float,
        default=WAKES_EVERY,
        metavar="SECONDS",
        help="how long it sleeps (default %(default)g); an alert wakes it",
    )
    push.add_argument("--key", help="the secret that it shows to the server")


def _add_http(http: argparse.ArgumentParser) -> None:
    """Add what only an HTTP device has."""
    http.add_argument("--host", default="127.0.0.1", help="address to listen on")
    http.add_argument("--port", type=int, default=8080, help="0 for any free one")
    http.add_argument("--base", default="", metavar="PATH", help="base path")
    http.add_argument(
        "--max-age",
        type=int,
        default=HTTP_MAX_AGE,
        help="seconds (default %(default)s)",
    )
    _add_announce(http)
    http.add_argument("--security", choices=SCHEMES, help="default: none")
    http.add_argument("--username", default="user", help="default: %(default)s")
    http.add_argument(
        "--secret",
        default="secret",
        help="the password, token or key (default: %(default)s)",
    )
    http.add_argument(
        "--actions-take",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="let actions go on after they were called",
    )


def _add_mqtt(mqtt: argparse.ArgumentParser) -> None:
    """Add what only an MQTT device has."""
    mqtt.add_argument("--broker", default="127.0.0.1", metavar="HOST[:PORT]")
    mqtt.add_argument(
        "--base", default="", metavar="TOPIC", help="default: the end of the URN"
    )
    mqtt.add_argument("--username")
    mqtt.add_argument("--password")
    mqtt.add_argument(
        "--protocol", choices=("3.1.1", "5"), default="3.1.1", help="MQTT version"
    )
    mqtt.add_argument("--tls", action="store_true", help="use TLS")
    mqtt.add_argument("--ca", metavar="FILE", help="CA certificate; means --tls")
    mqtt.add_argument(
        "--per-attribute",
        action="store_true",
        help="also publish every attribute on a topic of its own",
    )
    mqtt.add_argument(
        "--state-every",
        type=float,
        default=STATE_EVERY,
        metavar="SECONDS",
        help="publish the state at least so often (default %(default)g)",
    )


def simulator_of(options: argparse.Namespace) -> Simulator:
    """Return the simulator that the command line describes.

    Raises:
        FileNotFoundError: the model file is not there.
        ModelError: it is not usable.
        ValueError: a fault or an address is not understood.

    """
    loaded = load_file(options.model)
    device = simulated(loaded, seed=options.seed, alerts_every=options.alerts_every)
    faults = Faults.parse(options.fault, seed=options.seed)
    if options.kind == "coap":
        return CoapSimulator(
            device,
            host=options.host,
            port=options.port,
            base=options.base,
            max_age=options.max_age,
            speed=options.speed,
            faults=faults,
            announce=options.announce,
            service=description_of(loaded).service,
            layout=coap_layout(loaded),
        )
    if options.kind == "coap-push":
        return CoapPushSimulator(
            device,
            options.server,
            every=options.every,
            key=options.key,
            speed=options.speed,
            faults=faults,
        )
    if options.kind == "http":
        return HttpSimulator(
            device,
            host=options.host,
            port=options.port,
            base=options.base,
            max_age=options.max_age,
            access=Access(options.security or "", options.username, options.secret),
            actions_take=options.actions_take,
            announce=options.announce,
            speed=options.speed,
            faults=faults,
            layout=http_layout(loaded),
        )
    tls = ssl.create_default_context(cafile=options.ca) if _uses_tls(options) else None
    host, port = address_of(options.broker, 8883 if tls else 1883)
    description = description_of(loaded)
    base = description.base(loaded) if description.base else ""
    return MqttSimulator(
        device,
        host=host,
        port=port,
        base=options.base or base,
        username=options.username,
        password=options.password,
        protocol=options.protocol,
        tls=tls,
        per_attribute=options.per_attribute,
        state_every=options.state_every,
        speed=options.speed,
        faults=faults,
        topics=description.mqtt,
    )


def _uses_tls(options: argparse.Namespace) -> bool:
    """Whether the broker is reached over TLS."""
    return bool(options.tls or options.ca)


def address_of(spelled: str, default_port: int) -> tuple[str, int]:
    """Return host and port of "host", "host:port" or "[address]:port".

    Raises:
        ValueError: the port is no number.

    """
    host, colon, port = spelled.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = spelled, ""
    try:
        return host.strip("[]"), int(port or default_port)
    except ValueError:
        raise ValueError(f"expected HOST[:PORT], got {spelled!r}") from None


async def run(simulator: Simulator) -> None:
    """Run a simulator until a signal asks to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    start = asyncio.create_task(simulator.start())
    waiting = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait((start, waiting), return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            await start
            print(f"ready {simulator.url}", flush=True)
            await ended.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        await cancel(start)
        waiting.cancel()
        await simulator.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr
    )
    # The libraries below tell every datagram and every refused request.
    for noisy in (LOGGER_NAME, "coap", "mqtt"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        simulator = simulator_of(options)
    except (ModelError, OSError, ValueError) as err:
        print(f"simulators: {err}", file=sys.stderr)
        return USAGE_ERROR
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(run(simulator))
    except (OSError, OverflowError, ValueError) as err:
        print(f"simulators: {err}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
