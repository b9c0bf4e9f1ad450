"""The forms of the flows."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from homeassistant.const import (
    CONF_HOST,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_URL,
    CONF_USERNAME,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.typing import VolDictType
import voluptuous as vol

from .coap.forms import ENDPOINT_FORM, LISTENER_FORM
from .const import (
    CONF_BASE,
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONFIRM,
    CONF_DOCUMENT,
    CONF_ENABLED,
    CONF_GATEWAY,
    CONF_KEEP,
    CONF_MQTT_VERSION,
    CONF_PUBLISHED,
    CONF_SENDER_KEY,
    CONF_SENDERS,
    CONF_SILENT_AFTER,
    CONF_TLS,
    CONF_WILL_TOPIC,
    MAX_INTERVAL,
)
from .form_fields import (
    LONG_TEXT,
    PASSWORD,
    PORT,
    SECRET,
    TEXTS,
    USERNAME,
    choice,
    seconds,
)
from .http.forms import SERVER_FORM
from .iot import metadata
from .iot.delivery import DAY
from .systems import System

SECTION_ADVANCED: Final = "advanced"
CONF_MODEL: Final = "model"
CONF_FILE: Final = "file"
CONF_ANYWAY: Final = "anyway"
CONF_ENTRY: Final = "entry"
CONF_FOUND: Final = "found"
CONF_CHANGE: Final = "change"
CONF_CONNECTION_ONLY: Final = "connection_only"


CREDENTIALS_FORM: Final = vol.Schema(
    {
        vol.Optional(CONF_USERNAME): USERNAME,
        vol.Optional(CONF_PASSWORD): PASSWORD,
    }
)

CONNECTION_FORMS: Final[Mapping[System, vol.Schema]] = {
    System.COAP: ENDPOINT_FORM,
    System.COAP_LISTENER: LISTENER_FORM,
    System.HTTP: SERVER_FORM,
    System.HOME_ASSISTANT_MQTT: vol.Schema({}),
    System.MQTT_BROKER: vol.Schema(
        {
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=1883): PORT,
            vol.Optional(CONF_USERNAME): USERNAME,
            vol.Optional(CONF_PASSWORD): PASSWORD,
            vol.Required(CONF_TLS, default=False): BooleanSelector(),
            vol.Required(SECTION_ADVANCED): section(
                vol.Schema(
                    {
                        vol.Optional(CONF_CA): LONG_TEXT,
                        vol.Optional(CONF_CLIENT_CERTIFICATE): LONG_TEXT,
                        vol.Optional(CONF_CLIENT_KEY): LONG_TEXT,
                        vol.Required(CONF_MQTT_VERSION, default="3.1.1"): choice(
                            ["3.1.1", "5"]
                        ),
                        vol.Optional(CONF_WILL_TOPIC): TextSelector(),
                    }
                ),
                {"collapsed": True},
            ),
        }
    ),
}


class DeviceForm(NamedTuple):
    """The form that asks where a device is found behind a connection."""

    step_id: str
    schema: vol.Schema


PATH_FORM: Final = DeviceForm(
    "path",
    vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_BASE): TextSelector(),
        }
    ),
)
PUSH_FORM: Final = DeviceForm(
    "push_path",
    vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Required(CONF_BASE): TextSelector(),
            vol.Optional(CONF_SILENT_AFTER): seconds(
                1, MAX_INTERVAL.total_seconds() * 7
            ),
            vol.Required(CONF_KEEP, default=DAY): seconds(1, 7 * DAY),
            vol.Optional(CONF_SENDERS): TEXTS,
            vol.Optional(CONF_SENDER_KEY): SECRET,
            vol.Required(CONF_PUBLISHED, default=False): BooleanSelector(),
        }
    ),
)
TOPIC_FORM: Final = DeviceForm(
    "topic",
    vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(),
            vol.Optional(CONF_BASE): TextSelector(),
            vol.Optional(CONF_SILENT_AFTER): seconds(
                1, MAX_INTERVAL.total_seconds() * 7
            ),
            vol.Required(CONF_CONFIRM, default=True): BooleanSelector(),
        }
    ),
)
DEVICE_FORMS: Final[Mapping[System, DeviceForm]] = {
    System.COAP: PATH_FORM,
    System.COAP_LISTENER: PUSH_FORM,
    System.HTTP: PATH_FORM,
    System.HOME_ASSISTANT_MQTT: TOPIC_FORM,
    System.MQTT_BROKER: TOPIC_FORM,
}
CONNECTION_ONLY_FIELD: Final = {
    vol.Required(CONF_CONNECTION_ONLY, default=False): BooleanSelector()
}
"""What is asked besides of an offer whose connection may be wanted alone."""

ANYWAY_FIELD: Final = {vol.Required(CONF_ANYWAY, default=False): BooleanSelector()}
"""What is asked besides when the device gave no value."""

CONF_THROUGH: Final = "through"
CONF_OTHERS: Final = "others"

ABOUT_FORM: Final = vol.Schema(
    {
        **{vol.Optional(key): TextSelector() for key in metadata.KNOWN},
        vol.Optional(CONF_OTHERS): TEXTS,
    }
)
"""What is known of a device, and the vendor's own: ``key = text``."""

