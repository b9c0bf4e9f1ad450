"""Names and figures of the integration."""

from datetime import timedelta
import logging
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "device_models"
LOGGER = logging.getLogger(__package__)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CLIMATE,
    Platform.COVER,
    Platform.DATETIME,
    Platform.DEVICE_TRACKER,
    Platform.EVENT,
    Platform.FAN,
    Platform.HUMIDIFIER,
    Platform.IMAGE,
    Platform.LIGHT,
    Platform.LOCK,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SIREN,
    Platform.SWITCH,
    Platform.TEXT,
    Platform.UPDATE,
    Platform.VALVE,
    Platform.WATER_HEATER,
]

# Of a config entry: the system behind which the devices live, and how it is reached
CONF_SYSTEM: Final = "system"
CONF_CONFIRMABLE: Final = "confirmable"
CONF_INTERVAL: Final = "interval"
CONF_PATIENCE: Final = "patience"
CONF_TRANSPORT: Final = "transport"
CONF_IDENTITY: Final = "identity"
CONF_SHARED_KEY: Final = "shared_key"
CONF_MASTER_SECRET: Final = "master_secret"  # noqa: S105  (its name)
CONF_MASTER_SALT: Final = "master_salt"
CONF_SENDER_ID: Final = "sender_id"
CONF_RECIPIENT_ID: Final = "recipient_id"
CONF_ID_CONTEXT: Final = "id_context"
CONF_ALGORITHM: Final = "algorithm"
CONF_HASH: Final = "hash"
CONF_THING: Final = "thing"
"""The path of the Thing Description that the endpoint announced."""
CONF_SECURITY: Final = "security"
"""What shows an HTTP server who we are."""
CONF_TLS: Final = "tls"
CONF_CA: Final = "ca"
CONF_CLIENT_CERTIFICATE: Final = "client_certificate"
CONF_CLIENT_KEY: Final = "client_key"
CONF_MQTT_VERSION: Final = "mqtt_version"
CONF_WILL_TOPIC: Final = "will_topic"
CONF_NETWORKS: Final = "networks"
"""To whom is listened."""

# Of a config entry's options: whom the actions for raw CoAP may ask besides
CONF_ANY_HOST: Final = "any_host"
CONF_OTHER_HOSTS: Final = "other_hosts"

# Of a config subentry: one device
SUBENTRY_DEVICE: Final = "device"
CONF_KEY: Final = "key"
CONF_SOURCE: Final = "source"
SOURCE_DEVICE: Final = "device"
"""The source of a model that the device itself has given."""
CONF_ASKED: Final = "asked"
"""Where the device was asked what it is, if that is not the place of its elements."""
CONF_DOCUMENT: Final = "document"
CONF_OVERLAY: Final = "overlay"
CONF_DECISIONS: Final = "decisions"
CONF_CORRECTIONS: Final = "corrections"
"""What its user knows better of attributes whose types were guessed."""
CONF_COMMANDS: Final = "commands"
"""How its user wants commands delivered (``iot.delivery``)."""
CONF_ALERTS: Final = "alerts"
"""How its user wants its alerts treated (``iot.alert_rules``)."""
CONF_ADDED: Final = "added"
"""What its user has added to the model: attributes and formats."""
CONF_POLICIES: Final = "policies"
"""What its user wants done with its values, as Oracle spells policies."""
CONF_POLICIES_OFF: Final = "policies_off"
"""The keys of pipelines that are not followed."""
CONF_IGNORED: Final = "ignored"
CONF_COMPOSED: Final = "composed"
CONF_ENABLED: Final = "enabled"
CONF_BASE: Final = "place"
"""Not "base": a form shows the errors of the whole form at a field of that name."""
CONF_PARENT: Final = "parent"
"""The place of the device that it is a part of."""
CONF_GATEWAY: Final = "gateway"
"""The key, or the hardware id, of the device that it is behind; empty for none."""
CONF_BELOW: Final = "below"
"""Where it is below the place of its gateway, if the way leads through that."""
CONF_ABOUT: Final = "about"
"""What its user knows of it: serial number, maker, hardware id …"""
CONF_SILENT_AFTER: Final = "silent_after"
CONF_CONFIRM: Final = "confirm"
CONF_SENDERS: Final = "senders"
CONF_SENDER_KEY: Final = "sender_key"
"""Not "key": that is what the device is known by."""
CONF_KEEP: Final = "keep"
CONF_PUBLISHED: Final = "published"
PLACE: Final = (
    CONF_BASE,
    CONF_ASKED,
    CONF_GATEWAY,
    CONF_BELOW,
    CONF_SILENT_AFTER,
    CONF_CONFIRM,
    CONF_SENDERS,
    CONF_SENDER_KEY,
    CONF_KEEP,
    CONF_PUBLISHED,
)
"""What says where and how a device is reached; it stays behind when that changes."""

DEFAULT_INTERVAL: Final = timedelta(seconds=30)
"""As often as people look at a value, and bearable for a device on a battery radio."""

MIN_INTERVAL: Final = timedelta(seconds=1)
MAX_INTERVAL: Final = timedelta(days=1)

MIN_PATIENCE: Final = 11
MAX_PATIENCE: Final = 120
"""Seconds until a CoAP request without an answer is given up."""

MAX_BACK_OFF: Final = 4
"""A device that does not answer is asked at most this many times more seldom, so that
it is back soon after it has come back."""

MAX_ENABLED_ENTITIES: Final = 25
"""A screenful; what a model has beyond it is there, but disabled at first."""

MAX_STATE_LENGTH: Final = 255
"""What Home Assistant takes as a state."""
