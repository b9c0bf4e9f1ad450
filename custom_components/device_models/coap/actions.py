"""What the actions for raw CoAP do: who may be asked, and what becomes of the answers.

What they start belongs to a config entry, and ends with it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID, CONF_HOST, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.helpers import service
from homeassistant.util.hass_dict import HassKey

from ..const import (
    CONF_ANY_HOST,
    CONF_CONFIRMABLE,
    CONF_OTHER_HOSTS,
    CONF_SYSTEM,
    DOMAIN,
)
from ..exceptions import rewords_errors
from ..iot.connections.coap.access import Address
from ..iot.connections.coap.links import arguments, asking, links_of
from ..iot.connections.coap.multicast import GROUPS, Found, ask_all
from ..iot.connections.coap.pending import Finished, Pending, PendingRequests
from ..iot.connections.coap.raw import (
    DEFAULT_TIMEOUT,
)
from ..iot.connections.coap.transports import prepare, transport_for
from ..iot.connections.coap.uri import (
    Target,
    is_group,
    joined,
    parse_uri,
    same_host,
)
from ..iot.connections.coap.watching import Notification, Watches
from ..iot.errors import (
    DeviceModelsError,
    HostNotAllowedError,
    NotOfferedError,
    RejectedError,
    ValueRefusedError,
)
from ..runtime import EntryRuntime
from ..systems import System
from .fields import (
    ATTR_ACCEPT,
    ATTR_CONFIRMABLE,
    ATTR_DIRECTORY,
    ATTR_FAIL_ON_ERROR,
    ATTR_FILTERS,
    ATTR_INTERFACE,
    ATTR_METHOD,
    ATTR_MULTICAST,
    ATTR_OBSERVATION_ID,
    ATTR_PATH,
    ATTR_REQUEST_ID,
    ATTR_TIMEOUT,
    ATTR_URI,
    request_of,
)
from .security import leads_to, security_of, transport_of

EVENT_REQUEST_COMPLETE: Final = f"{DOMAIN}_request_complete"
EVENT_NOTIFICATION: Final = f"{DOMAIN}_notification"

MAX_EVENT_PAYLOAD: Final = 12 * 1024
"""Bytes. Written twice, as text and in base64, it stays below the 32 kB that Home
Assistant's recorder takes of an event."""

MULTICAST_TIMEOUT: Final = 5.0
"""Seconds; RFC 7252 §8.2: within DEFAULT_LEISURE, 5 s, all have answered."""

MAX_MULTICAST_TIMEOUT: Final = 30.0
"""Seconds."""

MAX_MORE: Final = 16
"""Endpoints that are asked alone because their answers to all do not fit a datagram."""


