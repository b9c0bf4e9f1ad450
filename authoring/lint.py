"""Check model files: can they be used, and do they do what they say."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
import json
from pathlib import Path
import sys
from typing import Final, TextIO

from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded
from custom_components.device_models.iot.reading import Remark
from custom_components.device_models.iot.samples import check_bindings, check_samples
from custom_components.device_models.mapping import decide

from .files import found, load_file
from .texts import one_line

MANY: Final = 20
"""Files from which on the progress is shown."""


@dataclass(slots=True)
class Report:
    """What was found in one file."""

    file: str
    loaded: Loaded | None = None
    errors: list[Remark] = field(default_factory=list)

    @property
    def ignored(self) -> tuple[Remark, ...]:
        """What was left out."""
        remarks = self.loaded.remarks if self.loaded else ()
        return tuple(
            Remark(remark.where or "(top)", remark.message) for remark in remarks
        )

    def as_json(self) -> str:
        """Return it as a line for machines."""
        model = self.loaded.model if self.loaded else None
        return json.dumps(
            {
                "file": self.file,
                "ok": not self.errors,
                "format": self.loaded.format if self.loaded else None,
                "attributes": len(model.attributes) if model else 0,
                "actions": len(model.actions) if model else 0,
                "formats": len(model.formats) if model else 0,
                "errors": [_as_json(remark) for remark in self.errors],
                "ignored": [_as_json(remark) for remark in self.ignored],
            },
            ensure_ascii=False,
        )

    def lines(self) -> Iterator[str]:
        """Yield it line by line for people."""
        for error in self.errors:
            yield one_line(f"{self.file}: {error.where}: {error.message}")
        for remark in self.ignored:
            yield one_line(f"{self.file}: {remark.where}: ignored: {remark.message}")


def _as_json(remark: Remark) -> dict[str, str]:
    """Return a place and what is the matter there."""
    return {"where": remark.where, "message": remark.message}


def check(path: Path) -> Report:
    """Return what is wrong with a file: its model, bindings, overlay and samples."""
    report = Report(str(path))
    try:
        report.loaded = loaded = load_file(path)
    except ModelError as err:
        report.errors.append(_of(err))
        return report
    report.errors += check_bindings(loaded)
    try:
        decide(loaded)
    except ModelError as err:
        report.errors.append(_of(err))
    report.errors += check_samples(loaded)
    return report


def _of(error: ModelError) -> Remark:
    """Return an error as a place and what is the matter there."""
    return Remark(error.details["where"], error.details["problem"])


class _Progress:
    """How far it is, on a line of a terminal that is written over."""

    def __init__(self, total: int, stream: TextIO) -> None:
        """Note how much there is; with a few files nothing is shown."""
        self._total = total if total >= MANY and stream.isatty() else 0
        self._stream = stream

    def show(self, done: int) -> None:
        """Show how many files are done; None are left when it is all of them."""
        if not self._total or (done % 10 and done < self._total):
            return
        text = f"{done} of {self._total} files" if done < self._total else ""
        self._stream.write(f"\r\x1b[K{text}")
        self._stream.flush()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a model file of any format, or a folder that is searched for them",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per line and file"
    )


def run(options: argparse.Namespace) -> int:
    """Check the files; returns 1 if one of them cannot be used."""
    paths = list(found(options.files))
    progress = _Progress(len(paths), sys.stderr)
    failed = ignored = 0
    for number, path in enumerate(paths, start=1):
        report = check(path)
        failed += bool(report.errors)
        ignored += len(report.ignored)
        lines = [report.as_json()] if options.json else list(report.lines())
        if lines:
            progress.show(len(paths))
            print(*lines, sep="\n")
        progress.show(number)
    if not options.json:
        summary = f"{len(paths) - failed} of {len(paths)} files ok"
        print(f"{summary}, {ignored} ignored" if ignored else summary)
    return int(bool(failed))
