"""The page about CoAP names what there is, and all that the other component has."""

from pathlib import Path
import re
from typing import Final

import pytest
import yaml

from custom_components.device_models.announcement import IDENTITY_KEYS, SERVICES
from simulators.__main__ import parser

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = (ROOT / "docs" / "coap.md").read_text()
ACTIONS: Final = yaml.safe_load(
    (ROOT / "custom_components/device_models/services.yaml").read_text()
)

METHODS: Final = (
    "get post put delete send_custom_request cancel_request start_observing "
    "stop_observing start_listening stop_listening send_response send_notification "
    "reset config do_events"
)
PROPERTIES: Final = (
    "request_data request_content_format request_e_tag request_option_count "
    "response_code response_data response_content_format response_e_tag "
    "response_option_count pending_request_count timeout use_confirmable_messages "
    "listening local_host local_port"
)
EVENTS: Final = (
    "on_request_complete on_notification on_request on_register on_unregistered "
    "on_response_complete on_error on_log"
)


def section(title: str) -> str:
    """Return the text below a heading."""
    (text,) = re.findall(
        rf"^### {title}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE
    )
    return str(text)


@pytest.mark.parametrize(
    ("title", "names"),
    [("Methods", METHODS), ("Properties", PROPERTIES), ("Events", EVENTS)],
)
def test_every_name_has_a_row_that_says_how(title: str, names: str) -> None:
    rows = [row.split("|")[1:-1] for row in section(title).splitlines() if "|" in row]
    assert all(len(row) == 2 and row[1].strip() for row in rows)
    there = {name for row in rows for name in re.findall(r"`(\w+)", row[0])}
    assert set(names.split()) - there == set()


def test_actions_and_fields_are_those_that_exist() -> None:
    named = set(re.findall(r"`(coap_\w+)`", PAGE))
    assert named == set(ACTIONS) & named
    assert {name for name in ACTIONS if name.startswith("coap_")} == named
    table = section("Properties")
    said = re.findall(r"fields? (`\w+`(?:[^|]*? and `\w+`)?)", table)
    fields = {name for text in said for name in re.findall(r"`(\w+)`", text)}
    assert {"payload", "options", "timeout"} < fields
    assert fields <= set(ACTIONS["coap_request"]["fields"])


def test_what_is_read_of_announcements_is_described() -> None:
    for service in SERVICES:
        assert f"`{service.removesuffix('.local.')}`" in PAGE
    for key in (*IDENTITY_KEYS, "td", "type", "scheme"):
        assert f"`{key}`" in PAGE


def test_command_of_the_page_is_understood() -> None:
    (command,) = re.findall(r"^python -m simulators (.*)$", PAGE, re.MULTILINE)
    assert parser().parse_args(command.split()).announce
