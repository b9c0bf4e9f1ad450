"""The actions that ask about all devices: their fields."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..exceptions import rewords_errors
from ..iot.query.finding import DEFAULT_LIMIT, ORDERS
from ..service import Service
from .asking import async_ask, async_ask_all
from .documents import KINDS

ATTR_REQUESTS: Final = "requests"

MAX_REQUESTS: Final = 50
SECOND: Final = timedelta(seconds=1)

TEXTS: Final = vol.All(cv.ensure_list, [cv.string])
NAME: Final = {
    vol.Optional("name"): vol.All(cv.string, vol.Match(r"^[A-Za-z_@:][\w@:-]{0,39}\Z"))
}
"""By which later requests refer to this one."""

FIND: Final = {
    vol.Optional("what", default="devices"): vol.In(KINDS),
    vol.Optional("filter", default=""): cv.string,
    vol.Optional("limit", default=DEFAULT_LIMIT): vol.Coerce(int),
    vol.Optional("start"): vol.Coerce(int),
    vol.Optional("skip"): vol.Coerce(int),
    vol.Optional("sort", default=""): cv.string,
    vol.Optional("order", default=ORDERS[0]): vol.In(ORDERS),
    vol.Optional("only", default=list): vol.Any(cv.string, [cv.string]),
    vol.Optional("refs", default=False): cv.boolean,
}
AGGREGATE: Final = {
    vol.Required("output"): TEXTS,
    vol.Optional("group_by", default=list): TEXTS,
    vol.Optional("filter", default=""): cv.string,
    vol.Optional("rules", default=dict): {cv.string: cv.string},
    vol.Optional("sorts", default=list): TEXTS,
    vol.Optional("device_id"): TEXTS,
    vol.Optional("start_time"): cv.datetime,
    vol.Optional("end_time"): cv.datetime,
    vol.Optional("every"): vol.All(cv.positive_time_period, vol.Range(min=SECOND)),
}


def _either(request: dict[str, Any]) -> dict[str, Any]:
    """Check one of several requests: with an output it is one to aggregate."""
    fields = AGGREGATE if "output" in request else FIND
    checked: dict[str, Any] = vol.Schema(fields | NAME)(request)
    return checked


SEVERAL: Final = vol.Schema(
    {
        vol.Required(ATTR_REQUESTS): vol.All(
            cv.ensure_list, vol.Length(max=MAX_REQUESTS), [vol.All(dict, _either)]
        )
    }
)


def _one_or_several(fields: dict[Any, Any]) -> vol.Schema:
    """Return the fields of an action that takes one request, or a list of them."""
    one = vol.Schema(fields)
    return vol.Schema(lambda data: (SEVERAL if ATTR_REQUESTS in data else one)(data))


class QueryActions:
    """The actions, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_ask(self, call: ServiceCall) -> ServiceResponse:
        """Answer one request, or several."""
        if ATTR_REQUESTS in call.data:
            requests = call.data[ATTR_REQUESTS]
            return {"results": [*await async_ask_all(self._hass, requests)]}
        return (await async_ask(self._hass, call.data, {})).as_response()


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the actions."""
    queries = QueryActions(hass)
    only = SupportsResponse.ONLY
    yield Service("find", queries.async_ask, _one_or_several(FIND), only)
    yield Service("aggregate", queries.async_ask, _one_or_several(AGGREGATE), only)
