"""An IPSO node that libcoap serves: described without any file, read, written, watched.

Its resources are made by writing to them, as libcoap's example server allows.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
import socket
from typing import Final

import pytest

from custom_components.device_models.iot.connections.coap import CoapConnection
from custom_components.device_models.iot.connections.coap.request import Method
from custom_components.device_models.iot.device import VirtualDevice
from custom_components.device_models.iot.values import DataType

from .conftest import Connect, Endpoint
from .programs import Program, output_of, running
from .test_libcoap import CLIENTS, SERVERS, answers
from .things import free_port, shown, thing, until

pytestmark = [
    pytest.mark.peer,
    pytest.mark.parametrize("peer_program", [SERVERS], indirect=True),
]

RESOURCES: Final[Mapping[str, str]] = {
    "3303/0/5700": "21.5",
    "3303/0/5701": "Cel",
    "3303/0/5601": "18.25",
    "3303/0/5602": "24",
    "3303/0/5605": "0",
    "3303/1/5700": "70.1",
    "3303/1/5701": "[degF]",
    "3308/0/5900": "20",
    "3308/0/5701": "Cel",
    "3311/0/5850": "1",
    "3311/0/5851": "50",
    "3347/0/5500": "0",
    "3347/0/5501": "4",
    "mode": "auto",
    "seconds": "17",
}

type Put = Callable[[str, str], Awaitable[object]]


@pytest.fixture
def port() -> int:
    """Return the port of the node."""
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture
async def node(
    peer_program: str, port: int, endpoint: Endpoint, tmp_path: Path
) -> AsyncGenerator[Program]:
    """Run the node."""
    command = f"{peer_program} -A 127.0.0.1 -p {port} -d 30 -v 7"
    with running(*command.split(), log=tmp_path / "log") as program:
        await answers(endpoint, port)
        asking = await endpoint(port)
        for path, value in RESOURCES.items():
            made = await asking.request(
                Method.PUT, path, payload=value.encode(), content_format=0
            )
            assert made.success
        yield program


async def described(connection: CoapConnection) -> VirtualDevice:
    """Return the node as it describes itself."""
    loaded = await connection.describe("")
    return thing(connection, model=loaded.model, coap=loaded.layouts["coap"])


@pytest.mark.usefixtures("node")
async def test_what_it_lists_is_understood(connect: Connect, port: int) -> None:
    device = await described(await connect(port))
    leaves = device.model.leaves
    assert {*leaves} - {"time", "async", "example_data"} == {*RESOURCES} - {
        "3303/0/5605"
    }
    assert [action.name for action in device.model.actions] == ["3303/0/5605"]
    units = {name: leaf.unit for name, leaf in leaves.items()}
    for name in ("3303/0/5700", "3303/0/5601", "3303/0/5602", "3308/0/5900"):
        assert units[name] == "Cel"
    assert units["3303/1/5700"] == "[degF]"
    assert leaves["3303/1/5700"].title == "Temperature 2"
    assert leaves["mode"].type is DataType.STRING
    assert leaves["seconds"].type is DataType.NUMBER
    assert leaves["mode"].inferred
    assert not leaves["3303/0/5700"].inferred
    writable = {name for name, leaf in leaves.items() if leaf.writable}
    assert writable == {"3308/0/5900", "3311/0/5850", "3311/0/5851"}


@pytest.mark.usefixtures("node")
async def test_it_is_read_written_and_watched(connect: Connect, port: int) -> None:
    connection = await connect(port)
    device = await described(connection)
    await connection.read(device, device.model.readable)
    values = shown(device)
    assert values["3303/0/5700"] == 21.5
    assert values["3311/0/5850"] is True
    assert values["3347/0/5501"] == 4
    await connection.attach(device)
    await until(lambda: "3303/0/5700" in connection.pushed(device))
    url = f"coap://127.0.0.1:{port}/"
    client = next(path for name in CLIENTS if (path := Path("/usr/bin", name)).exists())
    await output_of(client, "-m", "put", "-t", "0", "-e", "22.75", f"{url}3303/0/5700")
    await until(lambda: shown(device)["3303/0/5700"] == 22.75)
    await device.set("3308/0/5900", 19.5)
    await device.set("3311/0/5850", False)
    assert (await output_of(client, f"{url}3308/0/5900")).strip() == b"19.5"
    assert (await output_of(client, f"{url}3311/0/5850")).strip() == b"0"
    await until(lambda: shown(device)["3311/0/5850"] is False)
