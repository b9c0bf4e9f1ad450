"""By what it is seen, without all the questions, that a description is another one."""

from hashlib import sha256
from typing import NamedTuple

from .answer import UnansweredError
from .client import CoapEndpoint
from .request import Method, Response


class Sign(NamedTuple):
    """What was at a place when a device was described."""

    path: str
    accept: int | None
    digest: bytes | None
    """Of the Thing Description, or of the listing; None if there was none."""

    @classmethod
    def of(cls, path: str, accept: int | None, response: Response | None) -> Sign:
        """Return what an answer is known by."""
        if response is None or not response.success:
            return cls(path, accept, None)
        return cls(path, accept, sha256(response.payload).digest())

    async def holds(self, endpoint: CoapEndpoint) -> bool:
        """Whether the same is there now.

        Raises:
            CommunicationError: the endpoint does not answer.

        """
        try:
            response = await endpoint.request(Method.GET, self.path, accept=self.accept)
        except UnansweredError:
            return True  # it is not known otherwise
        return self.of(self.path, self.accept, response) == self
