"""Setting up an HTTP server and the thing on it, as a user does it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryData,
)
from homeassistant.const import CONF_HOST, CONF_PORT, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.device_models.const import (
    CONF_INTERVAL,
    CONF_SECURITY,
    CONF_SYSTEM,
    CONF_THING,
    CONF_TLS,
    DOMAIN,
)
from custom_components.device_models.iot.connections.http import Scheme
from custom_components.device_models.systems import System

from .acting import attributes_of, set_up, state_of, until
from .flows import connection_only, suggested
from .http_thing import TITLE, HttpThing, http_thing
from .iot.connections.things import free_port
from .test_config_flow import chosen
from .test_zeroconf import announce, heard, offers

pytestmark = pytest.mark.usefixtures("integration", "socket_enabled")

WOT_TCP = "_wot._tcp.local."
HEATING = {"entity_id": "switch.boiler_heating"}
BASIC = {"scheme": "basic"}
APIKEY = {"scheme": "apikey", "in": "header", "name": "X-Key"}


def knows_password(request: web.Request) -> bool:
    """Whether a request shows the right user name and password."""
    right = b64encode(b"me:secret").decode()
    return request.headers.get("Authorization") == f"Basic {right}"


def knows_key(request: web.Request) -> bool:
    """Whether a request has the right key."""
    return request.headers.get("X-Key") == "sesame"


def server(url: str, **changes: Any) -> dict[str, Any]:
    """Return what is entered for a server."""
    return {CONF_URL: url, CONF_INTERVAL: 30, CONF_VERIFY_SSL: True} | changes


async def entered(hass: HomeAssistant, url: str) -> Any:
    """Begin a flow and enter an address."""
    flow_id = await chosen(hass, System.HTTP)
    return await hass.config_entries.flow.async_configure(flow_id, server(url))


async def configure(hass: HomeAssistant, flow: Any, answer: dict[str, Any]) -> Any:
    """Give an answer."""
    return await hass.config_entries.flow.async_configure(flow["flow_id"], answer)


async def accept(hass: HomeAssistant, offer: ConfigFlowResult) -> ConfigEntry:
    """Accept an offered device; returns its entry, which runs."""
    assert offer["step_id"] == "offer"
    result = await configure(hass, offer, suggested(offer))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    entry: ConfigEntry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_thing_at_the_usual_place(hass: HomeAssistant, scheme: str) -> None:
    async with http_thing() as thing:
        offer = await entered(hass, f" {scheme}127.0.0.1:{thing.port} ")
        assert offer["description_placeholders"]["model"] == TITLE
        assert thing.described == 1
        entry = await accept(hass, offer)
        assert entry.title == f"HTTP 127.0.0.1:{thing.port}"
        assert entry.data == {
            CONF_SYSTEM: "http",
            CONF_HOST: "127.0.0.1",
            CONF_PORT: thing.port,
            CONF_TLS: False,
            CONF_THING: "",
            CONF_INTERVAL: 30,
            CONF_VERIFY_SSL: True,
        }
        assert state_of(hass, "sensor.boiler_temperature") == "21.5"
        await hass.services.async_call("switch", "turn_on", HEATING, blocking=True)
        assert thing.values["heating"] is True
        assert state_of(hass, "switch.boiler_heating") == "on"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_thing_at_a_place_of_its_own(hass: HomeAssistant) -> None:
    async with http_thing(path="/things/boiler") as thing:
        offer = await entered(hass, f"{thing.url}/things/boiler?format=td")
        entry = await accept(hass, offer)
        assert entry.data[CONF_THING] == "/things/boiler?format=td"
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "http://me:secret@127.0.0.1/", "http://[::"]
)
async def test_address_that_is_none(hass: HomeAssistant, url: str) -> None:
    result = await entered(hass, url)
    assert result["errors"] == {"base": "value_refused"}
    assert "expected an address" in result["description_placeholders"]["problem"]
    assert "secret" not in str(result["description_placeholders"])


async def test_server_that_does_not_answer(hass: HomeAssistant) -> None:
    result = await entered(hass, f"http://127.0.0.1:{free_port()}")
    assert result["errors"] == {"base": "unreachable"}
    async with http_thing() as thing:
        entry = await accept(hass, await configure(hass, result, server(thing.url)))
        await hass.config_entries.async_unload(entry.entry_id)
        again = await entered(hass, f"{thing.url}/things/other")
        assert again["errors"] == {"base": "already_configured"}


async def test_server_without_a_thing(hass: HomeAssistant) -> None:
    async with http_thing(path="/elsewhere") as thing:
        result = await entered(hass, thing.url)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        (following,) = hass.config_entries.subentries.async_progress()
        assert following["flow_id"] == result["next_flow"][1]
        await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.parametrize("closed", [False, True])
async def test_thing_that_wants_a_password(
    hass: HomeAssistant, *, closed: bool
) -> None:
    async with http_thing(BASIC, knows_password, closed=closed) as thing:
        result = await entered(hass, thing.url)
        assert result["step_id"] == "http_credentials"
        schemes = {str(key) for key in result["data_schema"].schema}
        assert schemes == ({*Scheme} if closed else {"basic"})
        others: dict[str, Any] = {key: {} for key in schemes - {"basic"}}
        wrong = {"basic": {"username": "me", "password": "guess"}} | others
        result = await configure(hass, result, wrong)
        assert result["errors"] == {"base": "unauthorized"}
        right = {"basic": {"username": "me", "password": "secret"}} | others
        entry = await accept(hass, await configure(hass, result, right))
        (kept,) = entry.data[CONF_SECURITY]
        assert kept["scheme"] == "basic"
        assert kept["secret"] == "secret"
        assert state_of(hass, "sensor.boiler_temperature") == "21.5"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_key_goes_where_the_thing_says(hass: HomeAssistant) -> None:
    async with http_thing(APIKEY, knows_key) as thing:
        result = await entered(hass, thing.url)
        form = result["data_schema"].schema["apikey"].schema.schema
        (field,) = [key for key in form if key == "field"]
        assert field.description == {"suggested_value": "X-Key"}
        key = {"apikey": {"password": "sesame", "where": "header", "field": "X-Key"}}
        entry = await accept(hass, await configure(hass, result, key))
        assert state_of(hass, "sensor.boiler_temperature") == "21.5"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_credentials_can_be_left_out(hass: HomeAssistant) -> None:
    async with http_thing(BASIC) as thing:
        result = await entered(hass, thing.url)
        entry = await accept(hass, await configure(hass, result, {"basic": {}}))
        assert entry.data[CONF_SECURITY] == []
        await hass.config_entries.async_unload(entry.entry_id)


def entry_of(
    at: HttpThing,
    data: Mapping[str, Any] | None = None,
    devices: Sequence[ConfigSubentryData] = (),
) -> MockConfigEntry:
    """Return an entry as the flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=f"HTTP 127.0.0.1:{at.port}",
        subentries_data=devices,
        data={
            CONF_SYSTEM: System.HTTP,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: at.port,
            CONF_TLS: False,
            CONF_THING: "",
            CONF_INTERVAL: 30,
            CONF_VERIFY_SSL: True,
            **(data or {}),
        },
    )


