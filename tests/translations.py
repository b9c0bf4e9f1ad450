"""A check that every text which Home Assistant would show is there."""

from collections.abc import Mapping
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError

from custom_components.device_models.const import DOMAIN

TEXTS: Final[dict[str, Any]] = json.loads(
    Path("custom_components/device_models/translations/en.json").read_text()
)

OF_HOME_ASSISTANT: Final = {"reauth_successful", "reconfigure_successful"}
"""Reasons to abort that Home Assistant words by itself."""


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"{(\w+)}", text))


def text_at(*path: str) -> Any:
    """Return a text, or a group of texts."""
    found: Any = TEXTS
    for part in path:
        assert part in found, f"en.json has no {'.'.join(path)}"
        found = found[part]
    return found


def check_exception(error: HomeAssistantError) -> None:
    """Check the text of an exception, if it is one of ours."""
    if error.translation_domain == DOMAIN:
        assert error.translation_key is not None
        text = text_at("exceptions", error.translation_key, "message")
        assert placeholders(text) <= set(error.translation_placeholders or {})


def check_flow_result(result: Mapping[str, Any], *root: str) -> None:
    """Check the texts that the result of a step needs."""
    given = set(result.get("description_placeholders") or {})
    match result["type"]:
        case FlowResultType.MENU:
            texts = text_at(*root, "step", result["step_id"])
            assert placeholders(texts.get("description", "")) <= given
            for option in result["menu_options"]:
                assert texts["menu_options"][option]
        case FlowResultType.FORM:
            texts = text_at(*root, "step", result["step_id"])
            assert placeholders(texts.get("description", "")) <= given
            _check_fields(result["data_schema"], texts)
            for error in (result["errors"] or {}).values():
                assert placeholders(text_at(*root, "error", error)) <= given
        case FlowResultType.SHOW_PROGRESS:
            text = text_at(*root, "progress", result["progress_action"])
            assert placeholders(text) <= given
        case FlowResultType.ABORT:
            if root[0] != "config" or result["reason"] not in OF_HOME_ASSISTANT:
                assert placeholders(text_at(*root, "abort", result["reason"])) <= given


def _check_fields(schema: Any, texts: Mapping[str, Any]) -> None:
    """Check that each field has a name and a description, also within sections."""
    for key, value in schema.schema.items():
        name = str(key)
        if hasattr(value, "schema") and hasattr(value, "options"):
            section = texts["sections"][name]
            assert section["name"]
            _check_fields(value.schema, section)
        else:
            assert texts["data"][name]
            assert texts["data_description"][name]
