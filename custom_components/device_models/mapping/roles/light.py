"""A light: on and off, brightness, colour."""

from typing import Final

from homeassistant.const import Platform

from .rule import READ, WRITE, Holds, Role, Rule, by_word

LIGHT: Final = Rule(
    platform=Platform.LIGHT,
    things=by_word(
        none="light, lights, lamp, bulb, light bulb, luminaire, chandelier, led strip,"
        " light strip, spotlight, downlight, floodlight, dimmable light, color light,"
        " colour light, color control"
    ),
    unlike="sensor, status, indicator, warning, signal, alarm, traffic",
    objects="3311",
    enough=("on", "brightness"),
    roles={
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, state, switch, on off, onoff, power state, power on",
            terms="on off, on off state, switch status, power",
            ipso="3311, 3311/5850",
        ),
        "brightness": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="brightness, level, dimmer, dim level, dim, intensity, luminance",
            terms="brightness, level, current dimmer, dimmer",
            ipso="3311/5851",
        ),
        "color_temperature": Role(
            holds=Holds.COLOUR_TEMPERATURE,
            access=WRITE,
            words="color temperature, colour temperature, color temp, colour temp,"
            " ct, cct, white temperature",
            terms="color temperature, colour temperature",
            tells=True,
        ),
        "color": Role(
            holds=Holds.COLOUR,
            access=WRITE,
            words="color, colour, rgb, rgb color, rgb colour, hsv, hex color",
            terms="color, colour, rgb, current color",
            ipso="3311/5706, 3335",
        ),
        "red": Role(holds=Holds.LEVEL, access=WRITE, words="red, r"),
        "green": Role(holds=Holds.LEVEL, access=WRITE, words="green, g"),
        "blue": Role(holds=Holds.LEVEL, access=WRITE, words="blue, b"),
        "hue": Role(holds=Holds.LEVEL, access=WRITE, words="hue", terms="hue"),
        "saturation": Role(
            holds=Holds.LEVEL, access=WRITE, words="saturation, sat", terms="saturation"
        ),
        "color_mode": Role(
            holds=Holds.WORDS,
            access=READ,
            words="color mode, colour mode",
            terms="color mode, colour mode",
            meanings=by_word(
                color="color, colour, rgb, hs, hsv, xy",
                color_temperature="color temperature, color temp, temperature, ct, cct,"
                " white",
            ),
        ),
        "effect": Role(
            holds=Holds.CHOICE, access=WRITE, words="effect, light effect, animation"
        ),
    },
)
