"""Show what each element of a model becomes in Home Assistant, and why."""

import argparse
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import sys
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import (
    Loaded,
    device_file,
    load_document,
)
from custom_components.device_models.iot.values import JsonValue
from custom_components.device_models.mapping import count, decide
from custom_components.device_models.mapping.decisions import Decision

from .files import load_file
from .texts import one_line, shown

COLUMNS: Final[Mapping[str, int | None]] = {
    "element": 3,
    "name": 3,
    "becomes": 2,
    "unit, class": 3,
    "enabled": None,
    "why": 6,
}
"""The columns of the table, and how wide they are in proportion to each other."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE", help="a model file of any format")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> int:
    """Show one file; returns 1 if it cannot be used."""
    try:
        loaded = load_file(Path(options.file))
        decisions = decide(loaded)
    except ModelError as err:
        place = f"{err.details['where']}: {err.details['problem']}"
        print(one_line(f"{options.file}: {place}"), file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(_as_json(options.file, loaded, decisions), ensure_ascii=False))
    else:
        _show(loaded, decisions)
    return 0


def print_table(loaded: Loaded) -> None:
    """Print what a model is, and what its elements become.

    Raises:
        ModelError: its overlay cannot be used.

    """
    _show(loaded, decide(loaded))


def _as_json(
    file: str, loaded: Loaded, decisions: tuple[Decision, ...]
) -> Mapping[str, JsonValue]:
    """Return the preview for machines."""
    return {
        "file": file,
        "recognised": [
            {"format": part.format, "sign": part.sign, "tried": list(part.tried)}
            for part in _parts(loaded)
        ],
        "name": loaded.model.name,
        "urn": loaded.model.urn,
        "elements": [
            {
                "element": decision.element,
                "kind": decision.kind.value,
                "name": decision.name,
                "platform": decision.platform.value,
                "device_class": decision.device_class and str(decision.device_class),
                "state_class": decision.state_class and str(decision.state_class),
                "unit": decision.unit,
                "category": decision.category and str(decision.category),
                "enabled": decision.enabled,
                "reasons": dict(decision.reasons),
            }
            for decision in decisions
        ],
        "ignored": [
            {"where": remark.where, "message": remark.message}
            for remark in loaded.remarks
        ],
    }


def _show(loaded: Loaded, decisions: tuple[Decision, ...]) -> None:
    """Print the preview for people."""
    console = Console(highlight=False, soft_wrap=False)
    console.print(shown(f"{loaded.model.name} ({loaded.model.urn})"), style="bold")
    for level, part in enumerate(_parts(loaded)):
        intro = "  " * level + ("its model: " if level else "")
        console.print(shown(f"{intro}{part.format}, recognised by {part.sign}"))
        if part.tried:
            tried = ", ".join(part.tried)
            console.print(shown(f"{'  ' * level}tried before: {tried}"), style="dim")
    table = Table(expand=True, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading, ratio in COLUMNS.items():
        table.add_column(heading, overflow="fold", ratio=ratio)
    for decision in decisions:
        table.add_row(*map(shown, _cells(decision)))
    console.print(table)
    for remark in loaded.remarks:
        console.print(shown(f"ignored: {remark}"), style="yellow")
    counted = sorted(count(decisions).items(), key=lambda item: (-item[1], item[0]))
    total = ", ".join(f"{number} × {platform}" for platform, number in counted)
    console.print(shown(total or "no entities"))


def _parts(loaded: Loaded) -> Iterator[Loaded]:
    """Yield what was loaded, then the model within a device file, as read alone."""
    yield loaded
    document = loaded.document
    while device_file.recognises(document) and isinstance(document, Mapping):
        document = document["model"]
        yield load_document(document, "model")


def _cells(decision: Decision) -> tuple[str, ...]:
    """Return the row of one element."""
    classes = (decision.unit, decision.device_class, decision.state_class)
    return (
        decision.element,
        decision.name,
        ", ".join(filter(None, (decision.platform, decision.category))),
        ", ".join(filter(None, classes)),
        "yes" if decision.enabled else "no",
        "; ".join(dict.fromkeys(decision.reasons.values())),
    )
