"""Reading a Thing: a Thing Description, or a Thing Model (§5.3.1.1, §10)."""

from collections.abc import Iterator, Mapping
from typing import Final

from ...metadata import (
    HARDWARE_VERSION,
    MAX_TEXT,
    MODEL_NUMBER,
    SERIAL_NUMBER,
    SOFTWARE_VERSION,
)
from ...model import DeviceModel
from ...reading import Element, Remarks, Unusable
from ...values import JsonValue
from ..format import Source
from ..loaded import Loaded
from ..parsing import checked
from ..typed import MAX_ELEMENTS
from ..urns import fingerprint, slug
from . import thing_model
from .affordances import read_actions, read_events, read_properties
from .forms import Forms, Frame, check_security, read_forms, variables_of
from .interactions import Interactions
from .layouts import layouts_of
from .reading import Reading, as_object, texts_of, types_of
from .security import DEFINITIONS, read_definitions, security_of, without_secrets

CONTEXTS: Final = (
    "https://www.w3.org/2022/wot/td/v1.1",
    "https://www.w3.org/2019/wot/td/v1",
    "https://www.w3.org/2022/wot/td",
    "https://www.w3.org/2019/wot/td",
    "https://www.w3.org/ns/td",
    "http://www.w3.org/ns/td",
)
"""What the contexts of versions 1.1 and 1.0, and of their drafts, begin with."""

THING: Final = frozenset({"Thing", "td:Thing"})

KINDS: Final = ("properties", "actions", "events")

METADATA: Final[Mapping[str, tuple[str, ...]]] = {
    SERIAL_NUMBER: ("serialNumber",),
    MODEL_NUMBER: ("mpn", "modelNumber"),
    HARDWARE_VERSION: ("hardwareVersion", "hardwareRevision"),
    SOFTWARE_VERSION: ("softwareVersion", "firmwareVersion"),
}
"""What is told of a device, by the terms that Things say it with."""

MANUFACTURER: Final = ("schema:manufacturer", "sdo:manufacturer", "manufacturer")
NAMES: Final = ("schema:name", "sdo:name", "name", "title")
"""Terms of schema.org, which many files take these two from."""

UNUSED: Final = {
    "readmultipleproperties": (
        "readallproperties",
        "how it is told which ones are wanted is not specified",
    ),
    "writeallproperties": (
        "writemultipleproperties",
        "it would write over what others have changed meanwhile",
    ),
}
"""Operations of a Thing that are not used, those that are used instead, and why."""


def is_thing_model(document: JsonValue) -> bool:
    """Whether a document is a Thing Model."""
    return isinstance(document, Mapping) and thing_model.is_thing_model(document)


def is_thing(document: JsonValue) -> bool:
    """Whether a document is a Thing Description, a valid one or not.

    One without its context is, too: so the user is told what is missing, and does not
    get a model of something else.
    """
    if not isinstance(document, Mapping):
        return False
    if any(uri.startswith(CONTEXTS) for uri in _contexts(document)):
        return True
    kinds = [document[kind] for kind in KINDS if kind in document]
    if all(map(_has_objects, kinds)) and (len(kinds) > 1 or DEFINITIONS in document):
        return True
    spelled = document.get("@type")
    types = spelled if isinstance(spelled, list) else [spelled]
    is_called = any(isinstance(one, str) and one in THING for one in types)
    return is_called and any(kind in document for kind in KINDS)


def _has_objects(value: JsonValue) -> bool:
    """Whether a value is an object in which all values are objects."""
    return isinstance(value, Mapping) and all(
        isinstance(inner, Mapping) for inner in value.values()
    )


