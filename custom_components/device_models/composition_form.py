"""The form in which the user changes a composed entity, or takes it apart."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_NAME, EntityCategory
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .const import CONF_COMPOSED, CONF_ENABLED
from .iot.model import DeviceModel
from .iot.values import JsonValue
from .mapping.composing import candidates, names_of
from .mapping.decisions import DEVICE_CLASSES, Decision
from .mapping.roles import RULE_OF

CONF_DECOMPOSE: Final = "decompose"
CONF_CATEGORY: Final = "category"
CONF_DEVICE_CLASS: Final = "device_class"
CONF_ROLES: Final = "roles"
ROLE: Final = "role_"
"""How the fields of roles begin: some roles are called as other fields are."""


def composition_form(decision: Decision, model: DeviceModel) -> vol.Schema:
    """Return the form, filled in with what is composed now.

    For each role there are the elements that can play it.
    """
    schema: dict[vol.Marker, object] = {
        vol.Optional(CONF_NAME, **_filled(decision.name)): TextSelector(),
        vol.Required(CONF_ENABLED, default=decision.enabled): BooleanSelector(),
        vol.Required(CONF_DECOMPOSE, default=not decision.composed): BooleanSelector(),
    }
    if classes := DEVICE_CLASSES.get(decision.platform):
        field = vol.Optional(CONF_DEVICE_CLASS, **_filled(decision.device_class))
        schema[field] = _one_of(dict.fromkeys(sorted(classes)))
    field = vol.Optional(CONF_CATEGORY, **_filled(decision.category))
    schema[field] = _one_of(dict.fromkeys(map(str, EntityCategory)), "category")
    for role, known in RULE_OF[decision.platform].roles.items():
        able = candidates(known, model)
        if not able:
            continue
        labels = {
            key.partition("-")[2]: held.title and f"{held.title} ({held.name})"
            for key, held in able.items()
        }
        now = names_of(decision.uses).get(role)
        schema[vol.Optional(f"{ROLE}{role}", **_filled(now))] = _one_of(labels)
    return vol.Schema(schema)


def composed_as(
    user_input: Mapping[str, Any], settled: Decision
) -> dict[str, JsonValue]:
    """Return what the user has chosen that the rules have not, as an overlay."""
    said: dict[str, JsonValue] = {
        CONF_NAME: user_input.get(CONF_NAME, "").strip(),
        CONF_ENABLED: user_input[CONF_ENABLED],
        CONF_COMPOSED: not user_input[CONF_DECOMPOSE],
        CONF_CATEGORY: user_input.get(CONF_CATEGORY),
        CONF_DEVICE_CLASS: user_input.get(CONF_DEVICE_CLASS),
    }
    chosen = {
        key: value for key, value in said.items() if value != getattr(settled, key)
    }
    now = names_of(settled.uses)
    roles: dict[str, JsonValue] = {}
    for role in RULE_OF[settled.platform].roles:
        wanted = user_input.get(f"{ROLE}{role}")
        if wanted != now.get(role):
            roles[role] = wanted
    if roles:
        chosen[CONF_ROLES] = roles
    return chosen


def _filled(present: object) -> dict[str, Any]:
    """Return how a field is filled in."""
    return {"description": {"suggested_value": present}} if present else {}


def _one_of(
    labels: Mapping[str, str | None], translation_key: str | None = None
) -> SelectSelector:
    """Return a field for one of several things."""
    config = SelectSelectorConfig(
        options=[
            SelectOptionDict(value=value, label=label or value)
            for value, label in labels.items()
        ],
        mode=SelectSelectorMode.DROPDOWN,
    )
    if translation_key is not None:
        config["options"] = list(labels)
        config["translation_key"] = translation_key
    return SelectSelector(config)
