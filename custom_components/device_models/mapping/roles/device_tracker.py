"""Where a device is."""

from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, Holds, Role, Rule

DEVICE_TRACKER: Final = Rule(
    platform=Platform.DEVICE_TRACKER,
    things={"gps": "", "tracker": "", "position": "", "location": ""},
    unlike="home, destination, target, sun",
    enough=("latitude, longitude",),
    certain=("latitude, longitude",),
    roles={
        "latitude": Role(
            holds=Holds.COORDINATE,
            access=ONLY_READ,
            words="latitude, lat",
            terms="latitude, lat",
            ipso="6/0, 3336/5514, 3336/6051",
        ),
        "longitude": Role(
            holds=Holds.COORDINATE,
            access=ONLY_READ,
            words="longitude, lon, lng, long",
            terms="longitude, long, lon",
            ipso="6/1, 3336/5515, 3336/6052",
        ),
        "accuracy": Role(
            holds=Holds.COORDINATE,
            access=ONLY_READ,
            words="accuracy, gps accuracy, location accuracy, position accuracy,"
            " uncertainty",
            ipso="6/3, 3336/5516, 3336/6053",
        ),
    },
)
