"""What a model file says, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model import DeviceModel
from ..values import JsonValue
from ..reading import Remark


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model, what the file knows beside it, and what was left out."""

    model: DeviceModel
    layouts: Mapping[str, JsonValue] = field(default_factory=dict)
    overlay: Mapping[str, JsonValue] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    document: Mapping[str, JsonValue] = field(default_factory=dict)
    """The file itself, unchanged."""
