"""The steps of a flow that show what a device becomes, and let its user change it."""

from abc import abstractmethod
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_PLATFORM

from .composition_form import composed_as, composition_form
from .const import (
    CONF_COMPOSED,
    CONF_CORRECTIONS,
    CONF_DECISIONS,
    CONF_DOCUMENT,
    CONF_ENABLED,
    CONF_KEY,
    CONF_OVERLAY,
)
from .element_form import (
    CONF_RESET,
    choices_of,
    corrections_of,
    element_form,
    guess_about,
    overruled,
)
from .flow_forms import CONF_CHANGE, review_form
from .generated_actions import without_entity
from .iot.device import VirtualDevice
from .iot.errors import ModelError
from .iot.formats import Loaded, load_document
from .iot.values import JsonValue
from .mapping import decide
from .mapping.composing import parts_of
from .mapping.decided import (
    INFERRED,
    decisions_of,
    keep,
    loaded_of,
    settled,
    with_choices,
)
from .mapping.decisions import Decision, Kind, objection
from .model_steps import ModelSteps
from .preview import (
    becomes,
    escaped,
    quoted,
    reasons,
    summary,
    table,
    value_now,
)

STEP_PREVIEW: Final = "preview"
STEP_ENTITIES: Final = "entities"

DRAFT: Final = (
    "This is a draft: names are all that is known, types are guessed from values. "
    "Change an element to say what type it has, and whether it can be written."
)


