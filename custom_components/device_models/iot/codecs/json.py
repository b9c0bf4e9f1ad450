"""JSON, RFC 8259."""

import base64
from datetime import datetime
import json
from typing import override

from ..values import JsonValue
from .codec import Codec, Decoded, Document


class Json(Codec):
    """JSON in UTF-8.

    ``NaN`` and ``Infinity`` are no JSON, but some devices write them for one sensor
    that failed: they are read, and no attribute takes them.
    """

    name = "json"
    content_format = 50
    media_type = "JSON"

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(self.bounded(self._parse(payload)))

    def _parse(self, payload: bytes) -> object:
        try:
            return json.loads(payload.decode("utf-8-sig"))
        except RecursionError:
            self.refuse("nested too deep")
        except ValueError as err:  # not UTF-8, not JSON, or a number of 5000 digits
            self.refuse(str(err))

    @override
    def encode(self, document: Document) -> bytes:
        return self._write(document)

    def _write(self, document: object) -> bytes:
        try:
            return json.dumps(
                document,
                allow_nan=False,
                ensure_ascii=False,
                separators=(",", ":"),
                default=_spelled,
            ).encode()
        except (TypeError, ValueError) as err:
            self.refuse(str(err))


def _spelled(value: object) -> JsonValue:
    """Write what JSON lacks: times as ISO 8601, bytes in base64."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            raise TypeError(f"unexpected {type(value).__name__}")
