"""The form in which the user changes what one element becomes."""

from collections.abc import Callable, Mapping
import math
from typing import Any, Final, NamedTuple

from homeassistant.components.sensor.const import SensorStateClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import voluptuous as vol

from .iot.corrections import TYPES
from .iot.model import Attribute, DeviceModel
from .iot.values import DataType, JsonValue
from .mapping.decisions import DEVICE_CLASSES, UNITS, Decision, Kind, platforms_of
from .mapping.overlay import PASSED_OVER

CONF_RESET: Final = "reset"
CONF_TYPE: Final = "type"
CONF_WRITABLE: Final = "writable"

SECTION_VALUE: Final = "value"

NUMERIC: Final = {DataType.INTEGER, DataType.NUMBER}
LISTABLE: Final = {DataType.INTEGER, DataType.NUMBER, DataType.STRING}
ON_OFF: Final = {Platform.BINARY_SENSOR, Platform.SWITCH}

NUMBER: Final = NumberSelector(
    NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX)
)
LINES: Final = TextSelector(TextSelectorConfig(multiline=True))


class Field(NamedTuple):
    """One field of the form."""

    applies: Callable[[Decision, DataType | None], bool]
    selector: Callable[[Decision, DeviceModel], Selector[Any]]
    present: Callable[[Decision], object]
    """What the decision has; None if it has nothing."""
    required: bool = False
    empty: JsonValue = None
    """What is said where it is left empty."""


def _select(
    options: list[str], key: str | None = None, *, free: bool = False
) -> SelectSelector:
    """Return a field for one of several words."""
    config = SelectSelectorConfig(
        options=options, mode=SelectSelectorMode.DROPDOWN, custom_value=free
    )
    if key is not None:
        config["translation_key"] = key
    return SelectSelector(config)


def _units(decision: Decision) -> list[str]:
    """Return the units that Home Assistant allows here, as far as it limits them."""
    units = UNITS[decision.platform].get(decision.device_class or "", frozenset())
    return sorted(str(unit) for unit in units if unit is not None)


def _bound(decision: Decision, end: int) -> float | None:
    """Return the lower or the upper bound, if there is one."""
    bound = decision.range.ends[end] if decision.range else math.inf
    return bound if math.isfinite(bound) else None


def _is_measured(decision: Decision, kind: DataType | None) -> bool:
    """Whether a number is shown as one."""
    return kind in NUMERIC and decision.platform in UNITS and not decision.options


FIELDS: Final[Mapping[str, Field]] = {
    "name": Field(
        lambda _decision, _kind: True,
        lambda _decision, _model: TextSelector(),
        lambda decision: decision.name,
        required=True,
    ),
    "enabled": Field(
        lambda _decision, _kind: True,
        lambda _decision, _model: BooleanSelector(),
        lambda decision: decision.enabled,
        required=True,
    ),
    "platform": Field(
        lambda _decision, kind: kind is not None,
        lambda decision, model: _select([*platforms_of(decision, model)], "platform"),
        lambda decision: str(decision.platform),
        required=True,
    ),
    "device_class": Field(
        lambda decision, _kind: decision.platform in DEVICE_CLASSES,
        lambda decision, _model: _select(sorted(DEVICE_CLASSES[decision.platform])),
        lambda decision: decision.device_class,
    ),
    "unit": Field(
        lambda decision, kind: decision.platform in UNITS and kind in NUMERIC,
        lambda decision, _model: _select(_units(decision), free=True),
        lambda decision: decision.unit,
    ),
    "state_class": Field(
        lambda decision, kind: decision.platform is Platform.SENSOR and kind in NUMERIC,
        lambda _decision, _model: _select([*SensorStateClass], "state_class"),
        lambda decision: decision.state_class and str(decision.state_class),
    ),
    "category": Field(
        lambda _decision, _kind: True,
        lambda _decision, _model: _select([*EntityCategory], "category"),
        lambda decision: decision.category and str(decision.category),
    ),
    "scale": Field(
        _is_measured,
        lambda _decision, _model: NUMBER,
        lambda decision: decision.transform.scale,
        empty=1.0,
    ),
    "offset": Field(
        _is_measured,
        lambda _decision, _model: NUMBER,
        lambda decision: decision.transform.offset,
        empty=0.0,
    ),
    "min": Field(
        lambda decision, _kind: decision.platform is Platform.NUMBER,
        lambda _decision, _model: NUMBER,
        lambda decision: _bound(decision, 0),
    ),
    "max": Field(
        lambda decision, _kind: decision.platform is Platform.NUMBER,
        lambda _decision, _model: NUMBER,
        lambda decision: _bound(decision, 1),
    ),
    "step": Field(
        lambda decision, _kind: decision.platform is Platform.NUMBER,
        lambda _decision, _model: NUMBER,
        lambda decision: decision.step,
    ),
    "labels": Field(
        lambda _decision, kind: kind in LISTABLE,
        lambda _decision, _model: LINES,
        lambda decision: lines_of(decision.transform.labels),
        empty="",
    ),
    "mask": Field(
        lambda _decision, kind: kind is DataType.INTEGER,
        lambda _decision, _model: TextSelector(),
        lambda decision: decision.transform.mask and f"{decision.transform.mask:#x}",
    ),
    "invert": Field(
        lambda decision, kind: kind is not None and decision.platform in ON_OFF,
        lambda _decision, _model: BooleanSelector(),
        lambda decision: decision.transform.invert,
        required=True,
    ),
}
"""In the order of the form; the keys are those of the overlay."""


