"""The resources of a simulated CoAP node that lists them, such as an IPSO node.

Each is where its link leads (RFC 6690); the numbers of objects, instances and resources
are those of LwM2M and IPSO. An instance of an object can be read as a whole, too: a
SenML pack (RFC 8428) of what is in it.
"""

from collections.abc import Iterator, Mapping
import re
from typing import Any, Final, override

from aiocoap import Message, error
from aiocoap.resource import Resource

from custom_components.device_models.iot.formats.ipso.links import Link, parse_links
from custom_components.device_models.iot.model import Attribute, DeviceModel
from custom_components.device_models.iot.values import DataType, JsonValue

from .coap_elements import ActionResource, AttributeResource
from .coap_resources import DeviceResource, Layout, ReadableResource, Setting
from .payloads import Media

RESOURCE: Final = re.compile(r"(.*/|)(\d+/\d+)/(\d+)")
"""The path of a resource of an object."""

SENSOR_UNITS: Final = "5701"
ROOT: Final = "oma.lwm2m"
"""The type of what objects are below (LwM2M Transport 1.2 §6.4.1)."""

LINKED: Final = ("rt", "if", "title", "ct")
"""What a link says of a resource, besides that it is observable."""

SENML_UNITS: Final[Mapping[str, str]] = {"°C": "Cel", "°": "deg", "%": "%", "lx": "lux"}
"""RFC 8428 §12.1, where they are spelled otherwise."""


class ListedResource(AttributeResource):
    """A resource with one value, as its link describes it."""

    def __init__(self, setting: Setting, attribute: Attribute, link: Link) -> None:
        """Note the link."""
        super().__init__(
            setting.device, setting.faults, attribute, max_age=setting.max_age
        )
        self._link = link
        listed = [Media(int(ct)) for ct in link.terms("ct") if _is_known(ct)]
        first = Media.JSON if attribute.type is DataType.OBJECT else Media.TEXT
        self.offered = tuple(listed) or (first, *(
            one for one in self.offered if one is not first
        ))  # fmt: skip
        self.observable = "obs" in link.parameters
        self.ct = " ".join(str(int(media)) for media in self.offered)

    @override
    def get_link_description(self) -> dict[str, str | None]:
        return {"ct": self.ct, **_told(self._link)}


class Execute(ActionResource):
    """A resource that is executed (LwM2M Core 1.2 §6.3.5)."""

    ct = ""

    @override
    def get_link_description(self) -> dict[str, str | None]:
        return {}

    @override
    async def render_post(self, request: Message) -> Message:
        """Do it, whatever the arguments are."""
        return await super().render_post(request.copy(payload=b"", content_format=None))


class OnlyLinked(DeviceResource):
    """What a link is about, and nobody asks for: the path that objects are below."""

    def __init__(self, setting: Setting, link: Link) -> None:
        """Note the link."""
        super().__init__(setting.device, setting.faults)
        self._link = link

    @override
    def get_link_description(self) -> dict[str, str | None]:
        return _told(self._link)


class InstanceResource(ReadableResource):
    """A SenML pack of all that an instance has, which can be written in part."""

    offered = (Media.SENML_JSON, Media.SENML_CBOR)

    def __init__(
        self, setting: Setting, names: Mapping[str, str], base: str, link: Link | None
    ) -> None:
        """Note the numbers of the resources, and the attributes that they are."""
        super().__init__(setting.device, setting.faults, max_age=setting.max_age)
        self._link = link
        self._names = names
        self._base = base
        leaves = setting.device.model.leaves
        self._units = {
            f"{base}{number}": unit
            for number, name in names.items()
            if (unit := leaves[name].unit)
        }
        self.ct = " ".join(str(int(media)) for media in self.offered)

    @override
    def get_link_description(self) -> dict[str, str | None]:
        return {"ct": self.ct, **(_told(self._link) if self._link else {"obs": None})}

    @override
    def concerns(self, names: frozenset[str]) -> bool:
        return not names.isdisjoint(self._names.values())

    @override
    def _read(self) -> JsonValue:
        return {
            f"{self._base}{number}": self._device.read(name)
            for number, name in self._names.items()
            if self._device.model.leaves[name].readable
        }

    async def render_put(self, request: Message) -> Message:
        """Write what the pack has."""
        return self._write(self._values(request))

    @override
    async def render_post(self, request: Message) -> Message:
        """Write what the pack has."""
        return self._write(self._values(request))

    def _values(self, request: Message) -> dict[str, Any]:
        """Return what a request writes.

        Raises:
            BadRequest: it is nothing of this instance.

        """
        body = self._body(request)
        if not isinstance(body, dict):
            raise error.BadRequest("expected named records")
        found: dict[str, Any] = {}
        for full, value in body.items():
            number = str(full).removeprefix(self._base)
            if number not in self._names:
                raise error.BadRequest(f"no resource {number[:40]}")
            found[self._names[number]] = value
        return found


