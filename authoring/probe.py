"""Ask a device, a broker or a web server what is there, and show the model of it."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
import importlib
import json
import logging
from pathlib import Path
import sys
from typing import Final

from custom_components.device_models.iot.errors import DeviceModelsError
from custom_components.device_models.iot.formats import Loaded
from custom_components.device_models.iot.formats.device_file_writing import (
    to_yaml,
    write_device_file,
)
from custom_components.device_models.iot.formats.folders import model_files
from custom_components.device_models.iot.matching import Match, best_matches
from custom_components.device_models.iot.values import JsonValue
from custom_components.device_models.library import BUNDLED

from .files import load_file
from .targets import PASSWORD_VARIABLE, Target, target_of
from .texts import one_line

USAGE_ERROR: Final = 2
FAILED: Final = 1

PATIENCE: Final = 5.0
"""Seconds after which, each time, is told that the work goes on."""

LIKE: Final = 50
"""The score from which on a bundled model is worth naming."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "uri",
        metavar="URI",
        help="coap://HOST[:PORT]/BASE/PATH, mqtt[s]://[USER@]HOST[:PORT]/BASE/TOPIC, "
        "or the http(s):// address of a model file",
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="the password of the user; else it is taken from the environment variable "
        f"{PASSWORD_VARIABLE}, or asked for",
    )
    parser.add_argument(
        "--mqtt-version", choices=("5", "3.1.1"), default="5", help="(default 5)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the model as a device file: JSON if the name ends so, else YAML",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


async def run(options: argparse.Namespace) -> int:
    """Ask, and show what came back.

    Returns:
        0; 1 if there is nothing usable; 2 if the command line is not.

    """
    # The libraries tell every datagram and every lost connection.
    for noisy in ("coap", "mqtt"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        target = target_of(options)
    except (OSError, ValueError) as err:
        print(one_line(f"script/model probe: {err}"), file=sys.stderr)
        return USAGE_ERROR
    try:
        async with _told(f"asking {target.shown}"):
            loaded = await target.ask()
        matches = _matches(loaded, target.base)
        if options.output is not None:
            _write(loaded, options.output)
    except DeviceModelsError as err:
        return _fail(target, err.details.get("where", ""), str(err), options)
    except OSError as err:
        return _fail(target, str(options.output), err.strerror or str(err), options)
    if options.json:
        _print_json(_as_json(target, loaded, matches))
    else:
        _show(loaded, matches)
    return 0


@asynccontextmanager
async def _told(what: str) -> AsyncIterator[None]:
    """Tell on stderr what is being done, again and again while it takes long."""

    async def tell() -> None:
        seconds = 0.0
        while True:
            await asyncio.sleep(PATIENCE)
            seconds += PATIENCE
            print(one_line(f"still {what} ({seconds:g} s)"), file=sys.stderr)

    print(one_line(f"{what} …"), file=sys.stderr)
    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


def _matches(loaded: Loaded, base: str) -> list[tuple[str, Match]]:
    """Return the bundled models that are much like what was found."""
    bundled = {path.stem: load_file(path) for path in model_files(BUNDLED)}
    return [
        (name, found)
        for name, found in best_matches(bundled, loaded, base)
        if found.score >= LIKE
    ]


def _write(loaded: Loaded, path: Path) -> None:
    """Write a model as a device file.

    Raises:
        OSError: it cannot be written.

    """
    document = write_device_file(loaded)
    text = to_yaml(document)
    if path.suffix.lower() == ".json":
        text = f"{json.dumps(document, ensure_ascii=False, indent=2)}\n"
    path.write_text(text, encoding="utf-8")
    print(one_line(f"wrote {path}"), file=sys.stderr)


def _fail(target: Target, where: str, message: str, options: argparse.Namespace) -> int:
    """Tell why there is no model."""
    if options.json:
        errors: JsonValue = [{"where": where, "message": message}]
        _print_json({"uri": target.shown, "ok": False, "errors": errors})
    else:
        print(one_line(message), file=sys.stderr)
    return FAILED


def _as_json(
    target: Target, loaded: Loaded, matches: list[tuple[str, Match]]
) -> Mapping[str, JsonValue]:
    """Return what was found for machines."""
    model = loaded.model
    return {
        "uri": target.shown,
        "ok": True,
        "format": loaded.format,
        "sign": loaded.sign,
        "tried": list(loaded.tried),
        "name": model.name,
        "urn": model.urn,
        "draft": model.draft,
        "attributes": len(model.attributes),
        "actions": len(model.actions),
        "formats": len(model.formats),
        "errors": [],
        "ignored": [
            {"where": remark.where, "message": remark.message}
            for remark in loaded.remarks
        ],
        "matches": [
            {"model": name, "score": found.score, "reason": found.reason}
            for name, found in matches
        ],
    }


def _print_json(document: Mapping[str, JsonValue]) -> None:
    """Print one object on one line."""
    print(json.dumps(document, ensure_ascii=False))


def _show(loaded: Loaded, matches: list[tuple[str, Match]]) -> None:
    """Print what was found for people: with the mapping table."""
    # What it maps to is known to Home Assistant, which takes a while to import.
    importlib.import_module(f"{__package__}.preview").print_table(loaded)
    for name, found in matches:
        print(one_line(f"like the model {name} ({found.score} %): {found.reason}"))
