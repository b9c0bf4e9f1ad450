"""Documents counted together: averages, extremes, by groups (protocol sheet §6).

Each document counts once: an average is one of what was said, not of the time for
which it held.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from ..errors import QueryError
from ..values import EPOCH, MILLISECOND
from .documents import Document, Getter, getter, milliseconds
from .evaluating import Holds, Moment, holding
from .expression import Expression
from .finding import held, parsed, rank
from .selectors import (
    COUNT,
    FOLDS,
    PERIODS,
    Selector,
    Sorting,
    group_of,
    output_of,
    sorting_of,
)
from .terms import Path

MAX_SELECTORS: Final = 50
"""Of each kind in one request."""

MAX_ROWS: Final = 1_000
MAX_LISTED: Final = 10_000
"""Values of ``$all`` or ``$unique`` in one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What is wanted of documents together."""

    output: tuple[Selector, ...]
    groups: tuple[Selector, ...] = ()
    filter: Expression | None = None
    rules: Mapping[str, Expression] = field(default_factory=dict)
    """By a name that is then a field: 1 where the rule holds, else 0."""
    sorts: tuple[Sorting, ...] = ()
    zone: tzinfo = UTC
    """In which years, hours and the like are told."""

    @classmethod
    def of(
        cls,
        output: Sequence[str],
        *,
        group_by: Sequence[str] = (),
        filter: str | Expression = "",  # noqa: A002  (the platform's name)
        rules: Mapping[str, str | Expression] | None = None,
        sorts: Sequence[str] = (),
        zone: tzinfo = UTC,
    ) -> Aggregate:
        """Return what the parameters of a request ask for.

        Raises:
            FilterError: the filter, or a rule, is none.
            QueryError: another parameter is not usable.

        """
        if not output:
            raise QueryError(name="output", problem="expected at least one selector")
        given = {"output": output, "groupBy": group_by, "rules": rules or {},
                 "sorts": sorts}  # fmt: skip
        for name, listed in given.items():
            if len(listed) > MAX_SELECTORS:
                raise QueryError(name=name, problem=f"expected at most {MAX_SELECTORS}")
        groups = tuple(map(group_of, group_by))
        expressions = {}
        for name, rule in (rules or {}).items():
            expression = parsed(rule)
            if expression is None:
                raise QueryError(name=f"rules.{name}"[:40], problem="expected a filter")
            expressions[name] = expression
        return cls(
            output=tuple(map(output_of, output)),
            groups=groups,
            filter=parsed(filter),
            rules=expressions,
            sorts=tuple(sorting_of(one, groups) for one in sorts),
            zone=zone,
        )


type Row = dict[str, object]


class _Group:
    """The documents that belong together, and what is made of them."""

    def __init__(self, keys: tuple[object, ...]) -> None:
        """Take what they have in common."""
        self.keys = keys
        self.documents: list[Document] = []

    def value(self, selector: Selector, fields: _Fields) -> object:
        """Return what is wanted of the group.

        Raises:
            QueryError: it would be too much.

        """
        if selector.name == COUNT:
            return len(self.documents)
        get = fields.getter(selector.path)
        values = [one for one in map(get, self.documents) if one is not None]
        if selector.name in FOLDS:
            numbers = [
                int(one) if isinstance(one, bool) else one
                for one in values
                if isinstance(one, int | float)
            ]
            try:
                return FOLDS[selector.name](numbers)
            except OverflowError:  # beyond what a number can be
                return None
        if selector.name == "$unique":
            values = list({(type(one), _key(one)): one for one in values}.values())
        if len(values) > MAX_LISTED:
            problem = f"{selector.text} would be more than {MAX_LISTED} values"
            raise QueryError(name="output", problem=problem)
        return values


class _Fields:
    """Finds fields in documents: rules, by their names, before members."""

    def __init__(self, aggregate: Aggregate, moment: Moment) -> None:
        """Take the rules."""
        self._rules: dict[str, Holds] = {
            name: holding(rule, moment) for name, rule in aggregate.rules.items()
        }
        self._zone = aggregate.zone

    def getter(self, path: Path) -> Getter:
        """Return what finds a field."""
        rule = self._rules.get(".".join(path.parts))
        if rule is not None:
            return lambda document: int(rule(document))
        return getter(path)

    def key(self, group: Selector) -> Getter:
        """Return what tells to which group a document belongs."""
        get = self.getter(group.path)
        period = PERIODS.get(group.name)
        if period is None:
            return get

        def part(document: Document) -> object:
            since = milliseconds(get(document))
            if since is None:
                return None
            try:
                at = EPOCH + since * MILLISECOND
                return period(at.astimezone(self._zone))
            except OverflowError, ValueError:
                return None

        return part


def _key(value: object) -> object:
    """Return what tells a value from others, also of a list or a mapping."""
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def aggregate(
    documents: Iterable[Document], wanted: Aggregate, moment: Moment
) -> list[Row]:
    """Return a row for each group, in the order in which they began.

    Without groups there is one, of all documents.

    Raises:
        NotOfferedError: a filter asks for what is not known here.
        QueryError: it takes too long, or is too much.

    """
    fields = _Fields(wanted, moment)
    keys = [fields.key(group) for group in wanted.groups]
    groups: dict[tuple[object, ...], _Group] = {}
    if not keys:
        groups[()] = _Group(())
    for number, document in enumerate(held(documents, wanted.filter, moment)):
        if number % 256 == 0:
            moment.check()
        values = tuple(key(document) for key in keys)
        mark = tuple((type(value), _key(value)) for value in values)
        group = groups.setdefault(mark, _Group(values)) if keys else groups[()]
        if len(groups) > MAX_ROWS:
            raise QueryError(name="groupBy", problem=f"more than {MAX_ROWS} groups")
        group.documents.append(document)
    ordered = list(groups.values())
    for sorting in reversed(wanted.sorts):
        ordered = _sorted(ordered, sorting, wanted, fields)
    return [_row(group, wanted, fields) for group in ordered]


def _sorted(
    groups: list[_Group], sorting: Sorting, wanted: Aggregate, fields: _Fields
) -> list[_Group]:
    """Return groups in an order; those without a value come last."""
    selector = sorting.selector
    if selector in wanted.groups:
        index = wanted.groups.index(selector)
        values = {id(group): group.keys[index] for group in groups}
    else:
        values = {id(group): group.value(selector, fields) for group in groups}
    there = [group for group in groups if values[id(group)] is not None]
    there.sort(key=lambda one: rank(values[id(one)]), reverse=sorting.descending)
    return there + [group for group in groups if values[id(group)] is None]


def _row(group: _Group, wanted: Aggregate, fields: _Fields) -> Row:
    row: Row = {
        selector.text: key
        for selector, key in zip(wanted.groups, group.keys, strict=True)
    }
    return row | {
        selector.text: group.value(selector, fields) for selector in wanted.output
    }
