"""A model, and devices of it that write down what goes out."""

from collections.abc import Callable, Mapping
from typing import Any, override

from custom_components.device_models.iot.alert import Alert
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.device import Certainty, Port, VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import Action, DeviceModel
from custom_components.device_models.iot.values import JsonValue, Scalar

THERMO: dict[str, Any] = {
    "urn": "urn:com:acme:thermo",
    "name": "Thermo",
    "description": "Demo",
    "system": False,
    "draft": False,
    "created": 1700000000000,
    "lastModified": 1700000000000,
    "attributes": [
        {
            "name": "temp",
            "description": "room",
            "type": "NUMBER",
            "range": "-20,80",
            "writable": False,
        },
        {
            "name": "maxThreshold",
            "type": "INTEGER",
            "range": "65,100",
            "writable": True,
            "defaultValue": 70,
        },
    ],
    "actions": [
        {"name": "reset"},
        {"name": "power", "argType": "BOOLEAN"},
        {
            "name": "move",
            "arguments": [
                {"name": "x", "type": "NUMBER", "range": "0,5"},
                {"name": "mode", "type": "STRING", "defaultValue": "slow"},
            ],
        },
    ],
    "formats": [
        {
            "urn": "urn:com:acme:thermo:too_hot",
            "name": "too_hot",
            "description": "Too hot",
            "type": "ALERT",
            "deviceModel": "urn:com:acme:thermo",
            "sourceType": "DEVICE_MODEL",
            "value": {
                "fields": [
                    {"name": "temp", "type": "NUMBER", "optional": False},
                    {"name": "unit", "type": "STRING", "optional": True},
                ]
            },
        }
    ],
}
"""The example of the protocol sheet "Oracle IoT", §1.1."""


def attributes(*listed: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the document of a model with these attributes."""
    return {"urn": "urn:test", "name": "Test", "attributes": list(listed), **more}


def model_of(document: Mapping[str, Any]) -> DeviceModel:
    """Return the model of a document that is usable as a whole."""
    loaded = load_document(document, "test.json")
    assert loaded.remarks == ()
    return loaded.model


class RecordingPort(Port):
    """A way out that leads nowhere."""

    def __init__(self) -> None:
        self.written: list[dict[str, Scalar]] = []
        self.called: list[tuple[str, dict[str, Scalar]]] = []
        self.certainty: Certainty | None = Certainty.LIVE
        self.published: list[Alert] = []
        self.result: JsonValue = None
        self.failure: Exception | None = None

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty | None:
        if self.failure is not None:
            raise self.failure
        self.written.append(dict(values))
        return self.certainty

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        if self.failure is not None:
            raise self.failure
        self.called.append((action.name, dict(arguments)))
        return self.result

    @override
    async def publish_alert(self, device: VirtualDevice, alert: Alert) -> None:
        if self.failure is not None:
            raise self.failure
        self.published.append(alert)


def device_of(document: Mapping[str, Any], port: Port | None = None) -> VirtualDevice:
    """Return a device of a model."""
    return VirtualDevice(
        key="key",
        name="Device",
        model=model_of(document),
        binding=Binding(),
        port=port or RecordingPort(),
    )


def noting(heard: list[Any], what: Any) -> Callable[[], None]:
    """Return a listener that writes down that it was called."""
    return lambda: heard.append(what)
