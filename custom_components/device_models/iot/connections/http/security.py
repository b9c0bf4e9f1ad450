"""Showing a server who we are (Thing Description 1.1 §5.3.3)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from yarl import URL

from ...errors import ValueRefusedError
from .digest import Digest
from .settings import Credentials, Scheme
from .tokens import TokenSource

USUAL_NAMES: Final = {
    (Scheme.BASIC, "header"): "Authorization",
    (Scheme.BEARER, "header"): "Authorization",
    (Scheme.OAUTH2, "header"): "Authorization",
    (Scheme.APIKEY, "header"): "X-API-Key",
    (Scheme.BEARER, "query"): "access_token",  # RFC 6750 §2.3
    (Scheme.OAUTH2, "query"): "access_token",
    (Scheme.APIKEY, "query"): "api_key",
}
"""Of what says no name of its own; where there is none, it needs one."""

PLACES: Final = ("header", "query", "cookie")


@dataclass(slots=True)
class Proof:
    """What is added to a request."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    query: dict[str, str] = field(default_factory=dict, repr=False)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = ()

    def put(self, where: str, name: str, value: str) -> None:
        """Add something in its place."""
        places = {"header": self.headers, "query": self.query, "cookie": self.cookies}
        places[where][name] = value


class Identity:
    """Who we are to one server: all of its credentials."""

    def __init__(
        self,
        credentials: Sequence[Credentials],
        session: aiohttp.ClientSession,
        base: URL,
        *,
        verify_tls: bool,
    ) -> None:
        """Take the credentials.

        Raises:
            ValueRefusedError: they cannot be shown that way.

        """
        self._credentials = [_checked(one) for one in credentials]
        self._digests = tuple(
            Digest(one.username, one.secret)
            for one in self._credentials
            if one.scheme is Scheme.DIGEST
        )
        self._tokens = {
            one: TokenSource(one, session, base, verify_tls=verify_tls)
            for one in self._credentials
            if one.scheme is Scheme.OAUTH2
        }

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._credentials)

    async def proof(self) -> Proof:
        """Return what is added to a request.

        Raises:
            UnreachableError: a token is needed, and nobody gives it.
            UnauthorizedError: a token is refused.

        """
        proof = Proof(middlewares=self._digests)
        for one in self._credentials:
            match one.scheme:
                case Scheme.BASIC:
                    pair = f"{one.username}:{one.secret}".encode()
                    value = f"Basic {base64.b64encode(pair).decode()}"
                case Scheme.BEARER:
                    value = _bearer(one, one.secret)
                case Scheme.APIKEY:
                    value = one.secret
                case Scheme.OAUTH2:
                    value = _bearer(one, await self._tokens[one].token())
                case Scheme.DIGEST:
                    continue
            proof.put(one.where, _name(one), value)
        return proof

    def renew(self) -> bool:
        """Forget the tokens that were got; returns whether there were any."""
        forgotten = [source.forget() for source in self._tokens.values()]
        return any(forgotten)


def _bearer(credentials: Credentials, token: str) -> str:
    """Return a token as its place has it."""
    usual = credentials.where == "header" and _name(credentials) == "Authorization"
    return f"Bearer {token}" if usual else token


def _name(credentials: Credentials) -> str:
    """Return the name under which something is shown."""
    usual = USUAL_NAMES.get((credentials.scheme, credentials.where), "")
    return credentials.name or usual


def _checked(credentials: Credentials) -> Credentials:
    """Return credentials that can be shown.

    Raises:
        ValueRefusedError: they cannot.

    """
    scheme = credentials.scheme
    problem = ""
    if credentials.where not in PLACES:
        problem = f"expected one of {', '.join(PLACES)}"
        raise ValueRefusedError(name="where", problem=problem)
    if scheme is not Scheme.DIGEST and not _name(credentials):
        problem = f"expected the name of the {credentials.where}"
        raise ValueRefusedError(name="name", problem=problem)
    if scheme in {Scheme.BASIC, Scheme.DIGEST} and ":" in credentials.username:
        problem = "expected a name without a colon"
        raise ValueRefusedError(name="username", problem=problem)
    for name in ("username", "secret", "name"):
        if not getattr(credentials, name).isprintable():
            problem = "expected printable characters"
            raise ValueRefusedError(name=name, problem=problem)
    return credentials
