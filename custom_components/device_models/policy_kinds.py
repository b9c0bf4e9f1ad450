"""What users can have done with a device's values: what each form makes.

A row of ``KINDS`` is all that one of them needs. What comes of it is spelled as Oracle
does, so that it can be exported, and read by others.
"""

from collections.abc import Mapping
import re
from typing import Final

from homeassistant.const import CONF_NAME
from homeassistant.util import slugify

from .iot.formula import Formula
from .iot.model import DeviceModel
from .iot.values import DataType, JsonValue
from .policy_forms import (
    CONF_ACTION,
    CONF_AMOUNT,
    CONF_ARGUMENTS,
    CONF_ATTRIBUTE,
    CONF_CLEAR,
    CONF_CONDITION,
    CONF_EVERY,
    CONF_FIELDS,
    CONF_FIGURE,
    CONF_FORMULA,
    CONF_HASHING_KEY,
    CONF_LEVEL,
    CONF_SEVERITY,
    CONF_SLIDE,
    CONF_TYPE,
    CONF_UNIT,
    CONF_WINDOW,
    FIGURES,
    Draft,
    Entered,
    Kind,
    attributes_for,
    formulas_of,
)

NUMBERS: Final = (DataType.INTEGER, DataType.NUMBER)


def _function(name: str, **parameters: JsonValue) -> dict[str, JsonValue]:
    given = {key: value for key, value in parameters.items() if value is not None}
    return {"id": name, "parameters": given}


def _of(entered: Entered, function: Mapping[str, JsonValue]) -> Draft:
    """Return a pipeline with one function for the values of an attribute."""
    return Draft({"attributeName": entered[CONF_ATTRIBUTE], "pipeline": [function]})


def _milliseconds(entered: Entered, key: str) -> int | None:
    return round(entered[key] * 1000) if key in entered else None


def _dead_band(entered: Entered, _model: DeviceModel) -> Draft:
    name, by = entered[CONF_ATTRIBUTE], f"{float(entered[CONF_AMOUNT])!r}"
    near = f"$({name}) - $$({name}) < {by} && $$({name}) - $({name}) < {by}"
    return _of(entered, _function("filterCondition", condition=near))


def _filter(entered: Entered, _model: DeviceModel) -> Draft:
    return _of(entered, _function("filterCondition", condition=entered[CONF_CONDITION]))


def _sample(entered: Entered, _model: DeviceModel) -> Draft:
    return _of(entered, _function("sampleQuality", rate=int(entered[CONF_EVERY])))


def _duplicates(entered: Entered, _model: DeviceModel) -> Draft:
    window = _milliseconds(entered, CONF_WINDOW)
    return _of(entered, _function("eliminateDuplicates", window=window))


def _window(entered: Entered, _model: DeviceModel) -> Draft:
    figure = FIGURES[entered[CONF_FIGURE]]
    window = _milliseconds(entered, CONF_WINDOW)
    slide = _milliseconds(entered, CONF_SLIDE)
    return _of(entered, _function(figure, window=window, slide=slide))


def _computed(entered: Entered, model: DeviceModel) -> Draft:
    taken = {*model.leaves, *(one.name for one in model.attributes)}
    name = _free(entered[CONF_NAME], taken)
    attribute: dict[str, JsonValue] = {
        "name": name,
        "title": entered[CONF_NAME].strip(),
        "type": entered[CONF_TYPE].upper(),
    }
    if entered.get(CONF_UNIT):
        attribute["unit"] = entered[CONF_UNIT].strip()
    function = _function("computedMetric", formula=entered[CONF_FORMULA], trigger="any")
    return Draft(
        {"attributeName": name, "pipeline": [function]},
        attributes=(attribute,),
        names=(name,),
    )


def _alert(entered: Entered, model: DeviceModel) -> Draft:
    name = _free(entered[CONF_NAME], {one.name for one in model.formats})
    condition = entered[CONF_CONDITION]
    prefix = f"{CONF_FIELDS}: "
    given = {
        about.removeprefix(prefix): text
        for about, text in formulas_of(entered).items()
        if about.startswith(prefix)
    } or {slugify(one): f"$({one})" for one in sorted(Formula.parse(condition).names)}
    shape: dict[str, JsonValue] = {
        "name": name,
        "title": entered[CONF_NAME].strip(),
        "urn": f"{model.urn}:{name}",
        "type": "ALERT",
        "severity": entered[CONF_SEVERITY].upper(),
        "clear": {"condition": _clear(entered)},
        "value": {
            "fields": [
                {"name": one, "type": _type_of(text, model), "optional": True}
                for one, text in given.items()
            ]
        },
    }
    alert: dict[str, JsonValue] = {
        "urn": name,
        "severity": entered[CONF_SEVERITY].upper(),
        "fields": dict(given),
    }
    function = _function(
        "alertCondition", condition=condition, alert=alert, filter=False
    )
    return Draft({"pipeline": [function]}, formats=(shape,), names=(name,))


