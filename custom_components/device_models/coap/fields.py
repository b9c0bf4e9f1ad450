"""The fields of the actions for raw CoAP, and the request that they describe."""

from typing import Final

from homeassistant.core import ServiceCall

from ..iot.connections.coap.options import option_of
from ..iot.connections.coap.payload import from_base64, written
from ..iot.connections.coap.raw import MAX_TIMEOUT, RawRequest
from ..iot.connections.coap.uri import Target
from ..iot.errors import ValueRefusedError

ATTR_ACCEPT: Final = "accept"
ATTR_CONFIRMABLE: Final = "confirmable"
ATTR_CONTENT_FORMAT: Final = "content_format"
ATTR_DIRECTORY: Final = "directory"
ATTR_ETAG: Final = "etag"
ATTR_FAIL_ON_ERROR: Final = "fail_on_error"
ATTR_FILTERS: Final = "filters"
ATTR_IF_MATCH: Final = "if_match"
ATTR_IF_NONE_MATCH: Final = "if_none_match"
ATTR_INTERFACE: Final = "interface"
ATTR_METHOD: Final = "method"
ATTR_MULTICAST: Final = "multicast"
ATTR_NUMBER: Final = "number"
ATTR_OBSERVATION_ID: Final = "observation_id"
ATTR_OPTIONS: Final = "options"
ATTR_PATH: Final = "path"
ATTR_PAYLOAD: Final = "payload"
ATTR_PAYLOAD_BASE64: Final = "payload_base64"
ATTR_REQUEST_ID: Final = "request_id"
ATTR_TIMEOUT: Final = "timeout"
ATTR_TYPE: Final = "type"
ATTR_URI: Final = "uri"
ATTR_VALUE: Final = "value"


def request_of(call: ServiceCall, target: Target, *, confirmable: bool) -> RawRequest:
    """Return the request that a call describes.

    Raises:
        ValueRefusedError: something in it cannot be sent.

    """
    data = call.data
    payload, content_format = b"", data.get(ATTR_CONTENT_FORMAT)
    if ATTR_PAYLOAD in data and ATTR_PAYLOAD_BASE64 in data:
        problem = f"not together with {ATTR_PAYLOAD_BASE64}"
        raise ValueRefusedError(name=ATTR_PAYLOAD, problem=problem)
    if data.get(ATTR_PAYLOAD) is not None:
        payload, content_format = written(data[ATTR_PAYLOAD], content_format)
    elif ATTR_PAYLOAD_BASE64 in data:
        payload = from_base64(data[ATTR_PAYLOAD_BASE64])
    return RawRequest(
        target=target,
        method=data[ATTR_METHOD],
        payload=payload,
        content_format=content_format,
        accept=data.get(ATTR_ACCEPT),
        etags=tuple(data[ATTR_ETAG]),
        if_match=tuple(data[ATTR_IF_MATCH]),
        if_none_match=data[ATTR_IF_NONE_MATCH],
        options=tuple(
            option_of(one[ATTR_NUMBER], one[ATTR_VALUE], one[ATTR_TYPE])
            for one in data[ATTR_OPTIONS]
        ),
        confirmable=data.get(ATTR_CONFIRMABLE, confirmable),
        timeout=data[ATTR_TIMEOUT] or MAX_TIMEOUT,
    )
