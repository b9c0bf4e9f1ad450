"""Access tokens of OAuth 2, for a client in its own name (RFC 6749 §4.4)."""

import asyncio
import json
import time
from typing import Final
from urllib.parse import quote_plus

import aiohttp
from yarl import URL

from ...errors import UnauthorizedError, UnreachableError, ValueRefusedError
from ...fetching import reason_of, shown
from .settings import Credentials

SECONDS: Final = 10.0

MAX_BYTES: Final = 64 * 1024
"""Of the answer with the token."""

LONGEST: Final = 86_400.0
"""Seconds; a token that is good for longer is got anew after this time."""

EARLY: Final = 30.0
"""Seconds before its end that a token is not used any more; at most half its life."""


class TokenSource:
    """Gets the token of one client, and keeps it while it is good."""

    def __init__(
        self,
        credentials: Credentials,
        session: aiohttp.ClientSession,
        base: URL,
        *,
        verify_tls: bool,
    ) -> None:
        """Take the credentials, and the address of the server that they are for.

        Raises:
            ValueRefusedError: the credentials may not go where the token is.

        """
        self._credentials = credentials
        self._session = session
        self._verify_tls = verify_tls
        self._url = _checked(credentials.token_url, base)
        self._getting = asyncio.Lock()
        self._token = ""
        self._until: float | None = None

    def forget(self) -> bool:
        """Have the next one who asks get a new token; returns whether there was one."""
        token, self._token = self._token, ""
        return bool(token)

    async def token(self) -> str:
        """Return a token that is good, as far as is known.

        Raises:
            UnreachableError: there is no usable answer.
            UnauthorizedError: the credentials are refused.

        """
        async with self._getting:
            over = self._until is not None and time.monotonic() >= self._until
            if self._token and not over:
                return self._token
            # First as all servers must know it (RFC 6749 §2.3.1).
            if await self._get(basic=True) or await self._get(basic=False):
                return self._token
            raise UnauthorizedError(address=shown(self._url))

    async def _get(self, *, basic: bool) -> bool:
        """Get a token; returns whether the credentials were taken."""
        one = self._credentials
        form = {"grant_type": "client_credentials"}
        if one.scopes:
            form["scope"] = " ".join(one.scopes)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if basic:
            name, secret = quote_plus(one.username), quote_plus(one.secret)
            headers["Authorization"] = aiohttp.encode_basic_auth(name, secret)
        else:
            form |= {"client_id": one.username, "client_secret": one.secret}
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._session.post(
                    self._url,
                    data=form,
                    headers=headers,
                    allow_redirects=False,
                    ssl=self._verify_tls,
                ) as response,
            ):
                content = bytearray()
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        break
                status = response.status
        except (aiohttp.ClientError, OSError, ValueError) as err:
            raise self._unreachable(reason_of(err)) from err
        if status in {400, 401, 403}:
            return False
        if status != 200:
            raise self._unreachable(f"it answered {status}")
        self._take(content)
        return True

    def _take(self, content: bytearray) -> None:
        """Take a token from an answer (RFC 6749 §5.1)."""
        try:
            answer = json.loads(content)
        except ValueError, RecursionError:
            answer = None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token or not token.isprintable():
            raise self._unreachable("it answered no token")
        lifetime = answer.get("expires_in")
        self._token = token
        self._until = None
        if isinstance(lifetime, int | float) and not isinstance(lifetime, bool):
            lifetime = min(lifetime, LONGEST)
            early = min(EARLY, lifetime / 2)
            self._until = time.monotonic() + lifetime - early

    def _unreachable(self, reason: str) -> UnreachableError:
        return UnreachableError(address=shown(self._url), reason=reason)


def _checked(token_url: str, base: URL) -> URL:
    """Return where the token is got: at the server itself, or over TLS.

    Raises:
        ValueRefusedError: the secret may not go there.

    """
    try:
        url = base.join(URL(token_url.strip()))
    except ValueError:
        url = URL()
    secure = url.scheme == "https"
    own = url.scheme == "http" and url.host == base.host
    if not token_url.strip() or not url.host or not (secure or own):
        problem = "expected an address that begins with https://"
        raise ValueRefusedError(name="token_url", problem=problem)
    if url.raw_user is not None or url.raw_password is not None:
        problem = "expected an address without user name and password"
        raise ValueRefusedError(name="token_url", problem=problem)
    return url
