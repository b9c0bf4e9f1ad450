"""What hassfest and HACS would check, and what the repository promises of itself."""

import json
from pathlib import Path
import re
from typing import Any, Final
import xml.etree.ElementTree as ET

from homeassistant.const import __version__
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.device_models.const import DOMAIN, PLATFORMS
from custom_components.device_models.iot import errors

from .translations import TEXTS, placeholders

ROOT: Final = Path(__file__).parent.parent
INTEGRATION: Final = ROOT / "custom_components" / DOMAIN
ADDRESS: Final = "https://github.com/ha-device-models/device-models"
MANIFEST: Final[dict[str, Any]] = json.loads(
    (INTEGRATION / "manifest.json").read_text()
)

RULES: Final = {
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
}

MANIFEST_KEYS: Final = {
    "domain", "name", "after_dependencies", "codeowners", "config_flow", "dependencies",
    "documentation", "integration_type", "iot_class", "issue_tracker", "loggers",
    "mqtt", "quality_scale", "requirements", "version", "zeroconf",
}  # fmt: skip
"""Of the keys that hassfest allows, those that we might want."""


def test_manifest() -> None:
    keys = list(MANIFEST)
    assert set(keys) <= MANIFEST_KEYS
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert MANIFEST["domain"] == DOMAIN == INTEGRATION.name
    assert MANIFEST["documentation"] == ADDRESS
    assert MANIFEST["issue_tracker"] == f"{ADDRESS}/issues"
    assert MANIFEST["codeowners"] == ["@ha-device-models"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert not set(MANIFEST["dependencies"]) & set(MANIFEST["after_dependencies"])


def test_the_version_is_stated_in_one_place() -> None:
    version = MANIFEST["version"]
    released = re.findall(
        r"^## \[(\d.*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert not released or released[0] == version
    for path in (*ROOT.glob("*.cfg"), *ROOT.glob("*.toml"), ROOT / "hacs.json"):
        assert version not in path.read_text(), path


def test_home_assistant_floor() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert set(hacs) <= {"name", "homeassistant", "hide_default_branch"}
    assert hacs["homeassistant"] == "2026.10.0"
    assert __version__.startswith("2026.10.")


def test_licence_is_the_one_that_is_recognised() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("name", ["icon", "icon@2x", "dark_icon", "dark_icon@2x"])
def test_brand_images(name: str) -> None:
    data = (INTEGRATION / "brand" / f"{name}.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    size = 512 if "@2x" in name else 256
    assert data[16:24] == size.to_bytes(4) * 2


def test_json_files_can_be_read() -> None:
    for path in INTEGRATION.rglob("*.json"):
        json.loads(path.read_text())


def test_texts_are_as_hassfest_wants_them() -> None:
    def check(texts: dict[str, Any], where: str) -> None:
        described = texts.get("data_description", {})
        assert set(described) <= set(texts.get("data", {})), where
        for key, text in texts.items():
            place = f"{where}.{key}"
            if isinstance(text, dict):
                check(text, place)
                continue
            assert text == text.strip(), place
            assert not re.search(r"<[a-z/]|https?://|\[%", text), place
            assert "'{" not in text, place
            bare = re.sub(r"{\w+}", "", text)
            assert "{" not in bare, place
            assert "}" not in bare, place

    check(TEXTS, "en")
    assert not (INTEGRATION / "strings.json").exists()


def test_every_error_has_its_text() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, errors.DeviceModelsError)
        and hasattr(kind, "key")
    ]
    assert len(kinds) > 5
    assert set(TEXTS["exceptions"]) == {kind.key for kind in kinds}
    for kind in kinds:
        told = placeholders(TEXTS["exceptions"][kind.key]["message"])
        assert told <= placeholders(re.sub(r"!r}", "}", kind.text)), kind


def test_icons() -> None:
    icons = json.loads((INTEGRATION / "icons.json").read_text())
    assert set(icons["entity"]) <= {str(platform) for platform in PLATFORMS}
    for keys in icons["entity"].values():
        for icon in keys.values():
            assert icon["default"].startswith("mdi:")


def test_quality_scale() -> None:
    rules = load_yaml_dict(str(INTEGRATION / "quality_scale.yaml"))["rules"]
    assert len(RULES) == 54
    assert set(rules) == RULES
    for name, rule in rules.items():
        status = rule if isinstance(rule, str) else rule["status"]
        assert status in {"done", "todo", "exempt"}, name
        if status == "exempt":
            assert rule["comment"].strip(), name


def test_platforms_say_how_many_updates_run_at_once() -> None:
    for platform in PLATFORMS:
        source = (INTEGRATION / f"{platform}.py").read_text()
        assert re.search(r"^PARALLEL_UPDATES = [01]  #", source, re.MULTILINE), platform


def test_readme_begins_with_the_two_commands() -> None:
    first_screen = (ROOT / "README.md").read_text().splitlines()[:40]
    for command in ("script/demo", "script/test"):
        assert any(command in line for line in first_screen), command
        assert (ROOT / command).stat().st_mode & 0o111, command


def test_links_of_the_readme_lead_somewhere() -> None:
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
            elif "github.com" in target and "device-models" in target:
                assert target.startswith(ADDRESS), target


def test_owner_s_card() -> None:
    for name in (
        "custom_components",
        "tests",
        "hacs.json",
        "requirements_test.txt",
        "README.md",
        "setup.cfg",
    ):
        assert (ROOT / name).exists(), name
    required = " ".join(MANIFEST["requirements"])
    assert "aiocoap>=0.4.17,<0.5" in MANIFEST["requirements"]
    assert "paho-mqtt" in required
    tests = (ROOT / "requirements_test.txt").read_text()
    assert "pytest-homeassistant-custom-component==" in tests


def test_source_of_the_brand_image_is_an_svg() -> None:
    root = ET.parse(ROOT / "docs" / "images" / "icon.svg").getroot()  # noqa: S314
    assert root.tag.endswith("svg")
