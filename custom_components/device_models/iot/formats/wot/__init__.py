"""W3C Web of Things: Thing Descriptions 1.0 and 1.1, and Thing Models.

https://www.w3.org/TR/wot-thing-description11/. What the specification forbids makes the
whole file unusable, wherever it stands, and the error names the place. What it allows
but we have no use for (arrays, other protocols, operations of our own …) is left out
with a remark, and the rest is read.
"""

from typing import Final

from ..format import ModelFormat
from .thing import is_thing, is_thing_model, load

THING_MODEL: Final = ModelFormat(
    "Thing Model",
    'an object with the "@type" "tm:ThingModel"',
    is_thing_model,
    load,
)

THING_DESCRIPTION: Final = ModelFormat(
    "Thing Description",
    'an object with an "@context" of the Web of Things',
    is_thing,
    load,
)

FORMATS: Final = (THING_MODEL, THING_DESCRIPTION)
