"""CoAP connections with keys and certificates: set up, refused, changed, repaired."""

import asyncio
from collections.abc import AsyncGenerator
import json
from pathlib import Path
import socket
from typing import Any, Final
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models.coap import missing_transport
from custom_components.device_models.coap.security import DATA_NUMBERS, security_of
from custom_components.device_models.const import (
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CONFIRMABLE,
    CONF_IDENTITY,
    CONF_INTERVAL,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_RECIPIENT_ID,
    CONF_SENDER_ID,
    CONF_SHARED_KEY,
    CONF_SYSTEM,
    CONF_TRANSPORT,
    DOMAIN,
)
from custom_components.device_models.iot.connections.coap import (
    CoapConnection,
    attempt,
    request as tuning,
    transports,
)
from custom_components.device_models.iot.connections.coap.security import (
    OscoreKeys,
    PreSharedKey,
)
from custom_components.device_models.iot.connections.coap.transports import Transport
from custom_components.device_models.iot.errors import (
    UnauthorizedError,
    UntrustedError,
    ValueRefusedError,
)
from custom_components.device_models.systems import System

from .acting import set_up, until
from .conftest import peer
from .flows import issues, suggested
from .iot.connections.certificates import Authority
from .iot.connections.coap_server import bare_server, state
from .iot.connections.programs import running
from .iot.connections.test_coap_oscore import SALT, SECRET, protected
from .iot.connections.test_coap_streams import server_side, serving
from .iot.connections.things import free_port, lacking
from .test_config_flow import chosen

pytestmark = pytest.mark.usefixtures("integration", "quick_requests")

OSCORE: Final = {
    CONF_MASTER_SECRET: SECRET.hex(),
    CONF_MASTER_SALT: SALT.hex(),
    CONF_SENDER_ID: "01",
}


def endpoint(transport: Transport, port: int | None) -> dict[str, Any]:
    """Return what is entered in the first form."""
    entered: dict[str, Any] = {
        CONF_HOST: "127.0.0.1",
        CONF_TRANSPORT: transport,
        CONF_CONFIRMABLE: True,
        CONF_INTERVAL: 30,
    }
    return entered if port is None else entered | {CONF_PORT: port}


