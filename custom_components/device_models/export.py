"""A device as a file that other users can take in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
import math
import os
from pathlib import Path
from typing import Any, Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.util import slugify

from .const import DOMAIN
from .iot.formats import Loaded
from .iot.formats.device_file_writing import to_yaml, write_device_file
from .iot.values import JsonValue
from .mapping import decide
from .mapping.composing import names_of
from .mapping.decided import decisions_of
from .mapping.decisions import UNITS, Decision, Kind
from .mapping.overlay_fields import COMPOSED_FIELDS
from .own_policies import without_secrets

ALONE: Final = ("name", "device_class", "state_class", "category", "enabled")
"""What can be said about an element without anything else."""

OF_VALUES: Final = ("platform", "unit", "transform", "options")
OF_NUMBERS: Final = (*OF_VALUES, "range", "step")
"""What cannot: other things follow from it."""


def device_file_text(
    data: Mapping[str, Any], loaded: Loaded, language: str | None = None
) -> str:
    """Return the device file of a device: its model, its binding, and its overlay.

    The overlay is that of the author, and what the device has become besides: by
    choices of its user, or by the rules of another time.
    """
    overlay: dict[str, dict[str, Any]] = {
        kind: {name: _copied(said) for name, said in elements.items()}
        for kind, elements in loaded.overlay.items()
        if isinstance(elements, Mapping) and elements
    }
    wanted = decisions_of(data, loaded, language)
    found = decide(replace(loaded, overlay=overlay), language)
    if composed := _composed(wanted, found, overlay.get(Kind.COMPOSITION, {})):
        overlay[Kind.COMPOSITION.value] = composed
    single = [one for one in wanted if one.kind is not Kind.COMPOSITION]
    for others_too in (False, True):
        by_itself = [
            one
            for one in decide(replace(loaded, overlay=overlay), language)
            if one.kind is not Kind.COMPOSITION
        ]
        if all(map(_is_same, single, by_itself, strict=True)):
            break
        for decision, other in zip(single, by_itself, strict=True):
            elements = overlay.setdefault(decision.kind.value, {})
            said = _said(decision, other)
            if said.keys() <= set(ALONE):
                said = {**elements.get(decision.element, {}), **said}
            if others_too:  # enabling one may have disabled another
                said["enabled"] = decision.enabled
                if decision.part_of and decision.enabled:
                    del said["enabled"]  # it would be shown by itself
            if said:
                elements[decision.element] = said
    told = replace(loaded, model=without_secrets(loaded.model))
    return to_yaml(write_device_file(told, overlay))


def _copied(said: JsonValue) -> Any:
    """Return what an overlay says of one element, to be changed."""
    return dict(said) if isinstance(said, Mapping) else said


def _composed(
    wanted: Iterable[Decision], found: Iterable[Decision], said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what an overlay must say of compositions for them to be as they are."""
    by_itself = {one.element: one for one in found if one.kind is Kind.COMPOSITION}
    composed = dict(said)
    here = {one.element: one for one in wanted if one.kind is Kind.COMPOSITION}
    for element in by_itself.keys() | here.keys():
        decision, other = here.get(element), by_itself.get(element)
        if decision is None or not decision.composed:
            if other is not None and other.composed:
                composed[element] = False
            continue
        before, now = names_of(other.uses if other else {}), names_of(decision.uses)
        roles = {
            role: now.get(role)
            for role in (*before, *now)
            if before.get(role) != now.get(role)
        }
        differing: dict[str, Any] = {
            name: getattr(decision, name)
            for name in (*COMPOSED_FIELDS, "composed")
            if other is None or getattr(decision, name) != getattr(other, name)
        }
        if roles:
            known = composed.get(element)
            told = known.get("roles", {}) if isinstance(known, Mapping) else {}
            differing["roles"] = {**told, **roles}
        if differing:
            known = composed.get(element)
            composed[element] = {
                **(known if isinstance(known, Mapping) else {}),
                **differing,
            }
    return composed


def _is_same(wanted: Decision, other: Decision) -> bool:
    """Whether nothing needs to be said for one decision to be the other."""
    return not _said(wanted, other)


def _said(wanted: Decision, other: Decision) -> dict[str, JsonValue]:
    """Return what an overlay must say for one decision to be made, not the other.

    That is all of it if they are not of one platform, measure or range: what is not
    said would follow from that.
    """
    differing: dict[str, JsonValue] = {
        name: getattr(wanted, name)
        for name in ALONE
        if getattr(wanted, name) != getattr(other, name)
    }
    if wanted.shown and not other.shown:
        differing["enabled"] = True
    names = OF_NUMBERS if wanted.platform is Platform.NUMBER else OF_VALUES
    if all(getattr(wanted, name) == getattr(other, name) for name in names):
        return differing
    said: dict[str, JsonValue] = {name: getattr(wanted, name) for name in ALONE}
    said |= {"platform": wanted.platform, "unit": wanted.unit}
    transform = wanted.transform
    if wanted.kind is Kind.ATTRIBUTE:
        said |= {"mask": transform.mask, "invert": transform.invert}
        if transform.labels or other.transform.labels:
            said["labels"] = dict(transform.labels)
    if wanted.platform in UNITS and not wanted.options:
        said |= {"scale": transform.scale, "offset": transform.offset}
    if wanted.platform is Platform.NUMBER:
        ends = wanted.range.ends if wanted.range else (math.inf, math.inf)
        low, high = (end if math.isfinite(end) else None for end in ends)
        said |= {"min": low, "max": high, "step": wanted.step}
    return said


async def async_save(hass: HomeAssistant, name: str, text: str) -> None:
    """Put a device file into the user's library.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: it cannot be written.
        ValueError: the name has no letters.

    """
    stem = slugify(name.removesuffix(".yaml").removesuffix(".yml"))
    if not stem or stem == "unknown":
        raise ValueError(name)
    folder = Path(hass.config.path(DOMAIN))
    await hass.async_add_executor_job(_write, folder / f"{stem}.yaml", text)


def _write(path: Path, text: str) -> None:
    """Write a file that is not there yet, in any format: the library goes by names."""
    path.parent.mkdir(exist_ok=True)
    for other in path.parent.iterdir():
        if other.stem == path.stem and other.is_file():
            raise FileExistsError(other)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
