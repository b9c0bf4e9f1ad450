"""The forms of the flows."""

from collections.abc import Iterable, Mapping, Sequence
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
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import (
    CONF_ALGORITHM,
    CONF_ANY_HOST,
    CONF_BASE,
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONFIRM,
    CONF_CONFIRMABLE,
    CONF_DOCUMENT,
    CONF_HASH,
    CONF_ID_CONTEXT,
    CONF_IDENTITY,
    CONF_INTERVAL,
    CONF_KEEP,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_MQTT_VERSION,
    CONF_NETWORKS,
    CONF_OTHER_HOSTS,
    CONF_PATIENCE,
    CONF_PUBLISHED,
    CONF_RECIPIENT_ID,
    CONF_SENDER_ID,
    CONF_SENDER_KEY,
    CONF_SENDERS,
    CONF_SHARED_KEY,
    CONF_SILENT_AFTER,
    CONF_TLS,
    CONF_TRANSPORT,
    CONF_WILL_TOPIC,
    DEFAULT_INTERVAL,
    MAX_INTERVAL,
    MAX_PATIENCE,
    MIN_INTERVAL,
    MIN_PATIENCE,
)
from .iot.binding import DAY
from .iot.connections.coap.security import ALGORITHMS, HASHES
from .iot.connections.coap.transports import Transport
from .systems import LISTENED_TO, System

SECTION_ADVANCED: Final = "advanced"
CONF_MODEL: Final = "model"
CONF_FILE: Final = "file"
CONF_ANYWAY: Final = "anyway"
CONF_ENTRY: Final = "entry"
CONF_ENABLED: Final = "enabled"
CONF_CHANGE: Final = "change"


def _seconds(low: float, high: float) -> NumberSelector:
    """Return a field for a number of seconds."""
    return NumberSelector(
        NumberSelectorConfig(
            min=low, max=high, unit_of_measurement="s", mode=NumberSelectorMode.BOX
        )
    )


def _choice(options: Sequence[str]) -> SelectSelector:
    """Return a field for one of several names."""
    return SelectSelector(
        SelectSelectorConfig(options=list(options), mode=SelectSelectorMode.DROPDOWN)
    )


