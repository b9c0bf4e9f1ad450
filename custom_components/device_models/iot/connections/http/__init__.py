"""HTTP: devices that are asked over it, and tell by long polling, SSE or WebSocket."""

from .connection import HttpConnection
from .settings import Credentials, HttpSettings, Scheme

__all__ = ["Credentials", "HttpConnection", "HttpSettings", "Scheme"]
