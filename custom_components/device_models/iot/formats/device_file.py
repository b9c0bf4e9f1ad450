"""The device file: a model with what is kept apart from it, in one document.

``model`` is a model of any format, or the name of another file that has it (a file
name or a URN). ``binding`` says, by connection, where its elements are on the wire,
over what the model's own format says of that; ``overlay`` how they show to the user.
``alerts`` say how alerts are treated (``iot.alert_rules``), ``commands`` how
commands get to the device (``iot.delivery``), ``device`` what is known of
the one device: who made it, its serial number, the gateway that it is behind.
``policies`` and ``security`` are for models that cannot say it. ``samples`` are read by
``iot.samples``. Other keys are kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ..alert_rules import apply_rules
from ..delivery import Delivery, read_delivery
from ..errors import ModelError
from ..metadata import read_metadata
from ..model import DeviceModel
from ..reading import Element, Remark, Remarks, Unusable
from ..values import JsonValue
from .format import ModelFormat, Source
from .loaded import Loaded, Security
from .merging import merged
from .oracle.policies import POLICY_KEYS, read_policies
from .parsing import checked

DEVICE_FILE: Final = "device file"
"""The name of the format."""

type LoadFrom = Callable[[JsonValue, Source], Loaded]

PLACES: Final[Mapping[str, str]] = {"coap": "path", "mqtt": "topic", "http": "url"}
"""What a text alone means in the binding of a connection, instead of an object."""

MAX_SECURITY: Final = 20

MAX_PROBLEM: Final = 200
"""Characters of what is wrong with the model."""


def device_file(load_from: LoadFrom) -> ModelFormat:
    """Return the format of device files, whose model may be of any other format."""
    return ModelFormat(
        DEVICE_FILE,
        'an object with "model"',
        recognises,
        lambda document, source: load(document, source, load_from),
    )


def recognises(document: JsonValue) -> bool:
    """Whether a document is a device file."""
    return isinstance(document, Mapping) and "model" in document


def load(document: JsonValue, source: Source, load_from: LoadFrom) -> Loaded:
    """Return what a device file says.

    Raises:
        ModelError: the model, or the frame around it, is not usable.

    """
    remarks = Remarks()
    try:
        top = Element.of(document, "")
        inner = _model(top, source, load_from)
        layouts = inner.layouts
        for connection, layout in top.object("binding").content.items():
            place = PLACES.get(connection, "path")
            below = layouts.get(connection)
            layouts = {**layouts, connection: merged(below, layout, place)}
        model, alerts = apply_rules(top, inner.model)
        return Loaded(
            model=replace(
                model, policies=model.policies + read_policies(top, model, remarks)
            ),
            alerts=alerts.over(inner.alerts),
            delivery=_delivery(top, model).over(inner.delivery),
            layouts=layouts,
            overlay=_object(merged(inner.overlay, top.object("overlay").content)),
            security=_security(top) or inner.security,
            metadata={**inner.metadata, **read_metadata(top.object("device"))},
            remarks=(*inner.remarks, *remarks.all),
            document=checked({**top.content, "model": inner.document}),
        )
    except Unusable as err:
        raise err.within(source.name) from err


def _object(value: JsonValue) -> Mapping[str, JsonValue]:
    """Return what is known to be an object."""
    return value if isinstance(value, Mapping) else {}


def _model(top: Element, source: Source, load_from: LoadFrom) -> Loaded:
    """Return the model within, or that of the file that is named there.

    Raises:
        ModelError: it is not usable. What is wrong in another file is the problem of
            the place that names it.
        Unusable: there is no model.

    """
    content = top.content.get("model")
    try:
        match content:
            case str() if not content.strip():
                pass
            case str() if content.lstrip()[:1] != "<":
                found, other = source.referenced(content.strip(), "model")
                return _placed(load_from(found, other))
            case str() | Mapping() | list() if content:
                return _placed(load_from(content, source))
    except ModelError as err:
        told = err.details
        where, problem = _place(told["where"]), told["problem"]
        if told["source"] != source.name:
            where, problem = "model", str(err)
        elif isinstance(content, str) and content.lstrip()[:1] != "<":
            where = "model"  # the reference itself
        raise Unusable(where, problem[:MAX_PROBLEM]) from err
    top.refuse("expected a model, or the name of a file that has it", "model")


def _placed(loaded: Loaded) -> Loaded:
    """Return what was loaded, its remarks with their places in the device file."""
    remarks = (Remark(_place(one.where), one.message) for one in loaded.remarks)
    return replace(loaded, remarks=tuple(remarks))


def _place(where: str) -> str:
    """Return the place of something in the model."""
    if where in {"", "(top)"}:
        return "model"
    return f"model{where}" if where.startswith("[") else f"model.{where}"


def _delivery(top: Element, model: DeviceModel) -> Delivery:
    """Return how commands get to the device."""
    element = top.object("commands")
    delivery = read_delivery(element)
    for name, shown in delivery.shown_by.items():
        for one, known in ((name, model.leaves), (shown, model.readable)):
            if one not in known:
                element.refuse(f"{one[:40]}: expected an attribute", "confirm")
    return delivery


def _security(top: Element) -> tuple[Security, ...]:
    """Return what the file says of authorisation: never the secret itself."""
    return tuple(
        Security(
            one.required_text("scheme"),
            one.text("where"),
            one.text("name"),
            one.text("token"),
            tuple(one.text("scopes").split()),
        )
        for one in (
            Element.of(value, where)
            for where, value in top.items("security", limit=MAX_SECURITY)
        )
    )


OWN_KEYS: Final = (
    "model", "binding", "overlay", "alerts", "commands", "security", *POLICY_KEYS,
)  # fmt: skip
"""The keys of the frame that are read here."""
