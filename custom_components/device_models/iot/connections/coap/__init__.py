"""CoAP (RFC 7252, RFC 7641) through aiocoap; protocol sheet "CoAP"."""

from .client import CoapEndpoint
from .connection import CoapConnection
from .names import resolve_local_names_with

__all__ = ["CoapConnection", "CoapEndpoint", "resolve_local_names_with"]
