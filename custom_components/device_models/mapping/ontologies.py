"""What the terms of ontologies and the numbers of objects mean in Home Assistant."""

from collections.abc import Iterable, Iterator, Mapping
import re
from typing import Final

from ..iot.model import Attribute
from ..iot.units.words import words_of
from .meanings import MEASURED, STATES, Classes

TERMS: Final[Mapping[str, Classes]] = {
    **MEASURED,
    "electric current": ("current",),
    "electric potential": ("voltage",),
    "celsius temperature": ("temperature",),
    "thermodynamic temperature": ("temperature",),
    "ambient temperature": ("temperature",),
    "air temperature": ("temperature",),
    "target temperature": ("temperature",),
    "instantaneous power": ("power",),
    "instantaneous power factor": ("power_factor",),
    "electric power": ("power",),
    "electric energy": ("energy",),
    "light": ("illuminance",),
    "time span": ("duration",),
    "data rate": ("data_rate",),
    "data size": ("data_size",),
    "state of charge level": ("battery",),
}
"""What the terms of ontologies mean: SAREF, SOSA with QUDT's quantity kinds, OM,
iotschema, DTDL's co-types, WebThings. Their words are those of names, and more."""

IPSO: Final[Mapping[str, Classes]] = {
    "3/7": ("voltage",),
    "3/8": ("current",),
    "3/9": ("battery",),
    "3/10": ("data_size",),
    "3/21": ("data_size",),
    "4/2": ("signal_strength",),
    "3301": ("illuminance",),
    "3302": ("occupancy",),
    "3303": ("temperature",),
    "3304": ("humidity",),
    "3305/5800": ("power",),
    "3305/5805": ("energy",),
    "3305/5810": ("reactive_power",),
    "3305/5815": ("reactive_energy",),
    "3305/5820": ("power_factor",),
    "3311/5805": ("energy",),
    "3311/5820": ("power_factor",),
    "3312/5805": ("energy",),
    "3312/5820": ("power_factor",),
    "3315": ("atmospheric_pressure",),
    "3316": ("voltage",),
    "3317": ("current",),
    "3318": ("frequency",),
    "3319": ("distance",),
    "3321": ("distance",),
    "3322": ("weight",),
    "3323": ("pressure",),
    "3324": ("sound_pressure",),
    "3326": ("ph",),
    "3327": ("conductivity",),
    "3328": ("power",),
    "3329": ("power_factor",),
    "3330": ("distance",),
    "3331": ("energy",),
}
"""IPSO and LwM2M objects, or one resource of an object (OMA registry)."""

IPSO_MEASURED: Final = frozenset(
    {"", "5700", "5601", "5602", "5603", "5604", "5500", "5900"}
)
"""The resources that have the quantity of their object."""

RESOURCE_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "temperature-c": ("temperature", "°C"),
    "temperature-f": ("temperature", "°F"),
    "light-lux": ("illuminance", "lx"),
    "oic.r.temperature": ("temperature", ""),
    "oic.r.humidity": ("humidity", ""),
    "oic.r.energy.battery": ("battery", ""),
    "oic.r.energy.consumption": ("power", ""),
    "oic.r.sensor.atmosphericpressure": ("atmospheric_pressure", ""),
    "oic.r.sensor.illuminance": ("illuminance", ""),
    "oic.r.sensor.carbondioxide": ("carbon_dioxide", ""),
    "oic.r.sensor.carbonmonoxide": ("carbon_monoxide", ""),
    "oic.r.sensor.contact": ("opening", ""),
    "oic.r.sensor.motion": ("motion", ""),
    "oic.r.sensor.presence": ("presence", ""),
    "oic.r.sensor.smoke": ("smoke", ""),
    "oic.r.sensor.water": ("moisture", ""),
    "oic.r.sensor.touch": ("", ""),
    "oic.r.switch.binary": ("", ""),
}
"""``rt`` of CoRE links, as in RFC 6690 and OCF's resource types: device class and unit,
where the type says that one, too."""

