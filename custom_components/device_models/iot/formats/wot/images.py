"""Properties that are images: nothing but an image is what they are read as."""

from collections.abc import Callable
from dataclasses import replace

from ...media_types import bare_media_type
from ...model import Attribute
from ...reading import Element
from ...values import DataType
from ..typed import read_texts
from .forms import READING, STREAM, Form, Forms
from .reading import Reading, types_of, unsupported
from .typed import check_name


def of_an_image(forms: Forms, reading: Reading) -> Forms | None:
    """Return the forms of a property that is an image; None if it is a value.

    They are those that read it, and those that tell when it changes, whatever they
    tell.
    """
    if any(map(_gives_a_value, forms.usable)) or not any(map(_is_read, forms.usable)):
        return None
    return _only(
        forms,
        lambda form: bool(READING & form.operations),
        "an image is not written",
        reading,
    )


def of_a_value(forms: Forms, element: Element, reading: Reading) -> Forms:
    """Return the forms of a property that are no images.

    Raises:
        Unsupported: there are none.

    """
    if forms.usable and all(form.content for form in forms.usable):
        unsupported(element, "no form can be used: nobody can ask for the image")
    return _only(
        forms,
        lambda form: not form.content,
        "an image is read only where there is no value",
        reading,
    )


def read_image(
    name: str, element: Element, forms: Forms, reading: Reading
) -> Attribute:
    """Return a property that is an image; whatever its schema says, it has no value.

    Raises:
        Unusable: it is not valid.

    """
    check_name(name, element)
    observable = element.flag("observable", default=False)
    return Attribute(
        name=name,
        type=DataType.URI,
        description=reading.words(element, "description", "descriptions"),
        title=reading.words(element, "title", "titles"),
        titles=read_texts(element, "titles"),
        readable=False,
        observable=observable or "observeproperty" in forms.operations,
        semantic_types=types_of(element),
        media_type=next(filter(None, (form.content for form in forms.usable))),
        source=element.content,
    )


def _is_read(form: Form) -> bool:
    """Whether a form answers with an image."""
    return bool(form.content) and "readproperty" in form.operations


def _gives_a_value(form: Form) -> bool:
    """Whether a form answers with a value, or tells it: not just that there is one."""
    if form.content or "readproperty" in form.operations:
        return not form.content
    tells = "observeproperty" in form.operations and not form.subprotocol
    return tells and bare_media_type(form.element.text("contentType")) != STREAM


def _only(
    forms: Forms, keep: Callable[[Form], bool], problem: str, reading: Reading
) -> Forms:
    """Return those forms that are kept; of the others, there is a remark."""
    for form in forms.usable:
        if not keep(form):
            where = (
                form.element.at("contentType") if form.content else form.element.where
            )
            reading.remarks.add(where, f"the form is not used: {problem}")
    return replace(forms, usable=tuple(filter(keep, forms.usable)))
