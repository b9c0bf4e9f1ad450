"""The benchmarks: ``script/bench coap-many --help``."""

import argparse
import asyncio
from collections.abc import Sequence
import logging
import sys

from rich.console import Console

from demo.errors import DemoError

from .coap_many import coap_many
from .figures import Figure, broken, table
from .plan import Plan
from .policies import policies

COAP_MANY = "coap-many"
POLICIES = "policies"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(
        prog="script/bench",
        description="Measures the integration in a real Home Assistant, with simulated "
        "devices on this machine. Exit code 1: a bound is broken, and which is said.",
    )
    benchmarks = top.add_subparsers(dest="benchmark", required=True)
    many = benchmarks.add_parser(
        COAP_MANY,
        help="many CoAP devices, some of them dead: are the others asked in time, and "
        "do memory and sockets stay as they are?",
    )
    many.add_argument("--devices", type=_number, default=200)
    many.add_argument("--attributes", type=_number, default=10, help="of each device")
    many.add_argument("--dead", type=_number, default=20, help="of the devices")
    many.add_argument("--interval", type=float, default=10.0, help="in seconds")
    many.add_argument(
        "--latency", type=float, default=0.1, help="of each answer, in seconds"
    )
    many.add_argument("--minutes", type=float, default=30.0, help="after the warm-up")
    piped = benchmarks.add_parser(
        POLICIES, help="what does a received value cost with policies?"
    )
    piped.add_argument("--values", type=_number, default=9_000)
    for benchmark in (many, piped):
        benchmark.add_argument(
            "--json", action="store_true", help="one JSON object for each figure"
        )
    return top


def _number(spelled: str) -> int:
    """Return a number of things.

    Raises:
        ArgumentTypeError: it is none.

    """
    if spelled.isdecimal() and int(spelled) < 10_000:
        return int(spelled)
    raise argparse.ArgumentTypeError(f"expected 0 to 9999, got {spelled!r}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    top = parser()
    options = top.parse_args(arguments)
    if options.benchmark == POLICIES:
        figures = asyncio.run(_policies(options.values))
        return _show(options, f"{POLICIES}: {options.values} values", figures)
    if options.dead >= options.devices or not options.attributes:
        top.error("expected a device that lives, with an attribute")
    logging.basicConfig(level=logging.ERROR)
    told = Console(stderr=True)
    plan = Plan(
        devices=options.devices,
        attributes=options.attributes,
        dead=options.dead,
        interval=options.interval,
        latency=options.latency,
    )

    def tell(text: str) -> None:
        told.print(f"bench: {text}", highlight=False, markup=False, soft_wrap=True)

    try:
        figures = asyncio.run(coap_many(plan, options.minutes, tell))
    except DemoError as err:
        tell(str(err))
        return 1
    except KeyboardInterrupt:
        return 130
    title = (
        f"{options.benchmark}: {plan.devices} devices × {plan.attributes} "
        f"attributes each {plan.interval:g} s, {plan.dead} dead, "
        f"answers after {plan.latency:g} s"
    )
    return _show(options, title, figures)


async def _policies(count: int) -> list[Figure]:
    """Measure on an event loop, which keeps the time of policies."""
    return policies(count)


def _show(options: argparse.Namespace, title: str, figures: Sequence[Figure]) -> int:
    """Show figures; returns the exit code."""
    if options.json:
        for figure in figures:
            print(figure.as_json(options.benchmark))
    else:
        Console().print(table(title, figures))
    told = Console(stderr=True)
    for reason in broken(figures):
        told.print(
            f"bench: broken: {reason}", highlight=False, markup=False, soft_wrap=True
        )
    return 1 if broken(figures) else 0


if __name__ == "__main__":
    sys.exit(main())
