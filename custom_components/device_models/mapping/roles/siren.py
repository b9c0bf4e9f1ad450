"""What is loud when it has to be."""

from typing import Final

from homeassistant.const import Platform

from .rule import WRITE, Holds, Role, Rule, by_word

SIREN: Final = Rule(
    platform=Platform.SIREN,
    things=by_word(none="siren, alarm siren, sounder, buzzer, alarm horn, klaxon"),
    unlike="sensor, status, mute, muted, enable, enabled, armed, tamper",
    objects="3338",
    enough=("on",),
    roles={
        "on": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, on, power, state, switch, on off, active, alarm",
            terms="on off, on off state, switch status, alarm",
            ipso="3338, 3338/5850",
        ),
        "tone": Role(
            holds=Holds.CHOICE, access=WRITE, words="tone, sound, melody, ringtone"
        ),
        "volume": Role(
            holds=Holds.LEVEL,
            access=WRITE,
            words="volume, level, loudness",
            ipso="3338/5548",
        ),
        "duration": Role(
            holds=Holds.NUMBER,
            access=WRITE,
            words="duration, alarm duration, time",
            ipso="3338/5521",
        ),
    },
)
