"""Models made of what CoAP devices list of themselves."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.device_models.iot.binding import Binding
from custom_components.device_models.iot.connections.coap.layout import coap_layout
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats import Loaded, load, load_document
from custom_components.device_models.iot.formats.ipso import LISTING
from custom_components.device_models.iot.formats.ipso.definition import MAX_ELEMENTS
from custom_components.device_models.iot.model import Attribute
from custom_components.device_models.iot.values import DataType, JsonValue, Range

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ipso"
FILES = sorted(FIXTURES.iterdir())


def fixture(name: str) -> Loaded:
    """Return one of the listings."""
    return load((FIXTURES / name).read_bytes(), name)


def listed(links: str, **values: Any) -> Loaded:
    """Return the model of a list of links; values by their paths."""
    paths = {path.replace("__", "/"): value for path, value in values.items()}
    return load_document({"links": links, "values": paths}, "test")


def only(loaded: Loaded) -> Attribute:
    """Return the only attribute."""
    (attribute,) = loaded.model.attributes
    return attribute


def titles(loaded: Loaded) -> dict[str, str]:
    """Return the titles by the names."""
    attributes = {one.name: one.title for one in loaded.model.attributes}
    return attributes | {one.name: one.title for one in loaded.model.actions}


def places(loaded: Loaded, kind: str = "attributes") -> Any:
    """Return where the elements are."""
    layout: Any = loaded.layouts["coap"]
    return layout[kind]


def remarks(loaded: Loaded) -> list[str]:
    """Return what was left out, or not understood."""
    return [str(remark) for remark in loaded.remarks]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fixtures_are_read_the_same_again_and_can_be_asked_for(path: Path) -> None:
    loaded = load(path.read_bytes(), path.name)
    again = load_document(loaded.document, "stored")
    assert loaded.format == "CoRE link listing"
    assert again.model == loaded.model
    assert (again.layouts, again.overlay) == (loaded.layouts, loaded.overlay)
    layout = coap_layout(loaded.model, Binding(layouts=loaded.layouts))
    assert layout.shared is None
    assert {name for one in layout.resources for name in one.names} == {
        name for name, leaf in loaded.model.leaves.items() if leaf.readable
    }
    assert set(loaded.overlay.get("attributes", {})) <= set(loaded.model.leaves)  # type: ignore[arg-type]  # a mapping
    assert all(remark.where for remark in loaded.remarks)


def test_weather_node() -> None:
    loaded = fixture("weather-node.wlnk")
    model = loaded.model
    assert model.name == "Temperature, Humidity, Barometer"
    assert model.urn.startswith("urn:coap:resources:")
    assert titles(loaded) == {
        "3303/0/5700": "Outdoor temperature",
        "3303/0/5601": "Outdoor temperature minimum measured value",
        "3303/0/5602": "Outdoor temperature maximum measured value",
        "3303/0/5701": "Outdoor temperature unit",
        "3303/0/5605": "Outdoor temperature reset minimum and maximum",
        "3304/0/5700": "Humidity",
        "3315/0/5700": "Barometer",
        "3315/0/5701": "Barometer unit",
        "3332/0/5705": "Direction",
        "3346/0/5700": "Wind speed",
        "3346/0/5701": "Wind speed unit",
        "3/0/3": "Firmware version",
        "3/0/9": "Battery level",
    }
    temperature = model.attribute("3303/0/5700")
    assert (temperature.type, temperature.unit) == (DataType.NUMBER, "Cel")
    assert temperature.semantic_types == ("ipso:3303",)
    assert temperature.observable
    assert not temperature.writable
    assert places(loaded)["3303/0/5700"] == {
        "path": "/3303/0/5700", "observe": True, "format": "text",
    }  # fmt: skip
    assert places(loaded)["3/0/3"] == {"path": "/3/0/3", "observe": False}
    assert places(loaded, "actions") == {"3303/0/5605": {"path": "/3303/0/5605"}}
    assert model.attribute("3332/0/5705").range == Range(0, 360)
    assert model.attribute("3346/0/5700").unit is None
    assert remarks(loaded) == [
        "/3303/0/5701: its value is not known; Cel is assumed",
        "/3315/0/5701: its value is not known; Pa is assumed",
    ]
    assert loaded.overlay["attributes"] == {
        "3303/0/5601": {"category": "diagnostic", "enabled": False},
        "3303/0/5602": {"category": "diagnostic", "enabled": False},
        "3303/0/5701": {"category": "diagnostic", "enabled": False},
        "3315/0/5701": {"category": "diagnostic", "enabled": False},
        "3346/0/5701": {"category": "diagnostic", "enabled": False},
        "3/0/3": {"category": "diagnostic"},
        "3/0/9": {"category": "diagnostic"},
    }


def test_what_the_object_device_says_is_known_of_the_device() -> None:
    links = "</3/0/1>,</3/0/2>,</3/0/3>,</3/0/18>,</3303/0/5700>"
    values = {"/3/0/1": "T1", "/3/0/2": "42", "/3/0/3": "1.2", "/3/0/18": 7}
    document: Any = {"links": links, "values": values}
    known = {
        "modelNumber": "T1",
        "serialNumber": "42",
        "softwareVersion": "1.2",
        "hardwareVersion": "7",
    }
    assert load_document(document, "x").metadata == known
    below = {f"/a{path}": value for path, value in values.items()}
    based: Any = {"links": links.replace("</", "</a/"), "values": below, "base": "a"}
    assert load_document(based, "x").metadata == known
    now: Any = {"links": links, "values": {"/3/0/3": "1.3"}}
    again = LISTING.again(document, now)
    assert load_document(again, "x").metadata == known | {"softwareVersion": "1.3"}


def test_smart_plug_with_values() -> None:
    loaded = fixture("smart-plug.json")
    model = loaded.model
    assert (model.name, model.manufacturer) == ("Plug 16A", "Volta Home")
    assert model.attribute("3312/0/5850").writable
    assert model.attribute("3305/0/5800").unit == "W"
    assert model.attribute("3305/0/5805").title == "Active energy"
    assert model.attribute("3316/0/5700").unit == "mV"  # its own word
    led = model.attribute("led")
    assert (led.type, led.writable, led.title) == (DataType.NUMBER, True, "Ring light")
    assert {
        name: leaf.type for name, leaf in model.leaves.items() if name[:3] == "net"
    } == {
        "net.ssid": DataType.STRING,
        "net.rssi": DataType.NUMBER,
        "net.ip.v4": DataType.STRING,
        "net.ip.dhcp": DataType.BOOLEAN,
    }
    assert loaded.overlay["actions"] == {
        "3/0/4": {"category": "config"},
        "3305/0/5822": {"category": "config", "enabled": False},
    }
    assert remarks(loaded) == [
        "/1/0: the object is not known, nor what is in it; left out",
        "/3/0/11: expected a single value; lists of values are left out",
    ]


def test_thermostat() -> None:
    loaded = fixture("thermostat.json")
    assert loaded.model.name == "Hall thermostat"
    assert loaded.model.urn == "urn:example:thermostat:7"
    target = loaded.model.attribute("3308/0/5900")
    assert (target.title, target.unit, target.writable) == (
        "Target temperature",
        "Cel",
        True,
    )
    eco = loaded.model.attribute("cfg/eco")
    assert (eco.type, eco.writable) == (DataType.BOOLEAN, True)
    assert places(loaded)["cfg/eco"]["format"] == "json"
    assert remarks(loaded) == [
        "/cfg/schedule: expected a text, a number, true, false or an object"
    ]


def test_light() -> None:
    loaded = fixture("dimmable-light.wlnk")
    brightness = loaded.model.attribute("3311/0/5851")
    assert brightness.title == "Desk lamp brightness"
    assert (brightness.type, brightness.range) == (DataType.INTEGER, Range(0, 100))
    assert loaded.model.attribute("3311/0/5706").title == "Lamp colour"
    assert loaded.model.attribute("3347/0/5501").title == "Push button counter"
    assert remarks(loaded) == [
        "link 10: it is for registration; left out",
        "link 11: it leads to another host; left out",
    ]


def test_greenhouse_with_several_instances_below_a_root() -> None:
    loaded = fixture("greenhouse.wlnk")
    assert titles(loaded) == {
        "lwm2m/3/0/16": "Supported bindings",
        "lwm2m/3/0/4": "Reboot",
        "lwm2m/3303/0/5700": "Bench",
        "lwm2m/3303/1/5700": "Temperature 2",
        "lwm2m/3303/2/5700": "Temperature 3",
        "lwm2m/3303/10/5700": "Temperature 4",
        "lwm2m/3304/0/5700": "Humidity",
        "lwm2m/3320/0/5700": "Tank level",
        "lwm2m/3320/0/5603": "Tank level lower end of range",
        "lwm2m/10351/0/5700": "Object 10351 value",
        "lwm2m/10351/0/1": "",
        "vents/left": "",
        "note": "",
    }
    assert places(loaded)["lwm2m/3304/0/5700"]["observe"]  # as its instance
    assert loaded.model.attribute("note").semantic_types == ("memo", "text")
    assert remarks(loaded) == [
        "/lwm2m/26300/0: the object is not known, nor what is in it; left out",
        "/lwm2m/3/0: its resources are not listed; those it must have are taken",
        "/lwm2m/3304/0: its resources are not listed; those it must have are taken",
        "/vents: it is a collection of other resources; left out",
        "/log: it is a collection of other resources; left out",
    ]


@pytest.mark.parametrize("links", ["</3303>", "</3303/0>", "</3303>,</3303/0>"])
def test_objects_and_instances_get_what_they_must_have(links: str) -> None:
    loaded = listed(links)
    assert only(loaded).name == "3303/0/5700"
    assert remarks(loaded) == [
        "/3303/0: its resources are not listed; those it must have are taken"
    ]


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ("</3303>,</3303/7/5700>", ["3303/7/5700"]),
        ("</3303/0>,</3303/0/5601>", ["3303/0/5601"]),
        ("</3303/00/5700>", ["3303/00/5700"]),  # a path like any other
        ("</12/4>,</3>,</5/1>", ["12/4", "3", "5/1"]),  # numbers, but of what?
        ("</12/4>,</3>,</3303/0/5700>", ["3303/0/5700", "3/0/16"]),
        ("</4/0>,</3/0/9>", ["4/0/0", "4/0/2", "3/0/9"]),
        ("</3303/0/9999>", ["3303/0/9999"]),
        ("</temp/>", ["temp"]),
        ("<temp>", ["temp"]),
        ("</t?unit=c>", ["t?unit=c"]),
        ("</a%20b#part>", ["a%20b"]),
        ("</rdx>,</rd/4f>,</rd-lookup/ep>", ["rdx"]),
        ('</a>;rel=hosts,</b>;rel=next,</c>;anchor="/a"', ["a"]),
        ("</a>;obs,</a>", ["a"]),
        ("</>,</a>", ["a"]),
        ("<//[>,</a>", ["a"]),
        ("</a/../b>,</a>", ["a"]),
        ("</%FF>,</a>", ["a"]),
        (f"</{'x' * 256}>,</a>", ["a"]),
        (f"</{'x/' * 500}>,</a>", ["a"]),
        ('</>;rt="oma.lwm2m",</0/0/5>,</0/0>,</a>', ["a"]),
    ],
)  # fmt: skip
def test_which_links_are_resources(links: str, expected: list[str]) -> None:
    loaded = listed(links)
    assert [attribute.name for attribute in loaded.model.attributes] == expected
    coap_layout(loaded.model, Binding(layouts=loaded.layouts))


@pytest.mark.parametrize(
    ("links", "value", "kind"),
    [
        ("</a>", None, DataType.STRING),
        ("</a>", True, DataType.BOOLEAN),
        ("</a>", 21, DataType.NUMBER),
        ("</a>", 21.5, DataType.NUMBER),
        ("</a>", "open", DataType.STRING),
        ("</a>", "21.5", DataType.NUMBER),
        ("</a>", " -0.5\n", DataType.NUMBER),
        ("</a>", "true", DataType.BOOLEAN),
        ("</a>", "007", DataType.STRING),
        ("</a>", "1.2.3", DataType.STRING),
        ("</a>", "1.", DataType.STRING),
        ("</a>", "", DataType.STRING),
        ("</a>", "1" * 21, DataType.STRING),
        ("</a>;ct=50", "21.5", DataType.STRING),  # where text is text
        ("</a>;ct=0", "21.5", DataType.NUMBER),
        ("</a>;if=core.a", None, DataType.BOOLEAN),
        ("</a>;if=core.a", "auto", DataType.STRING),
        ("</a>;if=core.p", None, DataType.STRING),
        ("</a>", {"x": 1, "": 2, "y": None}, DataType.OBJECT),
    ],
)
def test_type_is_that_of_the_value(links: str, value: Any, kind: DataType) -> None:
    assert only(listed(links, __a=value)).type is kind


@pytest.mark.parametrize(
    ("interface", "writable", "shown"),
    [
        ("core.s", False, None),
        ("core.a", True, None),
        ("core.p", True, {"category": "config"}),
        ("core.rp", False, {"category": "diagnostic"}),
        ("oic.if.s core.a", True, None),
        ("unheard.of", False, None),
    ],
)
def test_interface_says_what_is_written(
    interface: str, writable: bool, shown: dict[str, str] | None
) -> None:
    loaded = listed(f'</a>;if="{interface}"')
    assert only(loaded).writable is writable
    overlay: Any = loaded.overlay
    assert overlay.get("attributes", {}).get("a") == shown


@pytest.mark.parametrize(
    ("formats", "expected"),
    [("0", "text"), ("11542 60 50", "cbor"), ("112", "senml+cbor"), ("11542", None)],
)
def test_first_format_that_is_read_here_is_taken(
    formats: str, expected: str | None
) -> None:
    loaded = listed(f'</3303/0/5700>;ct="{formats}"')
    assert places(loaded)["3303/0/5700"].get("format") == expected
    unread = "/3303/0/5700: none of its formats (11542) is one that is read here"
    assert remarks(loaded) == ([] if expected else [unread])


@pytest.mark.parametrize(
    "value",
    [
        [1, 2],
        {},
        {"x": None},
        {"a": {"b": {"c": {"d": {"e": 1}}}}},
        {f"x{number}": 1 for number in range(101)},
        {"a.b": 1, "a": {"b": 2}},
    ],
)
def test_values_that_nothing_can_be_made_of_are_left_out(value: Any) -> None:
    loaded = listed("</a>,</b>", __a=value)
    assert only(loaded).name == "b"
    assert [remark.where for remark in loaded.remarks] == ["/a"]


def test_bytes_are_read_as_hexadecimal_and_not_written() -> None:
    loaded = listed("</3339/0/5522>;ct=0,</5/0/0>,</3339/0/5523>")
    clip = only(loaded)
    assert (clip.type, clip.writable) == (DataType.STRING, False)
    assert places(loaded)["3339/0/5522"]["format"] == "octets"
    assert remarks(loaded) == [
        "/5/0/0: expected a value that a person can enter, not bytes"
    ]
    assert titles(loaded)["3339/0/5523"] == "Audio clip trigger"


def test_what_is_written_only_is_not_read() -> None:
    calibration = only(listed("</3305/0/5806>"))
    assert (calibration.readable, calibration.writable) == (False, True)


def test_choices_have_labels() -> None:
    state = only(listed("</3/0/20>"))
    assert state.enum == (0, 1, 2, 3, 4, 5, 6)
    assert state.labels["2"] == "Charged"


def test_application_type_is_a_title() -> None:
    loaded = listed(
        "</3303/0/5700>,</3303/1/5700>,</3303/2/5700>,</3303/0/5601>",
        __3303__0__5750="Kitchen",
        __3303__1__5750="Kitchen",
        __3303__2__5750=7,
    )
    assert titles(loaded) == {
        "3303/0/5700": "Kitchen",
        "3303/0/5601": "Kitchen minimum measured value",
        "3303/1/5700": "Kitchen 2",
        "3303/2/5700": "Temperature 3",
    }


def test_instances_without_a_title_of_their_own_are_counted() -> None:
    loaded = listed("</3305/0/5800>,</3305/1/5800>,</3305/1/5805>")
    assert list(titles(loaded).values()) == [
        "Active power",
        "Active power 2",
        "Active energy 2",
    ]


def test_names_and_urn_do_not_depend_on_order_titles_or_values() -> None:
    one = listed("</a>;title=x,</3303/0/5700>", __a=1)
    other = listed("</3303/0/5700>;obs;title=y,</a>")
    assert one.model.urn == other.model.urn
    assert set(one.model.leaves) == set(other.model.leaves)
    assert one.model.urn != listed("</a>").model.urn


@pytest.mark.parametrize(
    ("document", "where", "problem"),
    [
        ({"links": "</a>,"}, "link 2", "expected <target>"),
        ({"links": "</a>", "values": 1}, "values", "expected an object"),
        ({"links": "</a>", "name": 1}, "name", "expected a text"),
        ({"links": "</a>", "urn": []}, "urn", "expected a text"),
        ({"links": "</rd>"}, "(top)", "one usable resource (link 1: it is for"),
        ({"links": "</.well-known/core>"}, "(top)", "at least one usable resource"),
        ("</a>;rt=", "link 1", "expected a value for 'rt'"),
    ],
)  # fmt: skip
def test_unusable_listings(document: Any, where: str, problem: str) -> None:
    with pytest.raises(ModelError) as raised:
        load_document(document, "test")
    assert raised.value.details["where"] == where
    assert problem in raised.value.details["problem"]
    assert len(str(raised.value)) < 300


def test_there_are_at_most_so_many_values() -> None:
    values = {f"/{n}": {f"x{m}": 1 for m in range(100)} for n in range(21)}
    links = ",".join(f"<{path}>" for path in values)
    loaded = load_document({"links": links, "values": values}, "test")
    assert len(loaded.model.leaves) == MAX_ELEMENTS
    assert remarks(loaded) == ["/20: expected at most 2000 values"]


def test_without_objects_the_device_is_called_a_device() -> None:
    assert listed("</a>").model.name == "CoAP device"


@pytest.mark.parametrize(
    "document",
    [{"links": [{"href": "/a"}]}, {"links": "x"}, "<?xml?>", "<LWM2M/>", 7, None],
)
def test_other_documents_are_not_recognised(document: Any) -> None:
    assert not LISTING.recognises(document)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
PIECES = st.sampled_from(
    ["</3303/0>", "</3/0/9>", "</a>", "</3305/1/5805>", ";obs", ",", ";ct=0", "<", "é",
     ';if="core.a"', ';rt="oma.lwm2m"', "</>", ";title=\u202e", "</%>", "<x:y>"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join), VALUES)
def test_garbage_gives_a_model_or_a_model_error(links: str, value: Any) -> None:
    document: Any = {"links": "</z>" + links, "values": {"/a": value, "/z": value}}
    message = ""
    try:
        loaded = load_document(document, "fuzz")
    except ModelError as err:
        message = str(err)
    else:
        coap_layout(loaded.model, Binding(layouts=loaded.layouts))
        assert load_document(loaded.document, "again").model == loaded.model
    assert len(message) < 300


def test_base_is_taken_off_names_and_places() -> None:
    document: dict[str, JsonValue] = {
        "base": "/floor/room/",
        "links": '</floor/room>;rt="x",</floor/room/temp>;obs,</floor/roomy>,'
        "</floor/room/3303/0/5700>,</other>",
        "values": {"/floor/room/temp": 21.5},
    }
    loaded = load_document(document, "listing")
    assert set(loaded.model.leaves) == {"temp", "3303/0/5700"}
    assert loaded.model.attribute("temp").type is DataType.NUMBER
    layout: Any = loaded.layouts["coap"]
    assert layout["attributes"]["temp"]["path"] == "temp"
    assert layout["attributes"]["3303/0/5700"]["path"] == "3303/0/5700"
    assert {remark.where for remark in loaded.remarks} >= {
        "/floor/room",
        "/floor/roomy",
        "/other",
    }


def test_a_title_of_several_objects_is_the_place_of_them() -> None:
    loaded = listed(
        '</3303/0/5700>;title="Kitchen",</3304/0/5700>;title="Kitchen",'
        '</3303/1/5700>;title="Kitchen"',
    )
    assert titles(loaded) == {
        "3303/0/5700": "Kitchen temperature",
        "3304/0/5700": "Kitchen humidity",
        "3303/1/5700": "Kitchen temperature 2",
    }
    loaded = listed(
        "</3303/0/5700>,</3303/0/5750>,</3304/0/5700>,</3304/0/5750>",
        __3303__0__5750="Attic",
        __3304__0__5750="Attic",
    )
    assert titles(loaded)["3304/0/5700"] == "Attic humidity"


def test_titles_that_tell_nothing_apart_are_left_out() -> None:
    # As libcoap's example server has it for whatever is made by a PUT.
    loaded = listed(
        '</3303/0/5700>;title="Dynamic",</3311/0/5850>;title="Dynamic",'
        '</mode>;title="Dynamic",</fan>;title="Fan"',
    )
    assert titles(loaded) == {
        "3303/0/5700": "Temperature",
        "3311/0/5850": "Light",
        "mode": "",
        "fan": "Fan",
    }
    loaded = listed(
        '</3303/0/5700>;title="Dynamic",</3311/0/5850>;title="Dynamic"',
    )
    assert titles(loaded) == {"3303/0/5700": "Temperature", "3311/0/5850": "Light"}
    # As others have it, after the registry.
    loaded = listed('</3303/0/5700>;title="Sensor Value",</3311/0/5850>;title="State"')
    assert titles(loaded) == {"3303/0/5700": "Temperature", "3311/0/5850": "Light"}


@pytest.mark.parametrize(
    ("value", "spelled"), [(1, "digits"), (None, "digits"), (True, "text")]
)
def test_true_and_false_are_written_as_the_node_has_them(
    value: JsonValue, spelled: str
) -> None:
    loaded = listed("</3311/0/5850>;ct=0", __3311__0__5850=value)
    assert places(loaded)["3311/0/5850"]["format"] == spelled


def test_a_slash_at_the_end_is_of_the_path_and_not_of_the_name() -> None:
    loaded = load_document(
        {
            "links": "</echo/>,</echo>,</3303/0/>,</a/?b=/>",
            "values": {"/echo/": 5, "/echo": "x"},
        },
        "riot",
    )
    known = {name: place["path"] for name, place in places(loaded).items()}
    assert known == {
        "echo": "/echo/",
        "3303/0/5700": "/3303/0/5700",
        "a/?b=": "/a/?b=/",
    }
    assert loaded.model.leaves["echo"].type is DataType.NUMBER
    assert remarks(loaded)[-1].startswith("/echo: expected a name")
