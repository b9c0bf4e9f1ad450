"""The device file: a model with what is kept apart from it, in one document.

``model`` is an Oracle-style device model; ``binding`` says, by connection, where its
elements are found on the wire; ``overlay`` how they show to the user.
"""

from collections.abc import Mapping

from ..reading import Element, Remarks, Unusable
from ..values import JsonValue
from . import oracle
from .loaded import Loaded


def recognises(document: Mapping[str, JsonValue]) -> bool:
    """Whether a document is a device file."""
    return "model" in document


def load(document: Mapping[str, JsonValue], source: str) -> Loaded:
    """Return what a device file says.

    Raises:
        ModelError: the model, or the frame around it, is not usable.

    """
    remarks = Remarks()
    top = Element(document, "")
    try:
        model = top.object("model")
        binding = top.object("binding").content
        overlay = top.object("overlay").content
    except Unusable as err:
        raise err.within(source) from err
    return Loaded(
        model=oracle.read_model(
            model.content, source=source, remarks=remarks, where="model"
        ),
        layouts=binding,
        overlay=overlay,
        remarks=tuple(remarks.all),
        document=document,
    )