PASSWORD = {"scheme": "basic", "username": "me", "secret": "secret", "where": "header"}


async def test_reauthentication(hass: HomeAssistant) -> None:
    async with http_thing(BASIC, knows_password, closed=True) as thing:
        wrong = {**PASSWORD, "secret": "old"}
        entry = entry_of(thing, {CONF_SECURITY: [wrong]})
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["step_id"] == "http_credentials"
        form = await hass.config_entries.flow.async_configure(flow["flow_id"])
        assert suggested_section(form) == {"username": "me", "password": None}
        new = {"basic": {"username": "me", "password": "secret"}}
        result = await configure(hass, flow, new)
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.data[CONF_SECURITY][0]["secret"] == "secret"


async def test_password_that_is_changed_while_it_runs(hass: HomeAssistant) -> None:
    async with http_thing(BASIC, knows_password) as thing:
        result = await entered(hass, thing.url)
        right = {"basic": {"username": "me", "password": "secret"}}
        entry = await accept(hass, await configure(hass, result, right))
        thing.guard = lambda _request: False
        with pytest.raises(Exception, match="credentials"):
            await hass.services.async_call("switch", "turn_on", HEATING, blocking=True)
        await until(hass.config_entries.flow.async_progress)
        (flow,) = hass.config_entries.flow.async_progress()
        assert flow["step_id"] == "http_credentials"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_reconfigure(hass: HomeAssistant) -> None:
    async with (
        http_thing(BASIC, knows_password) as thing,
        http_thing(BASIC, knows_password) as moved,
    ):
        entry = entry_of(thing, {CONF_SECURITY: [PASSWORD], CONF_THING: "/td"})
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        result: Any = await entry.start_reconfigure_flow(hass)
        assert suggested(result)[CONF_URL] == f"{thing.url}/td"
        result = await configure(hass, result, server(moved.url))
        assert result["step_id"] == "http_credentials"
        assert suggested_section(result)["username"] == "me"
        new = {"basic": {"username": "me", "password": "secret"}}
        result = await configure(hass, result, new)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data[CONF_PORT] == moved.port
        assert entry.data[CONF_THING] == ""
        assert entry.title == f"HTTP 127.0.0.1:{moved.port}"
        assert entry.state is ConfigEntryState.LOADED


