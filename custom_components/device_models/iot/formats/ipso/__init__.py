"""LwM2M and IPSO: object definitions, and what a CoAP device lists of itself."""

from .listing import FORMAT as LISTING
from .lwm2m import FORMAT as LWM2M

__all__ = ["LISTING", "LWM2M"]