def entry_of(transport: Transport, port: int, **credentials: Any) -> MockConfigEntry:
    """Return an entry as the flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Protected",
        data={CONF_SYSTEM: "coap", **endpoint(transport, port), **credentials},
    )


def files(hass: HomeAssistant) -> list[Path]:
    """Return the files with sequence numbers."""
    return list(Path(hass.config.cache_path(DOMAIN)).glob("oscore-*.json"))


@pytest.fixture
async def oscore(tmp_path: Path, socket_enabled: None) -> AsyncGenerator[int]:
    """Run an endpoint that wants OSCORE; returns its port."""
    async with protected(tmp_path, state=state()) as server:
        yield server.port


async def test_oscore(hass: HomeAssistant, oscore: int, tmp_path: Path) -> None:
    flow_id = await chosen(hass, System.COAP)
    configure: Any = hass.config_entries.flow.async_configure
    result = await configure(flow_id, endpoint(Transport.OSCORE, oscore))
    assert result["step_id"] == "oscore"
    for entered, field in (
        (OSCORE | {CONF_MASTER_SECRET: "no digits"}, CONF_MASTER_SECRET),
        (OSCORE | {CONF_MASTER_SECRET: "00" * 65}, CONF_MASTER_SECRET),
        (OSCORE | {CONF_SENDER_ID: "00" * 8}, CONF_SENDER_ID),
        (OSCORE | {CONF_RECIPIENT_ID: "01"}, CONF_RECIPIENT_ID),
    ):
        result = await configure(flow_id, entered)
        assert result["errors"] == {field: "value_refused"}
        assert "expected" in result["description_placeholders"]["problem"]
    result = await configure(flow_id, OSCORE | {CONF_MASTER_SECRET: "07" * 16})
    assert result["errors"] == {"base": "unauthorized"}
    result = await configure(flow_id, OSCORE)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data[CONF_TRANSPORT] == "oscore"
    # The connection goes on with the numbers where the flow has left off.
    assert len(hass.data[DATA_NUMBERS]) == 2  # those of the wrong secret, and these
    paths = files(hass)
    assert len(paths) == 2
    for path in paths:
        assert path.stat().st_mode & 0o077 == 0
        assert SECRET.hex() not in path.read_text()


@pytest.fixture(autouse=True)
def own_cache(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have the cache in a folder of the test."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path / "config"))


async def test_oscore_file_that_is_spoilt_is_no_trouble(
    hass: HomeAssistant, oscore: int
) -> None:
    for text in ("", "[]", '{"reserved": "x"}', '{"reserved": 5}'):
        entry = entry_of(Transport.OSCORE, oscore, **OSCORE)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.LOADED, text
        await hass.config_entries.async_remove(entry.entry_id)
        for path in files(hass):
            path.write_text(text)
        hass.data[DATA_NUMBERS].clear()
        await asyncio.sleep(1.1)  # for the clock to pass the numbers that were used


async def test_keys_are_not_in_diagnostics(
    hass: HomeAssistant, oscore: int, hass_client: ClientSessionGenerator
) -> None:
    entry = entry_of(Transport.OSCORE, oscore, **OSCORE)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert await async_setup_component(hass, "diagnostics", {})
    told = json.dumps(await get_diagnostics_for_config_entry(hass, hass_client, entry))
    assert '"transport": "oscore"' in told
    for secret in (SECRET, SALT):
        assert secret.hex() not in told


async def test_new_keys_are_asked_for_while_it_runs(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    entry = entry_of(Transport.OSCORE, free_port(socket.SOCK_DGRAM), **OSCORE)
    port = entry.data[CONF_PORT]
    entry.add_to_hass(hass)
    async with protected(first, port=port, state=state()):
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
    assert not hass.config_entries.flow.async_progress()
    connection = entry.runtime_data.connection
    async with protected(second, secret=bytes(16), port=port, state=state()):
        with pytest.raises(UnauthorizedError):
            await connection.describe("")
        await until(hass.config_entries.flow.async_progress)
        (flow,) = hass.config_entries.flow.async_progress()
        assert (flow["step_id"], flow["context"]["source"]) == ("oscore", "reauth")
        result = await hass.config_entries.flow.async_configure(
            flow["flow_id"], OSCORE | {CONF_MASTER_SECRET: "00" * 16}
        )
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert await entry.runtime_data.connection.describe("")


async def test_tls(hass: HomeAssistant, tmp_path: Path) -> None:
    home = Authority()
    tls = server_side(home.sign("localhost"), tmp_path)
    async with serving("tlsserver", tls=tls, state=state()) as port:
        flow_id = await chosen(hass, System.COAP)
        configure = hass.config_entries.flow.async_configure
        result = await configure(flow_id, endpoint(Transport.TLS, port))
        assert result["step_id"] == "tls"
        result = await configure(flow_id, {CONF_CA: home.certificate})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["data"][CONF_CA] == home.certificate


@pytest.mark.peer
async def test_dtls(
    hass: HomeAssistant,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    dtls = pytest.importorskip(
        "custom_components.device_models.iot.connections.coap.dtls"
    )
    monkeypatch.setattr(dtls, "HANDSHAKE_TIMEOUT", 0.3)
    monkeypatch.setattr(attempt, "CONFIRMABLE_TIMEOUT", 8.0)
    monkeypatch.setattr(tuning.ConfirmableTuning, "ACK_TIMEOUT", 0.2)
    server = peer(request, "coap-server-openssl")
    port = free_port(socket.SOCK_DGRAM) + 1
    configure: Any = hass.config_entries.flow.async_configure
    command = f"{server} -A 127.0.0.1 -p {port - 1} -d 10 -k secret -h any".split()
    with running(*command, log=tmp_path / "log"):
        flow_id = await chosen(hass, System.COAP)
        result = await configure(flow_id, endpoint(Transport.DTLS, port))
        assert result["step_id"] == "dtls"
        wrong = {CONF_IDENTITY: "home", CONF_SHARED_KEY: "guess"}
        result = await configure(flow_id, wrong)
        assert result["errors"] == {"base": "unauthorized"}
        right = wrong | {CONF_SHARED_KEY: "secret"}
        result = await configure(flow_id, right)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        assert entry.state is ConfigEntryState.LOADED
        # Somebody gives the device another key.
        hass.config_entries.async_update_entry(entry, data={**entry.data, **wrong})
        await until(lambda: entry.state is ConfigEntryState.SETUP_ERROR)
        await hass.async_block_till_done()
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["step_id"] == "dtls"
        result = await configure(flow["flow_id"], right)
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED


async def test_port_that_is_not_said(hass: HomeAssistant) -> None:
    flow_id = await chosen(hass, System.COAP)
    configure: Any = hass.config_entries.flow.async_configure
    result = await configure(flow_id, endpoint(Transport.TLS, None))
    assert result["description_placeholders"]["endpoint"] == "127.0.0.1:5684"
    # Whatever is wrong may be in the first form.
    result = await configure(flow_id, {})
    assert (result["step_id"], result["errors"]) == ("coap", {"base": "unreachable"})
    assert ":5684" in result["description_placeholders"]["address"]


async def test_certificate_that_is_none_or_not_trusted(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    configure: Any = hass.config_entries.flow.async_configure
    flow_id = await chosen(hass, System.COAP)
    await configure(flow_id, endpoint(Transport.TLS, free_port()))
    result = await configure(flow_id, {CONF_CA: "nonsense"})
    assert (result["step_id"], result["errors"]) == ("tls", {"ca": "value_refused"})
    result = await configure(flow_id, {CONF_CLIENT_CERTIFICATE: "nonsense"})
    assert result["errors"] == {"client_certificate": "value_refused"}
    untrusted = UntrustedError(address="there", reason="the certificate is not trusted")
    with patch.object(CoapConnection, "open", side_effect=untrusted):
        result = await configure(flow_id, {})
    assert (result["step_id"], result["errors"]) == ("tls", {"base": "unreachable"})


async def test_usual_port_is_not_shown(hass: HomeAssistant) -> None:
    entry = entry_of(Transport.DTLS, 5684, identity="me", shared_key="key")
    entry.add_to_hass(hass)
    configure: Any = hass.config_entries.flow.async_configure
    result: Any = await entry.start_reconfigure_flow(hass)
    shown = suggested(result)
    assert shown[CONF_TRANSPORT] == "dtls"
    assert CONF_PORT not in shown
    shown[CONF_TRANSPORT] = Transport.TLS  # whose port is the same
    result = await configure(result["flow_id"], shown)
    assert result["description_placeholders"]["endpoint"] == "127.0.0.1:5684"


async def test_what_was_cleared_does_not_come_back(hass: HomeAssistant) -> None:
    port = free_port(socket.SOCK_DGRAM)
    entry = entry_of(Transport.OSCORE, port, **OSCORE)
    entry.add_to_hass(hass)
    configure: Any = hass.config_entries.flow.async_configure
    result: Any = await entry.start_reconfigure_flow(hass)
    result = await configure(result["flow_id"], endpoint(Transport.OSCORE, port))
    assert CONF_MASTER_SALT in suggested(result)
    cleared = {key: it for key, it in OSCORE.items() if key != CONF_MASTER_SALT}
    result = await configure(result["flow_id"], cleared)
    assert result["step_id"] == "reconfigure"
    result = await configure(result["flow_id"], endpoint(Transport.OSCORE, port))
    assert suggested(result)[CONF_SENDER_ID] == "01"
    assert CONF_MASTER_SALT not in suggested(result)


async def test_way_is_changed_and_credentials_are_kept(
    hass: HomeAssistant, oscore: int
) -> None:
    entry = entry_of(Transport.OSCORE, oscore, **OSCORE)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    configure = hass.config_entries.flow.async_configure
    result: Any = await entry.start_reconfigure_flow(hass)
    result = await configure(
        result["flow_id"], endpoint(Transport.OSCORE, oscore) | {CONF_INTERVAL: 60}
    )
    assert result["step_id"] == "oscore"
    suggested = {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description
    }
    assert OSCORE.items() <= suggested.items()
    result = await configure(result["flow_id"], OSCORE)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data[CONF_INTERVAL] == 60
    assert OSCORE.items() <= entry.data.items()
    # An endpoint that is gone leads back to the first form.
    result = await entry.start_reconfigure_flow(hass)
    result = await configure(
        result["flow_id"], endpoint(Transport.OSCORE, free_port(socket.SOCK_DGRAM))
    )
    result = await configure(result["flow_id"], OSCORE)
    assert (result["step_id"], result["errors"]) == (
        "reconfigure",
        {"base": "unreachable"},
    )
    # Without protection, no key is kept.
    async with bare_server(state=state()) as plain:
        result = await configure(result["flow_id"], endpoint(Transport.UDP, plain.port))
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert CONF_MASTER_SECRET not in entry.data


async def test_wrong_keys_are_asked_for_again(hass: HomeAssistant, oscore: int) -> None:
    wrong = OSCORE | {CONF_MASTER_SECRET: "07" * 16}
    entry = entry_of(Transport.OSCORE, oscore, **wrong)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "oscore"
    configure = hass.config_entries.flow.async_configure
    result = await configure(flow["flow_id"], wrong)
    assert result["errors"] == {"base": "unauthorized"}
    result = await configure(flow["flow_id"], OSCORE)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_endpoint_that_is_gone_during_reauthentication(
    hass: HomeAssistant,
) -> None:
    entry = entry_of(Transport.OSCORE, free_port(socket.SOCK_DGRAM), **OSCORE)
    entry.add_to_hass(hass)
    result: Any = await entry.start_reauth_flow(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], OSCORE)
    assert result["step_id"] == "oscore"
    assert result["errors"] == {"base": "unreachable"}


async def test_endpoint_that_moves_during_reauthentication(
    hass: HomeAssistant, oscore: int
) -> None:
    wrong = OSCORE | {CONF_MASTER_SECRET: "07" * 16}
    entry = entry_of(Transport.OSCORE, free_port(socket.SOCK_DGRAM), **wrong)
    entry.add_to_hass(hass)
    result: Any = await entry.start_reauth_flow(hass)
    moved = {**entry.data, CONF_PORT: oscore}
    hass.config_entries.async_update_entry(entry, data=moved)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], OSCORE)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data[CONF_PORT] == oscore


async def test_entry_whose_data_was_spoilt(hass: HomeAssistant) -> None:
    entry = entry_of(Transport.OSCORE, 5683, **(OSCORE | {CONF_MASTER_SECRET: "x"}))
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert "hexadecimal" in str(entry.reason)


# Packages that are missing


async def test_package_is_tried_again_by_the_repair(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Home Assistant remembers what it could not install, as without a network.
    asked: list[str] = []
    monkeypatch.setattr(
        "homeassistant.requirements.pkg_util.install_package",
        lambda package, **_: asked.append(package),  # which is no success
    )
    lacking(monkeypatch, Transport.OSCORE, "xyz_of_nobody")
    entry = entry_of(Transport.OSCORE, 5683, **OSCORE)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    before = len(asked)
    assert before
    result = await repaired(hass, hass_client)
    assert result["reason"] == "not_installed"
    assert len(asked) > before


async def test_what_is_missing_is_not_offered(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking(monkeypatch, Transport.DTLS, "xyz_of_nobody")
    flow = hass.config_entries.flow
    result: Any = await flow.async_init(DOMAIN, context={"source": "user"})
    result = await flow.async_configure(
        result["flow_id"], {"next_step_id": System.COAP}
    )
    field = {str(key): it for key, it in result["data_schema"].schema.items()}
    offered = field[CONF_TRANSPORT].config["options"]
    assert offered == [one for one in Transport if one is not Transport.DTLS]
    (issue,) = issues(hass)
    assert issue.is_fixable
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["missing"] == "xyz_of_nobody"
    monkeypatch.undo()
    await chosen(hass, System.COAP)
    assert not issues(hass)


async def repaired(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> dict[str, Any]:
    """Go through the repair of the only issue."""
    assert await async_setup_component(hass, "repairs", {})
    (issue,) = issues(hass)
    client = await hass_client()
    begun = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    flow = await begun.json()
    assert (flow["type"], flow["step_id"]) == ("form", "confirm")
    assert "xyz_of_nobody" in flow["description_placeholders"]["missing"]
    done = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    ended: dict[str, Any] = await done.json()
    return ended


@pytest.fixture
def installing(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Have Home Assistant install what is asked for, or not; returns the requests."""
    asked: list[list[str]] = []

    async def process(_hass: HomeAssistant, name: str, wanted: list[str]) -> None:
        asked.append(wanted)
        if len(asked) < 3:
            raise RequirementsNotFound(name, wanted)
        monkeypatch.setitem(table, Transport.OSCORE, complete)

    table: Any = transports.TRANSPORTS
    complete = table[Transport.OSCORE]
    lacking(monkeypatch, Transport.OSCORE, "xyz_of_nobody")
    monkeypatch.setattr(missing_transport, "async_process_requirements", process)
    return asked


