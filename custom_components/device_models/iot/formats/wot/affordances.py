"""Properties, actions and events of a Thing (Thing Description 1.1 §5.3.1)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...model import Action, Argument, Attribute, Format, FormatType
from ...reading import Element
from ..typed import MAX_ELEMENTS, read_texts
from .forms import READING, Forms, Frame, read_forms, variables_of
from .images import of_a_value, of_an_image, read_image
from .interactions import Affordance
from .reading import Reading, Unsupported, unsupported
from .schema import read_arguments, read_attribute, read_fields, schema_at
from .typed import check_name, is_object, read_typed


def read_properties(
    top: Element, frame: Frame, reading: Reading
) -> tuple[Affordance[Attribute], ...]:
    """Return the properties as attributes.

    Raises:
        Unusable: one of them is not valid.

    """
    taken: set[str] = set()

    def read(name: str, element: Element) -> Affordance[Attribute]:
        forms = read_forms(element, "properties", frame, reading)
        if forms is not None:
            if images := of_an_image(forms, reading):
                if name in taken:
                    unsupported(element, f"the name {name[:80]!r} is there already")
                taken.add(name)
                return Affordance(read_image(name, element, images, reading), images)
            forms = of_a_value(forms, element, reading)
        attribute = read_attribute(name, element, reading)
        operations = forms.operations if forms else frozenset()
        observable = element.flag("observable", default=False)
        attribute = replace(
            attribute, observable=observable or "observeproperty" in operations
        )
        if forms is not None:
            attribute = _within(attribute, operations)
        if not any(leaf.readable or leaf.writable for _, leaf in attribute.leaves()):
            unsupported(element, "nothing reads or writes it", "forms")
        names = {name, *(leaf.name for _path, leaf in attribute.leaves())}
        if twice := names & taken:
            unsupported(element, f"the name {min(twice)[:80]!r} is there already")
        taken.update(names)
        return Affordance(attribute, forms)

    return _each(top, "properties", read, reading)


def _within(attribute: Attribute, operations: frozenset[str]) -> Attribute:
    """Return a property that can do no more than its forms can."""
    writes = "writeproperty" in operations
    return replace(
        attribute,
        readable=attribute.readable and bool(READING & operations),
        writable=attribute.writable and writes,
        members=tuple(
            _within(member, operations | READING) for member in attribute.members
        ),
    )


def read_actions(
    top: Element, frame: Frame, reading: Reading
) -> tuple[Affordance[Action], ...]:
    """Return the actions.

    Raises:
        Unusable: one of them is not valid.

    """

    def read(name: str, element: Element) -> Affordance[Action]:
        check_name(name, element)
        forms = read_forms(element, "actions", frame, reading)
        for key in ("safe", "synchronous"):
            element.flag(key, default=False)
        given = schema_at(element, "input")
        answer = schema_at(element, "output")
        arguments = (
            *_in_urls(element, forms, reading),
            *(read_arguments(given, reading) if given else ()),
        )
        if len({argument.name for argument in arguments}) < len(arguments):
            unsupported(element, "a variable is called as an input is", "uriVariables")
        action = Action(
            name=name,
            description=reading.words(element, "description", "descriptions"),
            title=reading.words(element, "title", "titles"),
            titles=read_texts(element, "titles"),
            arguments=arguments,
            results=read_fields(answer, reading) if answer else (),
            idempotent=element.flag("idempotent", default=False),
            source=element.content,
        )
        bare = given is not None and not is_object(given)
        return Affordance(action, forms, bare)

    return _each(top, "actions", read, reading)


def _in_urls(
    element: Element, forms: Forms | None, reading: Reading
) -> Iterator[Argument]:
    """Yield the variables without a value of the URLs that an action is called at.

    Raises:
        Unsupported: we have no such values.

    """
    variables = variables_of(element)
    usable = forms.usable if forms else ()
    places = [form.place for form in usable if "invokeaction" in form.operations]
    for name in sorted(frozenset().union(*(place.open for place in places))):
        # In a query, what has no value is left out.
        optional = all(
            f"{{{name}}}" not in place.path.partition("?")[0] for place in places
        )
        schema = variables.get(name)
        if schema is None:
            unsupported(element, f"nothing is said of {name[:40]!r}", "uriVariables")
        yield Argument(**read_typed(name, schema, reading), optional=optional)


def read_events(
    top: Element, frame: Frame, reading: Reading
) -> tuple[Affordance[Format], ...]:
    """Return the events as formats of alerts.

    Raises:
        Unusable: one of them is not valid.

    """

    def read(name: str, element: Element) -> Affordance[Format]:
        check_name(name, element)
        forms = read_forms(element, "events", frame, reading)
        data = schema_at(element, "data")
        if schema_at(element, "subscription"):
            where = element.at("subscription")
            reading.remarks.add(where, "nothing is sent with a subscription")
        if schema_at(element, "cancellation"):
            where = element.at("cancellation")
            reading.remarks.add(where, "nothing is sent to end a subscription")
        shape = Format(
            name=name,
            description=reading.words(element, "description", "descriptions"),
            title=reading.words(element, "title", "titles"),
            titles=read_texts(element, "titles"),
            type=FormatType.ALERT,
            fields=read_fields(data, reading) if data else (),
            source=element.content,
        )
        return Affordance(shape, forms)

    return _each(top, "events", read, reading)


def _each[T: (Attribute, Action, Format)](
    top: Element,
    kind: str,
    read: Callable[[str, Element], Affordance[T]],
    reading: Reading,
) -> tuple[Affordance[T], ...]:
    """Return the affordances of a kind; those of no use become remarks."""
    listed = top.object(kind)
    if len(listed.content) > MAX_ELEMENTS:
        top.refuse(f"expected at most {MAX_ELEMENTS} elements", kind)
    usable: list[Affordance[T]] = []
    for name in listed.content:
        try:
            usable.append(read(name, listed.object(name)))
        except Unsupported as err:
            reading.remarks.add(err.where, err.problem)
    return tuple(usable)
