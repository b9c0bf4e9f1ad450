"""The steps in which a user says what is done with the values of a device."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .iot.formula import Formula
from .mapping.decided import loaded_of
from .own_policies import (
    Shown,
    following,
    pipelines_of,
    problems_of,
    with_draft,
    without,
)
from .policy_forms import (
    Draft,
    WrongField,
    check_formulas,
    formulas_of,
    policy_form,
)
from .policy_kinds import KINDS, kinds_for
from .preview import HIDDEN, quoted, spelled
from .review_steps import ReviewSteps

CONF_FOLLOWED: Final = "followed"
CONF_REMOVE: Final = "remove"
CONF_ADD: Final = "add"
CONF_AGAIN: Final = "again"


class PolicySteps(ReviewSteps):
    """A table of all policies, and a form for each kind of them."""

    _kind: str
    """Of the policy that is being added."""
    _entered: Mapping[str, Any]
    """What was entered for it."""
    _draft: Draft
    """What that makes."""

    @abstractmethod
    def _update(self, data: dict[str, Any]) -> SubentryFlowResult:
        """Change the device's subentry."""

    async def async_step_policies(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what is done with the values, until nothing is to be added any more."""
        if user_input is not None:
            data = following(self._data, user_input.get(CONF_FOLLOWED, []))
            self._take(without(data, user_input.get(CONF_REMOVE, [])))
            if CONF_ADD not in user_input:
                return self._update(self._data)
            self._kind, self._entered = user_input[CONF_ADD], {}
            return await self.async_step_policy()
        known = pipelines_of(self._data)
        return self.async_show_form(
            step_id="policies",
            data_schema=_list_form(known, kinds_for(self._loaded.model)),
            description_placeholders={
                "rows": "\n".join(one.row for one in known),
                "problems": quoted(problems_of(self._data)),
            },
            last_step=False,
        )

    async def async_step_policy(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for what one kind of policy needs."""
        kind, model = KINDS[self._kind], self._loaded.model
        wrong: WrongField | None = None
        if user_input is not None:
            self._entered = user_input
            try:
                formulas = formulas_of(user_input)
                check_formulas(formulas, model)
                self._draft = kind.make(user_input, model)
                self._with_draft()
            except WrongField as err:
                wrong = err
            else:
                return await (
                    self.async_step_policy_check() if formulas else self._async_add()
                )
        schema = policy_form(kind, model)
        return self.async_show_form(
            step_id="policy",
            data_schema=self.add_suggested_values_to_schema(schema, self._entered),
            errors={wrong.field: wrong.key} if wrong else {},
            description_placeholders={
                "kind": kind.title,
                "attributes": quoted(model.leaves),
                **(wrong.details if wrong else {}),
            },
            last_step=False,
        )

    async def async_step_policy_check(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what the formulas give now."""
        if user_input is not None:
            if user_input[CONF_AGAIN]:
                return await self.async_step_policy()
            return await self._async_add()
        formulas = formulas_of(self._entered)
        again = vol.Required(CONF_AGAIN, default=False)
        return self.async_show_form(
            step_id="policy_check",
            data_schema=vol.Schema({again: BooleanSelector()}),
            description_placeholders={
                "kind": KINDS[self._kind].title,
                "formulas": "\n".join(
                    f"- {about}: {quoted([text])} → {quoted([self._now(about, text)])}"
                    for about, text in formulas.items()
                ),
            },
            last_step=False,
        )

    async def _async_add(self) -> SubentryFlowResult:
        """Take the policy, and show the others with it."""
        self._take(self._with_draft())
        return await self.async_step_policies()

    def _with_draft(self) -> dict[str, Any]:
        """Return what the device's data would be with the policy.

        Raises:
            WrongField: it cannot be used.

        """
        title = KINDS[self._kind].title
        return with_draft(self._data, self._draft, title, self.hass.config.language)

    def _take(self, data: dict[str, Any]) -> None:
        """Go on with changed data."""
        self._data, self._loaded = data, loaded_of(data)

    def _now(self, about: str, text: str) -> str:
        """Return what a formula gives now, for people."""
        formula, device = Formula.parse(text), self._probed
        if device is None:
            return "–"
        attribute = device.model.attribute
        if any(attribute(name).sensitive for name in formula.names):
            return HIDDEN
        if about in ("condition", "clear"):
            return "true" if formula.holds(device.get) else "false"
        value = formula.evaluate(device.get)
        return "no value" if value is None else spelled(value)


def _list_form(known: tuple[Shown, ...], kinds: list[str]) -> vol.Schema:
    """Return the form below the table of policies."""
    schema: dict[vol.Marker, object] = {}
    if known:
        followed = [one.key for one in known if one.followed]
        schema[vol.Optional(CONF_FOLLOWED, default=followed)] = _several_of(known)
    if own := tuple(one for one in known if one.own):
        schema[vol.Optional(CONF_REMOVE)] = _several_of(own)
    schema[vol.Optional(CONF_ADD)] = SelectSelector(
        SelectSelectorConfig(
            options=kinds, mode=SelectSelectorMode.DROPDOWN, translation_key="policy"
        )
    )
    return vol.Schema(schema)


def _several_of(known: tuple[Shown, ...]) -> SelectSelector:
    """Return a field for some of several policies."""
    options = [SelectOptionDict(value=one.key, label=one.title) for one in known]
    return SelectSelector(
        SelectSelectorConfig(
            options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN
        )
    )
