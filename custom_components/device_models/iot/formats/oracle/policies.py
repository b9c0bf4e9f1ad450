"""Reading the device policies of an Oracle-style model: protocol sheet §1.8.

A policy is data here; nothing is executed. One that lost a part of a pipeline would do
something else with the values: a pipeline is usable as a whole, or left out.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from ...errors import DeviceModelsError, FormulaError
from ...formula import Formula
from ...model import DeviceModel, Pipeline, Policy, PolicyFunction, Severity
from ...reading import Element, Remarks, Unusable
from ...values import DataType, JsonValue, validate

POLICY_KEYS: Final = ("devicePolicies", "policies")
"""The keys of a model that its policies stand under."""

MAX_POLICIES: Final = 50
MAX_PIPELINES: Final = 500
MAX_FUNCTIONS: Final = 50
"""Bounds of one list; real ones stay far below."""

EVERYTHING: Final = "*"
"""Instead of an attribute: every message of the device."""

COSTS: Final = ("ETHERNET", "CELLULAR", "SATELLITE")
LEVELS: Final = ("none", "one-way", "two-way")
TRIGGERS: Final = ("all", "any")
"""Our own: whether a value is computed when all that it is made from have come in the
same message, as Oracle does, or whenever one of them comes."""

type _Check = Callable[[Element, str, DeviceModel], object]
"""Refuses a parameter that the function could not work with."""


def _formula(element: Element, key: str, model: DeviceModel) -> None:
    """Expect a formula about attributes that there are."""
    try:
        formula = Formula.parse(element.required_text(key))
    except FormulaError as err:
        element.refuse(str(err), key)
    for name in sorted(formula.names):
        _attribute(element, key, model, name)


def _attribute(element: Element, key: str, model: DeviceModel, name: str) -> str:
    """Return the name of an attribute that there is."""
    try:
        return model.attribute(name.strip()).name
    except DeviceModelsError:
        element.refuse(f"the model has no attribute {name[:40]!r}", key)


def _whole(least: int) -> _Check:
    """Return a check for whole numbers."""

    def check(element: Element, key: str, _model: DeviceModel) -> None:
        value = element.content[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            element.refuse(f"expected a whole number from {least}", key)

    return check


def _word(*choices: str) -> _Check:
    """Return a check for one of several words."""

    def check(element: Element, key: str, _model: DeviceModel) -> None:
        if element.required_text(key) not in choices:
            element.refuse(f"expected one of {', '.join(choices)}", key)

    return check


def _cost(element: Element, key: str, _model: DeviceModel) -> None:
    """Expect a kind of network; what stands in brackets is for people."""
    if element.required_text(key).partition("(")[0].strip().upper() not in COSTS:
        element.refuse(f"expected one of {', '.join(COSTS)}", key)


def _flag(element: Element, key: str, _model: DeviceModel) -> None:
    """Expect true or false."""
    element.flag(key, default=True)


def _text(element: Element, key: str, _model: DeviceModel) -> None:
    """Expect a text."""
    element.required_text(key)


def _level(element: Element, key: str, model: DeviceModel) -> None:
    """Expect a level of privacy, and the key that it needs."""
    _word(*LEVELS)(element, key, model)
    if element.content[key] == "two-way":
        element.required_text("hashingKey")


def _alert(element: Element, key: str, model: DeviceModel) -> None:
    """Expect a format that there is, and formulas for its fields."""
    alert = element.object(key)
    try:
        shape = model.format(alert.required_text("urn"))
    except DeviceModelsError as err:
        alert.refuse(str(err), "urn")
    if alert.content.get("severity") is not None:
        _word(*Severity)(alert, "severity", model)
    fields = alert.object("fields")
    known = {item.name for item in shape.fields}
    for name, value in fields.content.items():
        if name not in known:
            fields.refuse("the format has no such field", name)
        if not isinstance(value, bool | int | float):
            _formula(fields, name, model)


def _action(element: Element, key: str, model: DeviceModel) -> None:
    """Expect an action that there is, and formulas for its arguments."""
    call = element.object(key)
    try:
        action = model.action(call.required_text("name"))
    except DeviceModelsError as err:
        call.refuse(str(err), "name")
    given = call.array("arguments")
    if len(given) > len(action.arguments):
        call.refuse(f"expected at most {len(action.arguments)}", "arguments")
    for index, value in enumerate(given):
        if not isinstance(value, bool | int | float):
            _formula(Element({"": value}, call.at(f"arguments[{index}]")), "", model)


class Parameters(NamedTuple):
    """What a function takes."""

    required: Mapping[str, _Check] = {}
    optional: Mapping[str, _Check] = {}
    device: bool | None = None
    """Whether it is for all messages of a device, or for one attribute; None: both."""
    types: tuple[DataType, ...] = ()
    """The types of attributes that it is for; empty for all."""


_BATCH: Final[Mapping[str, _Check]] = {"alertSeverity": _word(*Severity)}
_WINDOW: Final[Mapping[str, _Check]] = {"window": _whole(1)}
_AGGREGATE: Final = Parameters(
    _WINDOW,
    {"slide": _whole(0)},
    device=False,
    types=(DataType.INTEGER, DataType.NUMBER),
)

FUNCTIONS: Final[Mapping[str, Parameters]] = {
    "filterCondition": Parameters({"condition": _formula}),
    "sampleQuality": Parameters({"rate": _whole(-1)}),
    "eliminateDuplicates": Parameters(_WINDOW),
    "detectDuplicates": Parameters({**_WINDOW, "alert": _alert}),
    "min": _AGGREGATE,
    "max": _AGGREGATE,
    "mean": _AGGREGATE,
    "standardDeviation": _AGGREGATE,
    "batchBySize": Parameters({"batchSize": _whole(1)}, _BATCH, device=True),
    "batchByTime": Parameters({"delayLimit": _whole(1)}, _BATCH, device=True),
    "batchByCost": Parameters({}, {"networkCost": _cost, **_BATCH}, device=True),
    "alertCondition": Parameters(
        {"condition": _formula, "alert": _alert}, {"filter": _flag}
    ),
    "actionCondition": Parameters(
        {"condition": _formula, "action": _action}, {"filter": _flag, "clear": _formula}
    ),
    "computedMetric": Parameters(
        {"formula": _formula}, {"trigger": _word(*TRIGGERS)}, device=False
    ),
    "privacyPolicy": Parameters(
        {"level": _level},
        {"hashingKey": _text},
        device=False,
        types=(DataType.STRING,),
    ),
}
"""The functions and what they take, as the table of §1.8 has them."""


def read_policies(
    parent: Element, model: DeviceModel, remarks: Remarks
) -> tuple[Policy, ...]:
    """Return the usable policies that stand beside the elements of a model.

    Args:
        parent: has the list under one of ``POLICY_KEYS``; the answer of Oracle's
            server, ``{"items": [...]}``, will do as well.
        model: what the policies are about.
        remarks: takes what is left out.

    Raises:
        Unusable: there is something else than a list, or too much in it.

    """
    policies: list[Policy] = []
    for key in POLICY_KEYS:
        listed = parent
        if isinstance(parent.content.get(key), Mapping):
            listed, key = parent.object(key), "items"  # noqa: PLW2901
        for where, value in listed.items(key, limit=MAX_POLICIES):
            try:
                policies.append(_policy(Element.of(value, where), model, remarks))
            except Unusable as err:
                remarks.add(err.where, err.problem)
    return tuple(policies)


def _policy(element: Element, model: DeviceModel, remarks: Remarks) -> Policy:
    """Return a policy with its usable pipelines."""
    pipelines: list[Pipeline] = []
    for where, value in element.items("pipelines", limit=MAX_PIPELINES):
        try:
            pipelines.append(_pipeline(Element.of(value, where), model, remarks))
        except Unusable as err:
            remarks.add(err.where, f"{err.problem}; the pipeline is left out")
    if not pipelines:
        element.refuse("expected at least one usable pipeline", "pipelines")
    return Policy(
        id=element.required_text("id"),
        description=element.text("description"),
        enabled=element.flag("enabled", default=True),
        last_modified=read_time(element, "lastModified"),
        pipelines=tuple(pipelines),
    )


def read_time(element: Element, key: str) -> datetime | None:
    """Return a time, which Oracle has in milliseconds since 1970."""
    if element.content.get(key) is None:
        return None
    try:
        value = validate(DataType.DATETIME, element.content[key], name=key)
    except DeviceModelsError as err:
        element.refuse(err.details["problem"], key)
    return value if isinstance(value, datetime) else None


def _pipeline(element: Element, model: DeviceModel, remarks: Remarks) -> Pipeline:
    """Return a pipeline all of whose functions are usable."""
    name = element.text("attributeName")
    attribute = None
    if name and name != EVERYTHING:
        attribute = _attribute(element, "attributeName", model, name)
    functions = [
        _function(Element.of(value, where), model, attribute, remarks)
        for where, value in element.items("pipeline", limit=MAX_FUNCTIONS)
    ]
    if not functions:
        element.refuse("expected at least one function", "pipeline")
    if attribute is None and len(functions) > 1:
        remarks.add(
            element.at("pipeline"),
            "without an attribute, only the first function is used",
        )
    return Pipeline(attribute=attribute, functions=tuple(functions))


def _function(
    element: Element, model: DeviceModel, attribute: str | None, remarks: Remarks
) -> PolicyFunction:
    """Return a function with the parameters that it needs."""
    name = element.required_text("id")
    known = FUNCTIONS.get(name)
    if known is None:
        element.refuse(f"expected one of {', '.join(FUNCTIONS)}", "id")
    if known.device is not None and known.device is not (attribute is None):
        of = "all messages of the device" if known.device else "one attribute"
        element.refuse(f"{name} is for {of}", "id")
    if attribute and known.types and model.leaves[attribute].type not in known.types:
        element.refuse(f"{name} is for {' or '.join(known.types)}", "id")
    parameters = element.object("parameters")
    kept: dict[str, JsonValue] = {}
    for key in known.required:
        if parameters.content.get(key) is None:
            parameters.refuse("is missing", key)
    for key, value in parameters.content.items():
        check = known.required.get(key) or known.optional.get(key)
        if check is None:
            remarks.add(parameters.at(key[:40]), f"{name} has no such parameter")
        elif value is not None:
            check(parameters, key, model)
            kept[key] = value
    return PolicyFunction(id=name, parameters=kept)
