"""What a received value costs with policies, and without."""

from collections.abc import Mapping, Sequence
from time import perf_counter_ns
from typing import Any, Final, override

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.device import Certainty, Port, VirtualDevice
from custom_components.device_models.iot.formats import load_document
from custom_components.device_models.iot.model import Action
from custom_components.device_models.iot.values import JsonValue, Scalar

from .figures import Figure

MOST: Final = 150.0
"""Microseconds for a value with a pipeline of five functions: a thousand values a
second would take less than a sixth of one processor."""

ALERT: Final = {"urn": "urn:bench:hot", "fields": {"level": "$(temp)"}}
FIVE: Final[Sequence[Mapping[str, Any]]] = (
    {"id": "filterCondition", "parameters": {"condition": "$(temp) < -50"}},
    {"id": "sampleQuality", "parameters": {"rate": 1}},
    {"id": "eliminateDuplicates", "parameters": {"window": 1}},
    {
        "id": "alertCondition",
        "parameters": {
            "condition": "$(temp) > 1000 && $(temp) - $$(temp) > 5",
            "alert": ALERT,
            "filter": False,
        },
    },
    {
        "id": "filterCondition",
        "parameters": {"condition": '$(temp) = 999 || LOWER("A") LIKE "b%"'},
    },
)
COMPUTED: Final = {
    "id": "computedMetric",
    "parameters": {"formula": "$(temp) * 1.8 + 32", "trigger": "any"},
}


class Nowhere(Port):
    """A way out that leads nowhere."""

    @override
    async def write(
        self, device: VirtualDevice, values: Mapping[str, Scalar]
    ) -> Certainty:
        """Take values."""
        return Certainty.LIVE

    @override
    async def call(
        self, device: VirtualDevice, action: Action, arguments: Mapping[str, Scalar]
    ) -> JsonValue:
        """Take a call."""
        return None


def policies(count: int) -> list[Figure]:
    """Return what each of a number of values costs."""
    plain = _cost(count)
    piped = _cost(count, {"attributeName": "temp", "pipeline": list(FIVE)})
    computed = _cost(count, {"attributeName": "fahrenheit", "pipeline": [COMPUTED]})
    return [
        Figure("value without policies", plain, "µs"),
        Figure("value through five functions", piped, "µs", at_most=MOST),
        Figure("value from which another is computed", computed, "µs", at_most=MOST),
    ]


def _cost(count: int, *pipelines: Mapping[str, Any]) -> float:
    """Return how many microseconds a value takes, all of which are passed on."""
    document: dict[str, Any] = {
        "urn": "urn:bench",
        "name": "Bench",
        "attributes": [
            {"name": "temp", "type": "NUMBER"},
            {"name": "fahrenheit", "type": "NUMBER"},
        ],
        "formats": [
            {
                "name": "hot",
                "urn": "urn:bench:hot",
                "value": {"fields": [{"name": "level", "type": "NUMBER"}]},
            }
        ],
        "policies": [{"id": "P", "pipelines": list(pipelines)}] if pipelines else [],
    }
    loaded = load_document(document, "bench")
    device = VirtualDevice(
        key="bench",
        name="Bench",
        model=loaded.model,
        binding=Binding(),
        port=Nowhere(),
    )
    began = perf_counter_ns()
    for number in range(count):
        device.receive({"temp": number % 90 + 0.5})
    return (perf_counter_ns() - began) / count / 1000
