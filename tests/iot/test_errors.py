"""The error tree."""

import pytest

from custom_components.device_models.iot.errors import (
    CommunicationError,
    ContentSyncError,
    DeviceModelsError,
    FileUnusableError,
    FilterError,
    HostNotAllowedError,
    InvalidInputError,
    ModelError,
    NotConfirmedError,
    NotOfferedError,
    PayloadError,
    QueryError,
    RejectedError,
    TooManyError,
    TransportMissingError,
    UnauthorizedError,
    UnknownElementError,
    UnknownIdError,
    UnreachableError,
    ValueRefusedError,
)

EXAMPLES = [
    (
        ModelError(source="a.json", where="attributes[0]", problem="expected a text"),
        DeviceModelsError,
        "model_invalid",
        "a.json: attributes[0]: expected a text",
    ),
    (
        ModelError(source="a.json", where="", problem="expected JSON"),
        DeviceModelsError,
        "model_invalid",
        "a.json: (top): expected JSON",
    ),
    (
        ValueRefusedError(name="temp", problem="81 > 80"),
        InvalidInputError,
        "value_refused",
        "temp: 81 > 80",
    ),
    (
        UnknownElementError(kind="attribute", name="x"),
        InvalidInputError,
        "unknown_element",
        "the model has no attribute 'x'",
    ),
    (
        FilterError(source="a == 1 &&\nb = 2", position=12, problem="expected =="),
        InvalidInputError,
        "filter_invalid",
        "the filter is wrong at line 2, column 3: expected ==",
    ),
    (
        QueryError(name="output", problem="expected a list"),
        InvalidInputError,
        "query_invalid",
        "output: expected a list",
    ),
    (
        NotOfferedError(operation="reading"),
        InvalidInputError,
        "not_offered",
        "reading is not offered here",
    ),
    (
        UnreachableError(address="10.0.0.1:5683", reason="no answer"),
        CommunicationError,
        "unreachable",
        "10.0.0.1:5683 cannot be reached: no answer",
    ),
    (
        UnauthorizedError(address="broker:1883"),
        CommunicationError,
        "unauthorized",
        "broker:1883 refuses the credentials",
    ),
    (
        RejectedError(address="10.0.0.1/fan", answer="4.05 Method Not Allowed"),
        CommunicationError,
        "rejected",
        "10.0.0.1/fan answered 4.05 Method Not Allowed",
    ),
    (
        NotConfirmedError(name="fan", seconds="5"),
        CommunicationError,
        "not_confirmed",
        "fan was sent, but the device did not confirm it within 5 s",
    ),
    (
        PayloadError(media="JSON", problem="nested too deep"),
        CommunicationError,
        "payload_invalid",
        "payload is not usable JSON: nested too deep",
    ),
    (
        HostNotAllowedError(host="10.0.0.9"),
        InvalidInputError,
        "host_not_allowed",
        "10.0.0.9 is not the host of a running CoAP connection that may be asked",
    ),
    (
        TransportMissingError(scheme="coaps", missing="DTLSSocket"),
        InvalidInputError,
        "transport_missing",
        "coaps needs what is not installed here: DTLSSocket",
    ),
    (
        TooManyError(limit="32"),
        InvalidInputError,
        "too_many",
        "32 run already, which is the limit; wait, or end one",
    ),
    (
        FileUnusableError(path="a.png", reason="No space left on device"),
        InvalidInputError,
        "file_unusable",
        "the file a.png cannot be used: No space left on device",
    ),
    (
        ContentSyncError(name="picture", reason="the store answered no"),
        CommunicationError,
        "content_sync_failed",
        "content sync failed: picture: the store answered no",
    ),
    (
        UnknownIdError(id="ab12"),
        InvalidInputError,
        "unknown_id",
        "nothing that runs has the id ab12",
    ),
]


@pytest.mark.parametrize(
    ("error", "parent", "key", "text"), EXAMPLES, ids=lambda value: type(value).__name__
)
def test_error_has_key_details_and_english_wording(
    error: DeviceModelsError, parent: type[DeviceModelsError], key: str, text: str
) -> None:
    assert isinstance(error, parent)
    assert error.key == key
    assert str(error) == text
    assert error.text.format(**error.details) == text


def test_details_may_hold_braces() -> None:
    assert str(ValueRefusedError(name="{x}", problem="{}")) == "{x}: {}"
