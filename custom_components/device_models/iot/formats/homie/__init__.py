"""Devices that follow the Homie convention, versions 3 to 5.

https://homieiot.github.io/specification: a version 5 device describes itself in one
JSON document; an older one in many retained topics (``$nodes``, ``$properties`` …).
A file is that document, or an object of topics and their payloads.
"""

from typing import Final

from ..format import ModelFormat
from .described import recognises
from .reading import load

FORMAT: Final = ModelFormat(
    "Homie device",
    'an object with "homie" and "nodes", or with topics such as "…/$homie"',
    recognises,
    load,
)
