"""LwM2M object definitions: the XML of the OMA registry."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap.layout import coap_layout
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.values import DataType, Range

FIXTURES = Path(__file__).parents[2] / "fixtures" / "lwm2m"
FILES = sorted(FIXTURES.iterdir())


def fixture(name: str) -> Loaded:
    """Return one of the definitions."""
    return load((FIXTURES / name).read_bytes(), name)


def item(number: int | str = 1, **texts: str) -> str:
    """Return the definition of a resource; a number, unless the texts say otherwise."""
    content = {"Name": "Speed", "Operations": "RW", "Type": "Integer", **texts}
    inner = "".join(f"<{tag}>{text}</{tag}>" for tag, text in content.items())
    return f'<Item ID="{number}">{inner}</Item>'


def definition(*items: str, object_id: str = "26241", name: str = "Fan") -> str:
    """Return the definition of an object."""
    return (
        f"<Object ObjectType='MODefinition'><Name>{name}</Name>"
        f"<ObjectID>{object_id}</ObjectID><ObjectURN>urn:x:{object_id}</ObjectURN>"
        f"<Resources>{''.join(items)}</Resources></Object>"
    )


def defined(*items: str) -> Loaded:
    """Return the model of an object with these resources, and one that is usable."""
    usable = item(9, Name="Usable", Type="String")
    text = f"<LWM2M>{definition(*items, usable)}</LWM2M>"
    return load(text.encode(), "test.xml")


def remarks(loaded: Loaded) -> list[str]:
    """Return what was left out, or not understood."""
    return [str(remark) for remark in loaded.remarks]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fixtures_are_read_the_same_again_and_can_be_asked_for(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    assert loaded.format == "LwM2M object definition"
    again = load_document(loaded.document, "stored")
    assert again.model == loaded.model
    layout = coap_layout(loaded.model, Binding(layouts=loaded.layouts))
    assert set(layout.actions) == {action.name for action in loaded.model.actions}
    assert {name for one in layout.resources for name in one.names} == {
        name for name, leaf in loaded.model.leaves.items() if leaf.readable
    }
    assert {one.path for one in layout.resources} >= {
        name for name, leaf in loaded.model.leaves.items() if leaf.readable
    }


def test_pool_pump() -> None:
    loaded = fixture("pool-pump.xml")
    model = loaded.model
    assert (model.name, model.version) == ("Pool pump", "1.2")
    assert model.urn == "urn:oma:lwm2m:x:26241"
    assert model.description == "A pump with variable speed, and its filter."
    running, speed, program, water, signature, application = model.attributes
    assert (running.name, running.title) == ("26241/0/0", "Running")
    assert (running.type, running.writable) == (DataType.BOOLEAN, True)
    assert running.description == "Whether the motor turns."
    assert (speed.type, speed.unit, speed.range) == (
        DataType.INTEGER,
        "1/min",
        Range(600, 3450),
    )
    assert program.enum == (0, 1, 2)
    assert program.labels == {"0": "off", "1": "eco", "2": "backwash"}
    assert (water.range, water.writable) == (Range(-10, 60), False)
    assert (signature.type, application.range) == (DataType.STRING, None)
    (backwash,) = model.actions
    assert (backwash.name, backwash.title) == ("26241/0/4", "Start backwash")
    assert (backwash.arguments, backwash.description) == ((), "Rinses the filter once.")
    assert loaded.layouts == {
        "coap": {
            "state": False,
            "attributes": {
                "26241/0/0": {"path": "/26241/0/0", "observe": True},
                "26241/0/1": {"path": "/26241/0/1", "observe": True},
                "26241/0/2": {"path": "/26241/0/2", "observe": True},
                "26241/0/3": {"path": "/26241/0/3", "observe": True},
                "26241/0/6": {
                    "path": "/26241/0/6", "observe": True, "format": "octets",
                },
                "26241/0/5750": {"path": "/26241/0/5750", "observe": True},
            },
            "actions": {"26241/0/4": {"path": "/26241/0/4"}},
        }
    }  # fmt: skip
    assert loaded.overlay == {
        "attributes": {"26241/0/5750": {"category": "config", "enabled": False}}
    }
    history, signature_range = remarks(loaded)
    assert history.startswith(
        "Object 26241, Item 5 'Error history': expected a single value; lists of"
    )
    assert signature_range == (
        "Object 26241, Item 6 'Signature'.RangeEnumeration: "
        "expected a range such as 0..100, got '32 bytes'"
    )


def test_several_objects_are_one_model() -> None:
    loaded = fixture("irrigation.xml")
    model = loaded.model
    assert model.name == "Irrigation controller, Irrigation zone"
    assert {element.name: element.title for element in model.attributes} == {
        "27001/0/0": "Irrigation controller rain delay",
        "27002/0/0": "Irrigation zone valve",
        "27002/0/1": "Irrigation zone moisture",
    }
    assert model.urn.startswith("urn:coap:resources:")
    assert remarks(loaded)[0] == (
        "Object 27002: a device may have several; the first one is taken"
    )
    assert "'Controller': expected one of the types" in remarks(loaded)[1]


def test_water_softener() -> None:
    model = fixture("water-softener.xml").model
    salt, hardness, mode, regeneration, code, volume = model.attributes
    assert (salt.range, salt.unit) == (Range(0, 100), "/100")
    assert hardness.range == Range(0, 40.5)
    assert (mode.type, mode.enum) == (DataType.STRING, ("auto", "manual", "holiday"))
    assert regeneration.type is DataType.INTEGER  # seconds, not milliseconds
    assert (code.readable, code.writable, code.observable) == (False, True, False)
    assert (volume.type, volume.range) == (DataType.INTEGER, None)


def test_ev_charger() -> None:
    model = fixture("ev-charger.xml").model
    state = model.attribute("26500/0/1")
    assert state.labels == {"0": "idle", "1": "plugged", "2": "charging", "3": "fault"}
    limit = model.attribute("26500/0/2")
    assert (limit.enum, limit.labels) == ((6, 10, 13, 16, 32), {})
    energy = model.attribute("26500/0/5805")
    assert energy.semantic_types == ("ipso:26500/5805",)
    assert model.attribute("26500/0/3").type is DataType.STRING


RANGES: list[tuple[str, str, Any]] = [
    ("Integer", "", None),
    ("Integer", "0..100", Range(0, 100)),
    ("Integer", "0-100", Range(0, 100)),
    ("Integer", "0 - 100", Range(0, 100)),
    ("Integer", "-40..-10", Range(-40, -10)),
    ("Integer", "-40--10", Range(-40, -10)),
    ("Integer", "0…100", "remark"),
    ("Integer", "0..18446744073709551615", Range(0, 2**64 - 1)),
    ("Integer", "100..0", "remark"),
    ("Integer", "0..5.5", Range(0, 5.5)),
    ("Integer", "0,1", (0, 1)),
    ("Integer", "0: off; 1: on", (0, 1)),
    ("Integer", "0=off\n1=on\n2=auto", (0, 1, 2)),
    ("Integer", "-1,0,1", (-1, 0, 1)),
    ("Integer", "7", "remark"),
    ("Integer", "1,1", "remark"),
    ("Integer", "0-3, 8", "remark"),
    ("Integer", "8-Bits", "remark"),
    ("Integer", "1,99999999999999999999", "remark"),
    ("Integer", ",".join(map(str, range(300))), "remark"),
    ("Integer", "1," * 2000, "remark"),
    ("Float", "0.5..1.5", Range(0.5, 1.5)),
    ("Float", "0..1e9", "remark"),
    ("Float", "0.5,1", "remark"),
    ("Boolean", "", None),
    ("Boolean", "0..1", None),
    ("Boolean", "0:closed,1:open", "remark"),
    ("String", "0..255 bytes", None),
    ("String", "low,high", ("low", "high")),
    ("String", "low", "remark"),
    ("String", "any text, please", "remark"),
    ("String", "a,,b", "remark"),
    ("Time", "soon", "remark"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "spelled", "expected"), RANGES)
def test_ranges(kind: str, spelled: str, expected: Any) -> None:
    loaded = defined(item(Type=kind, RangeEnumeration=spelled))
    speed = loaded.model.attributes[0]
    assert speed.title == "Speed"
    assert len(loaded.remarks) == (expected == "remark")
    if expected is None or expected == "remark":
        assert (speed.range, speed.enum) == (None, ())
    else:
        assert expected in (speed.range, speed.enum)


@pytest.mark.parametrize(
    ("spelled", "problem"),
    [
        (item(Operations=""), "expected operations R, W, RW, E"),
        (item(Operations="X"), "expected operations R, W, RW, E"),
        (item(Type=""), "expected one of the types String"),
        (item(Type="Objlnk"), "expected one of the types String"),
        (item(Type="Opaque", Operations="W"), "that a person can enter"),
        (item(MultipleInstances="Multiple"), "expected a single value"),
        (item("x"), "expected ID from 0 to 65535, got 'x'"),
        (item("65536"), "expected ID from 0 to 65535, got '65536'"),
        (item("٣"), "expected ID from 0 to 65535"),
        ("<Item/>", "expected ID from 0 to 65535, got ''"),
        (item(2) + item(2), "the ID 2 is there already"),
    ],
)
def test_unusable_resources_are_left_out(spelled: str, problem: str) -> None:
    loaded = defined(spelled)
    assert problem in remarks(loaded)[0]
    assert loaded.model.attributes[-1].title == "Usable"


@pytest.mark.parametrize(
    ("object_id", "resource_id", "spelled", "unit"),
    [
        # The device says it, or means the common one
        ("3303", 5700, "", "Cel"),
        ("3303", 5601, "", "Cel"),
        ("3303", 5700, "K", "K"),
        ("3303", 5700, "Defined by the units resource", "Cel"),
        ("3327", 5700, "", None),
        # The description says it
        ("3", 10, "", "kB"),
        ("26241", 6044, "", "%EL"),
        # Nobody says it
        ("26241", 1, "", None),
        ("26241", 1, "To Be Defined", None),
        ("26241", 5700, "TBD", None),
        ("26241", 1, "tbdm", "tbdm"),
    ],
)
def test_unit(object_id: str, resource_id: int, spelled: str, unit: str | None) -> None:
    resource = item(resource_id, Units=spelled)
    text = f"<LWM2M>{definition(resource, object_id=object_id)}</LWM2M>"
    (found,) = load(text.encode(), "test.xml").model.attributes
    assert found.unit == unit


@pytest.mark.parametrize(
    ("texts", "label"),
    [
        ({"RangeEnumeration": "0..6"}, "Charging"),
        ({"RangeEnumeration": "0:Fine,1:Filling"}, "Filling"),
        ({"Type": "Float"}, None),
    ],
)
def test_states_of_common_objects_have_names(
    texts: dict[str, str], label: str | None
) -> None:
    resource = item(20, Name="Battery Status", Operations="R", **texts)
    text = f"<LWM2M>{definition(resource, object_id='3')}</LWM2M>"
    (found,) = load(text.encode(), "test.xml").model.attributes
    assert found.labels.get("1") == label


def test_bytes_are_never_written() -> None:
    loaded = defined(item(Type="Opaque"))
    assert not loaded.model.attributes[0].writable


def test_a_resource_without_a_name_has_its_number() -> None:
    assert defined(item(Name="")).model.attributes[0].title == "Resource 1"


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<LWM2M><Object><Name>&b;</Name></Object></LWM2M>"
)
EXTERNAL = '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd"><LWM2M/>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><LWM2M>&a;</LWM2M>'
DECLARED = "expected XML without document type and entities"


UNUSABLE: list[tuple[str, str]] = [
    ("<LWM2M>", "expected XML (no element found"),
    ("<LWM2M><a></LWM2M>", "expected XML (mismatched tag"),
    ("<LWM2M/>", "expected LWM2M with 1 to 64 of Object"),
    ("<x><LWM2M/></x>", "expected LWM2M with 1 to 64 of Object"),
    (f"<LWM2M>{'<Object/>' * 65}</LWM2M>", "expected LWM2M with 1 to 64"),
    ("<LWM2M><Object/></LWM2M>", "expected a usable Object (Object 1: expected Obj"),
    (f"<LWM2M>{definition()}</LWM2M>", "expected at least one usable resource"),
    (f"<LWM2M>{definition(item(Type=''))}</LWM2M>", "(Object 26241, Item 1"),
    (f"<LWM2M>{'<a>' * 100_000}{'</a>' * 100_000}</LWM2M>", "expected LWM2M with"),
    (BOMB, DECLARED),
    (EXTERNAL, DECLARED),
    (FILE, DECLARED),
]


@pytest.mark.parametrize(("text", "problem"), UNUSABLE, ids=range(len(UNUSABLE)))
def test_unusable_files(text: str, problem: str) -> None:
    with pytest.raises(ModelError) as raised:
        load(text.encode(), "test.xml")
    assert problem in raised.value.details["problem"]
    assert len(str(raised.value)) < 300


def test_an_object_that_is_there_twice_is_left_out() -> None:
    twice = (
        definition(item(1)) + definition(item(2)) + definition(item(3), object_id="7")
    )
    loaded = load(f"<LWM2M>{twice}</LWM2M>".encode(), "test.xml")
    assert [attribute.name for attribute in loaded.model.attributes] == [
        "26241/0/1",
        "7/0/3",
    ]
    assert remarks(loaded) == ["Object 2: the ObjectID 26241 is there already"]


def test_no_more_resources_than_there_may_be_are_read() -> None:
    loaded = defined(*(item(number) for number in range(2001)))
    assert len(loaded.model.attributes) == 2000
    assert remarks(loaded) == ["Object 26241: expected at most 2000 resources"]


def test_no_more_actions_than_there_may_be_are_read() -> None:
    actions = [item(number, Operations="E", Type="") for number in range(1001)]
    objects = (definition(*actions, object_id=str(number)) for number in (7, 8))
    loaded = load(f"<LWM2M>{''.join(objects)}</LWM2M>".encode(), "test.xml")
    assert len(loaded.model.actions) == 2000
    assert remarks(loaded) == [
        "Object 8, Item 999 'Speed': expected at most 2000 actions",
        "Object 8, Item 1000 'Speed': expected at most 2000 actions",
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<Object>", "</Object>", "<Item ID='1'>", "</Item>", "<Resources>", "&lt;",
             "</Resources>", "<ObjectID>1</ObjectID>", "<Type>Float</Type>", "&x;", "é",
             "<Operations>R</Operations>", "<RangeEnumeration>0-", "<![CDATA[", "]]>"]
        ),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_garbage_gives_a_model_or_a_model_error(inner: str) -> None:
    message = ""
    try:
        loaded = load(f"<LWM2M>{inner}</LWM2M>".encode(), "fuzz")
    except ModelError as err:
        message = str(err)
    else:
        assert loaded.model.leaves
    assert len(message) < 300