class CoapActions:
    """The actions, and what they have started."""

    def __init__(self, hass: HomeAssistant) -> None:
        """End everything with Home Assistant at the latest."""
        self._hass = hass
        self._requests = PendingRequests()
        self._watches = Watches()
        self._owners: set[str] = set()
        self._asking_all = asyncio.Lock()  # a network is not to be flooded
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)

    def running(self, owner: str | None = None) -> dict[str, Any]:
        """Return what an entry, or any, has running."""
        return {
            "requests": self._requests.listed(owner),
            "observations": self._watches.listed(owner),
        }

    @rewords_errors
    async def async_request(self, call: ServiceCall) -> ServiceResponse:
        """Send a request; its answer is returned now, or told by an event later."""
        target, owner = self._target(call)
        way = self._way(owner, target)
        await prepare(way.transport)
        request = request_of(call, target, confirmable=_confirmable(owner, target))
        request = replace(request, transport=way.transport, security=way.security)
        if call.data[ATTR_TIMEOUT] == 0:
            pending = self._requests.start(
                self._owned(owner), request, partial(self._tell_end, call)
            )
            return {ATTR_REQUEST_ID: pending.id}
        response = await self._requests.ask(self._owned(owner), request)
        if call.data[ATTR_FAIL_ON_ERROR] and not response.success:
            raise RejectedError(address=target.uri[:200], answer=response.answer)
        answer: dict[str, Any] = response.as_dict()
        return answer

    @rewords_errors
    async def async_cancel(self, call: ServiceCall) -> None:
        """End a request that nobody waits for any more."""
        self._requests.cancel(call.data[ATTR_REQUEST_ID])

    @rewords_errors
    async def async_pending(self, _call: ServiceCall) -> ServiceResponse:
        """Return what is running."""
        return self.running()

    @rewords_errors
    async def async_discover(self, call: ServiceCall) -> ServiceResponse:
        """Return the links of an endpoint, of a directory, or of a whole network."""
        if call.data[ATTR_MULTICAST]:
            return await self._async_ask_all(call, GROUPS, 5683)
        target, owner = self._target(call)
        if is_group(target.host):
            return await self._async_ask_all(call, (target.host,), target.port)
        way = self._way(owner, target)
        await prepare(way.transport)
        request = asking(
            target,
            call.data[ATTR_FILTERS],
            directory=call.data[ATTR_DIRECTORY],
            confirmable=call.data.get(ATTR_CONFIRMABLE, _confirmable(owner, target)),
            timeout=call.data.get(ATTR_TIMEOUT, DEFAULT_TIMEOUT),
        )
        request = replace(request, transport=way.transport, security=way.security)
        response = await self._requests.ask(self._owned(owner), request)
        links: list[Any] = links_of(response, target.address)
        return {"links": links, "endpoints": [target.address], "notes": []}

    @rewords_errors
    async def async_observe(self, call: ServiceCall) -> ServiceResponse:
        """Begin to tell of a resource's notifications by events."""
        target, owner = self._target(call)

        def tell(notification: Notification) -> None:
            self._hass.bus.async_fire(
                EVENT_NOTIFICATION,
                notification.as_dict(MAX_EVENT_PAYLOAD),
                context=call.context,
            )

        way = self._way(owner, target)
        await prepare(way.transport)
        watch = await self._watches.start(
            self._owned(owner),
            target,
            tell,
            accept=call.data.get(ATTR_ACCEPT),
            confirmable=call.data.get(ATTR_CONFIRMABLE, _confirmable(owner, target)),
            transport=way.transport,
            security=way.security,
        )
        return {ATTR_OBSERVATION_ID: watch.id}

    @rewords_errors
    async def async_observe_stop(self, call: ServiceCall) -> None:
        """End an observation."""
        await self._watches.stop(call.data[ATTR_OBSERVATION_ID])

    # Inside

    async def _async_ask_all(
        self, call: ServiceCall, groups: tuple[str, ...], port: int
    ) -> ServiceResponse:
        """Ask groups, then one by one those whose answers do not fit a datagram."""
        owners = [self._allowing(group) for group in groups]  # each must be allowed
        filters = call.data[ATTR_FILTERS]
        seconds = call.data.get(ATTR_TIMEOUT, MULTICAST_TIMEOUT)
        async with self._asking_all:
            found = await ask_all(
                groups,
                arguments(filters),
                port=port,
                interface=call.data.get(ATTR_INTERFACE),
                seconds=min(seconds, MAX_MULTICAST_TIMEOUT),
            )
        await asyncio.gather(
            *(
                self._async_ask_for_more(owners[0], address, filters, found)
                for address in found.more[:MAX_MORE]
            )
        )
        answer: dict[str, Any] = {
            "links": found.links,
            "endpoints": found.endpoints,
            "notes": found.notes,
        }
        return answer

    async def _async_ask_for_more(
        self,
        owner: ConfigEntry,
        address: str,
        filters: Mapping[str, str],
        found: Found,
    ) -> None:
        """Ask an endpoint alone; if it does not answer, that is worth a note."""
        request = asking(parse_uri(address), filters, timeout=DEFAULT_TIMEOUT)
        try:
            response = await self._requests.ask(self._owned(owner), request)
            found.links += links_of(response, address)
        except DeviceModelsError as err:
            found.notes.append(str(err))

    def _target(self, call: ServiceCall) -> tuple[Target, ConfigEntry]:
        """Return what is asked, and the entry that allows it.

        Raises:
            HostNotAllowedError: none does.
            NotOfferedError: it is a device that is not reached over CoAP.
            ValueRefusedError: it is no CoAP URI.

        """
        if ATTR_URI in call.data:
            target = parse_uri(call.data[ATTR_URI])
            return target, self._allowing(target.host, target)
        if ATTR_DEVICE_ID not in call.data:
            problem = "expected a URI, or a device"
            raise ValueRefusedError(name=ATTR_URI, problem=problem)
        device, entry = service.async_get_device_and_config_entry(
            self._hass, DOMAIN, call.data[ATTR_DEVICE_ID]
        )
        if entry.data[CONF_SYSTEM] != System.COAP:
            raise NotOfferedError(operation="CoAP")
        runtime: EntryRuntime = entry.runtime_data
        coordinator = runtime.coordinator_of(device)
        base = "" if coordinator is None else coordinator.device.binding.base
        path = call.data.get(ATTR_PATH, "")
        return parse_uri(joined(runtime.connection.address, base, path)), entry

    def _way(self, entry: ConfigEntry, target: Target) -> Address:
        """Return how an endpoint is reached: if it is that of the entry, as it says."""
        transport, security = transport_for(target.scheme), None
        if leads_to(entry.data, target):
            transport = transport_of(entry.data)
            security = security_of(self._hass, entry.data)
        return Address(target.host, target.port, transport, security)

    def _allowing(self, host: str, target: Target | None = None) -> ConfigEntry:
        """Return the loaded entry that is about a host, or else allows it.

        Of several, the one that is about the very endpoint.

        Raises:
            HostNotAllowedError: none does.

        """
        entries = [
            entry
            for entry in self._hass.config_entries.async_loaded_entries(DOMAIN)
            if entry.data[CONF_SYSTEM] == System.COAP
        ]
        about = [one for one in entries if same_host(one.data[CONF_HOST], host)]
        for entry in about:
            if target is not None and leads_to(entry.data, target):
                return entry
        if about:
            return about[0]
        for entry in entries:
            others = entry.options.get(CONF_OTHER_HOSTS, ())
            if entry.options.get(CONF_ANY_HOST) or any(
                same_host(other, host) for other in others
            ):
                return entry
        raise HostNotAllowedError(host=host)

    def _owned(self, entry: ConfigEntry) -> str:
        """Have what an entry starts end with it; returns the entry's id.

        Raises:
            HostNotAllowedError: it has been unloaded meanwhile.

        """
        if entry.state is not ConfigEntryState.LOADED:
            raise HostNotAllowedError(host=entry.data[CONF_HOST])
        entry_id = entry.entry_id
        if entry_id not in self._owners:
            self._owners.add(entry_id)
            entry.async_on_unload(partial(self._async_end, entry_id))
        return entry_id

    async def _async_end(self, owner: str | None) -> None:
        """End what an entry, or any, has running."""
        if owner is not None:
            self._owners.discard(owner)
        await self._requests.end(owner)
        await self._watches.end(owner)

    async def _async_stop(self, _event: Event) -> None:
        """End everything."""
        await self._async_end(None)

    def _tell_end(self, call: ServiceCall, pending: Pending, end: Finished) -> None:
        """Tell by an event what became of a request."""
        answer = end.response.as_dict(MAX_EVENT_PAYLOAD) if end.response else {}
        self._hass.bus.async_fire(
            EVENT_REQUEST_COMPLETE,
            {
                ATTR_REQUEST_ID: pending.id,
                "outcome": end.outcome.value,
                "error": str(end.error) if end.error else None,
                ATTR_METHOD: pending.request.method_name,
                ATTR_URI: pending.request.target.uri,
                **answer,
            },
            context=call.context,
        )


DATA_COAP: Final[HassKey[CoapActions]] = HassKey(f"{DOMAIN}_coap")


def _confirmable(entry: ConfigEntry, target: Target) -> bool:
    """Return what suits a host: what its own entry says, if it has one."""
    own = same_host(entry.data[CONF_HOST], target.host)
    return bool(entry.data.get(CONF_CONFIRMABLE, True)) if own else True
