"""The names of the actions that devices have in Home Assistant, kept for ever.

Automations say them. A name is made once, of the title that the device has then, and
is that of no other action: neither a new title, nor a new name in the model, nor a move
to another connection changes it.
"""

from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from itertools import count
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util import slugify

from .const import DOMAIN

MAX_DEVICE: Final = 32
MAX_NAME: Final = 64
"""Characters of what stands for the device in a name, and of the whole: what people can
still read in an automation. A number that tells two apart comes behind."""

DELAY: Final = 1.0
"""Seconds until names are written, so that those of a whole connection are at once."""


class Names(TypedDict):
    """The names of one device's actions."""

    device: str
    """What they begin with."""
    actions: dict[str, str]
    """By what the model calls the actions."""


class ActionNames:
    """The names of all devices' actions."""

    def __init__(self, hass: HomeAssistant, reserved: AbstractSet[str]) -> None:
        """Take the names that the integration's own actions have."""
        self._store: Store[dict[str, Names]] = Store(
            hass, 1, f"{DOMAIN}.action_names", atomic_writes=True
        )
        self._reserved = reserved
        self._names: dict[str, Names] = {}

    async def async_load(self) -> None:
        """Read what there is."""
        self._names = await self._store.async_load() or {}

    def get(self, key: str, action: str) -> str | None:
        """Return the name of a device's action; None if it has none."""
        return self._of(key).get(action)

    def keep(self, key: str, title: str, actions: Iterable[str]) -> Mapping[str, str]:
        """Return the names of a device's actions, by what the model calls them.

        Those that are there keep theirs; those that are no longer lose it.

        Args:
            key: of the device.
            title: of the device, as it is now.
            actions: what the model calls its actions.

        """
        known = self._of(key)
        begin = self._names[key]["device"] if key in self._names else _cut(title)
        kept = {
            action: known[action]
            for action in actions
            if action in known and known[action] not in self._reserved
        }
        for action in actions:
            if action not in kept:
                kept[action] = self._free(begin, action, kept.values())
        if kept != known:
            self._names[key] = {"device": begin, "actions": kept}
            self._save()
        return kept

    def rename(self, key: str, renamed: Mapping[str, str]) -> None:
        """Have actions keep their names that the model calls by others now.

        Args:
            key: of the device.
            renamed: what the model called them, by what it calls them now.

        """
        known = self._of(key)
        for new, old in renamed.items():
            if old in known:
                known[new] = known.pop(old)
                self._save()

    def forget_others(self, keys: AbstractSet[str]) -> None:
        """Have the names free again of devices that are not there any more."""
        for key in self._names.keys() - keys:
            del self._names[key]
            self._save()

    def _of(self, key: str) -> dict[str, str]:
        """Return the names of one device's actions."""
        return self._names[key]["actions"] if key in self._names else {}

    def _free(self, begin: str, action: str, taken: Iterable[str]) -> str:
        """Return a name that nothing has."""
        all_taken = {*taken, *self._reserved, *self._everyone()}
        name = f"{begin}_{slugify(action)}"[:MAX_NAME].rstrip("_")
        numbered = (f"{name}_{number}" for number in count(2))
        return (
            name
            if name not in all_taken
            else next(other for other in numbered if other not in all_taken)
        )

    def _everyone(self) -> Iterator[str]:
        """Yield the names of all devices."""
        for names in self._names.values():
            yield from names["actions"].values()

    def _save(self) -> None:
        """Have the names written."""
        self._store.async_delay_save(lambda: self._names, DELAY)


def _cut(title: str) -> str:
    """Return what stands for a device in the names of its actions."""
    return slugify(title)[:MAX_DEVICE].rstrip("_")