async def test_entry_whose_package_is_gone_is_repaired(
    hass: HomeAssistant,
    oscore: int,
    hass_client: ClientSessionGenerator,
    installing: list[list[str]],
) -> None:
    entry = entry_of(Transport.OSCORE, oscore, **OSCORE)
    entry.add_to_hass(hass)
    await set_up(hass, entry)  # the first time it cannot be installed
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "xyz_of_nobody" in str(entry.reason)
    assert installing == [["xyz_of_nobody"]]
    result = await repaired(hass, hass_client)  # and the second time
    assert (result["type"], result["reason"]) == ("abort", "not_installed")
    result = await repaired(hass, hass_client)
    assert result["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert not issues(hass)


async def test_package_is_installed_for_whoever_wants_it(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    installing: list[list[str]],
) -> None:
    installing.extend([[], []])
    await chosen(hass, System.COAP)
    result = await repaired(hass, hass_client)
    assert result["type"] == "create_entry"
    assert installing[-1] == ["xyz_of_nobody"]


async def test_repair_ends_with_its_entry(
    hass: HomeAssistant, installing: list[list[str]]
) -> None:
    entry = entry_of(Transport.OSCORE, 5683, **OSCORE)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    (issue,) = issues(hass)
    assert issue.severity is ir.IssueSeverity.ERROR
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issues(hass)


# What is entered


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("secret", b"secret"),
        ("0x00ff", b"\x00\xff"),
        ("0X0a", b"\n"),
        ("ü", b"\xc3\xbc"),
    ],
)
def test_key_is_text_or_digits(hass: HomeAssistant, text: str, octets: bytes) -> None:
    data = {CONF_TRANSPORT: "dtls", CONF_IDENTITY: "me", CONF_SHARED_KEY: text}
    assert security_of(hass, data) == PreSharedKey(b"me", octets)


@pytest.mark.parametrize(
    ("field", "text"),
    [(CONF_SHARED_KEY, "0x0"), (CONF_SHARED_KEY, "x" * 65), (CONF_IDENTITY, "x" * 129)],
)
def test_key_that_cannot_be(hass: HomeAssistant, field: str, text: str) -> None:
    data = {CONF_TRANSPORT: "dtls", CONF_IDENTITY: "me", CONF_SHARED_KEY: "key"}
    with pytest.raises(ValueRefusedError, match=field):
        security_of(hass, data | {field: text})


def test_same_keys_have_the_same_numbers(hass: HomeAssistant) -> None:
    def numbers(**more: Any) -> Any:
        keys = security_of(hass, {CONF_TRANSPORT: "oscore", **OSCORE, **more})
        assert isinstance(keys, OscoreKeys)
        return keys.numbers

    assert numbers() is numbers()
    assert numbers() is not numbers(master_secret="01" * 16)
    assert numbers() is not numbers(sender_id="02")
    assert numbers() is not numbers(id_context="02")