def listing_layout(document: JsonValue) -> Layout:
    """Return the layout of a node that has the links of a listing."""
    links = {
        link.target.strip("/"): link for link in parse_links(_listed(document))
    }  # fmt: skip
    base = _base(document)

    def resources(setting: Setting) -> Iterator[tuple[tuple[str, ...], Resource]]:
        model = setting.device.model
        instances: dict[str, dict[str, str]] = {}
        for attribute in model.attributes:
            path = f"{base}{attribute.name}"
            link = links.get(path, Link(f"/{path}", {"obs": ""}))
            yield setting.path(path), ListedResource(setting, attribute, link)
            if found := RESOURCE.fullmatch(path):
                instance = f"{found[1]}{found[2]}"
                instances.setdefault(instance, {})[found[3]] = attribute.name
        executed = [action.name for action in model.actions]
        for action in model.actions:
            executing = Execute(setting.device, setting.faults, action)
            yield setting.path(f"{base}{action.name}"), executing
        for path, names in instances.items():
            pack = InstanceResource(setting, names, f"/{path}/", links.get(path))
            yield setting.path(path), pack
        known = {*instances, *(f"{base}{name}" for name in (*model.leaves, *executed))}
        for path, link in links.items():
            if ROOT in link.terms("rt") and path not in known:
                yield setting.path(path), OnlyLinked(setting, link)

    return resources


def first_values(model: DeviceModel, document: JsonValue) -> dict[str, object]:
    """Return what a node begins with: what its listing tells, the units of sensors."""
    base = _base(document)
    told = document.get("values") if isinstance(document, Mapping) else None
    first: dict[str, object] = {}
    for name in model.leaves:
        found = RESOURCE.fullmatch(name)
        if found and found[3] == SENSOR_UNITS:
            unit = _unit(model, f"{found[1]}{found[2]}/")
            first |= {name: unit} if unit else {}
    if isinstance(told, Mapping):
        first |= {
            path.strip("/").removeprefix(base): value for path, value in told.items()
        }
    return first


def _unit(model: DeviceModel, instance: str) -> str | None:
    """Return the unit of the sensor of an instance, as SenML spells it."""
    for name, leaf in model.leaves.items():
        if name.startswith(instance) and leaf.unit:
            return SENML_UNITS.get(leaf.unit, leaf.unit)
    return None


def _listed(document: JsonValue) -> str:
    """Return the text with the links."""
    return str(document["links"] if isinstance(document, Mapping) else document)


def _base(document: JsonValue) -> str:
    """Return the path below which the names of a listing are, with a slash."""
    base = document.get("base") if isinstance(document, Mapping) else None
    return f"{base.strip('/')}/" if isinstance(base, str) and base.strip("/") else ""


def _told(link: Link) -> dict[str, str | None]:
    """Return what a link says of a resource."""
    told: dict[str, str | None] = {
        key: value for key in LINKED if (value := link.parameters.get(key))
    }
    return {**told, "obs": None} if "obs" in link.parameters else told


def _is_known(ct: str) -> bool:
    """Whether a content format is one that the simulators speak."""
    return ct.isdecimal() and int(ct) in tuple(Media)
