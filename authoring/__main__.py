"""The command for authors of models: ``script/model --help``."""

import argparse
import asyncio
from collections.abc import Coroutine, Mapping, Sequence
import importlib
import os
import sys
from typing import Final, Protocol

USAGE_ERROR: Final = 2
INTERRUPTED: Final = 130

COMMANDS: Final[Mapping[str, str]] = {
    "lint": "check model files, and what they say of bindings, overlays and samples",
    "preview": "show what each element of a model becomes in Home Assistant, and why",
    "simulate": "run a simulated device of a model",
    "probe": "ask a device or a broker what is there",
}
"""Each is a module of this package; only the one that is asked for is imported."""


class Command(Protocol):
    """What the module of a command has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the command takes."""

    def run(self, options: argparse.Namespace) -> int | Coroutine[None, None, int]:
        """Do it and return the exit code."""


def parser(chosen: str = "") -> argparse.ArgumentParser:
    """Return the command line that is understood.

    Args:
        chosen: the command whose arguments are needed.

    """
    top = argparse.ArgumentParser(
        prog="script/model",
        description="For authors of device models; needs no running Home Assistant.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize())
        if name == chosen:
            module: Command = importlib.import_module(f"{__package__}.{name}")
            command.set_defaults(passes_on=False)
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    chosen = next((one for one in arguments if not one.startswith("-")), "")
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
    top = parser(chosen)
    options, more = top.parse_known_args(arguments)
    if more and not options.passes_on:
        top.error(f"unrecognized arguments: {' '.join(more)}")
    options.more = more
    try:
        code = options.run(options)
        if asyncio.iscoroutine(code):
            code = asyncio.run(code)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Who read the output has enough of it; Python must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
