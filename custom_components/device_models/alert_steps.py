"""The steps of a flow in which the user says how alerts of a device are treated."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import TextSelector
import voluptuous as vol

from .const import CONF_ALERTS, CONF_DECISIONS
from .flow_forms import CONF_CHANGE, change_form
from .form_fields import choice, seconds
from .iot.alert_rules import (
    ALL,
    DEFAULT_WINDOW,
    MAX_AFTER,
    MAX_WINDOW,
    Repair,
    apply_rules,
)
from .iot.model import Clear, DeviceModel, FormatType, Severity
from .iot.reading import Element, Unusable
from .iot.values import JsonValue
from .mapping import decide, humanised
from .mapping.decided import keep, model_of
from .mapping.decisions import Kind
from .mapping.titles import Titles
from .preview import escaped
from .review_steps import ReviewSteps

CONF_CLEAR_FORMAT: Final = "clear_format"
CONF_CONDITION: Final = "condition"
CONF_AFTER: Final = "after"
CONF_SEVERITY: Final = "severity"
CONF_WINDOW: Final = "window"
CONF_IGNORE: Final = "ignore"
CONF_REPAIR: Final = "repair"

EVERY: Final = "All alerts"
"""What is said of all formats that say nothing else stands under this name."""


def alert_names(model: DeviceModel) -> list[str]:
    """Return the names of the formats of alerts."""
    return [one.name for one in model.formats if one.type is FormatType.ALERT]


class AlertSteps(ReviewSteps):
    """A table of all alerts, and a form for each of them."""

    _alert: str
    """The name of the format that is being changed, or that for all."""

    async def async_step_alerts(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show how alerts are treated, until nothing is to be changed any more."""
        if user_input is not None:
            if CONF_CHANGE not in user_input:
                return await self.async_reviewed()
            self._alert = user_input[CONF_CHANGE]
            return await self.async_step_alert()
        titles = self._titles()
        return self.async_show_form(
            step_id="alerts",
            data_schema=change_form(titles),
            description_placeholders={
                "rows": "\n".join(
                    self._row(name, title) for name, title in titles.items()
                )
            },
            last_step=False,
        )

    async def async_step_alert(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change how the alerts of one format are treated."""
        said: Mapping[str, Any] = self._data.get(CONF_ALERTS, {}).get(self._alert, {})
        problem: dict[str, str] = {}
        if user_input is not None:
            chosen = _said(user_input)
            listed = Element({CONF_ALERTS: {self._alert: chosen}}, "")
            try:
                apply_rules(listed, self._loaded.model)
            except Unusable as err:
                field = err.where.rpartition(".")[2]
                problem = {"field": field, "problem": err.problem}
            else:
                self._take_rule(chosen)
                return await self.async_step_alerts()
        schema = self.add_suggested_values_to_schema(
            alert_form(self._alert, self._loaded.model),
            user_input if problem else _entered(said),
        )
        return self.async_show_form(
            step_id="alert",
            data_schema=schema,
            errors={"base": "choice_invalid"} if problem else {},
            description_placeholders={
                "alert": self._titles()[self._alert],
                **problem,
            },
            last_step=False,
        )

    def _take_rule(self, chosen: dict[str, JsonValue]) -> None:
        """Note how alerts are to be treated, and what they become by that."""
        others = {
            name: it
            for name, it in self._data.get(CONF_ALERTS, {}).items()
            if name != self._alert
        }
        self._data[CONF_ALERTS] = others | ({self._alert: chosen} if chosen else {})
        self._loaded = model_of(self._data)
        if known := self._data.get(CONF_DECISIONS):
            # The user wants to see it, though it was not there at first.
            come = tuple(
                one
                for one in decide(self._loaded, self.hass.config.language)
                if one.kind is Kind.PROBLEM and one.key not in known
            )
            self._data[CONF_DECISIONS] = {**known, **keep(come)}

    def _titles(self) -> dict[str, str]:
        """Return what the formats of alerts are called, and all together."""
        model, known = self._loaded.model, Titles(self.hass.config.language)
        titles = {ALL: EVERY}
        for name in alert_names(model):
            found = known.of(model.format(name))
            titles[name] = found[0] if found else humanised(name)
        return titles

    def _row(self, name: str, title: str) -> str:
        """Return how the alerts of a format are treated, as a row of the table."""
        rule = self._loaded.alerts.of(name)
        window = DEFAULT_WINDOW if rule.window is None else rule.window
        severity, over = "", ""
        if name != ALL:
            shape = self._loaded.model.format(name)
            severity, over = shape.severity.lower(), _ways(shape.clear)
        cells = (title, severity, over, f"{window:g} s", rule.repair or Repair.NEVER)
        return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def alert_form(name: str, model: DeviceModel) -> vol.Schema:
    """Return the form for the alerts of one format, or for all of them."""
    of_all = {
        vol.Optional(CONF_WINDOW): seconds(0, MAX_WINDOW),
        vol.Optional(CONF_REPAIR): choice(list(Repair), "repair"),
    }
    if name == ALL:
        return vol.Schema(of_all)
    others = [one for one in alert_names(model) if one != name]
    fields = [item.name for item in model.format(name).fields]
    of_one: dict[vol.Marker, object] = {
        vol.Optional(CONF_CLEAR_FORMAT): choice(others),
        vol.Optional(CONF_CONDITION): TextSelector(),
        vol.Optional(CONF_AFTER): seconds(1, MAX_AFTER),
        vol.Optional(CONF_SEVERITY): choice(
            [one.lower() for one in Severity], "severity"
        ),
        vol.Optional(CONF_IGNORE): choice(fields, several=True),
    }
    return vol.Schema(of_one | of_all)


def _said(user_input: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Return what was entered as a device file says it."""
    entered = {key: it for key, it in user_input.items() if it not in (None, "", [])}
    clear = {
        key: entered.pop(name)
        for key, name in (
            ("format", CONF_CLEAR_FORMAT),
            ("condition", CONF_CONDITION),
            ("after", CONF_AFTER),
        )
        if name in entered
    }
    if CONF_SEVERITY in entered:
        entered[CONF_SEVERITY] = entered[CONF_SEVERITY].upper()
    return entered | ({"clear": clear} if clear else {})


def _entered(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a device file says as it was entered."""
    entered = {key: it for key, it in said.items() if key != "clear"}
    clear = said.get("clear") or {}
    if "format" in clear:
        entered[CONF_CLEAR_FORMAT] = clear["format"]
    entered |= {key: clear[key] for key in (CONF_CONDITION, CONF_AFTER) if key in clear}
    if CONF_SEVERITY in entered:
        entered[CONF_SEVERITY] = entered[CONF_SEVERITY].lower()
    return entered


def _ways(clear: Clear | None) -> str:
    """Return in which ways alerts end, for people."""
    if clear is None:
        return "–"
    ways = (
        clear.format,
        clear.condition,
        "" if clear.after is None else f"after {clear.after:g} s",
    )
    return "; ".join(filter(None, ways))
