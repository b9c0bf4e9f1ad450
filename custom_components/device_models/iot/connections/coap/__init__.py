"""CoAP (RFC 7252, RFC 7641) through aiocoap; protocol sheet "CoAP"."""

from .client import CoapEndpoint
from .connection import CoapConnection

__all__ = ["CoapConnection", "CoapEndpoint"]