def suggested_section(result: Any) -> dict[str, Any]:
    """Return what the first section of a form is filled in with."""
    (inner, *_) = result["data_schema"].schema.values()
    return {
        str(key): (key.description or {}).get("suggested_value")
        for key in inner.schema.schema
    }


# Announced


async def test_announced_thing_is_offered(hass: HomeAssistant) -> None:
    async with http_thing(path="/td") as thing:
        info = heard(thing.port, type=WOT_TCP, properties={"td": "/td"})
        offer = await announce(hass, info)
        assert offers(hass) == ["Room sensor"]
        entry = await accept(hass, offer)
        assert entry.data[CONF_SYSTEM] == "http"
        assert entry.data[CONF_THING] == "/td"
        assert entry.unique_id == "_wot._tcp room sensor"
        again = await announce(hass, info)
        assert again["reason"] == "already_configured"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_announced_thing_that_wants_a_password(hass: HomeAssistant) -> None:
    async with http_thing(BASIC, knows_password) as thing:
        offer = await announce(hass, heard(thing.port, type=WOT_TCP))
        assert offer["step_id"] == "zeroconf_confirm"
        result = await configure(hass, offer, {})
        assert result["step_id"] == "http_credentials"
        right = {"basic": {"username": "me", "password": "secret"}}
        entry = await accept(hass, await configure(hass, result, right))
        assert entry.title == "Room sensor"
        await hass.config_entries.async_unload(entry.entry_id)


async def test_entry_follows_its_server_but_not_to_another_scheme(
    hass: HomeAssistant,
) -> None:
    async with http_thing() as thing:
        entry = entry_of(thing)
        entry.add_to_hass(hass)
        assert (await announce(hass, heard(thing.port, type=WOT_TCP)))[
            "reason"
        ] == "already_configured"
        assert entry.unique_id == "_wot._tcp room sensor"
        secure = heard(9999, type=WOT_TCP, properties={"scheme": "https"})
        await announce(hass, secure)
        assert entry.data[CONF_PORT] == thing.port
        await announce(hass, heard(9999, type=WOT_TCP))
        assert entry.data[CONF_PORT] == 9999


