"""What a model file says, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..alert_rules import AlertRules
from ..delivery import Delivery
from ..metadata import Metadata
from ..model import DeviceModel
from ..reading import Remark
from ..values import JsonValue


@dataclass(frozen=True, slots=True)
class Security:
    """How a device wants to be authorised, as its model says; never the secret."""

    scheme: str
    """``basic``, ``digest``, ``bearer``, ``apikey``, ``psk``, ``oauth2`` …"""
    where: str = ""
    """Where the secret goes: ``header``, ``query``, ``cookie``, ``body`` …"""
    name: str = ""
    """Of the header, of the query parameter …"""
    token: str = ""
    """The address at which ``oauth2`` gets its tokens."""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model, what the file knows beside it, and what was left out."""

    model: DeviceModel
    layouts: Mapping[str, JsonValue] = field(default_factory=dict)
    """By the name of the connection, where the elements are on the wire."""
    overlay: Mapping[str, JsonValue] = field(default_factory=dict)
    alerts: AlertRules = field(default_factory=AlertRules)
    """How alerts are treated, as far as their formats do not say it."""
    delivery: Delivery = field(default_factory=Delivery)
    """How commands get to the device."""
    security: tuple[Security, ...] = ()
    metadata: Metadata = field(default_factory=dict)
    """What it says of this one device: serial number, gateway …"""
    remarks: tuple[Remark, ...] = ()
    document: JsonValue = None
    """The file itself. What it refers to is in it, so that it can be read again
    without the other files."""
    format: str = ""
    sign: str = ""
    """The format, and what it was recognised by."""
    tried: tuple[str, ...] = ()
    """The formats that did not know the file, in the order in which they were tried."""
