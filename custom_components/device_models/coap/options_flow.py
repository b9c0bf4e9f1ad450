"""The options of a CoAP connection: whom the actions for raw CoAP may ask besides."""

import ipaddress
import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..const import CONF_ANY_HOST, CONF_OTHER_HOSTS
from .forms import OPTIONS_FORM


class CoapOptionsFlow(OptionsFlow):
    """One form."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the hosts."""
        errors: dict[str, str] = {}
        if user_input is not None:
            hosts = [host.strip() for host in user_input.get(CONF_OTHER_HOSTS, [])]
            if all(map(_is_host, hosts)):
                data = {
                    CONF_ANY_HOST: user_input[CONF_ANY_HOST],
                    CONF_OTHER_HOSTS: list(dict.fromkeys(hosts)),
                }
                return self.async_create_entry(data=self.config_entry.options | data)
            errors[CONF_OTHER_HOSTS] = "no_host"
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS_FORM, user_input or self.config_entry.options
            ),
            errors=errors,
        )


def _is_host(text: str) -> bool:
    """Whether a text is a host name or an IP address, without a port or a path."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return re.fullmatch(r"[A-Za-z0-9._-]+", text) is not None
    return True
