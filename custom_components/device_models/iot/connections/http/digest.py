"""Digest access (RFC 7616) at servers that offer other schemes beside it.

A server says all that it takes: in one header field, or in several (RFC 9110 §11.6.1).
The client library looks at the first one only, so that is what it is shown.
"""

from dataclasses import dataclass
import re
from typing import Final, cast

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

FIELD: Final = "WWW-Authenticate"

MAX_CHARACTERS: Final = 8_000
"""Of all challenges; what is behind them is not looked at."""

_BEGINNING: Final = re.compile(
    r'"(?:[^"\\]|\\.)*"'  # what is quoted begins nothing
    r"|(?:^|,)[\s,]*(?P<scheme>[\w!#$%&'*+.^`|~-]+)[ \t]+(?![\s=,])"
)
_ALGORITHM: Final = re.compile(r'[\s,]algorithm\s*=\s*"?([\w-]+)', re.IGNORECASE)

ALGORITHMS: Final = frozenset(
    name
    for function in ("MD5", "SHA", "SHA-256", "SHA-512")
    for name in (function, f"{function}-SESS")
)
"""Those that the library computes; a client takes the first that it can (§3.7)."""


def challenges_of(spelled: str) -> list[str]:
    """Return the challenges of a header field, each with its parameters."""
    spelled = spelled[:MAX_CHARACTERS]
    begins = [
        found.start("scheme") for found in _BEGINNING.finditer(spelled) if found[1]
    ]
    ends = [*begins[1:], len(spelled)]
    pairs = zip(begins, ends, strict=False)
    return [spelled[begin:end].rstrip(" \t,") for begin, end in pairs]


def digest_of(spelled: str) -> str:
    """Return the challenge for a digest that can be answered; else all that is said."""
    digests = [
        one for one in challenges_of(spelled) if one.lower().startswith("digest")
    ]
    for one in digests:
        named = _ALGORITHM.search(one)
        if named is None or named[1].upper() in ALGORITHMS:
            return one
    return digests[0] if digests else spelled


@dataclass(frozen=True, slots=True)
class _Shown:
    """A response as it is shown the library: what it looks at, and no more."""

    response: aiohttp.ClientResponse

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def url(self) -> URL:
        return self.response.url

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        headers = CIMultiDict(self.response.headers)
        if said := headers.getall(FIELD, []):
            headers[FIELD] = digest_of(", ".join(said))
        return CIMultiDictProxy(headers)


class Digest:
    """Shows one server who we are, whatever else it would take."""

    def __init__(self, username: str, secret: str) -> None:
        """Take what is shown; the secret itself never is."""
        self._digest = aiohttp.DigestAuthMiddleware(username, secret)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Ask, and once more with a digest if that is wanted.

        Raises:
            Exception: whatever aiohttp raises.

        """
        answers: list[aiohttp.ClientResponse] = []

        async def asked(request: aiohttp.ClientRequest) -> aiohttp.ClientResponse:
            answers.append(await handler(request))
            return cast("aiohttp.ClientResponse", _Shown(answers[-1]))

        await self._digest(request, asked)
        for refused in answers[:-1]:
            refused.release()
        return answers[-1]
