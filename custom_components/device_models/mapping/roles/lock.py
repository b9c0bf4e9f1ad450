"""What locks a door."""

from dataclasses import replace
from typing import Final

from homeassistant.const import Platform

from .rule import ONLY_READ, WRITE, Holds, Role, Rule, by_word

LOCKED: Final = Role(
    holds=Holds.ON_OFF,
    access=WRITE,
    words="*, locked, is locked",
    terms="locked",
    tells=True,
)

LOCK: Final = Rule(
    platform=Platform.LOCK,
    things=by_word(
        none="lock, locks, door lock, smart lock, deadbolt, latch, padlock, bolt"
    ),
    unlike="child, key, keys, keypad, panel, parental, screen, button, buttons,"
    " display, auto, sensor, config, remote, settings, clock",
    enough=("locked", "lock, unlock", "order"),
    roles={
        "locked": LOCKED,
        "is_locked": replace(LOCKED, access=ONLY_READ),
        "state": Role(
            holds=Holds.WORDS,
            access=ONLY_READ,
            words="*, state, status, locked, lock state, bolt state",
            terms="locked",
            meanings=by_word(
                locked="locked",
                unlocked="unlocked",
                locking="locking",
                unlocking="unlocking",
                opening="opening",
                open="open, opened, unlatched",
                jammed="jammed, error",
                none="unknown, undefined, moving",
            ),
            tells=True,
        ),
        "order": Role(
            holds=Holds.ORDER,
            access=WRITE,
            words="*, command, control, action, target state, order, state",
            terms="locked",
            meanings=by_word(
                lock="lock, locked",
                unlock="unlock, unlocked",
                open="open, unlatch",
            ),
        ),
        "lock": Role(holds=Holds.COMMAND, words="lock, lock door"),
        "unlock": Role(holds=Holds.COMMAND, words="unlock, unlock door"),
        "open": Role(holds=Holds.COMMAND, words="open, unlatch, open door, open latch"),
        "jammed": Role(
            holds=Holds.ON_OFF, access=ONLY_READ, words="jammed, is jammed, jam"
        ),
    },
)