def _action(entered: Entered, _model: DeviceModel) -> Draft:
    action = {
        "name": entered[CONF_ACTION],
        "arguments": [text.strip() for text in entered.get(CONF_ARGUMENTS, ())],
    }
    function = _function(
        "actionCondition",
        condition=entered[CONF_CONDITION],
        clear=_clear(entered),
        action=action,
        filter=False,
    )
    return Draft({"pipeline": [function]})


def _privacy(entered: Entered, _model: DeviceModel) -> Draft:
    key = entered.get(CONF_HASHING_KEY)
    return _of(
        entered, _function("privacyPolicy", level=entered[CONF_LEVEL], hashingKey=key)
    )


def _batch(entered: Entered, _model: DeviceModel) -> Draft:
    function = _function(
        "batchByTime",
        delayLimit=_milliseconds(entered, CONF_WINDOW),
        alertSeverity=entered[CONF_SEVERITY].upper(),
    )
    return Draft({"pipeline": [function]})


def _clear(entered: Entered) -> str:
    """Return when a condition is over: when that is said, or when it holds no more."""
    over: str = entered.get(CONF_CLEAR, "").strip()
    return over or f"!({entered[CONF_CONDITION]})"


def _free(title: str, taken: set[str]) -> str:
    """Return a name that is not taken yet."""
    name = first = slugify(title)
    number = 1
    while name in taken:
        number += 1
        name = f"{first}_{number}"
    return name


def _type_of(text: str, model: DeviceModel) -> str:
    """Return the type of what a formula gives, as far as one can see that."""
    formula = Formula.parse(text)
    if len(formula.names) == 1 and re.fullmatch(r"\$\$?\([^)]*\)", text):
        return model.attribute(*formula.names).type
    return DataType.STRING if '"' in text else DataType.NUMBER


KINDS: Final[Mapping[str, Kind]] = {
    "dead_band": Kind(
        "Leave out small changes", (CONF_ATTRIBUTE, CONF_AMOUNT), _dead_band, NUMBERS
    ),
    "window": Kind(
        "Average, minimum, maximum or deviation over a while",
        (CONF_ATTRIBUTE, CONF_FIGURE, CONF_WINDOW, f"{CONF_SLIDE}?"),
        _window,
        NUMBERS,
    ),
    "duplicates": Kind(
        "Leave out what repeats", (CONF_ATTRIBUTE, CONF_WINDOW), _duplicates
    ),
    "sample": Kind("Take only some values", (CONF_ATTRIBUTE, CONF_EVERY), _sample),
    "filter": Kind(
        "Leave out values by a condition", (CONF_ATTRIBUTE, CONF_CONDITION), _filter
    ),
    "computed": Kind(
        "Compute a value from others",
        (CONF_NAME, CONF_TYPE, f"{CONF_UNIT}?", CONF_FORMULA),
        _computed,
    ),
    "alert": Kind(
        "Raise an alert by a condition",
        (
            CONF_NAME,
            CONF_CONDITION,
            f"{CONF_CLEAR}?",
            CONF_SEVERITY,
            f"{CONF_FIELDS}?",
        ),
        _alert,
    ),
    "action": Kind(
        "Carry out an action by a condition",
        (CONF_ACTION, f"{CONF_ARGUMENTS}?", CONF_CONDITION, f"{CONF_CLEAR}?"),
        _action,
    ),
    "privacy": Kind(
        "Make a text unreadable",
        (CONF_ATTRIBUTE, CONF_LEVEL, f"{CONF_HASHING_KEY}?"),
        _privacy,
        (DataType.STRING,),
    ),
    "batch": Kind("Hold everything for a while", (CONF_WINDOW, CONF_SEVERITY), _batch),
}
"""In the order in which they are offered."""


def kinds_for(model: DeviceModel) -> list[str]:
    """Return the kinds that make sense for a model."""
    return [
        name
        for name, kind in KINDS.items()
        if (CONF_ATTRIBUTE not in kind.fields or attributes_for(kind, model))
        and (CONF_ACTION not in kind.fields or model.actions)
    ]
