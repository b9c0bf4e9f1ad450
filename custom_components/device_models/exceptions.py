"""The one place where errors of ``iot`` become Home Assistant's."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .iot.errors import DeviceModelsError, InvalidInputError


def reworded[E: HomeAssistantError](kind: type[E], error: DeviceModelsError) -> E:
    """Return the error as one of Home Assistant's, worded in the user's language."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders=error.details,
    )


def rewords_errors[**P, R](
    func: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Have an entity's method raise Home Assistant's errors.

    What the model does not allow is the caller's mistake; the rest is a failure.
    """

    @wraps(func)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await func(*args, **kwargs)
        except InvalidInputError as err:
            raise reworded(ServiceValidationError, err) from err
        except DeviceModelsError as err:
            raise reworded(HomeAssistantError, err) from err

    return wrapper
