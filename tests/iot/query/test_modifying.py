"""Changes and parameters as they grow: protocol sheet "flowthings" §7."""

from custom_components.device_models.iot.query.building import mem
from custom_components.device_models.iot.query.modifying import M, P


def test_changes_of_an_object() -> None:
    given = {"id": "f1", "elems": {"a": 1}, "path": "/x"}
    elems = {"a": 2}
    changed = M(given, path="/y").modify("elems", elems)
    elems["a"] = 3
    model, changes = changed.done()
    assert model == {"id": "f1", "elems": {"a": 2}, "path": "/y"}
    assert changes == {"path": "/y", "elems": {"a": 2}}
    assert given == {"id": "f1", "elems": {"a": 1}, "path": "/x"}
    assert M().done() == ({}, {})


def test_parameters() -> None:
    parameters = P(limit=5, hints=False).filter(mem.a == 1, mem.b > 2).refs()
    assert parameters.only("id", "path").done() == {
        "limit": "5",
        "hints": "0",
        "filter": "(a == 1) && (b > 2)",
        "refs": "1",
        "only": "id,path",
    }
    assert P().filter("x == 1").refs(wanted=False).done() == {
        "filter": "x == 1",
        "refs": "0",
    }
