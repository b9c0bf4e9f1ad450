"""Writing a model of any format as a device file, in JSON or YAML."""

from collections.abc import Mapping
from dataclasses import asdict, replace
import re
from typing import Any, Final, override

import yaml

from ..alert_rules import written_rules
from ..delivery import written_delivery
from ..errors import ModelError
from ..model import Action, Attribute, DeviceModel, Format
from ..reading import Remarks
from ..values import JsonValue
from . import device_file
from .loaded import Loaded, Security
from .oracle import read_model
from .oracle.writing import write_model

WIDTH: Final = 88
"""Of a line of YAML, where it can be broken."""


def write_device_file(
    loaded: Loaded, overlay: Mapping[str, JsonValue] | None = None
) -> dict[str, JsonValue]:
    """Return the device file that says what was loaded.

    The model is written in Oracle's style. What a model of another format had beside
    it (forms, links …) is not carried over; a device file keeps its other keys.

    Args:
        loaded: a model of any format.
        overlay: how it shows to the user, in the place of the file's own.

    """
    kept: Mapping[str, JsonValue] = {}
    if device_file.recognises(loaded.document) and isinstance(loaded.document, Mapping):
        kept = loaded.document
    known: dict[str, JsonValue] = {
        "model": write_model(_oracle_style(loaded.model)),
        "binding": dict(loaded.layouts),
        "overlay": dict(loaded.overlay if overlay is None else overlay),
        "alerts": written_rules(loaded.alerts),
        "commands": written_delivery(loaded.delivery),
        "security": [_security(one) for one in loaded.security],
    }
    said = {key: value for key, value in known.items() if value}
    others = {
        key: value for key, value in kept.items() if key not in device_file.OWN_KEYS
    }
    return said | others


def _security(security: Security) -> JsonValue:
    """Return how a device wants to be authorised."""
    said = asdict(security) | {"scopes": " ".join(security.scopes)}
    return {key: value for key, value in said.items() if value}


def _oracle_style(model: DeviceModel) -> DeviceModel:
    """Return a model without what its file said in the words of another format."""
    try:
        own = read_model(model.source, source="", remarks=Remarks()).urn == model.urn
    except ModelError:
        own = False
    return model if own else _bare(model)


def _bare[T: (DeviceModel, Attribute, Action, Format)](element: T) -> T:
    """Return an element without the spelling of its file."""
    changes: dict[str, Any] = {"source": {}}
    for key in ("attributes", "actions", "formats", "members"):
        if listed := getattr(element, key, ()):
            changes[key] = tuple(map(_bare, listed))
    for key in ("arguments", "results", "fields"):
        if listed := getattr(element, key, ()):
            changes[key] = tuple(replace(one, source={}) for one in listed)
    return replace(element, **changes)


class _Dumper(yaml.SafeDumper):
    """Blocks, no anchors, and quotes around what some reader would take for another."""

    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True

    @override
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists, too, as people do."""
        super().increase_indent(flow, indentless=False)

    @override
    def represent_data(self, data: Any) -> yaml.Node:
        """Take every mapping for what it is."""
        other = isinstance(data, Mapping) and not isinstance(data, dict)
        return super().represent_data(dict(data) if other else data)

    def text(self, value: str) -> yaml.ScalarNode:
        """Write a text: several lines as such, and what looks like more in quotes."""
        style = None
        if _NEEDS_QUOTES.search(value):
            style = '"'
        elif "\n" in value:
            style = "|"
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_NEEDS_QUOTES: Final = re.compile(
    r"^[-+.\d][-+.,:\deExo]*$|^<[^\n]*$|[\r\x85\u2028\u2029]", re.ASCII
)
"""What is a number to YAML 1.2 only, begins a file that is no YAML, or has other breaks
of lines in it."""

_Dumper.add_representer(str, _Dumper.text)
_Dumper.add_multi_representer(str, _Dumper.text)


def to_yaml(document: Mapping[str, JsonValue]) -> str:
    """Return a document as YAML that reads back equal."""
    return yaml.dump(
        document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH
    )
