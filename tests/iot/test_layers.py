"""The arrows between the modules point down only."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import custom_components.device_models as integration

ROOT: Final = Path(integration.__file__).parent
IOT: Final = ROOT / "iot"

LAYERS: Final = (
    {"errors", "units", "listeners", "saving"},
    {"values"},
    {"colors", "formula", "media_types", "query", "redaction", "spelling"},
    {"command", "reading", "state"},
    {"delivery"},
    {"model", "metadata", "binding", "transforms"},
    {"alert", "alert_rules", "outbox", "sending"},
    {"alerts", "ledger"},
    {"commands", "outbox_document", "policies", "raising"},
    {"codecs", "corrections", "device", "difference", "formats"},
    {"alert_memory", "silence", "fetching", "files"},
    {"storage"},
    {"connections"},
    {"matching", "samples"},
)
"""What ``iot`` is made of, from below: each knows the layers below it only."""

MADE_OF: Final = {"coap_listener": {"coap"}}
"""The connections that are the other half of one: they share a protocol."""

HOME_ASSISTANT: Final = {"homeassistant", "voluptuous", "probatio"}

ABSOLUTE: Final = "custom_components"
"""What is ours is imported relatively; other imports of it would not be seen here."""

ABOUT_SYSTEMS: Final = {"coap", "http", "ha_mqtt.py", "services.py", "systems.py"}
"""The only parts of the Home Assistant side that know a particular connection."""

CONTRACT: Final = {"base", "content"}
"""What all connections have in common."""


def modules(folder: Path) -> list[Path]:
    """Return all modules of a folder, as paths below the integration."""
    return [path.relative_to(ROOT) for path in sorted(folder.rglob("*.py"))]


def imports(module: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a module imports, wherever it does; our own as below the folder."""
    package = module.parent.parts
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                for name in node.names:
                    yield tuple(name.name.split("."))
            case ast.ImportFrom():
                path = tuple(node.module.split(".")) if node.module else ()
                if node.level:
                    up = len(package) - (node.level - 1)
                    path = (integration.__name__, *package[:up], *path)
                for name in node.names:
                    yield (*path, name.name)


def own_imports(module: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a module imports of the integration."""
    for path in imports(module):
        if path[0] == integration.__name__:
            yield path[1:]


def layer(name: str) -> int:
    """Return how high a part of ``iot`` stands."""
    return next(number for number, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("module", modules(IOT), ids=str)
def test_nothing_below_iot_imports_home_assistant(module: Path) -> None:
    assert (HOME_ASSISTANT | {ABSOLUTE}).isdisjoint(path[0] for path in imports(module))


@pytest.mark.parametrize("module", modules(IOT), ids=str)
def test_nothing_below_iot_imports_what_is_above_it(module: Path) -> None:
    assert not [path for path in own_imports(module) if path[0] != "iot"]


def test_every_part_of_iot_has_its_layer() -> None:
    parts = {path.stem for path in IOT.iterdir() if path.stem.isidentifier()}
    assert parts - {"__init__", "__pycache__"} == set().union(*LAYERS)


@pytest.mark.parametrize("module", modules(IOT), ids=str)
def test_parts_of_iot_know_what_is_below_them_only(module: Path) -> None:
    if module.parts == ("iot", "__init__.py"):
        return
    part = Path(module.parts[1]).stem
    for path in own_imports(module):
        other = path[1]
        assert other == part or layer(other) < layer(part), f"{part} imports {other}"


@pytest.mark.parametrize("module", modules(IOT / "connections"), ids=str)
def test_connections_do_not_know_each_other(module: Path) -> None:
    kinds = {path.name for path in (IOT / "connections").iterdir() if path.is_dir()}
    own = set(module.parts[2:3])
    own |= {half for name in own for half in MADE_OF.get(name, ())}
    for path in own_imports(module):
        if path[:2] == ("iot", "connections"):
            assert path[2] not in kinds - own


@pytest.mark.parametrize(
    "module",
    [module for module in modules(ROOT) if "iot" not in module.parts],
    ids=str,
)
def test_home_assistant_side_knows_no_particular_connection(module: Path) -> None:
    if module.parts[0] in ABOUT_SYSTEMS:
        return
    for path in own_imports(module):
        if path[:2] == ("iot", "connections"):
            assert path[2] in CONTRACT, f"{module} imports {'.'.join(path)}"
        assert path[:2] != ("iot", "codecs"), f"{module} knows a wire format"
