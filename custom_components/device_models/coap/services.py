"""The actions for raw CoAP: their fields, and who carries them out."""

from collections.abc import Iterator
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..iot.connections.coap.options import TYPES
from ..iot.connections.coap.raw import (
    DEFAULT_TIMEOUT,
    MAX_METHOD,
    MAX_TIMEOUT,
    METHODS,
)
from ..service import Service
from . import fields as coap
from .actions import DATA_COAP, CoapActions

CONTENT_FORMAT: Final = vol.All(vol.Coerce(int), vol.Range(min=0, max=65535))


def _tag(value: Any) -> bytes:
    """Return the bytes of a tag that is written in hexadecimal."""
    try:
        return bytes.fromhex(cv.string(value))
    except ValueError as err:
        raise vol.Invalid("expected hexadecimal digits") from err


TARGET: Final[dict[Any, Any]] = {
    vol.Exclusive(coap.ATTR_URI, "target"): cv.string,
    vol.Exclusive(ATTR_DEVICE_ID, "target"): cv.string,
    vol.Optional(coap.ATTR_PATH): cv.string,
}
TAGS: Final = vol.All(cv.ensure_list, [_tag])
OPTION: Final = vol.Schema(
    {
        vol.Required(coap.ATTR_NUMBER): vol.Coerce(int),
        vol.Required(coap.ATTR_VALUE): vol.Any(str, int),
        vol.Optional(coap.ATTR_TYPE, default="opaque"): vol.In(TYPES),
    }
)
METHOD: Final = vol.Any(
    vol.All(cv.string, vol.Upper, vol.In(list(METHODS)), lambda it: METHODS[it]),
    vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_METHOD)),
)


def _seconds(low: float) -> Any:
    """Return the field for a time to wait."""
    return vol.All(vol.Coerce(float), vol.Range(min=low, max=MAX_TIMEOUT))


REQUEST: Final = vol.Schema(
    {
        **TARGET,
        vol.Optional(coap.ATTR_METHOD, default="GET"): METHOD,
        vol.Optional(coap.ATTR_PAYLOAD): object,
        vol.Optional(coap.ATTR_PAYLOAD_BASE64): cv.string,
        vol.Optional(coap.ATTR_CONTENT_FORMAT): CONTENT_FORMAT,
        vol.Optional(coap.ATTR_ACCEPT): CONTENT_FORMAT,
        vol.Optional(coap.ATTR_ETAG, default=list): TAGS,
        vol.Optional(coap.ATTR_IF_MATCH, default=list): TAGS,
        vol.Optional(coap.ATTR_IF_NONE_MATCH, default=False): cv.boolean,
        vol.Optional(coap.ATTR_OPTIONS, default=list): vol.All(
            cv.ensure_list, [OPTION]
        ),
        vol.Optional(coap.ATTR_CONFIRMABLE): cv.boolean,
        vol.Optional(coap.ATTR_TIMEOUT, default=DEFAULT_TIMEOUT): _seconds(0),
        vol.Optional(coap.ATTR_FAIL_ON_ERROR, default=False): cv.boolean,
    }
)
DISCOVER: Final = vol.Schema(
    {
        **TARGET,
        vol.Optional(coap.ATTR_MULTICAST, default=False): cv.boolean,
        vol.Optional(coap.ATTR_INTERFACE): cv.string,
        vol.Optional(coap.ATTR_DIRECTORY, default=False): cv.boolean,
        vol.Optional(coap.ATTR_FILTERS, default=dict): {cv.string: cv.string},
        vol.Optional(coap.ATTR_CONFIRMABLE): cv.boolean,
        vol.Optional(coap.ATTR_TIMEOUT): _seconds(0.1),
    }
)
OBSERVE: Final = vol.Schema(
    {
        **TARGET,
        vol.Optional(coap.ATTR_ACCEPT): CONTENT_FORMAT,
        vol.Optional(coap.ATTR_CONFIRMABLE): cv.boolean,
    }
)
CANCEL: Final = vol.Schema({vol.Required(coap.ATTR_REQUEST_ID): cv.string})
OBSERVE_STOP: Final = vol.Schema({vol.Required(coap.ATTR_OBSERVATION_ID): cv.string})


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    actions = hass.data[DATA_COAP] = CoapActions(hass)
    either, only = SupportsResponse.OPTIONAL, SupportsResponse.ONLY
    yield Service("coap_request", actions.async_request, REQUEST, either)
    yield Service("coap_cancel", actions.async_cancel, CANCEL)
    yield Service("coap_pending", actions.async_pending, vol.Schema({}), only)
    yield Service("coap_discover", actions.async_discover, DISCOVER, only)
    yield Service("coap_observe", actions.async_observe, OBSERVE, either)
    yield Service("coap_observe_stop", actions.async_observe_stop, OBSERVE_STOP)
