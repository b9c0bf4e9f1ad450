"""The formats without structure: text and octets, one value each."""

from datetime import datetime
from typing import override

from .codec import Codec, Decoded, Document


class Text(Codec):
    """Plain text in UTF-8: one value, read by the type that is expected."""

    name = "text"
    content_format = 0
    media_type = "text"
    structured = False

    @override
    def decode(self, payload: bytes) -> Decoded:
        try:
            return Decoded(payload.decode(), untyped=True)
        except UnicodeDecodeError as err:
            self.refuse(str(err))

    @override
    def encode(self, document: Document) -> bytes:
        match document:
            case str():
                try:
                    return document.encode()
                except UnicodeEncodeError as err:
                    self.refuse(str(err))
            case bool():
                return b"true" if document else b"false"
            case int() | float():
                return str(document).encode()
            case datetime():
                return document.isoformat().encode()
            case _:
                self.refuse("can only hold one value that is no bytes")


class Digits(Text):
    """Plain text in which true and false are 1 and 0 (LwM2M Core 1.2 appendix C)."""

    name = "digits"

    @override
    def encode(self, document: Document) -> bytes:
        return super().encode(int(document) if isinstance(document, bool) else document)


class Octets(Codec):
    """Bytes as they are: hexadecimal as text, an unsigned big-endian number."""

    name = "octets"
    content_format = 42
    media_type = "octets"
    structured = False

    @override
    def decode(self, payload: bytes) -> Decoded:
        return Decoded(payload)

    @override
    def encode(self, document: Document) -> bytes:
        match document:
            case bytes():
                return document
            case bool():
                return bytes([document])
            case int() if document >= 0:
                return document.to_bytes(max(1, (document.bit_length() + 7) // 8))
            case str():
                return self._from_hexadecimal(document)
            case _:
                self.refuse("holds bytes, whole numbers and hexadecimal text only")

    def _from_hexadecimal(self, text: str) -> bytes:
        """Return the bytes of a text that they are read as again."""
        try:
            data = bytes.fromhex(text)
        except ValueError as err:
            self.refuse(str(err))
        if data.hex() != text:
            self.refuse("expected hexadecimal digits, small letters, without spaces")
        return data
