"""The forms of the flows about CoAP."""

from collections.abc import Iterable, Mapping
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from ..const import (
    CONF_ALGORITHM,
    CONF_ANY_HOST,
    CONF_CA,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONFIRMABLE,
    CONF_HASH,
    CONF_ID_CONTEXT,
    CONF_IDENTITY,
    CONF_INTERVAL,
    CONF_MASTER_SALT,
    CONF_MASTER_SECRET,
    CONF_NETWORKS,
    CONF_OTHER_HOSTS,
    CONF_PATIENCE,
    CONF_RECIPIENT_ID,
    CONF_SENDER_ID,
    CONF_SHARED_KEY,
    CONF_TRANSPORT,
    DEFAULT_INTERVAL,
    MAX_INTERVAL,
    MAX_PATIENCE,
    MIN_INTERVAL,
    MIN_PATIENCE,
)
from ..form_fields import LONG_TEXT, PORT, SECRET, TEXTS, choice, seconds
from ..iot.connections.coap.security import ALGORITHMS, HASHES
from ..iot.connections.coap.transports import Transport
from ..iot.connections.coap_listener import DEFAULT_NETWORKS


def _ways(transports: Iterable[Transport]) -> SelectSelector:
    """Return the field for how an endpoint is reached."""
    return SelectSelector(
        SelectSelectorConfig(
            options=list(transports),
            translation_key="transport",
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


ENDPOINT_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_TRANSPORT, default=Transport.UDP): _ways(Transport),
        vol.Optional(CONF_PORT): PORT,
        vol.Required(CONF_CONFIRMABLE, default=True): BooleanSelector(),
        vol.Required(CONF_INTERVAL, default=DEFAULT_INTERVAL.total_seconds()): seconds(
            MIN_INTERVAL.total_seconds(), MAX_INTERVAL.total_seconds()
        ),
        vol.Optional(CONF_PATIENCE): seconds(MIN_PATIENCE, MAX_PATIENCE),
    }
)

LISTENER_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_HOST, default="::"): TextSelector(),
        vol.Required(CONF_PORT, default=5683): PORT,
        vol.Required(CONF_NETWORKS, default=list(DEFAULT_NETWORKS)): TEXTS,
    }
)

OPTIONS_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_ANY_HOST, default=False): BooleanSelector(),
        vol.Optional(CONF_OTHER_HOSTS): TEXTS,
    }
)

CREDENTIALS_FORMS: Final[Mapping[Transport, vol.Schema]] = {
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
            vol.Required(CONF_ALGORITHM, default=ALGORITHMS[0]): choice(ALGORITHMS),
            vol.Required(CONF_HASH, default=HASHES[0]): choice(HASHES),
        }
    ),
}
"""What is asked for next, where a way to an endpoint needs it; the steps of the flow
have the names of the ways."""


def endpoint_form(offered: list[Transport]) -> vol.Schema:
    """Return the form of a CoAP endpoint with the ways that can be gone here."""
    return vol.Schema(
        {
            key: _ways(offered) if key == CONF_TRANSPORT else field
            for key, field in ENDPOINT_FORM.schema.items()
        }
    )
