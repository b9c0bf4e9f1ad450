"""A CoAP server for devices that push instead of being asked (RFC 7252, RFC 7641)."""

from .connection import CoapListener
from .layout import place_of
from .settings import DEFAULT_NETWORKS, ListenerSettings

__all__ = ["DEFAULT_NETWORKS", "CoapListener", "ListenerSettings", "place_of"]