@pytest.mark.parametrize(
    ("kept", "scheme", "verified", "port"),
    [
        ([PASSWORD], "http", True, 8080),
        ([PASSWORD], "https", False, 8080),
        ([PASSWORD], "https", True, 9999),
        ([], "http", True, 9999),
    ],
)
async def test_password_is_shown_to_nobody_who_only_has_the_name(
    hass: HomeAssistant, kept: list[object], scheme: str, port: int, *, verified: bool
) -> None:
    thing = HttpThing({}, lambda _request: True, closed=False)
    thing.port = 8080
    data = {
        CONF_SECURITY: kept,
        CONF_TLS: scheme == "https",
        CONF_VERIFY_SSL: verified,
    }
    entry = entry_of(thing, data)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, unique_id="_wot._tcp room sensor")
    info = heard(9999, type=WOT_TCP, properties={"scheme": scheme})
    assert (await announce(hass, info))["reason"] == "already_configured"
    assert entry.data[CONF_PORT] == port


async def test_another_model_is_wanted(hass: HomeAssistant) -> None:
    async with http_thing() as thing:
        result = await connection_only(hass, await entered(hass, thing.url))
        assert not result["result"].subentries
        await hass.config_entries.async_unload(result["result"].entry_id)


OAUTH2 = {
    "scheme": "oauth2",
    "flow": "client",
    "token": "https://auth.example/token",
    "scopes": ["read", "write"],
}


async def test_what_is_kept_is_shown_again(hass: HomeAssistant) -> None:
    async with http_thing(OAUTH2) as thing:
        result = await entered(hass, thing.url)
        shown = suggested_section(result)
        assert shown["token_url"] == "https://auth.example/token"
        assert shown["scopes"] == "read write"
        entry = entry_of(
            thing,
            {
                CONF_SECURITY: [
                    {
                        "scheme": "oauth2",
                        "username": "client",
                        "secret": "secret",
                        "token_url": f"{thing.url}/token",
                        "scopes": ["read"],
                    }
                ]
            },
        )
        entry.add_to_hass(hass)
        hass.config_entries.flow.async_abort(result["flow_id"])
        result = await entry.start_reconfigure_flow(hass)
        result = await configure(hass, result, server(thing.url))
        assert result["step_id"] == "http_credentials"
        shown = suggested_section(result)
        assert shown["username"] == "client"
        assert shown["scopes"] == "read"
        new = {"oauth2": shown | {"scopes": "read  all"}}
        result = await configure(hass, result, new)
        assert result["errors"] == {"base": "unauthorized"}
        thing.issues = True
        result = await configure(hass, result, new)
        assert result["reason"] == "reconfigure_successful"
        assert entry.data[CONF_SECURITY][0]["scopes"] == ["read", "all"]


async def test_diagnostics_have_no_secret(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    async with http_thing(BASIC, knows_password) as thing:
        data = {CONF_SECURITY: [PASSWORD], CONF_THING: "/td?token=sesame"}
        entry = entry_of(thing, data)
        entry.add_to_hass(hass)
        await set_up(hass, entry)
        told: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
        shown = told["entry"]
        assert shown[CONF_SECURITY][0]["scheme"] == "basic"
        assert shown[CONF_THING] == "/td?**REDACTED**"
        assert "secret" not in str(shown[CONF_SECURITY][0].values())
        assert "sesame" not in str(told)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_what_is_wrong_with_a_value_is_shown(hass: HomeAssistant) -> None:
    async with http_thing() as thing:
        entry = await accept(hass, await entered(hass, thing.url))
        (coordinator,) = entry.runtime_data.coordinators.values()
        thing.values["temperature"] = "warm"
        await coordinator.async_refresh()
        shown = attributes_of(hass, "sensor.boiler_temperature")
        assert "expected a finite number" in shown["problem"]
        assert "problem" not in attributes_of(hass, "switch.boiler_heating")
        assert state_of(hass, "switch.boiler_heating") == "off"
        thing.values["temperature"] = 22.5
        await coordinator.async_refresh()
        assert state_of(hass, "sensor.boiler_temperature") == "22.5"
        assert "problem" not in attributes_of(hass, "sensor.boiler_temperature")
        await hass.config_entries.async_unload(entry.entry_id)
