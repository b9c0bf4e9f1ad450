"""What an entry's data says of an HTTP server.

``host``, ``port`` and ``tls`` as with all other systems; ``verify_ssl``; ``thing``, the
path of a Thing Description on it; and ``security``, a list of what shows who we are.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT, CONF_URL, CONF_VERIFY_SSL
from yarl import URL

from ..const import CONF_SECURITY, CONF_THING, CONF_TLS
from ..iot.connections.http import Credentials, HttpSettings, Scheme

ANNOUNCED: Final[Mapping[str, Mapping[str, Any]]] = {
    "http": {CONF_TLS: False},
    "https": {CONF_TLS: True},
}
"""The schemes that servers announce, and what an entry's data says of each."""


def entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a server whose address was entered as a URL.

    Raises:
        ValueRefusedError: it is none of the web.

    """
    rest = {key: value for key, value in data.items() if key != CONF_URL}
    spelled = data[CONF_URL].strip()
    spelled = spelled if "://" in spelled else f"http://{spelled}"
    url, whole = HttpSettings(url=spelled).base, URL(spelled)
    place: dict[str, Any] = {
        CONF_HOST: url.host,
        CONF_PORT: url.port,
        CONF_TLS: url.scheme == "https",
    }
    path = whole.raw_path_qs
    place[CONF_THING] = "" if path == "/" else path
    return {**rest, **place}


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry's data with the URL that was entered."""
    return {**data, CONF_URL: f"{origin(data)}{data.get(CONF_THING, '')}"}


def scheme_of(data: Mapping[str, Any]) -> str:
    """Return the scheme of an entry's server."""
    return "https" if data.get(CONF_TLS) else "http"


def origin(data: Mapping[str, Any]) -> str:
    """Return scheme, host and port of an entry's server as a URL."""
    return str(
        URL.build(scheme=scheme_of(data), host=data[CONF_HOST], port=data[CONF_PORT])
    )


def settings_of(data: Mapping[str, Any]) -> HttpSettings:
    """Return what the connection of an entry wants to know."""
    return HttpSettings(
        url=origin(data),
        security=tuple(map(_credentials, data.get(CONF_SECURITY, ()))),
        verify_tls=data.get(CONF_VERIFY_SSL, True),
    )


def _credentials(kept: Mapping[str, Any]) -> Credentials:
    """Return one way to show who we are, as an entry keeps it."""
    known = {key: value for key, value in kept.items() if value}
    return Credentials(
        **{
            **known,
            "scheme": Scheme(kept["scheme"]),
            "scopes": tuple(kept.get("scopes", ())),
        }
    )