PLACE_FORMS: Final[Mapping[System, vol.Schema]] = {
    System.COAP: vol.Schema({vol.Optional(CONF_BASE): TextSelector()}),
    System.COAP_LISTENER: vol.Schema({vol.Required(CONF_BASE): TextSelector()}),
    System.HTTP: vol.Schema({vol.Optional(CONF_BASE): TextSelector()}),
    System.HOME_ASSISTANT_MQTT: vol.Schema({vol.Required(CONF_BASE): TextSelector()}),
    System.MQTT_BROKER: vol.Schema({vol.Required(CONF_BASE): TextSelector()}),
}
"""Where a device is asked what it is."""

UPLOAD_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(
            FileSelectorConfig(accept=".json,.jsonld,.yaml,.yml,.xml,.wlnk,.txt")
        )
    }
)
PASTE_FORM: Final = vol.Schema({vol.Required(CONF_DOCUMENT): LONG_TEXT})
URL_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL)
        )
    }
)
EXPORT_FORM: Final = vol.Schema(
    {vol.Optional(CONF_DOCUMENT): LONG_TEXT, vol.Optional(CONF_FILE): TextSelector()}
)


def model_form(models: Mapping[str, str]) -> vol.Schema:
    """Return the form in which a model is chosen, by its name."""
    return vol.Schema({vol.Required(CONF_MODEL): _one_of(models)})


def found_form(names: Mapping[str, str]) -> vol.Schema:
    """Return the form in which a device that was found is chosen, by its name."""
    return vol.Schema({vol.Required(CONF_FOUND): _one_of(names)})


def gateway_fields(gateways: Mapping[str, str]) -> VolDictType:
    """Return what is asked besides of a place where there are other devices."""
    return {
        vol.Optional(CONF_GATEWAY): _one_of(gateways, SelectSelectorMode.DROPDOWN),
        vol.Required(CONF_THROUGH, default=False): BooleanSelector(),
    }


def entry_form(entries: Mapping[str, str]) -> vol.Schema:
    """Return the form in which another connection is chosen, by its title."""
    return vol.Schema({vol.Required(CONF_ENTRY): _one_of(entries)})


def offer_form(
    name: str, elements: Mapping[str, str], enabled: list[str]
) -> vol.Schema:
    """Return the form below the table of what a device would become."""
    return vol.Schema(
        {
            vol.Required(CONF_NAME, default=name): TextSelector(),
            vol.Optional(CONF_ENABLED, default=enabled): _several_of(elements),
        }
    )


def review_form(elements: Mapping[str, str], enabled: list[str]) -> vol.Schema:
    """Return the form below the table of elements: which ones, and which to change."""
    return vol.Schema(
        {
            vol.Optional(CONF_ENABLED, default=enabled): _several_of(elements),
            # In a list, unlike in a menu, no choice could be taken back.
            vol.Optional(CONF_CHANGE): _one_of(elements, SelectSelectorMode.DROPDOWN),
        }
    )


def change_form(elements: Mapping[str, str]) -> vol.Schema:
    """Return the form below a table: which of its rows to change, if any."""
    return vol.Schema(
        {vol.Optional(CONF_CHANGE): _one_of(elements, SelectSelectorMode.DROPDOWN)}
    )


def _several_of(labels: Mapping[str, str]) -> SelectSelector:
    """Return a field for some of several things, shown by their labels."""
    options = [
        SelectOptionDict(value=value, label=label) for value, label in labels.items()
    ]
    return SelectSelector(
        SelectSelectorConfig(
            options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN
        )
    )


def _one_of(
    labels: Mapping[str, str], mode: SelectSelectorMode | None = None
) -> SelectSelector:
    """Return a field for one of several things, shown by their labels."""
    config = SelectSelectorConfig(
        options=[
            SelectOptionDict(value=value, label=label)
            for value, label in labels.items()
        ]
    )
    if mode is not None:
        config["mode"] = mode
    return SelectSelector(config)
