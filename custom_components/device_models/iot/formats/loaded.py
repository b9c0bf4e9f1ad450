"""What a model file says, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model import DeviceModel
from ..reading import Remark
from ..values import JsonValue


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model, what the file knows beside it, and what was left out."""

    model: DeviceModel
    layouts: Mapping[str, JsonValue] = field(default_factory=dict)
    overlay: Mapping[str, JsonValue] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    document: Mapping[str, JsonValue] = field(default_factory=dict)
    """The file itself, unchanged."""
