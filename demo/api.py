"""Home Assistant's HTTP API, as its own page uses it."""

from http import HTTPStatus
import json
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import ClientError, ClientSession, ClientTimeout

from .errors import DemoError

USER: Final = "demo"
PASSWORD: Final = "demo"  # noqa: S105  (it is shown to whoever starts the demo)
REQUEST_TAKES: Final = 60


class Api:
    """A session with Home Assistant; use as a context manager, then ``log_in``."""

    def __init__(self, url: str) -> None:
        """Note the address."""
        self.url = url
        self.client_id = f"{url}/"
        self.tokens: dict[str, Any] = {}
        self.http: ClientSession

    async def __aenter__(self) -> Self:
        """Open the session."""
        self.http = ClientSession(
            self.url, timeout=ClientTimeout(total=REQUEST_TAKES), raise_for_status=False
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self.http.close()

    async def log_in(self) -> bool:
        """Log in, the first time as a new user; False if nobody answers yet."""
        try:
            async with self.http.get("/auth/providers") as response:
                status = response.status
        except ClientError, TimeoutError:
            return False
        if status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}:
            return False
        # It refuses to tell while there is no user.
        code = await (self._log_in() if status == HTTPStatus.OK else self._onboard())
        wanted = {
            "client_id": self.client_id,
            "grant_type": "authorization_code",
            "code": code,
        }
        self.tokens = await self._send("/auth/token", data=wanted)
        return True

    async def post(self, path: str, content: dict[str, Any]) -> Any:
        """Post JSON and return what is answered.

        Raises:
            DemoError: it was refused, or nobody answers.

        """
        return await self._send(path, json=content, headers=self._authorization)

    async def get(self, path: str) -> Any:
        """Get something and return it.

        Raises:
            DemoError: it was refused, or nobody answers.

        """
        return await self._send(path, "GET", headers=self._authorization)

    @property
    def _authorization(self) -> dict[str, str]:
        """What shows who asks, once that is known."""
        token = self.tokens.get("access_token")
        return {"Authorization": f"Bearer {token}"} if token else {}

    async def _send(self, path: str, method: str = "POST", **content: Any) -> Any:
        """Send something and return what is answered.

        Raises:
            DemoError: it was refused, or nobody answers.

        """
        try:
            async with self.http.request(method, path, **content) as response:
                body = await response.text()
        except (ClientError, TimeoutError) as err:
            raise DemoError(f"Home Assistant does not answer {path}: {err!r}") from err
        if not response.ok:
            raise DemoError(f"Home Assistant refuses {path}: {response.status} {body}")
        return json.loads(body)

    async def _onboard(self) -> str:
        """Make the user, which finishes onboarding; returns a code for a token."""
        answer = await self.post(
            "/api/onboarding/users",
            {
                "client_id": self.client_id,
                "name": "Demo",
                "username": USER,
                "password": PASSWORD,
                "language": "en",
            },
        )
        code: str = answer["auth_code"]
        return code

    async def _log_in(self) -> str:
        """Log in as the user; returns a code for a token."""
        flow = await self.post(
            "/auth/login_flow",
            {
                "client_id": self.client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self.client_id,
            },
        )
        answer = await self.post(
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self.client_id, "username": USER, "password": PASSWORD},
        )
        if "result" not in answer:
            raise DemoError(f"Home Assistant refuses the login: {answer.get('errors')}")
        code: str = answer["result"]
        return code