def _contexts(document: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield the contexts that are named; not the objects of prefixes."""
    spelled = document.get("@context")
    for one in spelled if isinstance(spelled, list) else [spelled]:
        if isinstance(one, str):
            yield one


def load(document: JsonValue, source: Source) -> Loaded:
    """Read a Thing Description or a Thing Model.

    Raises:
        ModelError: it is not valid, or has nothing in it that can be used.

    """
    remarks = Remarks()
    try:
        top = Element.of(document, "")
        is_model = is_thing_model(document)
        if is_model:
            whole = checked(thing_model.resolved(top.content, source, remarks))
            top = Element.of(whole, "")
        top = Element(without_secrets(top, remarks), "")
        return _thing(top, Reading(is_model, _language(top), remarks))
    except Unusable as err:
        # A Thing may have names and texts of any length.
        short = Unusable(err.where[-120:], err.problem[:120])
        raise short.within(source.name) from err


def _note_unused(together: Forms, reading: Reading) -> None:
    """Remark on what a Thing offers that is not used, unless it has what is."""
    for operation, (instead, reason) in UNUSED.items():
        offering = [one for one in together.usable if operation in one.operations]
        if offering and instead not in together.operations:
            where, message = offering[0].element.at("op"), f"{operation} is not used"
            reading.remarks.add(where, f"{message}: {reason}; {instead} would be")


def _thing(top: Element, reading: Reading) -> Loaded:
    """Return what a Thing says.

    Raises:
        Unusable: it is not valid.

    """
    if not any(uri.startswith(CONTEXTS) for uri in _contexts(top.content)):
        if not reading.model:
            top.refuse(f"expected {CONTEXTS[0]} among the contexts", "@context")
        reading.remarks.add("@context", f"expected {CONTEXTS[0]} among the contexts")
    title = reading.words(top, "title", "titles")
    if not reading.model:
        title = top.required_text("title")
    types_of(top)
    _check_links(top)
    definitions = read_definitions(top, reading)
    names = check_security(top, definitions.keys())
    if not (names or reading.model):
        top.refuse("expected the name of a security definition", "security")
    frame = Frame(top.text("base"), definitions, variables_of(top))
    thing = Interactions(
        attributes=read_properties(top, frame, reading),
        actions=read_actions(top, frame, reading),
        formats=read_events(top, frame, reading),
        together=read_forms(top, "", frame, reading) or Forms(),
    )
    _note_unused(thing.together, reading)
    of_forms = [
        name for form in thing.forms for name in texts_of(form.element, "security")
    ]
    return Loaded(
        model=_model(top, title, thing, reading),
        layouts=layouts_of(thing, definitions, reading),
        security=security_of([*names, *of_forms], definitions),
        metadata=_metadata(top),
        # A form may be looked at more than once.
        remarks=tuple(dict.fromkeys(reading.remarks.all)),
        document=top.content,
    )


def _model(
    top: Element, title: str, thing: Interactions, reading: Reading
) -> DeviceModel:
    """Return the device model of a Thing.

    Raises:
        Unusable: there is nothing in it that can be used.

    """
    if not (thing.attributes or thing.actions or thing.formats):
        problem = "expected at least one usable property, action or event"
        if reading.remarks.all:
            problem += f" ({reading.remarks.all[0]})"
        top.refuse(problem)
    names = [name for kind in KINDS for name in top.object(kind).content]
    named = slug(title) or fingerprint(names)
    version = top.content.get("version")
    versions = Element(as_object(version), "version")
    spelled = version if isinstance(version, str) else ""
    return DeviceModel(
        urn=top.text("id").strip() or f"urn:wot:{named}",
        name=title.strip() or "Thing",
        description=reading.words(top, "description", "descriptions"),
        version=versions.text("model") or versions.text("instance") or spelled,
        manufacturer=_manufacturer(top),
        attributes=tuple(one.element for one in thing.attributes),
        actions=tuple(one.element for one in thing.actions),
        formats=tuple(one.element for one in thing.formats),
        semantic_types=types_of(top),
        source=top.content,
    )


def _manufacturer(top: Element) -> str:
    """Return who makes the Thing: a text, or an object with a name."""
    for key in MANUFACTURER:
        value = top.content.get(key)
        for name in (value, *(as_object(value).get(term) for term in NAMES)):
            if isinstance(name, str) and name.strip():
                return name.strip()
    return ""


def _metadata(top: Element) -> dict[str, str]:
    """Return what the description says of this one Thing, in the words of schema.org.

    What is no short text is left out: it is not what the model is about.
    """
    found: dict[str, str] = {}
    for key, terms in METADATA.items():
        for vocabulary in ("schema:", "sdo:", ""):
            for term in terms:
                value = top.content.get(f"{vocabulary}{term}")
                if isinstance(value, str) and 0 < len(value.strip()) <= MAX_TEXT:
                    found.setdefault(key, value.strip())
    return found


def _language(top: Element) -> str:
    """Return the default language: ``@language`` of the context (§6.3.2)."""
    spelled = top.content.get("@context")
    language = ""
    for one in spelled if isinstance(spelled, list) else [spelled]:
        said = as_object(one).get("@language")
        language = said if isinstance(said, str) else language
    return language


def _check_links(top: Element) -> None:
    """See whether the links are valid: each leads somewhere (§5.3.4.1)."""
    for where, value in top.items("links", limit=MAX_ELEMENTS):
        Element.of(value, where).required_text("href")
