"""What script/demo understands."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MORE: Final[Mapping[str, str]] = {
    "wot": "Things, over HTTP and CoAP",
    "ipso": "an IPSO node, over CoAP",
    "homie": "Homie devices of versions 4 and 5, over MQTT",
}
"""Kinds of devices that describe themselves."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(
        prog="script/demo",
        description="Home Assistant with two simulated devices: one over CoAP, one "
        "over MQTT, each described by a device model. Everything runs on this machine "
        "and ends with Ctrl-C.",
    )
    top.add_argument(
        "--with",
        dest="more",
        type=_kinds,
        default=(),
        metavar="KIND,…",
        help="devices that describe themselves, besides: "
        + ", ".join(f"{kind} ({text})" for kind, text in MORE.items()),
    )
    top.add_argument(
        "--check",
        action="store_true",
        help="try everything without a user, print one line and end (for machines)",
    )
    top.add_argument(
        "--browser",
        action="store_true",
        help="with --check: operate a thermostat, a light and a cover in Chromium, too",
    )
    top.add_argument(
        "--port",
        type=_port,
        help="Home Assistant's port (default: 8123, or another one if that is taken)",
    )
    top.add_argument(
        "--keep",
        type=lambda spelled: Path(spelled).resolve(),
        metavar="DIR",
        help="keep Home Assistant's configuration in a directory, to go on with it the "
        "next time (default: begin anew)",
    )
    return top


def _kinds(spelled: str) -> tuple[str, ...]:
    """Return the kinds of devices that are wanted besides.

    Raises:
        ArgumentTypeError: there is no such kind.

    """
    kinds = tuple(dict.fromkeys(spelled.split(",")))
    if unknown := [kind for kind in kinds if kind not in MORE]:
        known = ", ".join(MORE)
        raise argparse.ArgumentTypeError(f"expected {known}, got {unknown[0]!r}")
    return kinds


def _port(spelled: str) -> int:
    """Return a port.

    Raises:
        ArgumentTypeError: it is none.

    """
    if spelled.isdecimal() and 0 < int(spelled) < 65536:
        return int(spelled)
    raise argparse.ArgumentTypeError(f"expected 1 to 65535, got {spelled!r}")
