"""The action that moves contents of devices: its fields, and what it does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
)
from homeassistant.core_config import Config
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .exceptions import rewords_errors
from .iot.connections.base import Capability
from .iot.device import VirtualDevice
from .iot.errors import NotOfferedError, PathNotAllowedError, SyncStateError
from .iot.model import Attribute
from .iot.storage import MAX_BYTES, StorageObject
from .iot.values import DataType
from .service import Service, coordinator_of
from .storage import ATTR_ATTRIBUTE, ATTR_DOWNLOAD, ATTR_UPLOAD, facts

ATTR_CONTENT_TYPE: Final = "content_type"
ATTR_URL: Final = "url"
ATTR_MAX_MEGABYTES: Final = "max_megabytes"

MEGABYTE: Final = 1024 * 1024
MOST_MEGABYTES: Final = 2048

SYNC: Final = vol.Schema(
    vol.All(
        {
            vol.Required(ATTR_DEVICE_ID): cv.string,
            vol.Required(ATTR_ATTRIBUTE): cv.string,
            vol.Exclusive(ATTR_UPLOAD, "direction"): cv.string,
            vol.Exclusive(ATTR_DOWNLOAD, "direction"): cv.string,
            vol.Optional(ATTR_URL): cv.string,
            vol.Optional(ATTR_CONTENT_TYPE): vol.Match(r"^[\w.+-]+/[\w.+-]+\Z"),
            vol.Optional(ATTR_MAX_MEGABYTES, default=MAX_BYTES // MEGABYTE): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=MOST_MEGABYTES)
            ),
        },
        cv.has_at_least_one_key(ATTR_UPLOAD, ATTR_DOWNLOAD),
    )
)


class StorageActions:
    """The action, for all devices of all connections."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Take Home Assistant."""
        self._hass = hass

    @rewords_errors
    async def async_sync(self, call: ServiceCall) -> ServiceResponse:
        """Send a file to a device, or receive one; returns what came of it."""
        coordinator = coordinator_of(self._hass, call)
        device, connection = coordinator.device, coordinator.connection
        attribute = device.model.attribute(call.data[ATTR_ATTRIBUTE])
        offered = Capability.STORAGE in connection.capabilities
        if not offered or attribute.type is not DataType.URI:
            raise NotOfferedError(operation=f"a content of {attribute.name}")
        upload = ATTR_UPLOAD in call.data
        path = await self._hass.async_add_executor_job(
            allowed_path,
            self._hass.config,
            call.data[ATTR_UPLOAD if upload else ATTR_DOWNLOAD],
        )
        one = StorageObject(
            connection,
            device,
            call.data.get(ATTR_URL) or place_of(device, attribute),
            call.data.get(ATTR_CONTENT_TYPE),
            name=attribute.name,
            limit=call.data[ATTR_MAX_MEGABYTES] * MEGABYTE,
        )
        await coordinator.storage.async_sync(
            call.data[ATTR_DEVICE_ID], one, path, upload=upload
        )
        return facts(one, device) if call.return_response else None


def allowed_path(config: Config, spelled: str) -> Path:
    """Return a file that Home Assistant lets be used; blocks.

    Links are followed before it is looked at: they may lead anywhere.

    Raises:
        PathNotAllowedError: it does not.

    """
    try:
        path = Path(config.path(spelled)).resolve()
        allowed = config.is_allowed_path(str(path))
    except OSError, RuntimeError, ValueError:
        allowed = False
    if not allowed:
        raise PathNotAllowedError(path=spelled)
    return path


def place_of(device: VirtualDevice, attribute: Attribute) -> str:
    """Return where the content of an attribute is: where its value says.

    Raises:
        SyncStateError: it has none.

    """
    value = device.get(attribute.name)
    if not isinstance(value, str) or not value:
        problem = "it has no value yet that says where its content is: give a url"
        raise SyncStateError(name=attribute.name, problem=problem)
    return value


def services(hass: HomeAssistant) -> Iterator[Service]:
    """Yield the action."""
    storage = StorageActions(hass)
    optional = SupportsResponse.OPTIONAL
    yield Service("sync_storage_object", storage.async_sync, SYNC, optional)
