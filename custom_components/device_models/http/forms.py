"""The forms of the flows about HTTP."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import CONF_INTERVAL, DEFAULT_INTERVAL, MAX_INTERVAL, MIN_INTERVAL
from ..form_fields import PASSWORD, SECRET, USERNAME, seconds
from ..iot.connections.http import Scheme
from ..iot.formats.loaded import Security

CONF_WHERE: Final = "where"
CONF_FIELD: Final = "field"
CONF_TOKEN_URL: Final = "token_url"  # noqa: S105  (its name)
CONF_SCOPES: Final = "scopes"

ADDRESS: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

SERVER_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_URL): ADDRESS,
        vol.Required(CONF_INTERVAL, default=DEFAULT_INTERVAL.total_seconds()): seconds(
            MIN_INTERVAL.total_seconds(), MAX_INTERVAL.total_seconds()
        ),
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)

WHERE: Final = SelectSelector(
    SelectSelectorConfig(
        options=["header", "query", "cookie"],
        translation_key="key_where",
        mode=SelectSelectorMode.DROPDOWN,
    )
)

_LOGIN: Final[Mapping[vol.Marker, Any]] = {
    vol.Optional(CONF_USERNAME): USERNAME,
    vol.Optional(CONF_PASSWORD): PASSWORD,
}

CREDENTIALS_FIELDS: Final[Mapping[Scheme, Mapping[vol.Marker, Any]]] = {
    Scheme.BASIC: _LOGIN,
    Scheme.DIGEST: _LOGIN,
    Scheme.BEARER: {vol.Optional(CONF_PASSWORD): SECRET},
    Scheme.APIKEY: {
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Optional(CONF_WHERE, default="header"): WHERE,
        vol.Optional(CONF_FIELD): TextSelector(),
    },
    Scheme.OAUTH2: {
        vol.Optional(CONF_USERNAME): TextSelector(),
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Optional(CONF_TOKEN_URL): ADDRESS,
        vol.Optional(CONF_SCOPES): TextSelector(),
    },
}
"""What is asked for to show a server who we are; nothing is required: of several ways,
people have one."""

_KEPT: Final[Mapping[str, str]] = {
    CONF_USERNAME: "username",
    CONF_PASSWORD: "secret",
    CONF_WHERE: "where",
    CONF_FIELD: "name",
    CONF_TOKEN_URL: "token_url",
    CONF_SCOPES: "scopes",
}
"""The fields, and what they are called where they are kept."""


def credentials_form(schemes: Iterable[Scheme]) -> vol.Schema:
    """Return the form that asks for what some schemes need."""
    listed = list(schemes)
    return vol.Schema(
        {
            vol.Required(scheme): section(
                vol.Schema(dict(CREDENTIALS_FIELDS[scheme])),
                {"collapsed": len(listed) > 1},
            )
            for scheme in listed
        }
    )


def wanted(security: Iterable[Security]) -> dict[Scheme, dict[str, str]]:
    """Return the schemes that a thing names and we know, and what its form begins with.

    Of several with one scheme, the first.
    """
    known: dict[Scheme, dict[str, str]] = {}
    for one in security:
        if one.scheme in Scheme:
            said = {
                CONF_WHERE: one.where,
                CONF_FIELD: one.name,
                CONF_TOKEN_URL: one.token,
                CONF_SCOPES: " ".join(one.scopes),
            }
            filled = {key: value for key, value in said.items() if value}
            known.setdefault(Scheme(one.scheme), filled)
    return known


def credentials_of(
    user_input: Mapping[str, Any], said: Mapping[Scheme, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return what was entered, as an entry keeps it; what was left out is not there."""
    kept: list[dict[str, Any]] = []
    for scheme in map(Scheme, user_input):
        given = {**said.get(scheme, {}), **user_input[scheme]}
        if not user_input[scheme].get(CONF_PASSWORD):
            continue
        one: dict[str, Any] = {"scheme": scheme.value}
        one |= {_KEPT[key]: value for key, value in given.items() if value}
        if CONF_SCOPES in one:
            one[CONF_SCOPES] = one[CONF_SCOPES].split()
        kept.append(one)
    return kept


def credentials_shown(
    kept: Iterable[Mapping[str, Any]], *, secrets: bool
) -> dict[str, Any]:
    """Return what is kept as the form has it, perhaps without the secrets."""
    return {
        one["scheme"]: {
            field: " ".join(one[key]) if field == CONF_SCOPES else one[key]
            for field, key in _KEPT.items()
            if key in one and (secrets or field != CONF_PASSWORD)
        }
        for one in kept
    }
