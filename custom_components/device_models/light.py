"""Lights, composed of their elements."""

from typing import Any, Final, override

from homeassistant.components.light import LightEntity
from homeassistant.components.light.const import (
    ATTR_BRIGHTNESS,
    ATTR_COLOR_TEMP_KELVIN,
    ATTR_EFFECT,
    ATTR_HS_COLOR,
    ATTR_RGB_COLOR,
    ColorMode,
    LightEntityFeature,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import DeviceCoordinator
from .entity import add_entities
from .exceptions import rewords_errors
from .graded import Graded
from .iot.colors import (
    Color,
    Spelling,
    packed,
    read_color,
    spelling_of,
    write_color,
)
from .iot.values import DataType
from .mapping.decisions import Decision
from .mapping.fitting import is_mired
from .runtime import DeviceModelsConfigEntry

PARALLEL_UPDATES = 1  # small devices take one command at a time

FULL: Final = 255
"""Home Assistant's brightest, and the most of a colour."""

MILLION: Final = 1_000_000
"""Kelvin times mired."""

PRIMARIES: Final = ("red", "green", "blue")

HUES: Final = ("hue", "saturation")


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: DeviceModelsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the lights of each device."""
    add_entities(entry, async_add_entities, Platform.LIGHT, ModelLight)


class ModelLight(Graded, LightEntity):
    """What is on or off, and how bright, and in which colour."""

    degree = "brightness"

    def __init__(self, coordinator: DeviceCoordinator, decision: Decision) -> None:
        """Take on what the light can do."""
        super().__init__(coordinator, decision)
        self._color_roles = next(
            (one for one in (("color",), PRIMARIES, HUES) if self.has(*one)), ()
        )
        self._colored = ColorMode.HS if self._color_roles == HUES else ColorMode.RGB
        modes = [ColorMode.BRIGHTNESS if self.has("brightness") else ColorMode.ONOFF]
        if self._color_roles:
            modes = [self._colored]
        if self.has("color_temperature"):
            modes = (
                [ColorMode.COLOR_TEMP, *modes]
                if self._color_roles
                else [ColorMode.COLOR_TEMP]
            )
            self._take_temperatures()
        self._attr_supported_color_modes = set(modes)
        self._attr_color_mode = modes[0]
        if self.has("effect"):
            self._attr_supported_features = LightEntityFeature.EFFECT
            self._attr_effect_list = self.options("effect")
        self._last = float(FULL)
        """How bright it was when it was last on."""
        self._spelling = self._known_spelling()

    def _take_temperatures(self) -> None:
        """Take on the bounds of the colour temperature."""
        attribute = self.parts["color_temperature"].attribute
        self._mired = is_mired(attribute) is True
        if attribute.range is not None and attribute.range.low > 0:
            low, high = attribute.range.ends
            if self._mired:
                low, high = MILLION / high, MILLION / low
            self._attr_min_color_temp_kelvin = round(low)
            self._attr_max_color_temp_kelvin = round(high)

    def _known_spelling(self) -> Spelling | None:
        """Return how the model says that colours are spelled."""
        part = self.parts.get("color")
        terms = part.attribute.semantic_types if part else ()
        return next((Spelling(term) for term in terms if term in Spelling), None)

    @callback
    @override
    def notice(self, roles: frozenset[str]) -> None:
        """See whether colour or white counts now: what has changed alone."""
        colored = not roles.isdisjoint(self._color_roles)
        white = "color_temperature" in roles
        if self._color_roles and self.has("color_temperature") and colored != white:
            self._attr_color_mode = self._colored if colored else ColorMode.COLOR_TEMP
        if brightness := self.brightness:
            self._last = brightness

    @property
    @override
    def brightness(self) -> int | None:
        if self.has("brightness"):
            fraction = self.share()
            return None if fraction is None else round(fraction * FULL)
        return max(color) if (color := self._rgb()) else None

    @property
    @override
    def color_mode(self) -> ColorMode | None:
        match self.meaning("color_mode"):
            case "color" if self._color_roles:
                return self._colored
            case "color_temperature" if self.has("color_temperature"):
                return ColorMode.COLOR_TEMP
        return self._attr_color_mode

    @property
    @override
    def color_temp_kelvin(self) -> int | None:
        value = self.raw("color_temperature")
        if not isinstance(value, int | float) or value <= 0:
            return None
        return round(MILLION / value if self._mired else value)

    @property
    @override
    def rgb_color(self) -> Color | None:
        return self._rgb()

    @property
    @override
    def hs_color(self) -> tuple[float, float] | None:
        hue, saturation = (self.fraction(role) for role in HUES)
        if hue is None or saturation is None:
            return None
        return round(hue * 360, 1), round(saturation * 100, 1)

    @property
    @override
    def effect(self) -> str | None:
        return self.option("effect")

    @override
    @rewords_errors
    async def async_turn_on(self, **kwargs: Any) -> None:
        values = self.turned_on()
        brightness = kwargs.get(ATTR_BRIGHTNESS)
        if self.has("brightness") and (brightness is not None or not self.has("on")):
            wanted = self._last if brightness is None else brightness
            values["brightness"] = self._brightness_value(wanted)
        if (color := kwargs.get(ATTR_RGB_COLOR)) is not None:
            values |= self._color_values(color, brightness)
        elif brightness is not None and not self.has("brightness"):
            values |= self._color_values(self._rgb() or (FULL,) * 3, brightness)
        if (hue := kwargs.get(ATTR_HS_COLOR)) is not None:
            values["hue"] = self.level("hue", hue[0] / 360)
            values["saturation"] = self.level("saturation", hue[1] / 100)
        if (kelvin := kwargs.get(ATTR_COLOR_TEMP_KELVIN)) is not None:
            values["color_temperature"] = self._temperature_value(kelvin)
        if (effect := kwargs.get(ATTR_EFFECT)) is not None:
            values["effect"] = self.parts["effect"].meant(effect)
        await self.change(values)

    @override
    def share(self) -> float | None:
        """Return how bright it is, from 0 to 1; the least that it can be is not 0."""
        value = self.raw("brightness")
        if not isinstance(value, int | float):
            return None
        _low, high = self._ends("brightness")
        return min(max(value / high, 0.0), 1.0)

    def _brightness_value(self, brightness: float) -> float:
        """Return the value of a brightness: one that is not off."""
        low, high = self._ends("brightness")
        fraction = (brightness / FULL * high - low) / (high - low)
        value = self.level("brightness", fraction)
        if value > 0:
            return value
        part = self.parts["brightness"].attribute
        return part.step or (1 if part.type is DataType.INTEGER else high / FULL)

    def _temperature_value(self, kelvin: int) -> float:
        """Return the value of a colour temperature."""
        attribute = self.parts["color_temperature"].attribute
        value = MILLION / kelvin if self._mired else kelvin
        if attribute.range is not None:
            value = min(max(value, attribute.range.low), attribute.range.high)
        return round(value) if attribute.type is DataType.INTEGER else value

    def _rgb(self) -> Color | None:
        """Return red, green and blue, as the device has them."""
        if self._color_roles == PRIMARIES:
            red, green, blue = (self.fraction(role) for role in PRIMARIES)
            if red is None or green is None or blue is None:
                return None
            return round(red * FULL), round(green * FULL), round(blue * FULL)
        value = self.raw("color")
        return None if value is None else read_color(value, self._spelling)

    def _color_values(self, color: Color, brightness: int | None) -> dict[str, object]:
        """Return the values of a colour, as bright as it is to be."""
        if brightness is not None and not self.has("brightness"):
            most = max(color) or FULL
            red, green, blue = (round(one * brightness / most) for one in color)
            color = red, green, blue
        if self._color_roles == PRIMARIES:
            return {
                role: self.level(role, one / FULL)
                for role, one in zip(PRIMARIES, color, strict=True)
            }
        if self.parts["color"].attribute.type is DataType.INTEGER:
            return {"color": packed(color)}
        spelling = spelling_of(self.raw("color"), self._spelling)
        return {"color": write_color(color, spelling)}
