"""What locks a door."""

from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, classed

LOCK: Final = Rule(
    platform=Platform.LOCK,
    things=classed(
        none="lock, locks, door lock, smart lock, deadbolt, latch, padlock, bolt"
    ),
    unlike="child, key, keys, keypad, panel, parental, screen, button, buttons,"
    " display, auto, sensor, config, remote, settings, clock",
    enough=("locked", "lock, unlock", "order"),
    roles={
        "locked": Role(
            holds=Holds.ON_OFF,
            access=WRITE,
            words="*, locked, is locked",
            terms="locked",
            tells=True,
        ),
        "is_locked": Role(
            holds=Holds.ON_OFF,
            access=ONLY_READ,
            words="*, locked, is locked",
            terms="locked",
            tells=True,
        ),
        "state": Role(
            holds=Holds.WORDS,
            access=ONLY_READ,
            words="*, state, status, locked, lock state, bolt state",
            terms="locked",
            meanings={
                "locked": "locked", "unlocked": "unlocked", "locking": "locking",
                "unlocking": "unlocking", "jammed": "jammed", "open": "open",
                "opened": "open", "unlatched": "open", "opening": "opening",
                "unknown": "", "undefined": "", "moving": "", "error": "jammed",
            },
            tells=True,
        ),
        "order": Role(
            holds=Holds.ORDER,
            access=WRITE,
            words="*, command, control, action, target state, order, state",
            terms="locked",
            meanings={
                "lock": "lock", "locked": "lock", "unlock": "unlock",
                "unlocked": "unlock", "open": "open", "unlatch": "open",
            },
        ),
        "lock": Role(holds=Holds.COMMAND, words="lock, lock door"),
        "unlock": Role(holds=Holds.COMMAND, words="unlock, unlock door"),
        "open": Role(
            holds=Holds.COMMAND, words="open, unlatch, open door, open latch"
        ),
        "jammed": Role(
            holds=Holds.ON_OFF, access=ONLY_READ, words="jammed, is jammed, jam"
        ),
    },
)  # fmt: skip
