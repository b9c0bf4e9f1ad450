"""Run a simulated device of a model, of whatever format it is."""

import argparse
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Final

from custom_components.device_models.iot.errors import ModelError
from simulators.__main__ import address_of, main as simulators

from .files import load_file
from .texts import one_line

FAILED: Final = 1
USAGE_ERROR: Final = 2

HOST: Final = "127.0.0.1"

SERVERS: Final = {"coap": ("CoAP", 5683), "http": ("HTTP", 8080)}
"""What the device may be a server of, and the port that it listens on then."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a model file of any format")
    system = parser.add_mutually_exclusive_group(required=True)
    for kind, (name, port) in SERVERS.items():
        system.add_argument(
            f"--{kind}",
            nargs="?",
            const=HOST,
            metavar="HOST[:PORT]",
            help=f"be a {name} server there (default: {HOST}:{port})",
        )
    system.add_argument(
        "--mqtt", metavar="HOST[:PORT]", help="be a client of the MQTT broker there"
    )
    parser.epilog = (
        "A Thing, a node that lists its links, and a Homie device are as they say; "
        "others have the default layout: a binding in the file is not used. Other "
        "options, such as --base, --fault or --speed, go to the simulator: see "
        "python -m simulators coap --help, http --help, or mqtt --help."
    )
    parser.set_defaults(passes_on=True)


def run(options: argparse.Namespace) -> int:
    """Run the device until Ctrl-C; returns the simulator's exit code."""
    try:
        if options.mqtt is not None:
            place = ["mqtt", "--broker", options.mqtt]
        else:
            kind = next(kind for kind in SERVERS if getattr(options, kind) is not None)
            host, port = address_of(getattr(options, kind), SERVERS[kind][1])
            place = [kind, "--host", host, "--port", str(port)]
        loaded = load_file(Path(options.file))
    except ModelError as err:
        told = f"{err.details['where']}: {err.details['problem']}"
        print(one_line(f"{options.file}: {told}"), file=sys.stderr)
        return FAILED
    except ValueError as err:
        print(f"script/model: {err}", file=sys.stderr)
        return USAGE_ERROR
    for remark in loaded.remarks:
        print(one_line(f"{options.file}: ignored: {remark}"), file=sys.stderr)
    document = loaded.document
    with TemporaryDirectory() as folder:
        # The simulator reads one file: here, what this one refers to is in it.
        whole = Path(folder, "model.json")
        text = document if isinstance(document, str) else json.dumps(document)
        whole.write_text(text, encoding="utf-8")
        return simulators([*place, *options.more, str(whole)])
