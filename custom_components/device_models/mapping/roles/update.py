"""The software of a device, and what there is in its place."""

from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, Holds, Role, Rule, by_word

UPDATE: Final = Rule(
    platform=Platform.UPDATE,
    things=by_word(firmware="firmware, firmware update, ota, software, update"),
    enough=("installed, latest",),
    certain=("installed, latest",),
    roles={
        "installed": Role(
            holds=Holds.TEXT,
            access=ONLY_READ,
            words="version, firmware, firmware version, installed version,"
            " current version, software version, installed, current firmware,"
            " current firmware version",
        ),
        "latest": Role(
            holds=Holds.TEXT,
            access=ONLY_READ,
            words="latest version, available version, newest version, new version,"
            " latest firmware, available firmware, latest firmware version,"
            " available firmware version, new firmware, latest, update version",
        ),
        "install": Role(
            holds=Holds.COMMAND,
            words="*, install, upgrade, install update, update firmware,"
            " firmware upgrade, start update",
        ),
        "in_progress": Role(
            holds=Holds.ON_OFF,
            access=ONLY_READ,
            words="updating, update in progress, in progress, upgrading",
        ),
        "progress": Role(
            holds=Holds.LEVEL,
            access=ONLY_READ,
            words="progress, update progress, download progress",
        ),
    },
)