def _ways(transports: Iterable[Transport]) -> SelectSelector:
    """Return the field for how an endpoint is reached."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(transports),
            translation_key="transport",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


PORT: Final = NumberSelector(
    NumberSelectorConfig(min=1, max=65535, step=1, mode=NumberSelectorMode.BOX)
)
PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
SECRET: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
)
USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
TEXTS: Final = TextSelector(TextSelectorConfig(multiple=True))
LONG_TEXT: Final = TextSelector(TextSelectorConfig(multiline=True))

CREDENTIALS_FORM: Final = vol.Schema(
    {
        vol.Optional(CONF_USERNAME): USERNAME,
        vol.Optional(CONF_PASSWORD): PASSWORD,
    }
)

COAP_CREDENTIALS_FORMS: Final[Mapping[Transport, vol.Schema]] = {
    Transport.DTLS: vol.Schema(
        {
            vol.Required(CONF_IDENTITY): TextSelector(),
            vol.Required(CONF_SHARED_KEY): SECRET,
        }
    ),
    Transport.TLS: vol.Schema(
        {
            vol.Optional(CONF_CA): LONG_TEXT,
            vol.Optional(CONF_CLIENT_CERTIFICATE): LONG_TEXT,
            vol.Optional(CONF_CLIENT_KEY): LONG_TEXT,
        }
    ),
    Transport.OSCORE: vol.Schema(
        {
            vol.Required(CONF_MASTER_SECRET): SECRET,
            vol.Optional(CONF_MASTER_SALT): SECRET,
            vol.Optional(CONF_SENDER_ID): TextSelector(),
            vol.Optional(CONF_RECIPIENT_ID): TextSelector(),
            vol.Optional(CONF_ID_CONTEXT): TextSelector(),
            vol.Required(CONF_ALGORITHM, default=ALGORITHMS[0]): _choice(ALGORITHMS),
            vol.Required(CONF_HASH, default=HASHES[0]): _choice(HASHES),
        }
    ),
}
"""What is asked for next, where a way to an endpoint needs it; the steps of the flow
have the names of the ways."""

CONNECTION_FORMS: Final[Mapping[System, vol.Schema]] = {
    System.COAP: vol.Schema(
        {
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_TRANSPORT, default=Transport.UDP): _ways(Transport),
            vol.Optional(CONF_PORT): PORT,
            vol.Required(CONF_CONFIRMABLE, default=True): BooleanSelector(),
            vol.Required(
                CONF_INTERVAL, default=DEFAULT_INTERVAL.total_seconds()
            ): _seconds(MIN_INTERVAL.total_seconds(), MAX_INTERVAL.total_seconds()),
            vol.Optional(CONF_PATIENCE): _seconds(MIN_PATIENCE, MAX_PATIENCE),
        }
    ),
    System.COAP_LISTENER: vol.Schema(
        {
            vol.Required(CONF_HOST, default="::"): TextSelector(),
            vol.Required(CONF_PORT, default=5683): PORT,
            vol.Required(CONF_NETWORKS, default=LISTENED_TO): TEXTS,
        }
    ),
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
                        vol.Required(CONF_MQTT_VERSION, default="3.1.1"): _choice(
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

COAP_OPTIONS_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_ANY_HOST, default=False): BooleanSelector(),
        vol.Optional(CONF_OTHER_HOSTS): TEXTS,
    }
)


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
            vol.Optional(CONF_SILENT_AFTER): _seconds(
                1, MAX_INTERVAL.total_seconds() * 7
            ),
            vol.Required(CONF_KEEP, default=DAY): _seconds(1, 7 * DAY),
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
            vol.Optional(CONF_SILENT_AFTER): _seconds(
                1, MAX_INTERVAL.total_seconds() * 7
            ),
            vol.Required(CONF_CONFIRM, default=True): BooleanSelector(),
        }
    ),
)
DEVICE_FORMS: Final[Mapping[System, DeviceForm]] = {
    System.COAP: PATH_FORM,
    System.COAP_LISTENER: PUSH_FORM,
    System.HOME_ASSISTANT_MQTT: TOPIC_FORM,
    System.MQTT_BROKER: TOPIC_FORM,
}
ANYWAY_FIELD: Final = {vol.Required(CONF_ANYWAY, default=False): BooleanSelector()}
"""What is asked besides when the device gave no value."""

PLACE_FORMS: Final[Mapping[System, vol.Schema]] = {
    System.COAP: vol.Schema({vol.Optional(CONF_BASE): TextSelector()}),
    System.COAP_LISTENER: vol.Schema({vol.Required(CONF_BASE): TextSelector()}),
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


def with_ways(schema: vol.Schema, offered: list[Transport]) -> vol.Schema:
    """Return the form of a CoAP endpoint with the ways that can be gone here."""
    return vol.Schema(
        {
            key: _ways(offered) if key == CONF_TRANSPORT else field
            for key, field in schema.schema.items()
        }
    )


def model_form(models: Mapping[str, str]) -> vol.Schema:
    """Return the form in which a model is chosen, by its name."""
    return vol.Schema({vol.Required(CONF_MODEL): _one_of(models)})


def entry_form(entries: Mapping[str, str]) -> vol.Schema:
    """Return the form in which another connection is chosen, by its title."""
    return vol.Schema({vol.Required(CONF_ENTRY): _one_of(entries)})


def review_form(elements: Mapping[str, str], enabled: list[str]) -> vol.Schema:
    """Return the form below the table of elements: which ones, and which to change."""
    options = [
        SelectOptionDict(value=key, label=label) for key, label in elements.items()
    ]
    return vol.Schema(
        {
            vol.Optional(CONF_ENABLED, default=enabled): SelectSelector(
                SelectSelectorConfig(
                    options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN
                )
            ),
            # In a list, unlike in a menu, no choice could be taken back.
            vol.Optional(CONF_CHANGE): _one_of(elements, SelectSelectorMode.DROPDOWN),
        }
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