NAMESPACES: Final = (
    "dtmi:standard:class:",
    "http://qudt.org/vocab/quantitykind/",
    "https://qudt.org/vocab/quantitykind/",
    "http://www.ontology-of-units-of-measure.org/resource/om-2/",
    "http://iotschema.org/",
    "https://iotschema.org/",
    "https://saref.etsi.org/",
    "https://w3id.org/saref#",
    "http://www.w3.org/ns/sosa/",
    "https://webthings.io/schemas",
    "https://iot.mozilla.org/schemas",
)
"""How the IRIs of known ontologies begin; the last part is the term."""

PREFIXES: Final = re.compile(
    r"(?:saref|s4[a-z]{2,6}|sosa|ssn|quantitykind|qk|qudt|om2?|iot|iotschema|webthings"
    r"|schema|dtdl):"
)
"""The usual prefixes of known ontologies."""

TAILS: Final = frozenset(
    {
        "concentration", "data", "measurement", "property", "sensing", "sensor",
        "state", "value",
    }
)  # fmt: skip
"""Words at the end of a term that do not change what is measured."""

_IPSO_TERM: Final = re.compile(
    r"(?:ipso:|urn:oma:lwm2m:(?:oma|ext|x):)(\d+)(?:/(\d+))?"
)


def by_terms(attribute: Attribute) -> Iterator[tuple[str, str]]:
    """Yield what the semantic types of an attribute say, each with the reason."""
    terms = attribute.semantic_types
    for term in terms:
        for device_class in _of_term(term, measured=attribute.type.is_numeric):
            yield device_class, f"semantic type {term}"
    if ipso := ipso_resource(attribute):
        number, resource = ipso
        classes = IPSO.get(f"{number}/{resource}")
        if classes is None and resource in IPSO_MEASURED:
            classes = IPSO.get(number)
        for device_class in classes or ():
            yield device_class, f"object {number} of IPSO"
    for term in terms:
        if row := RESOURCE_TYPES.get(term.removeprefix("rt:")):
            yield row[0], f"resource type {term}"


def term_words(term: str) -> str:
    """Return the words of the last part of a term: ``saref:OnOffState`` is *on off*.

    Words at the end that say nothing of the meaning are left out.
    """
    words = list(words_of(re.split(r"[/#:]", term.partition(";")[0])[-1]))
    while len(words) > 1 and words[-1] in TAILS:
        words.pop()
    return " ".join(words)


def ipso_resource(attribute: Attribute) -> tuple[str, str] | None:
    """Return object and resource of an attribute, as numbers; None if it has none."""
    return ipso_numbers(attribute.semantic_types)


def ipso_numbers(terms: Iterable[str]) -> tuple[str, str] | None:
    """Return object and resource that terms name first; None if they name none."""
    for term in terms:
        if match := _IPSO_TERM.fullmatch(term):
            return match[1], match[2] or ""
    return None


def unit_of_terms(attribute: Attribute) -> tuple[str, str]:
    """Return the unit that a resource type says, and the type; empty if none does."""
    for term in attribute.semantic_types:
        if (row := RESOURCE_TYPES.get(term.removeprefix("rt:"))) and row[1]:
            return row[1], term
    return "", ""


def is_temperature(attribute: Attribute) -> bool:
    """Whether names or terms say that a temperature is measured."""
    said = (attribute.name, attribute.title, *attribute.semantic_types)
    words = {word for text in said for word in words_of(text)}
    ipso = ipso_resource(attribute)
    return bool(words & {"temperature", "temp"}) or (ipso or ("",))[0] == "3303"


def _of_term(term: str, *, measured: bool) -> Classes:
    """Return what a term of an ontology means; an empty class if certainly none."""
    prefix = PREFIXES.match(term)
    local = term[prefix.end() :] if prefix else term
    for start in NAMESPACES:
        if term.startswith(start):
            local = re.split(r"[/#:]", term.partition(";")[0])[-1]
    if ":" in local or "/" in local:
        return ()
    words = list(words_of(local))
    while words:
        phrase = " ".join(words)
        if measured and phrase in TERMS:
            return TERMS[phrase] or ("",)
        if not measured and phrase in STATES:
            return (STATES[phrase],)
        if words.pop() not in TAILS:
            break
    return ()
