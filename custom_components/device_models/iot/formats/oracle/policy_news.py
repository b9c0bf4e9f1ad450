"""The policies that Oracle's server has for a device, and its news of them (§1.8).

Pure functions: who talks to the server hands in what it has answered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ...model import DeviceModel, Policy
from ...reading import Element, Remarks
from ...values import JsonValue
from .policies import MAX_POLICIES, read_policies, read_time

_KEY: Final = "policies"


class Change(StrEnum):
    """What has become of a policy."""

    CHANGED = "changed"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class PolicyNews:
    """That something has become of a policy."""

    model: str
    """The URN of the device model."""
    policy: str
    """Its id."""
    modified: datetime | None
    change: Change


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from news: the policies that stay, and the ids of new ones."""

    policies: tuple[Policy, ...]
    wanted: tuple[str, ...]
    """They are to be asked for; what they replace is not among those that stay."""


def read_answer(
    answer: JsonValue, model: DeviceModel, remarks: Remarks
) -> tuple[Policy, ...]:
    """Return the policies of a list ``{"items": [...]}``, or of a single one.

    Raises:
        Unusable: it is neither.

    """
    element = Element.of(answer, "")
    listed = answer if "items" in element.content else {"items": [answer]}
    return read_policies(Element({_KEY: listed}, ""), model, remarks)


def read_news(body: JsonValue) -> tuple[PolicyNews, ...]:
    """Return the news of a ``policyChanged`` request.

    Raises:
        Unusable: it is malformed; the request is answered with 400.

    """
    news: list[PolicyNews] = []
    for where, value in Element({"news": body}, "").items("news", limit=MAX_POLICIES):
        element = Element.of(value, where)
        change = element.text("op") or Change.CHANGED
        if change not in Change:
            element.refuse(f"expected one of {', '.join(Change)}", "op")
        news.append(
            PolicyNews(
                element.required_text("deviceModelUrn"),
                element.required_text("id"),
                read_time(element, "lastModified"),
                Change(change),
            )
        )
    return tuple(news)


def follow(
    policies: Iterable[Policy], model: DeviceModel, news: Iterable[PolicyNews]
) -> Outcome:
    """Return what follows from news; what is older than what is known is ignored."""
    known = {policy.id: policy for policy in policies}
    wanted: dict[str, None] = {}
    for one in news:
        before = known.get(one.policy)
        if one.model != model.urn or _is_old(one, before):
            continue
        known.pop(one.policy, None)
        wanted.pop(one.policy, None)
        if one.change is not Change.UNASSIGNED:
            wanted[one.policy] = None
    return Outcome(tuple(known.values()), tuple(wanted))


def _is_old(news: PolicyNews, before: Policy | None) -> bool:
    """Whether news are of before what is known.

    Of the same time, it is only new that a policy is no longer for the device.
    """
    if before is None or before.last_modified is None or news.modified is None:
        return False
    if news.change is Change.UNASSIGNED:
        return news.modified < before.last_modified
    return news.modified <= before.last_modified