def element_form(decision: Decision, model: DeviceModel) -> vol.Schema:
    """Return the form for an element, filled in with what it becomes now."""
    schema: dict[vol.Marker, object] = {}
    if (guessed := guess_about(decision, model)) is not None:
        types = [one.lower() for one in TYPES]
        schema[vol.Required(CONF_TYPE, default=guessed.type.lower())] = _select(
            types, "type"
        )
        schema[vol.Required(CONF_WRITABLE, default=guessed.writable)] = (
            BooleanSelector()
        )
    for key, item in _fields(decision, model).items():
        present = item.present(decision)
        if item.required:
            schema[vol.Required(key, default=present)] = item.selector(decision, model)
        else:
            suggested = {"suggested_value": present}
            schema[vol.Optional(key, description=suggested)] = item.selector(
                decision, model
            )
    schema[vol.Required(CONF_RESET, default=False)] = BooleanSelector()
    return vol.Schema(schema)


def guess_about(decision: Decision, model: DeviceModel) -> Attribute | None:
    """Return the attribute that a decision is about, if its type was guessed."""
    if decision.kind is not Kind.ATTRIBUTE:
        return None
    attribute = model.leaves[decision.element]
    return attribute if attribute.inferred else None


def corrections_of(
    user_input: Mapping[str, Any], guessed: Attribute
) -> dict[str, JsonValue]:
    """Return what the user knows better about an attribute than it was guessed."""
    if user_input[CONF_RESET]:
        return {}
    said = {
        CONF_TYPE: user_input[CONF_TYPE].upper(),
        CONF_WRITABLE: user_input[CONF_WRITABLE],
    }
    return {key: it for key, it in said.items() if it != getattr(guessed, key)}


def choices_of(
    user_input: Mapping[str, Any],
    settled: Decision,
    shown: Decision,
    before: Mapping[str, JsonValue],
    model: DeviceModel,
) -> dict[str, JsonValue]:
    """Return what the user has chosen that the rules have not, as an overlay.

    What was not touched stays what it was: a choice of before, or what follows from
    the others.

    Args:
        user_input: the form.
        settled: what the rules say.
        shown: what the form was made for.
        before: what the user had chosen then.
        model: the model with the element.

    Raises:
        ValueError: a line of the labels is not understood.

    """
    if user_input[CONF_RESET]:
        return {}
    chosen: dict[str, JsonValue] = {}
    # The form does not show a choice that was passed over: it has had its time.
    all_hold = PASSED_OVER not in shown.reasons
    for key, item in _fields(shown, model).items():
        value = user_input.get(key, item.empty)
        if all_hold and value == item.present(shown):
            if key in before:
                chosen[key] = before[key]
        elif value != item.present(settled):
            chosen[key] = labels_of(value) if key == "labels" else value
    return chosen


def overruled(
    user_input: Mapping[str, Any],
    shown: Decision,
    decided: Decision,
    model: DeviceModel,
) -> dict[str, JsonValue]:
    """Return what the user has changed in the form, but has come out differently.

    It is as the rules have it, but something else would follow from other choices.
    """
    return {
        key: value
        for key, item in _fields(decided, model).items()
        if key in _fields(shown, model) and key != "labels"
        if (value := user_input.get(key, item.empty)) != item.present(shown)
        if value != item.present(decided)
    }


def lines_of(labels: Mapping[str, str]) -> str:
    """Return labels as people write them: a line for each."""
    return "\n".join(f"{value} = {label}" for value, label in labels.items())


def labels_of(lines: str) -> dict[str, JsonValue]:
    """Return the labels of such lines.

    Raises:
        ValueError: a line has no equals sign.

    """
    labels: dict[str, JsonValue] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        value, equals, label = line.partition("=")
        if not equals or not label.strip():
            raise ValueError(line)
        labels[value.strip()] = label.strip()
    return labels


def _fields(decision: Decision, model: DeviceModel) -> dict[str, Field]:
    """Return the fields that make sense for an element."""
    kind = None
    if decision.kind is Kind.ATTRIBUTE:
        kind = model.leaves[decision.element].type
    return {key: item for key, item in FIELDS.items() if item.applies(decision, kind)}
