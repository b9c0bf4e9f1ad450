"""Actions of a CoAP device that go on after they were called."""

from typing import Any, override

from aiocoap import Code, Message
import pytest

from custom_components.device_models.iot.connections import going
from custom_components.device_models.iot.errors import NotOfferedError, RejectedError

from .coap_server import Content, bare_server
from .conftest import Connect
from .things import thing


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it asked soon."""
    monkeypatch.setattr(going, "FIRST_PAUSE", 0.02)


class Creates(Content):
    """An action that goes on elsewhere."""

    location: tuple[str, ...] = ("jobs", "1/2")

    @override
    async def render_post(self, request: Message) -> Message:
        """Say where."""
        answer = await super().render_post(request)
        answer.code = Code.CREATED
        answer.opt.location_path = self.location
        answer.opt.location_query = ("a=b",)
        return answer


class Job(Content):
    """What is told of a call, one document after the other."""

    documents: Any = (b'{"status": "running"}', b'{"status": "completed", "output": 7}')

    @override
    async def render_get(self, request: Message) -> Message:
        """Tell the next one."""
        self.requests.append(request)
        told = len(self.asked(Code.GET)) - 1
        self.payload = self.documents[min(told, len(self.documents) - 1)]
        return self._content(request)

    async def render_delete(self, request: Message) -> Message:
        """End it."""
        self.requests.append(request)
        return Message(code=Code.DELETED)


async def test_outcome_is_waited_for(connect: Connect) -> None:
    reset, job = Creates(), Job()
    async with bare_server(**{"reset": reset, "jobs__1/2": job}) as server:
        device = thing(connection := await connect(server.port))
        action = device.model.action("reset")
        with pytest.raises(NotOfferedError):
            await connection.query(device, action)
        assert await device.call("reset") == 7
        assert [one.opt.uri_query for one in job.requests] == [("a=b",)] * 2
        assert await connection.query(device, action) == {
            "status": "completed",
            "output": 7,
        }
        await connection.cancel(device, action)
        assert job.requests[-1].code is Code.DELETE
        job.documents = (b'{"status": "failed"}',)
        with pytest.raises(RejectedError, match="that it has failed"):
            await device.call("reset")
        job.documents = (b"3",)
        assert await device.call("reset") == 3
        # It may have made something, and not be a call that goes on.
        reset.result = b'{"id": 4}'
        assert await device.call("reset") == {"id": 4}
        reset.result, reset.location = b"", ("..",)
        assert await device.call("reset") is None


async def test_layout_says_where_a_call_is_asked_for(connect: Connect) -> None:
    job = Job()
    layout = {"actions": {"reset": {"path": "r", "query": "job", "cancel": "job"}}}
    async with bare_server(job=job) as server:
        device = thing(connection := await connect(server.port), coap=layout)
        action = device.model.action("reset")
        assert await connection.query(device, action) == {"status": "running"}
        await connection.cancel(device, action)
        with pytest.raises(RejectedError):
            await device.call("reset")
