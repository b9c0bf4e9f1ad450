"""What the page about queries shows works."""

from pathlib import Path
import re
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml

from custom_components.device_models.const import DOMAIN
from custom_components.device_models.iot.query import building
from custom_components.device_models.iot.query.aggregating import Aggregate
from custom_components.device_models.iot.query.finding import Search
from custom_components.device_models.iot.query.language import parse
from custom_components.device_models.queries.services import services

PAGE: Final = Path("docs/queries.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the examples in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def check(request: dict[str, Any]) -> None:
    """Check that a request is one."""
    if "output" in request:
        Aggregate.of(
            request["output"],
            group_by=request["group_by"],
            filter=request["filter"],
            rules=request["rules"],
            sorts=request["sorts"],
        )
    else:
        wanted = ("filter", "limit", "sort", "order", "only")
        Search.of(**{name: request[name] for name in wanted})


async def test_examples_are_requests(hass: HomeAssistant) -> None:
    known = {service.name: service for service in services(hass)}
    examples = [parse_yaml(block) for block in blocks("yaml")]
    assert len(examples) == 6
    for example in examples:
        assert isinstance(example, dict)
        domain, _dot, name = example["action"].partition(".")
        assert domain == DOMAIN
        checked = known[name].schema(example["data"])
        for request in checked.get("requests", [checked]):
            check(request)


def test_forms_of_the_filter_are_filters() -> None:
    table = PAGE.partition("| Form | Holds where |")[2].partition("\n- ")[0]
    forms = [
        form
        for line in table.splitlines()[2:]
        if line.startswith("|")
        for form in re.findall(r"`([^`]+)`", line.split(" | ")[0])
    ]
    assert len(forms) == 13
    for form in forms:
        parse(form.replace(r"\|", "|"))


def test_example_in_python() -> None:
    (block,) = blocks("python")
    names = re.findall(r"import (.*)", block)[0].split(", ")
    known = {name: getattr(building, name) for name in names}
    warm = (known["mem"].elems.temperature > 25) & known["NOT"](
        known["mem"].elems.mode.IN("heat", "auto")
    )
    assert f"print(warm)  # {warm}" in block
    silent = (known["AGE"] > 60_000) | ~known["EXISTS"](known["mem"].elems.humidity)
    assert parse(str(silent)) == silent
