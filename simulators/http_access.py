"""Who may ask a simulated HTTP device: the schemes of a Thing Description.

Basic: RFC 7617; digest: RFC 7616; bearer: RFC 6750; client credentials: RFC 6749 §4.4.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
import hashlib
import re
import secrets
from typing import Final
from urllib.parse import quote_plus

from aiohttp import web

from custom_components.device_models.iot.values import JsonValue

SCHEMES: Final = ("basic", "digest", "bearer", "apikey", "oauth2")

REALM: Final = "simulated device"

TOKEN_PATH: Final = "oauth2/token"  # noqa: S105  (a path)

TOKEN_LIFE: Final = 3600
"""Seconds."""

_PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass
class Access:
    """What a device wants to be shown; without a scheme it wants nothing."""

    scheme: str = ""
    username: str = "user"
    secret: str = field(default="secret", repr=False)
    where: str = "header"
    """Of an API key: ``header``, ``query`` or ``cookie``."""
    name: str = "X-API-Key"
    """Of that."""
    tokens: set[str] = field(default_factory=set, repr=False)
    """Those that were given and are still good."""
    nonce: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    def __post_init__(self) -> None:
        """See whether it is known.

        Raises:
            ValueError: there is no such scheme.

        """
        if self.scheme and self.scheme not in SCHEMES:
            known = ", ".join(SCHEMES)
            raise ValueError(f"expected one of {known}, got {self.scheme!r}")

    @property
    def definitions(self) -> dict[str, JsonValue]:
        """What a Thing Description says of it."""
        match self.scheme:
            case "":
                return {"nosec_sc": {"scheme": "nosec"}}
            case "apikey":
                more: dict[str, JsonValue] = {"in": self.where, "name": self.name}
            case "oauth2":
                more = {"flow": "client", "token": TOKEN_PATH}
            case _:
                more = {"in": "header"}
        return {f"{self.scheme}_sc": {"scheme": self.scheme, **more}}

    def admits(self, request: web.Request) -> bool:
        """Whether a request shows what it has to."""
        shown = request.headers.get("Authorization", "")
        match self.scheme:
            case "":
                return True
            case "basic":
                pair = f"{self.username}:{self.secret}".encode()
                return shown == f"Basic {base64.b64encode(pair).decode()}"
            case "bearer":
                return shown == f"Bearer {self.secret}"
            case "oauth2":
                return shown.removeprefix("Bearer ") in self.tokens
            case "digest":
                return self._digested(request, shown)
            case _:
                places: dict[str, Mapping[str, str]] = {
                    "header": request.headers,
                    "query": request.query,
                    "cookie": request.cookies,
                }
                return places[self.where].get(self.name) == self.secret

    def challenge(self) -> web.Response:
        """Return the answer to those who do not show it."""
        schemes = {
            "basic": f'Basic realm="{REALM}"',
            "digest": f'Digest realm="{REALM}", qop="auth", algorithm=SHA-256, '
            f'nonce="{self.nonce}"',
            "bearer": "Bearer",
            "oauth2": "Bearer",
        }
        headers = {}
        if self.scheme in schemes:
            headers["WWW-Authenticate"] = schemes[self.scheme]
        return web.Response(status=401, headers=headers)

    async def give_token(self, request: web.Request) -> web.Response:
        """Answer with a token, if the client shows who it is."""
        form = await request.post()
        # §2.3.1: both are encoded as in a form, before they are put together.
        pair = f"{quote_plus(self.username)}:{quote_plus(self.secret)}".encode()
        shown = f"Basic {base64.b64encode(pair).decode()}"
        if request.headers.get("Authorization") != shown:
            return web.json_response({"error": "invalid_client"}, status=401)
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        answer = {"access_token": token, "token_type": "Bearer"}
        return web.json_response({**answer, "expires_in": TOKEN_LIFE})

    def _digested(self, request: web.Request, shown: str) -> bool:
        """Whether the digest of a request is right (RFC 7616 §3.4)."""
        scheme, _, spelled = shown.partition(" ")
        if scheme != "Digest":
            return False
        said: dict[str, str] = {
            key: one or two for key, one, two in _PAIR.findall(spelled)
        }
        names = ("username", "nonce", "uri", "nc", "cnonce", "response")
        if any(name not in said for name in names) or said["nonce"] != self.nonce:
            return False
        if said["username"] != self.username or said["uri"] != request.raw_path:
            return False
        first = _hashed(self.username, REALM, self.secret)
        second = _hashed(request.method, said["uri"])
        whole = (first, self.nonce, said["nc"], said["cnonce"], "auth", second)
        return said["response"] == _hashed(*whole)


def _hashed(*parts: str) -> str:
    return hashlib.sha256(":".join(parts).encode()).hexdigest()
