"""How a device that describes itself is simulated, by the format of its description."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from custom_components.device_models.iot.formats import Loaded
from custom_components.device_models.iot.formats.homie import FORMAT as HOMIE
from custom_components.device_models.iot.formats.ipso import LISTING
from custom_components.device_models.iot.formats.wot import (
    THING_DESCRIPTION,
    THING_MODEL,
)

from .announcing import ENDPOINT, THINGS, Service
from .behaviour import ALERTS_EVERY, SimulatedDevice
from .coap_elements import default_layout
from .coap_listing import first_values as of_listing, listing_layout
from .coap_resources import Layout
from .coap_thing import thing_layout
from .homie import HomieTopics, first_values as of_homie, topic_of as homie_topic
from .http_default import DefaultLayout
from .http_layout import MakeLayout
from .http_thing import of_thing
from .mqtt_thing import ThingTopics
from .mqtt_topics import MakeTopics
from .thing import COAP, Thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is particular to devices that describe themselves in one way.

    Over a protocol that it says nothing of, a device has the default layout.
    """

    coap: Callable[[Loaded], Layout] | None = None
    mqtt: MakeTopics | None = None
    http: Callable[[Loaded], MakeLayout] | None = None
    base: Callable[[Loaded], str] | None = None
    """Returns the topic that the device is at, unless it is told another one."""
    first: Callable[[Loaded], Mapping[str, object]] | None = None
    """Returns the values that the device begins with."""
    service: Service = ENDPOINT
    """What it is announced as, behind CoAP."""
    iso_times: bool = True
    answers: bool = True


DEFAULT: Final = Description(iso_times=False, answers=False)

THING: Final = Description(
    coap=lambda loaded: thing_layout(Thing(loaded.model.source, loaded.model, COAP)),
    mqtt=ThingTopics,
    http=lambda loaded: of_thing(loaded.model),
    service=THINGS["coap"],
)

DESCRIPTIONS: Final[Mapping[str, Description]] = {
    THING_DESCRIPTION.name: THING,
    THING_MODEL.name: THING,
    LISTING.name: Description(
        coap=lambda loaded: listing_layout(loaded.document),
        first=lambda loaded: of_listing(loaded.model, loaded.document),
        iso_times=False,
    ),
    HOMIE.name: Description(
        mqtt=HomieTopics,
        base=lambda loaded: homie_topic(loaded.model),
        first=lambda loaded: of_homie(loaded.model.source),
    ),
}
"""By the format of the file."""


def description_of(loaded: Loaded) -> Description:
    """Return what is particular to the device of a file."""
    return DESCRIPTIONS.get(loaded.format, DEFAULT)


def simulated(
    loaded: Loaded, *, seed: int = 0, alerts_every: float = ALERTS_EVERY
) -> SimulatedDevice:
    """Return a device of a file."""
    description = description_of(loaded)
    return SimulatedDevice(
        loaded.model,
        seed=seed,
        alerts_every=alerts_every,
        iso_times=description.iso_times,
        answers=description.answers,
        first=description.first(loaded) if description.first else {},
    )


def coap_layout(loaded: Loaded) -> Layout:
    """Return the resources that the device of a file has behind CoAP."""
    make = description_of(loaded).coap
    return make(loaded) if make else default_layout


def http_layout(loaded: Loaded) -> MakeLayout:
    """Return the resources that the device of a file has behind HTTP."""
    make = description_of(loaded).http
    return make(loaded) if make else DefaultLayout
