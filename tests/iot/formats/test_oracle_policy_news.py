"""News of policies from Oracle's server: protocol sheet "Oracle IoT" §1.8."""

from typing import Any, Final

import pytest

from custom_components.device_models.iot.formats.oracle.policy_news import (
    follow,
    read_answer,
    read_news,
)
from custom_components.device_models.iot.model import Policy
from custom_components.device_models.iot.reading import Remarks, Unusable

from ..samples import THERMO, model_of

MODEL: Final = model_of(THERMO)


def policy(name: str, modified: int | None = 1000) -> dict[str, Any]:
    """Return a policy as the server has it."""
    function = {"id": "mean", "parameters": {"window": 5}}
    pipelines = [{"attributeName": "temp", "pipeline": [function]}]
    return {"id": name, "lastModified": modified, "pipelines": pipelines}


def policies(answer: Any) -> tuple[Policy, ...]:
    """Return the policies of an answer that is fine."""
    remarks = Remarks()
    found = read_answer(answer, MODEL, remarks)
    assert not remarks.all
    return found


def news(op: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one item of a ``policyChanged`` request."""
    said = {"deviceModelUrn": MODEL.urn, "id": "A", "lastModified": 2000, "op": op}
    return said | more


def test_answer_of_the_server() -> None:
    assert policies({"items": []}) == ()
    (one,) = policies({"items": [policy("A")]})
    assert one.id == "A"
    assert policies(policy("A")) == (one,)


def test_answer_that_is_none() -> None:
    with pytest.raises(Unusable):
        policies([])
    remarks = Remarks()
    assert read_answer({"items": [{"id": "A"}]}, MODEL, remarks) == ()
    assert len(remarks.all) == 1


@pytest.mark.parametrize(
    ("told", "stay", "wanted"),
    [
        ([], "AB", ""),
        ([news()], "B", "A"),  # "changed" is the default
        ([news("changed")], "B", "A"),
        ([news("assigned")], "B", "A"),
        ([news("assigned", id="C")], "AB", "C"),
        ([news("unassigned")], "B", ""),
        ([news("unassigned", id="C")], "AB", ""),
        ([news(lastModified=999)], "AB", ""),  # an older one is ignored
        ([news(lastModified=1000)], "AB", ""),
        ([news("unassigned", lastModified=999)], "AB", ""),
        ([news("unassigned", lastModified=1000)], "B", ""),
        ([news(lastModified=None)], "B", "A"),
        ([news(deviceModelUrn="urn:other")], "AB", ""),
        ([news("unassigned"), news("assigned")], "B", "A"),
        ([news("changed"), news("unassigned")], "B", ""),
        ([news(id="B"), news()], "", "BA"),
    ],
)
def test_what_follows_from_news(told: Any, stay: str, wanted: str) -> None:
    known = policies({"items": [policy("A"), policy("B")]})
    outcome = follow(known, MODEL, read_news(told))
    assert "".join(one.id for one in outcome.policies) == stay
    assert "".join(outcome.wanted) == wanted


def test_policy_whose_time_is_not_known_is_asked_for_again() -> None:
    known = policies(policy("A", modified=None))
    assert follow(known, MODEL, read_news([news()])).wanted == ("A",)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "news"),
        (["x"], "news[0]"),
        ([news("moved")], "news[0].op"),
        ([news(id="")], "news[0].id"),
        ([news(deviceModelUrn=5)], "news[0].deviceModelUrn"),
        ([news(lastModified="now")], "news[0].lastModified"),
        ([news()] * 51, "news"),
    ],
)
def test_news_that_are_malformed(body: Any, where: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_news(body)
    assert caught.value.where == where
