"""The steps of a flow about what a device is behind, and what is known of it."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    ConfigEntry,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME

from .const import (
    CONF_ABOUT,
    CONF_BASE,
    CONF_BELOW,
    CONF_GATEWAY,
    CONF_KEY,
)
from .device_data import metadata_of
from .flow_forms import ABOUT_FORM, CONF_ANYWAY, CONF_OTHERS, CONF_THROUGH
from .hierarchy import Member, below_of, gateway_of, is_behind, joined, members
from .iot.errors import ModelError
from .iot.metadata import BELOW, GATEWAY, HARDWARE_ID, KNOWN, expanded, read_metadata
from .iot.reading import Element, Unusable
from .place import identity_of
from .review_steps import ReviewSteps

NOT_OF_THE_PLACE = (CONF_NAME, CONF_ANYWAY, CONF_THROUGH)


class GatewaySteps(ReviewSteps):
    """A device behind another one, and its serial number, maker and the like."""

    _title: str

    @property
    @abstractmethod
    def connection_entry(self) -> ConfigEntry:
        """The connection that the device is, or will be, behind."""

    @abstractmethod
    async def async_known(self) -> SubentryFlowResult:
        """Go on: all that is known of the device is said."""

    def gateways(self) -> dict[str, str]:
        """Return the devices that this one may be behind: titles, by keys."""
        own = self._own()
        found = [one for one in members(self.hass) if not own or one.key != own.key]
        return {
            one.key: one.subentry.title
            if one.entry is self.connection_entry
            else f"{one.subentry.title} ({one.entry.title})"
            for one in found
            if own is None or not is_behind(self.hass, one, own)
        }

    def placed(self, user_input: Mapping[str, Any]) -> dict[str, Any] | str:
        """Return a device's place as its data keeps it, or what is wrong with it."""
        placed = {
            key: value
            for key, value in user_input.items()
            if key not in NOT_OF_THE_PLACE
        }
        placed[CONF_BASE] = placed.get(CONF_BASE, "").strip().strip("/")
        if CONF_THROUGH not in user_input:  # there is no other device
            return placed
        key = placed.setdefault(CONF_GATEWAY, "")
        if not user_input[CONF_THROUGH]:
            return placed
        entry = self.connection_entry
        for one in members(self.hass):
            if one.key == key and one.entry is entry:
                known = metadata_of(getattr(self, "_data", {}), self._loaded)
                placed[CONF_BELOW] = placed[CONF_BASE]
                below = expanded(placed[CONF_BELOW], known)
                placed[CONF_BASE] = joined(one.subentry.data[CONF_BASE], below)
                return placed
        return "gateway_elsewhere"

    def shown_place(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the form of a place shows of a device."""
        shown = dict(data)
        own = self._own()
        gateway = own and gateway_of(self.hass, own)
        if own and gateway:
            shown[CONF_GATEWAY] = gateway.key
            below = below_of(own.subentry.data)
            if below is not None and gateway.entry is self.connection_entry:
                shown |= {CONF_THROUGH: True, CONF_BASE: below}
        elif not shown.get(CONF_GATEWAY):
            shown.pop(CONF_GATEWAY, None)
        return shown

    def guessed_place(self) -> dict[str, Any]:
        """Return what a file says of where its device is behind another one."""
        said = self._loaded.metadata
        for one in members(self.hass):
            if said.get(GATEWAY) and said[GATEWAY] in (one.key, one.hardware_id):
                guess: dict[str, Any] = {CONF_GATEWAY: one.key}
                if BELOW in said and one.entry is self.connection_entry:
                    guess |= {CONF_THROUGH: True, CONF_BASE: said[BELOW]}
                return guess
        return {}

    async def async_step_about(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for what is known of the device."""
        problem: ModelError | str | None = None
        if user_input is not None:
            try:
                said = _said(user_input)
            except Unusable as err:
                problem = err.within(self._title)
            else:
                if not self._is_known(said):
                    self._data = {**self._data, CONF_ABOUT: self._own_words(said)}
                    return await self.async_known()
                problem = "already_configured"
        known = metadata_of(self._data, self._loaded)
        others = [f"{key} = {text}" for key, text in known.items() if key not in KNOWN]
        shown = user_input or {**known, CONF_OTHERS: others}
        return self.form("about", ABOUT_FORM, shown, problem)

    def _own_words(self, said: dict[str, str]) -> dict[str, str]:
        """Return what the user says otherwise than the file."""
        of_file = metadata_of({}, self._loaded)
        cleared = dict.fromkeys(of_file.keys() - said.keys(), "")
        others = {key: text for key, text in said.items() if of_file.get(key) != text}
        return others | cleared

    def _is_known(self, said: Mapping[str, str]) -> bool:
        """Whether another device behind the connection has the same hardware id.

        Of several models, one device may have several.
        """
        wanted = said.get(HARDWARE_ID)
        return bool(wanted) and any(
            one.hardware_id == wanted
            and one.key != self._data[CONF_KEY]
            and one.subentry.unique_id == identity_of(one.subentry.data, self._loaded)
            for one in members(self.hass)
            if one.entry is self.connection_entry
        )

    def _own(self) -> Member | None:
        """Return the device that is changed; None if it is new."""
        data: Mapping[str, Any] = getattr(self, "_data", {})
        return next(
            (one for one in members(self.hass) if one.key == data.get(CONF_KEY)), None
        )


def _said(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Return what a form says of a device.

    Raises:
        Unusable: something of it cannot be kept.

    """
    said = {key: text for key, text in user_input.items() if key in KNOWN}
    for line in user_input.get(CONF_OTHERS, ()):
        key, separator, text = line.partition("=")
        if not (separator and key.strip()):
            raise Unusable(CONF_OTHERS, "expected “key = text”")
        said[key.strip()] = text
    return read_metadata(Element(said, ""))
