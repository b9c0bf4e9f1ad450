"""libcoap's client, and the simulated device, push to the listening server."""

import asyncio
import json
from pathlib import Path
import re
from typing import Final

import pytest

from simulators import CoapPushSimulator, SimulatedDevice, load_model

from .listening import BASE, LOOPBACK, Listening
from .programs import output_of, running
from .things import FLAT, STATE, shown, until

CLIENTS: Final = ("coap-client-notls", "coap-client-gnutls", "coap-client-openssl")


class Client:
    """libcoap's client."""

    def __init__(self, program: str, port: int) -> None:
        self.program = program
        self.address = f"coap://{LOOPBACK}:{port}"

    async def __call__(self, method: str, path: str, *options: str) -> str:
        """Send a request; returns what the client prints."""
        url = path if path.startswith("coap:") else f"{self.address}/{BASE}/{path}"
        output = await output_of(
            *(self.program, "-m", method, "-B", "3", "-v", "4", *options, url)
        )
        return output.decode().strip()


@pytest.fixture
def client(peer_program: str, server: Listening) -> Client:
    return Client(peer_program, server.port)


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [CLIENTS], indirect=True)
async def test_libcoap_pushes_and_fetches(server: Listening, client: Client) -> None:
    device = await server.add(key="s3cret")
    assert (await client("post", "state", "-e", "{}")).startswith("4.01")
    assert (await client("post", "state/x?key=s3cret", "-e", "{}")).startswith("4.04")
    assert shown(device) == {}
    sent = json.dumps(STATE)
    options = ("-t", "application/json", "-e", sent)
    assert await client("post", "state?key=s3cret", *options) == ""
    assert shown(device) == FLAT
    await device.set("power", value=True)
    await device.call("move", {"x": 3})
    (value, call) = json.loads(await client("get", "commands?key=s3cret"))
    assert (value["set"], call["call"]) == ({"power": True}, "move")
    answer = await client("put", "temperature?key=s3cret", "-e", "22.5")
    assert len(json.loads(answer)) == 2
    assert await client("delete", f"commands/{call['id']}?key=s3cret") == ""
    assert await client("put", "power?key=s3cret", "-e", "true") == ""
    assert shown(device) == FLAT | {"power": True, "temperature": 22.5}
    assert len(device.commands.outbox.waiting) == 0


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [CLIENTS], indirect=True)
async def test_libcoap_sends_in_blocks(server: Listening, client: Client) -> None:
    device = await server.add(published=True)
    label = "0123456789" * 300
    state = json.dumps({"label": label})
    assert await client("post", "state", "-b", "64", "-e", state) == ""
    assert shown(device) == {"label": label}
    assert await client("get", "label", "-b", "64") == label


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [CLIENTS], indirect=True)
async def test_libcoap_observes(
    server: Listening, client: Client, tmp_path: Path
) -> None:
    await server.add(published=True)
    await server.send.post(STATE)
    log = tmp_path / "log"
    url = f"{client.address}/{BASE}/level"
    with running(client.program, "-m", "get", "-s", "5", "-v", "4", url, log=log):
        await until(lambda: log.read_text().strip() == "3")
        await server.send.post({"level": 4})
        await until(lambda: "".join(log.read_text().split()) == "34")
        await asyncio.sleep(1)  # between two notifications
        await server.send.post({"level": 5})
        await until(lambda: "".join(log.read_text().split()) == "345")


@pytest.mark.peer
@pytest.mark.parametrize("peer_program", [CLIENTS], indirect=True)
async def test_libcoap_discovers(server: Listening, client: Client) -> None:
    await server.add(published=True)
    listed = await client("get", f"{client.address}/.well-known/core")
    targets = re.findall(r"<([^>]*)>", listed)
    assert f"/{BASE}/commands" in targets
    assert len(targets) == 9
    filtered = f"{client.address}/.well-known/core?rt=state"
    assert re.findall(r"<([^>]*)>", await client("get", filtered)) == [f"/{BASE}/state"]
    assert await client("get", f"{client.address}/nowhere") == "4.04"


async def test_simulated_device_wakes_and_confirms(server: Listening) -> None:
    real = SimulatedDevice(load_model("room_climate"), seed=1, alerts_every=0)
    device = await server.add("bedroom", model=real.model, key="k")
    count: list[object] = []
    device.on_alert("windowLeftOpen", count.append)
    url = f"coap://{LOOPBACK}:{server.port}/bedroom"
    async with CoapPushSimulator(real, url, every=60, key="k", speed=0) as simulator:
        await until(lambda: device.online)
        assert shown(device)["temperature"] == real.values["temperature"]
        locked = real.values["childLock"]
        await device.set("childLock", value=not locked)
        await device.call("identify")
        assert len(device.commands.outbox.waiting) == 2
        assert shown(device)["childLock"] is locked
        assert await simulator.wake()
        assert [call.action for call in real.calls] == ["identify"]
        assert shown(device)["childLock"] is (not locked)
        assert len(device.commands.outbox.waiting) == 0
        real.fire("windowLeftOpen")
        await until(lambda: count)
