"""The page about devices that push says what the server does."""

import json
from pathlib import Path
import re
import time
from typing import Final

from custom_components.device_models.iot import outbox
from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.codecs import CODECS
from custom_components.device_models.iot.command import Command
from custom_components.device_models.iot.connections.coap import recent
from custom_components.device_models.iot.connections.coap_listener import (
    DEFAULT_NETWORKS,
    blocks,
    exchange,
    lately,
    limits,
    listened,
    site,
    waiting,
)
from custom_components.device_models.iot.connections.coap_listener.commands import (
    document_of,
)
from custom_components.device_models.iot.connections.coap_listener.layout import (
    listener_layout,
)
from custom_components.device_models.iot.delivery import DAY
from simulators.__main__ import parser

from .iot.connections.things import THING
from .iot.samples import device_of

PAGE: Final = " ".join(
    (Path(__file__).parent.parent / "docs" / "coap-listening.md").read_text().split()
)

TABLE: Final = " ".join(re.findall(r"\| (\d\.\d\d(?:, \d\.\d\d)*) \|", PAGE))
"""The codes that are explained."""


def test_figures_are_those_that_hold() -> None:
    kib = 1024
    for figure in (
        f"At most {outbox.MAX_WAITING} commands wait",
        f"at most {outbox.MAX_CHARACTERS // kib} KiB of text",
        f"more than {blocks.MAX_DOCUMENT // kib} KiB",
        f"the last {lately.MAX_PATHS} such paths",
        f"up to {lately.MAX_BYTES // kib} KiB, for a day",
        f"{limits.REQUESTS.burst} at once, {limits.REQUESTS.each} a second",
        f"{limits.ALL_REQUESTS.burst} at once, {limits.ALL_REQUESTS.each} a second",
        f"{limits.STRANGERS.burst} refusals at once, {limits.STRANGERS.each} a second",
        f"within {recent.LIFETIME:g} seconds",
        f"{site.MAX_WATCHERS} observers at most, {site.MAX_WATCHERS_OF_ONE} from one",
        f"once for each address, for {site.MAX_LINES} of them",
        f"the last {listened.TRACED} requests",
        f"`?{exchange.KEY_ARGUMENT}…`",
        f"?{waiting.REFUSED}`",
    ):
        assert figure in PAGE, figure
    assert lately.MAX_SECONDS == DAY
    assert site.SHORTEST_GAP == 1
    for network in DEFAULT_NETWORKS:
        assert network in PAGE or network in {"127.0.0.0/8", "::1/128"}
    for codec in CODECS.values():
        assert f"({codec.content_format})" in PAGE or codec.name == "octets"


def test_codes_are_those_that_are_answered() -> None:
    used = {
        code
        for code in vars(exchange).values()
        if isinstance(code, str) and re.fullmatch(r"\d\.\d\d", code)
    }
    assert {code for code in used if code > "4" and code not in TABLE} == set()


def test_example_is_what_is_handed_out() -> None:
    (example,) = re.findall(r"```json (.*?) ```", PAGE)
    shown = json.loads(example)
    first, second = (one["id"] for one in shown)
    now = time.time()
    commands = [
        Command(token="a", id=first, at=now - 120.5, until=now, values={"power": True}),
        Command(
            token="b",
            id=second,
            at=now - 3.5,
            until=now,
            action="move",
            arguments={"x": 3},
        ),
    ]
    device = device_of(THING)
    layout = listener_layout(device.model, Binding(base="garden/shed"))
    assert document_of(commands, device, layout, CODECS["json"]) == shown


def test_command_line_is_understood() -> None:
    lines = re.findall(r"python -m simulators (.*?) ```", PAGE)
    for line in lines:
        assert parser().parse_args(line.split()).kind == "coap-push"
    assert lines
