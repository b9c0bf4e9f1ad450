"""The device file: a model with what is kept apart from it, in one document.

``model`` is an Oracle-style device model; ``binding`` says, by connection, where its
elements are found on the wire; ``overlay`` how they show to the user.
"""

from collections.abc import Callable, Mapping

from ..reading import Element, Remarks, Unusable
from ..values import JsonValue
from . import oracle
from .format import ModelFormat, Source
from .loaded import Loaded

type LoadFrom = Callable[[JsonValue, Source], Loaded]


def device_file(_load_from: LoadFrom) -> ModelFormat:
    """Return the format of device files, whose model may be of any other format."""
    return ModelFormat("device file", 'an object with "model"', recognises, load)


def recognises(document: JsonValue) -> bool:
    """Whether a document is a device file."""
    return isinstance(document, Mapping) and "model" in document


def load(document: JsonValue, source: Source) -> Loaded:
    """Return what a device file says.

    Raises:
        ModelError: the model, or the frame around it, is not usable.

    """
    remarks = Remarks()
    try:
        top = Element.of(document, "")
        model = top.object("model")
        binding = top.object("binding").content
        overlay = top.object("overlay").content
    except Unusable as err:
        raise err.within(source.name) from err
    return Loaded(
        model=oracle.read_model(
            model.content, source=source.name, remarks=remarks, where="model"
        ),
        layouts=binding,
        overlay=overlay,
        remarks=tuple(remarks.all),
        document=document,
    )
