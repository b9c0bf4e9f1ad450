"""Requests with what shows who we are: to one server, and to nobody else."""

from typing import Final

import aiohttp
from yarl import URL

from .request import Request
from .security import Identity, Proof
from .settings import HttpSettings

CONNECT_SECONDS: Final = 5.0
"""For a connection: who does not take it at all is not there."""

SECURE: Final = frozenset({"https", "wss"})


class Sender:
    """Sends single requests; whoever sends them sees to their end."""

    def __init__(self, session: aiohttp.ClientSession, settings: HttpSettings) -> None:
        """Take the session, which is somebody else's, and what the user says.

        Raises:
            ValueRefusedError: the settings are not usable.

        """
        self._session = session
        self._base = settings.base
        self._tls = settings.verify_tls
        self._identity = Identity(
            settings.security, session, self._base, verify_tls=settings.verify_tls
        )

    @property
    def known(self) -> bool:
        """Whether there is anything that shows who we are."""
        return bool(self._identity)

    def is_own(self, url: URL) -> bool:
        """Whether a URL is of this server, however it is secured: the same host.

        What is secured here is not shown there without that.
        """
        secured = self._base.scheme in SECURE and url.scheme not in SECURE
        return url.host == self._base.host and not secured

    async def ask(self, request: Request, url: URL) -> aiohttp.ClientResponse:
        """Ask, and once more with a new token if the one there was is refused.

        Raises:
            UnreachableError: a token is needed, and nobody gives it.
            UnauthorizedError: a token is refused.
            Exception: whatever aiohttp raises.

        """
        response = await self._ask(request, url)
        if response.status == 401 and self.is_own(url) and self._identity.renew():
            response.close()
            response = await self._ask(request, url)
        return response

    async def connect(
        self, request: Request, protocols: tuple[str, ...], heartbeat: float
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket.

        Raises:
            Exception: as ``ask``.

        """
        proof = await self._proof(request.url)
        return await self._session.ws_connect(
            request.url.extend_query(proof.query),
            protocols=protocols,
            headers=_with_cookies(proof),
            heartbeat=heartbeat,
            max_msg_size=request.limit,
            ssl=self._tls,
        )

    async def _ask(self, request: Request, url: URL) -> aiohttp.ClientResponse:
        """Ask once."""
        proof = await self._proof(url)
        return await self._session.request(
            request.method,
            url.extend_query(proof.query),
            data=request.payload or request.body,
            headers={**request.fields, **_with_cookies(proof)},
            allow_redirects=False,
            middlewares=proof.middlewares,
            ssl=self._tls,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )

    async def _proof(self, url: URL) -> Proof:
        """Return what shows the server who we are; nobody else is shown it."""
        return await self._identity.proof() if self.is_own(url) else Proof()


def _with_cookies(proof: Proof) -> dict[str, str]:
    """Return the header fields that show who we are."""
    if not proof.cookies:
        return proof.headers
    cookies = "; ".join(f"{name}={value}" for name, value in proof.cookies.items())
    return {**proof.headers, "Cookie": cookies}
