"""What is known of one device beside its model: maker, serial number, gateway.

The keys are those with which a gateway registers a device behind it (sheet §3.7), some
more that people ask for, and any of a vendor's.
"""

from collections.abc import Mapping
import re
from typing import Final
from urllib.parse import urlsplit

from .reading import Element
from .values import JsonValue

type Metadata = Mapping[str, str]

HARDWARE_ID: Final = "hardwareId"
"""What tells the device from all others, whoever asks; made by who made it."""
MANUFACTURER: Final = "manufacturer"
MODEL_NUMBER: Final = "modelNumber"
SERIAL_NUMBER: Final = "serialNumber"
DEVICE_CLASS: Final = "deviceClass"
PROTOCOL: Final = "protocol"
PROTOCOL_DEVICE_CLASS: Final = "protocolDeviceClass"
PROTOCOL_DEVICE_ID: Final = "protocolDeviceId"
HARDWARE_VERSION: Final = "hardwareVersion"
SOFTWARE_VERSION: Final = "softwareVersion"
AREA: Final = "area"
URL: Final = "url"
"""Of the page on which the device is configured."""

KNOWN: Final = (
    HARDWARE_ID,
    MANUFACTURER,
    MODEL_NUMBER,
    SERIAL_NUMBER,
    HARDWARE_VERSION,
    SOFTWARE_VERSION,
    DEVICE_CLASS,
    PROTOCOL,
    PROTOCOL_DEVICE_CLASS,
    PROTOCOL_DEVICE_ID,
    AREA,
    URL,
)

GATEWAY: Final = "gateway"
"""The hardware id of the device that it belongs behind."""
BELOW: Final = "below"
"""Where it is below its gateway's place, if the way to it leads through that."""

MAX_KEYS: Final = 50
MAX_KEY: Final = 64
MAX_TEXT: Final = 255
"""Characters."""


def read_metadata(said: Element) -> dict[str, str]:
    """Return the texts of an object: what is known, and what is a vendor's.

    Raises:
        Unusable: one is no text or number, is too long, or is no address.

    """
    if len(said.content) > MAX_KEYS:
        said.refuse(f"expected at most {MAX_KEYS} keys")
    known: dict[str, str] = {}
    for key, value in said.content.items():
        if len(key) > MAX_KEY:
            said.refuse(f"expected at most {MAX_KEY} characters", key[:MAX_KEY])
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            said.refuse("expected a text", key)
        text = str(value).strip()
        if len(text) > MAX_TEXT:
            said.refuse(f"expected at most {MAX_TEXT} characters", key)
        if key == URL and text and not _is_page(text):
            said.refuse("expected an address that begins with http:// or https://", key)
        if text or key in (BELOW, GATEWAY):
            known[key] = text
    return known


def expanded(template: str, metadata: Metadata) -> str:
    """Return a path, with what is known of the device in the place of ``{key}``.

    What is not known stays: nobody has such a place.
    """
    return _PLACE.sub(lambda found: metadata.get(found[1], found[0]), template)


def of_device(document: JsonValue) -> Mapping[str, JsonValue]:
    """Return what a document says of its device, as it stands there."""
    said = document.get("device") if isinstance(document, Mapping) else None
    return said if isinstance(said, Mapping) and "model" in _object(document) else {}


def _object(document: JsonValue) -> Mapping[str, JsonValue]:
    return document if isinstance(document, Mapping) else {}


def _is_page(text: str) -> bool:
    """Whether a text is the address of a page."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_PLACE: Final = re.compile(r"\{(\w+)\}")