class ReviewSteps(ModelSteps):
    """A table of all elements, and a form for each of them."""

    _loaded: Loaded
    _data: dict[str, Any]
    """What the subentry will hold."""
    _probed: VirtualDevice | None = None
    """What the device gave when it was looked for."""
    _review = STEP_PREVIEW
    """The step in which the table is shown."""
    _element: str
    """The key of the element that is being changed."""

    @abstractmethod
    async def async_reviewed(self) -> SubentryFlowResult:
        """Go on: the user is content with the decisions."""

    def decisions(self) -> tuple[Decision, ...]:
        """Return what the elements become as it stands."""
        return decisions_of(self._data, self._loaded, self.hass.config.language)

    async def async_step_preview(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what will be created, and why."""
        return await self._async_review(STEP_PREVIEW, user_input)

    async def async_step_entities(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what there is, and why."""
        return await self._async_review(STEP_ENTITIES, user_input)

    async def _async_review(
        self, step_id: str, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the table, until nothing is to be changed any more."""
        self._review = step_id
        decisions = self.decisions()
        if user_input is not None:
            self._enable(decisions, user_input[CONF_ENABLED])
            if CONF_CHANGE not in user_input:
                return await self.async_reviewed()
            self._element = user_input[CONF_CHANGE]
            if self._find(decisions).kind is Kind.COMPOSITION:
                return await self.async_step_composition()
            return await self.async_step_element()
        device, loaded = self._probed, self._loaded
        left_out = [str(remark) for remark in loaded.remarks]
        begin = f"{Kind.ACTION.word}-"
        left_out += without_entity(
            self.hass,
            loaded.model,
            self._data.get(CONF_KEY),
            {part.removeprefix(begin) for part in parts_of(decisions)},
        )
        labels = {one.key: f"{one.title}: {becomes(one)}" for one in decisions}
        return self.async_show_form(
            step_id=step_id,
            data_schema=review_form(
                labels, [one.key for one in decisions if one.visible]
            ),
            description_placeholders={
                "model": escaped(loaded.model.name),
                "format": loaded.format,
                "sign": loaded.sign,
                "tried": ", ".join(loaded.tried) or "nothing",
                "draft": DRAFT if loaded.model.draft else "",
                "summary": summary(decisions),
                "rows": table(decisions, device),
                "known": str(len(device.values)) if device else "0",
                "readable": str(len(loaded.model.readable)),
                "remarks": quoted(left_out),
            },
            last_step=step_id == STEP_PREVIEW,
        )

    async def async_step_element(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change what one element becomes."""
        problem: dict[str, str] = {}
        shown = self._find(self.decisions())
        if user_input is not None and self._correct(shown, user_input):
            shown = self._find(self.decisions())  # of another type, it has other fields
        elif user_input is not None:
            problem = self._change(shown, user_input)
            if not problem:
                platform, shown = shown.platform, self._find(self.decisions())
                # Another platform has other fields.
                if user_input.get(CONF_PLATFORM, platform) == platform:
                    return await self._async_review(self._review)
        schema = element_form(shown, self._loaded.model)
        if problem:
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="element",
            data_schema=schema,
            errors={"base": "choice_invalid"} if problem else {},
            description_placeholders={
                "element": shown.element,
                "now": value_now(shown, self._probed) or "–",
                "why": reasons(shown),
                **problem,
            },
            last_step=False,
        )

    async def async_step_composition(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change what several elements are together, or take them apart."""
        problem: dict[str, str] = {}
        shown, model = self._find(self.decisions()), self._loaded.model
        if user_input is not None:
            rules = self._find(self._settled())
            chosen = composed_as(user_input, rules)
            _decided, refused = self._decided(rules, chosen)
            if refused is None:
                self._choose(shown, chosen)
                return await self._async_review(self._review)
            problem = {"field": refused[0], "problem": refused[1]}
        schema = composition_form(shown, model)
        if problem:
            schema = self.add_suggested_values_to_schema(schema, user_input)
        return self.async_show_form(
            step_id="composition",
            data_schema=schema,
            errors={"base": "choice_invalid"} if problem else {},
            description_placeholders={
                "element": shown.title,
                "platform": shown.platform.replace("_", " "),
                "why": reasons(shown),
                **problem,
            },
            last_step=False,
        )

    def _correct(self, shown: Decision, user_input: dict[str, Any]) -> bool:
        """Note what the user knows better about an attribute; return whether it is new.

        What it becomes is decided anew, but for its name, and whether it is enabled.
        """
        if guess_about(shown, self._loaded.model) is None:
            return False
        guessed = load_document(self._data[CONF_DOCUMENT], "").model
        known: dict[str, dict[str, JsonValue]] = self._data.get(CONF_CORRECTIONS, {})
        better = corrections_of(user_input, guessed.leaves[shown.element])
        if better == known.get(shown.element, {}):
            return False
        others = {name: it for name, it in known.items() if name != shown.element}
        corrections = others | ({shown.element: better} if better else {})
        known_so_far = self._data.get(CONF_DECISIONS) or keep(self._settled())
        self._data[CONF_CORRECTIONS] = corrections
        self._loaded = loaded_of(self._data)
        language = self.hass.config.language
        rules = self._find(decide(self._loaded, language))
        kept = keep((replace(rules, origin=shown.origin),))
        self._data[CONF_DECISIONS] = {**known_so_far, **kept}
        chosen = {
            key: user_input[key]
            for key in (CONF_NAME, CONF_ENABLED)
            if user_input[key] != getattr(rules, key) and not user_input[CONF_RESET]
        }
        self._choose(shown, chosen)
        return True

    def _change(self, shown: Decision, user_input: dict[str, Any]) -> dict[str, str]:
        """Note what the user has chosen; returns what is wrong with it, if anything."""
        rules = self._find(self._settled())
        before = self._chosen(shown)
        try:
            chosen = choices_of(user_input, rules, shown, before, self._loaded.model)
        except ValueError as err:
            return {"field": "labels", "problem": f"expected “value = label”: {err}"}
        decided, problem = self._decided(rules, chosen)
        untouched = [
            name
            for name in INFERRED
            if name in chosen and name in before and chosen[name] == before[name]
        ]
        if problem and untouched:
            # It may be of what followed from choices that are others now.
            for name in untouched:
                del chosen[name]
            decided, problem = self._decided(rules, chosen)
        if not problem and not user_input[CONF_RESET]:
            model = self._loaded.model
            if undone := overruled(user_input, shown, decided, model):
                chosen |= undone
                decided, problem = self._decided(rules, chosen)
        if problem:
            return {"field": problem[0], "problem": problem[1]}
        # What follows from the choices is kept with them, to hold as they do.
        for name in INFERRED:
            if getattr(decided, name) != getattr(rules, name):
                chosen[name] = getattr(decided, name)
        self._choose(shown, chosen)
        return {}

    def _decided(
        self, rules: Decision, chosen: dict[str, JsonValue]
    ) -> tuple[Decision, tuple[str, str] | None]:
        """Return what choices make of an element, and what is wrong with it."""
        try:
            decided = with_choices(rules, chosen, self._loaded)
        except ModelError as err:
            field = err.details["where"].rpartition(".")[2]
            return rules, (field, err.details["problem"])
        return decided, objection(decided, self._loaded.model)

    def _enable(self, decisions: tuple[Decision, ...], wanted: list[str]) -> None:
        """Note which elements the user wants to be enabled."""
        rules = {one.key: one for one in self._settled()}
        parts = parts_of(decisions)
        for decision in decisions:
            enabled = decision.key in wanted
            if enabled is decision.visible:
                continue
            settled = rules[decision.key]
            chosen = {**self._chosen(decision), CONF_ENABLED: enabled}
            by_itself = settled.enabled
            if decision.key in parts:  # hidden, unless somebody wants to see it
                by_itself = settled.wanted
            if enabled and not decision.composed:
                chosen[CONF_COMPOSED] = True
            if by_itself is enabled:
                del chosen[CONF_ENABLED]
            self._choose(decision, chosen)

    def _settled(self) -> tuple[Decision, ...]:
        """Return what is decided without the choices of the user."""
        return settled(self._data, self._loaded, self.hass.config.language)

    def _find(self, decisions: tuple[Decision, ...]) -> Decision:
        """Return the decision about the element that is being changed."""
        return next(one for one in decisions if one.key == self._element)

    def _chosen(self, decision: Decision) -> dict[str, JsonValue]:
        """Return what the user has chosen about an element so far."""
        kind: dict[str, dict[str, JsonValue]]
        kind = self._data[CONF_OVERLAY].get(decision.kind, {})
        return kind.get(decision.element, {})

    def _choose(self, decision: Decision, chosen: dict[str, JsonValue]) -> None:
        """Note what the user has chosen about an element."""
        overlay = self._data[CONF_OVERLAY]
        kind = {**overlay.get(decision.kind, {}), decision.element: chosen}
        if not chosen:
            del kind[decision.element]
        self._data[CONF_OVERLAY] = {**overlay, decision.kind.value: kind}
